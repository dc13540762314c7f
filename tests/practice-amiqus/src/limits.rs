//! How many requests someone may make in a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use jiff::Timestamp;

/// The length of a window, in seconds.
const WINDOW: i64 = 60;

/// Counts requests by who makes them, in windows of a minute from the first one.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    ends_at: i64,
    used: u32,
}

/// What is left in a window after a request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// `None` while the request is allowed, otherwise when to come back.
    pub(crate) exceeded: Option<Exceeded>,
}

/// When the next request will be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) retry_after: i64,
    pub(crate) reset_at: i64,
}

impl Allowance {
    /// Writes the `X-RateLimit-…` headers, and `Retry-After` once the limit is exceeded.
    pub(crate) fn write_to(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", self.remaining.into());
        if let Some(exceeded) = self.exceeded {
            headers.insert(header::RETRY_AFTER, exceeded.retry_after.into());
            headers.insert("x-ratelimit-reset", exceeded.reset_at.into());
        }
    }
}

impl Limits {
    /// Counts one request by `who`.
    pub(crate) fn take(&self, who: String, limit: u32, now: Timestamp) -> Allowance {
        let now = now.as_second();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, window| window.ends_at > now);
        let window = windows.entry(who).or_insert_with(|| Window {
            ends_at: now + WINDOW,
            used: 0,
        });
        if window.used >= limit {
            let exceeded = Exceeded {
                retry_after: window.ends_at - now,
                reset_at: window.ends_at,
            };
            return Allowance {
                limit,
                remaining: 0,
                exceeded: Some(exceeded),
            };
        }
        window.used += 1;
        Allowance {
            limit,
            remaining: limit - window.used,
            exceeded: None,
        }
    }

    /// Forgets every request.
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
    fn a_window_is_a_minute_from_the_first_request() {
        let limits = Limits::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let take = |second| limits.take("bob".to_owned(), 2, at(second));
        assert_eq!(take(100).remaining, 1);
        assert_eq!(take(110).remaining, 0);
        assert_eq!(
            take(130).exceeded,
            Some(Exceeded {
                retry_after: 30,
                reset_at: 160
            })
        );
        assert_eq!(limits.take("lorraine".to_owned(), 2, at(130)).remaining, 1);
        assert_eq!(
            take(160),
            Allowance {
                limit: 2,
                remaining: 1,
                exceeded: None
            }
        );
    }
}
