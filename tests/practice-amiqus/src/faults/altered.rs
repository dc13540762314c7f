//! The altered responses: the real response to a request, with a change.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::Fault;
use super::body::{
    gzip, to_utf16, with_duplicate_keys, with_invalid_utf8, with_lone_surrogate, with_member,
    with_next_link, with_wrong_types, without_member,
};
use super::inject::collect_body;

/// Whether a fault alters the real response.
pub(super) fn alters_response(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::MissingAccessToken
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
            | Fault::NextLinkElsewhere { .. }
    )
}

/// Alters a response. A fault of another kind leaves it as it is.
pub(super) async fn alter(fault: &Fault, response: Response) -> Response {
    let (mut parts, body) = collect_body(response).await;
    let body = match fault {
        Fault::MissingAccessToken => without_member(&body, "access_token"),
        Fault::MissingRefreshToken => without_member(&body, "refresh_token"),
        Fault::MissingTokenType => without_member(&body, "token_type"),
        Fault::ExpiresInMissing => without_member(&body, "expires_in"),
        Fault::TokenTypeMac => with_member(&body, "token_type", json!("mac")),
        Fault::ExpiresInString => with_member(&body, "expires_in", json!("31536000")),
        Fault::ExpiresInNegative => with_member(&body, "expires_in", json!(-1)),
        Fault::ExpiresInZero => with_member(&body, "expires_in", json!(0)),
        Fault::ExpiresInHuge => with_member(&body, "expires_in", json!(u64::MAX)),
        Fault::ExpiresInFloat => with_member(&body, "expires_in", json!(31_536_000.5)),
        Fault::ExtraFields => {
            let nested = json!({"nested": [1, null, {"deeper": true}]});
            let body = with_member(&body, "surprise", nested);
            with_member(&body, "id_token", json!("not asked for"))
        }
        Fault::OtherFields { fields } => fields.iter().fold(body, |body, (name, value)| {
            with_member(&body, name, value.clone())
        }),
        Fault::OddMembers => with_wrong_types(&body),
        Fault::NextLinkElsewhere { url } => with_next_link(&body, url),
        Fault::DuplicatedKeys => with_duplicate_keys(&body),
        Fault::BrokenSurrogate => with_lone_surrogate(body),
        Fault::InvalidUtf8 => with_invalid_utf8(&body),
        Fault::Utf16 => to_utf16(&body),
        Fault::ByteOrderMark => [b"\xef\xbb\xbf", body.as_ref()].concat().into(),
        Fault::LeadingJunk => [b")]}',\n", body.as_ref()].concat().into(),
        Fault::TrailingBytes => [body.as_ref(), b"\n<!-- 12 ms -->\0{}"].concat().into(),
        Fault::WrongContentType => {
            let media_type = HeaderValue::from_static("text/plain");
            parts.headers.insert(header::CONTENT_TYPE, media_type);
            body
        }
        Fault::GzipGarbage => {
            let encoding = HeaderValue::from_static("gzip");
            parts.headers.insert(header::CONTENT_ENCODING, encoding);
            Bytes::from_static(b"\x1f\x8b\x08\x00this is no gzip at all")
        }
        Fault::Gzip => {
            let encoding = HeaderValue::from_static("gzip");
            parts.headers.insert(header::CONTENT_ENCODING, encoding);
            gzip(&body)
        }
        Fault::Status { code } => {
            parts.status = StatusCode::from_u16(*code).unwrap_or(parts.status);
            body
        }
        _ => body,
    };
    Response::from_parts(parts, Body::from(body))
}
