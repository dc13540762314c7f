//! Rate limiting with fixed windows of one minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

/// The length of a window in seconds.
const WINDOW_SECS: i64 = 60;

/// Counts requests per key. The window of a key starts with its first request.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    ends_at: i64,
    requests: u32,
}

/// The state of a rate limit after a request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimitStatus {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Set if the request is over the limit.
    pub(crate) exceeded: Option<LimitExceeded>,
}

/// When the next request is allowed after the limit was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimitExceeded {
    pub(crate) retry_after_secs: i64,
    /// Unix time in seconds.
    pub(crate) reset_at: i64,
}

impl RateLimitStatus {
    /// The response 429, as the throttling of Laravel writes it.
    pub(crate) fn to_response(self) -> Response {
        let body = Json(serde_json::json!({"message": "Too Many Attempts."}));
        let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
        self.write_headers(response.headers_mut());
        response
    }

    /// Adds the `X-RateLimit-…` headers, and `Retry-After` if the limit is exceeded.
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", self.remaining.into());
        if let Some(exceeded) = self.exceeded {
            headers.insert(header::RETRY_AFTER, exceeded.retry_after_secs.into());
            headers.insert("x-ratelimit-reset", exceeded.reset_at.into());
        }
    }
}

impl RateLimiter {
    /// Counts one request for a key.
    pub(crate) fn count(&self, key: String, limit: u32, now: Timestamp) -> RateLimitStatus {
        let now = now.as_second();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, window| window.ends_at > now);
        let window = windows.entry(key).or_insert_with(|| Window {
            ends_at: now + WINDOW_SECS,
            requests: 0,
        });
        if window.requests >= limit {
            let exceeded = LimitExceeded {
                retry_after_secs: window.ends_at - now,
                reset_at: window.ends_at,
            };
            return RateLimitStatus {
                limit,
                remaining: 0,
                exceeded: Some(exceeded),
            };
        }
        window.requests += 1;
        RateLimitStatus {
            limit,
            remaining: limit - window.requests,
            exceeded: None,
        }
    }

    /// Resets all counters.
    pub(crate) fn reset(&self) {
        self.windows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_ends_one_minute_after_its_first_request() {
        let limiter = RateLimiter::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let count = |second| limiter.count("bob".to_owned(), 2, at(second));
        assert_eq!(count(100).remaining, 1);
        assert_eq!(count(110).remaining, 0);
        assert_eq!(
            count(130).exceeded,
            Some(LimitExceeded {
                retry_after_secs: 30,
                reset_at: 160
            })
        );
        assert_eq!(
            limiter.count("lorraine".to_owned(), 2, at(130)).remaining,
            1
        );
        assert_eq!(
            count(160),
            RateLimitStatus {
                limit: 2,
                remaining: 1,
                exceeded: None
            }
        );
    }
}
