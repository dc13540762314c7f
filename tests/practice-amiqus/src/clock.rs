//! The service's own clock: real time, plus whatever tests have turned it forward by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Real time with an offset that only grows.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_ms: AtomicU64,
}

impl Clock {
    /// A clock that is already ahead of real time.
    pub(crate) fn ahead_by(ahead_ms: u64) -> Self {
        Self {
            ahead_ms: AtomicU64::new(ahead_ms),
        }
    }

    /// What time it is for the service.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else asks"
    )]
    pub(crate) fn now(&self) -> Timestamp {
        after(Timestamp::now(), Duration::from_millis(self.ahead_ms()))
    }

    /// Turns the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let ahead = self.ahead_ms().saturating_add(by);
        self.ahead_ms.store(ahead, Ordering::SeqCst);
    }

    /// Back to real time.
    pub(crate) fn reset(&self) {
        self.ahead_ms.store(0, Ordering::SeqCst);
    }

    /// By how many milliseconds the clock is ahead of real time.
    pub(crate) fn ahead_ms(&self) -> u64 {
        self.ahead_ms.load(Ordering::SeqCst)
    }
}

/// The moment `duration` after `start`; the end of time if there is no such moment.
pub(crate) fn after(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| start.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}
