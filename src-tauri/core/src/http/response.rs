//! Responses, and what their status and headers say.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use zeroize::Zeroizing;

use crate::lenient_json as json;

/// The maximum size of a response of Amiqus, in bytes. The rest of a larger one is not read.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The maximum wait that a server can ask for.
pub const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// A complete response. Its body may hold tokens and is wiped when dropped.
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

impl HttpResponse {
    /// Whether the network answered in place of the service: with a redirect, with the status for
    /// that (RFC 6585 §6), with a web page where JSON was requested, or with a 403 or 451 that is not in
    /// the service's format.
    #[must_use]
    pub fn is_from_a_portal(&self) -> bool {
        match self.status.as_u16() {
            300..=399 | 511 => true,
            // A gateway in front of the service sends such pages while the service is down.
            502..=504 | 520..=530 => false,
            403 | 451 => !json::starts_object(&json::decode(&self.body)),
            _ => self.is_web_page(),
        }
    }

    /// Whether the service failed. An invalid status above 599 counts as 5xx (RFC 9110 §15).
    #[must_use]
    pub fn is_server_error(&self) -> bool {
        self.status.as_u16() >= 500
    }

    /// Whether the body is markup, or declared as a web page and not an object. The `mime` crate would
    /// reject a header whose parameters are malformed; the essence is enough here.
    fn is_web_page(&self) -> bool {
        let text = json::decode(&self.body);
        let body = json::trim_start(&text);
        let essence = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(str::trim);
        let is_declared = essence.is_some_and(|essence| {
            ["text/html", "application/xhtml+xml"]
                .iter()
                .any(|page| essence.eq_ignore_ascii_case(page))
        });
        body.starts_with('<') || is_declared && !body.is_empty() && !json::starts_object(body)
    }
}

/// Reads `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3), up to [`MAX_RETRY_AFTER`]. `None`
/// if the header is missing or invalid.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
            MAX_RETRY_AFTER
        }
        Err(_) => {
            let date: SystemTime = httpdate::parse_http_date(value).ok()?;
            Timestamp::try_from(date).ok()?.duration_since(now)
        }
    };
    Some(wait.clamp(SignedDuration::ZERO, MAX_RETRY_AFTER))
}
