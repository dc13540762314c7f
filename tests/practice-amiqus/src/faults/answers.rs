//! How each fault looks on the wire.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Fault, FaultPlan, RetryAfter};
use crate::clock;
use crate::grants::{field, with_query};
use crate::oauth_error::OAuthError;
use crate::server::Connection;
use crate::service::Service;

const HTML: &str = "<!DOCTYPE html><html lang=\"en\"><title>Practice Amiqus</title>\
                    <h1>This is not the answer you were looking for</h1></html>";

/// How long half a body has to get on its way before the connection is cut.
const UNDER_WAY: Duration = Duration::from_millis(30);

/// Answers a request as a fault has it.
pub(crate) async fn perform(
    plan: FaultPlan,
    service: Arc<Service>,
    connection: Connection,
    request: Request,
    next: Next,
) -> Response {
    match plan.fault {
        Fault::DropBeforeProcessing => match connection.cut().await {},
        Fault::LoseAnswer => {
            process(request, next, Duration::ZERO).await;
            match connection.cut().await {}
        }
        Fault::CutBody => cut_body(process(request, next, Duration::ZERO).await, connection).await,
        Fault::DelayBeforeProcessing { ms } => {
            process(request, next, Duration::from_millis(ms)).await
        }
        Fault::DelayAfterProcessing { ms } => {
            let response = process(request, next, Duration::ZERO).await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            response
        }
        fault => {
            if spoils(&fault) {
                return spoil(&fault, process(request, next, Duration::ZERO).await).await;
            }
            let query = request.uri().query().unwrap_or_default().to_owned();
            if plan.after_processing {
                process(request, next, Duration::ZERO).await;
            }
            pretend(fault, &service, &query)
        }
    }
}

/// Processes a request to its end, whether or not the caller waits for the answer: the real service
/// does not notice either when somebody hangs up.
async fn process(request: Request, next: Next, delay: Duration) -> Response {
    let processing = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        next.run(request).await
    });
    processing
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Sends half of the body under the length of the whole, then closes the connection.
async fn cut_body(response: Response, connection: Connection) -> Response {
    let (mut parts, body) = whole(response).await;
    // An answer without a body is cut as well: it claims to have one.
    let body = if body.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        body
    };
    if parts.status == StatusCode::NO_CONTENT {
        parts.status = StatusCode::OK;
    }
    parts
        .headers
        .insert(header::CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let body = stream::unfold(Some(half), move |half| {
        let connection = connection.clone();
        async move {
            if let Some(half) = half {
                return Some((Ok::<_, Infallible>(half), None));
            }
            tokio::time::sleep(UNDER_WAY).await;
            match connection.cut().await {}
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}

/// Whether a fault needs the true answer.
fn spoils(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::SlowBody
            | Fault::MissingAccessToken
            | Fault::MissingRefreshToken
            | Fault::TokenTypeMac
            | Fault::ExpiresInString
            | Fault::ExpiresInNegative
            | Fault::ExpiresInZero
            | Fault::ExpiresInHuge
            | Fault::ExpiresInMissing
            | Fault::ExpiresInFloat
            | Fault::ExtraFields
            | Fault::OtherFields { .. }
            | Fault::DuplicatedKeys
            | Fault::ByteOrderMark
            | Fault::InvalidUtf8
            | Fault::WrongContentType
            | Fault::GzipGarbage
            | Fault::Gzip
            | Fault::Status { .. }
            | Fault::LeadingJunk
            | Fault::TrailingBytes
            | Fault::Utf16
            | Fault::MissingTokenType
            | Fault::BrokenSurrogate
            | Fault::OddMembers
    )
}

/// Spoils a true answer.
async fn spoil(fault: &Fault, response: Response) -> Response {
    let (mut parts, body) = whole(response).await;
    let body = match fault {
        Fault::MissingAccessToken => without(&body, "access_token"),
        Fault::MissingRefreshToken => without(&body, "refresh_token"),
        Fault::ExpiresInMissing => without(&body, "expires_in"),
        Fault::TokenTypeMac => with(&body, "token_type", json!("mac")),
        Fault::ExpiresInString => with(&body, "expires_in", json!("31536000")),
        Fault::ExpiresInNegative => with(&body, "expires_in", json!(-1)),
        Fault::ExpiresInZero => with(&body, "expires_in", json!(0)),
        Fault::ExpiresInHuge => with(&body, "expires_in", json!(u64::MAX)),
        Fault::ExpiresInFloat => with(&body, "expires_in", json!(31_536_000.5)),
        Fault::ExtraFields => {
            let body = with(
                &body,
                "surprise",
                json!({"nested": [1, null, {"deeper": true}]}),
            );
            with(&body, "id_token", json!("not asked for"))
        }
        Fault::OtherFields { fields } => fields
            .iter()
            .fold(body, |body, (name, value)| with(&body, name, value.clone())),
        Fault::DuplicatedKeys => with_each_key_twice(&body),
        Fault::ByteOrderMark => [b"\xef\xbb\xbf", body.as_ref()].concat().into(),
        Fault::InvalidUtf8 => with_invalid_utf8(&body),
        Fault::WrongContentType => {
            parts
                .headers
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            body
        }
        Fault::GzipGarbage => {
            parts
                .headers
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Bytes::from_static(b"\x1f\x8b\x08\x00this is no gzip at all")
        }
        Fault::Gzip => {
            parts
                .headers
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            gzip(&body)
        }
        Fault::Status { code } => {
            parts.status = StatusCode::from_u16(*code).unwrap_or(parts.status);
            body
        }
        Fault::LeadingJunk => [b")]}',\n", body.as_ref()].concat().into(),
        Fault::TrailingBytes => [body.as_ref(), b"\n<!-- 12 ms -->\0{}"].concat().into(),
        Fault::Utf16 => utf16(&body),
        Fault::MissingTokenType => without(&body, "token_type"),
        Fault::BrokenSurrogate => match body.strip_prefix(b"{") {
            Some(rest) => [b"{\"name\":\"\\ud800\",", rest].concat().into(),
            None => body,
        },
        Fault::OddMembers => with_odd_members(&body),
        Fault::SlowBody => {
            parts
                .headers
                .insert(header::CONTENT_LENGTH, body.len().into());
            let drops = stream::unfold(body, async |mut left| {
                if left.is_empty() {
                    return None;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                let drop = left.split_to(1);
                Some((Ok::<_, Infallible>(drop), left))
            });
            return Response::from_parts(parts, Body::from_stream(drops));
        }
        _ => body,
    };
    Response::from_parts(parts, Body::from(body))
}

/// Answers without having been asked anything.
fn pretend(fault: Fault, service: &Service, query: &str) -> Response {
    let ok = |value: Value| Json(value).into_response();
    let html = |status: StatusCode| {
        (
            status,
            [(header::CONTENT_TYPE, "text/html; charset=UTF-8")],
            HTML,
        )
            .into_response()
    };
    let message =
        |status: StatusCode, text: &str| (status, Json(json!({"message": text}))).into_response();
    match fault {
        Fault::InternalServerError { retry_after } => retrying(
            message(StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
            retry_after,
            service,
        ),
        Fault::BadGateway { retry_after } => {
            retrying(html(StatusCode::BAD_GATEWAY), retry_after, service)
        }
        Fault::ServiceUnavailable { retry_after } => retrying(
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            retry_after,
            service,
        ),
        Fault::TooManyRequests { retry_after } => retrying(
            message(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts."),
            retry_after,
            service,
        ),
        Fault::Unauthenticated => crate::api::unauthenticated(),
        Fault::Forbidden => message(StatusCode::FORBIDDEN, "This action is unauthorized."),
        Fault::NotFound => crate::api::not_found_answer(),
        Fault::UnprocessableContent => {
            let body = json!({"email": ["The email field is required."]});
            (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
        }
        Fault::HtmlWith200 => html(StatusCode::OK),
        Fault::HtmlWith500 => html(StatusCode::INTERNAL_SERVER_ERROR),
        Fault::HtmlWith403 => html(StatusCode::FORBIDDEN),
        Fault::RedirectElsewhere { location } => {
            (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
        }
        Fault::JsonArray => ok(json!([])),
        Fault::JsonNull => ok(Value::Null),
        Fault::JsonString => ok(json!("Bearer")),
        Fault::DeepJson => {
            let body = ["[".repeat(100_000), "]".repeat(100_000)].concat();
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Fault::HugeBody => huge_body(),
        Fault::LongErrorDescription => {
            let text = "Something \u{0}went\u{1b}[31m wrong\r\n\u{202e}\u{7}".repeat(3_500);
            let body = json!({"error": "invalid_request", "error_description": text});
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        Fault::InvalidClient => OAuthError::invalid_client().answer(service.generation()),
        Fault::DeadRefreshToken => {
            let generation = service.generation();
            OAuthError::dead_refresh_token(generation, "Token has been revoked").answer(generation)
        }
        Fault::AuthorizationError { error } => authorization_error(&error, service, query),
        // `EmptyBody`, and the faults of the other families, which never come here.
        _ => ([(header::CONTENT_TYPE, "application/json")], Body::empty()).into_response(),
    }
}

/// Sends the browser back with an error code, if the redirect URL is anybody's.
fn authorization_error(error: &str, service: &Service, query: &str) -> Response {
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let redirect_uri = field(&query, "redirect_uri").unwrap_or_default();
    let is_registered = service.read(|records| {
        records
            .clients
            .iter()
            .any(|client| client.redirect_urls.iter().any(|url| url == redirect_uri))
    });
    if !is_registered {
        return (
            StatusCode::BAD_REQUEST,
            "The redirect URL is not registered.",
        )
            .into_response();
    }
    let fields = [
        ("error", error),
        (
            "error_description",
            "The practice service was told to say so",
        ),
    ];
    let location = with_query(redirect_uri, &fields, field(&query, "state"));
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// 100 MB of JSON that would even be valid if somebody read to its end.
fn huge_body() -> Response {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 100 * 1024 * 1024 / PIECE;
    let padding = Bytes::from(vec![b'a'; PIECE]);
    let pieces = stream::unfold(0, move |sent| {
        let piece = match sent {
            0 => Some(Bytes::from_static(
                b"{\"token_type\":\"Bearer\",\"padding\":\"",
            )),
            1..=PIECES => Some(padding.clone()),
            _ if sent == PIECES + 1 => Some(Bytes::from_static(b"\"}")),
            _ => None,
        };
        std::future::ready(piece.map(|piece| (Ok::<_, Infallible>(piece), sent + 1)))
    });
    (
        [(header::CONTENT_TYPE, "application/json")],
        Body::from_stream(pieces),
    )
        .into_response()
}

/// An answer that asks to come back later.
fn retrying(mut response: Response, when: Option<RetryAfter>, service: &Service) -> Response {
    let text = match when {
        None => return response,
        Some(RetryAfter::Seconds(seconds)) => seconds.to_string(),
        Some(RetryAfter::HttpDateIn(seconds)) => {
            clock::after(service.clock.now(), Duration::from_secs(seconds))
                .strftime("%a, %d %b %Y %H:%M:%S GMT")
                .to_string()
        }
        Some(RetryAfter::Absurd) => "999999999999999999999999999999".to_owned(),
        Some(RetryAfter::Nonsense) => "when the clock tower is repaired".to_owned(),
    };
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// An answer with its whole body, and no length: it may change.
async fn whole(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    // The service's own answers are in memory already: they cannot fail to arrive.
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// Changes a JSON object; what is none stays as it is.
fn changed(body: &Bytes, change: impl FnOnce(&mut Map<String, Value>)) -> Bytes {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut object)) => {
            change(&mut object);
            Value::Object(object).to_string().into()
        }
        _ => body.clone(),
    }
}

fn without(body: &Bytes, name: &str) -> Bytes {
    changed(body, |object| {
        object.remove(name);
    })
}

fn with(body: &Bytes, name: &str, value: Value) -> Bytes {
    changed(body, |object| {
        object.insert(name.to_owned(), value);
    })
}

fn with_each_key_twice(body: &Bytes) -> Bytes {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return body.clone();
    };
    let members: Vec<_> = object
        .iter()
        .flat_map(|(name, value)| {
            let name = json!(name);
            [
                format!("{name}:{value}"),
                format!("{name}:\"another value\""),
            ]
        })
        .collect();
    format!("{{{}}}", members.join(",")).into()
}

fn with_invalid_utf8(body: &Bytes) -> Bytes {
    match body.strip_prefix(b"{") {
        Some(rest) => [b"{\"name\":\"\xff\xfe\xc0\",", rest].concat().into(),
        None => Bytes::from_static(b"\xff\xfe\xc0"),
    }
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    match encoder.write_all(body).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed.into(),
        // A vector takes all that is written.
        Err(_) => Bytes::new(),
    }
}

fn utf16(body: &[u8]) -> Bytes {
    String::from_utf8_lossy(body)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn with_odd_members(body: &Bytes) -> Bytes {
    changed(body, |object| {
        if let Some(id) = object.get("id") {
            let id = json!(id.to_string());
            object.insert("id".to_owned(), id);
        }
        for (name, value) in [
            ("name", Value::Null),
            ("email", json!(7)),
            ("is_verified", json!(1)),
            ("is_disabled", json!("")),
            ("role", json!(7)),
        ] {
            if let Some(member) = object.get_mut(name) {
                *member = value;
            }
        }
    })
}
