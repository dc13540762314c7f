//! The fabricated responses, which replace the real response.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::{Fault, RetryAfter};
use crate::api::ApiError;
use crate::authorization::response_url;
use crate::clock;
use crate::form::{self, parameter};
use crate::oauth_error::OAuthError;
use crate::service::Service;

const HTML: &str = "<!DOCTYPE html><html lang=\"en\"><title>Practice Amiqus</title>\
                    <h1>This is not the answer you were looking for</h1></html>";

/// The fabricated response for a fault. `query` is the query of the request.
pub(super) fn response(fault: Fault, service: &Service, query: &str) -> Response {
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
        Fault::InternalServerError { retry_after } => with_retry_after(
            message(StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
            retry_after,
            service,
        ),
        Fault::BadGateway { retry_after } => {
            with_retry_after(html(StatusCode::BAD_GATEWAY), retry_after, service)
        }
        Fault::ServiceUnavailable { retry_after } => with_retry_after(
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            retry_after,
            service,
        ),
        Fault::TooManyRequests { retry_after } => with_retry_after(
            message(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts."),
            retry_after,
            service,
        ),
        Fault::Unauthenticated => ApiError::Unauthenticated.into_response(),
        Fault::Forbidden => ApiError::Forbidden.into_response(),
        Fault::NotFound => ApiError::NotFound.into_response(),
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
        Fault::InvalidClient => OAuthError::invalid_client().to_response(service.generation()),
        Fault::DeadRefreshToken => {
            let generation = service.generation();
            OAuthError::invalid_refresh_token(generation, "Token has been revoked")
                .to_response(generation)
        }
        Fault::AuthorizationError { error } => authorization_error_response(&error, service, query),
        // `EmptyBody`. The other kinds of faults are handled before.
        _ => ([(header::CONTENT_TYPE, "application/json")], Body::empty()).into_response(),
    }
}

/// Redirects the browser to the application with an error, if any API client has registered the
/// redirect URL.
fn authorization_error_response(error: &str, service: &Service, query: &str) -> Response {
    let query = form::decode(query.as_bytes());
    let redirect_uri = parameter(&query, "redirect_uri").unwrap_or_default();
    let is_registered = service.read(|db| {
        db.clients
            .iter()
            .any(|client| client.has_redirect_url(redirect_uri))
    });
    if !is_registered {
        return (
            StatusCode::BAD_REQUEST,
            "The redirect URL is not registered.",
        )
            .into_response();
    }
    let parameters = [
        ("error", error),
        ("error_description", "Injected by the practice service"),
    ];
    let location = response_url(redirect_uri, &parameters, parameter(&query, "state"));
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// 100 MB of valid JSON.
fn huge_body() -> Response {
    const CHUNK_BYTES: usize = 64 * 1024;
    const CHUNKS: usize = 100 * 1024 * 1024 / CHUNK_BYTES;
    let padding = Bytes::from(vec![b'a'; CHUNK_BYTES]);
    let chunks = stream::unfold(0, move |sent| {
        let chunk = match sent {
            0 => Some(Bytes::from_static(
                b"{\"token_type\":\"Bearer\",\"padding\":\"",
            )),
            1..=CHUNKS => Some(padding.clone()),
            _ if sent == CHUNKS + 1 => Some(Bytes::from_static(b"\"}")),
            _ => None,
        };
        std::future::ready(chunk.map(|chunk| (Ok::<_, Infallible>(chunk), sent + 1)))
    });
    (
        [(header::CONTENT_TYPE, "application/json")],
        Body::from_stream(chunks),
    )
        .into_response()
}

/// Adds a `Retry-After` header.
fn with_retry_after(
    mut response: Response,
    retry_after: Option<RetryAfter>,
    service: &Service,
) -> Response {
    let text = match retry_after {
        None => return response,
        Some(RetryAfter::Seconds(seconds)) => seconds.to_string(),
        Some(RetryAfter::HttpDateIn(seconds)) => {
            clock::saturating_add(service.clock.now(), Duration::from_secs(seconds))
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
