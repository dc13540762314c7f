//! The service's own clock: real time, plus whatever tests have turned it forward by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Real time, or the moment when it was stopped, with an offset that only grows.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_ms: AtomicU64,
    stopped_at: Mutex<Option<Timestamp>>,
}

impl Clock {
    /// A clock that is already ahead of real time.
    pub(crate) fn ahead_by(ahead_ms: u64) -> Self {
        Self {
            ahead_ms: AtomicU64::new(ahead_ms),
            stopped_at: Mutex::default(),
        }
    }

    /// What time it is for the service.
    pub(crate) fn now(&self) -> Timestamp {
        let stopped_at = *self.stopped_at();
        after(
            stopped_at.unwrap_or_else(real_time),
            Duration::from_millis(self.ahead_ms()),
        )
    }

    /// From now on only [`Clock::advance`] moves it.
    pub(crate) fn stop(&self) {
        self.stopped_at().get_or_insert_with(real_time);
    }

    /// Turns the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let ahead = self.ahead_ms().saturating_add(by);
        self.ahead_ms.store(ahead, Ordering::SeqCst);
    }

    /// Back to real time.
    pub(crate) fn reset(&self) {
        *self.stopped_at() = None;
        self.ahead_ms.store(0, Ordering::SeqCst);
    }

    /// By how many milliseconds the clock is ahead of real time.
    pub(crate) fn ahead_ms(&self) -> u64 {
        self.ahead_ms.load(Ordering::SeqCst)
    }

    fn stopped_at(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.stopped_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that everything else asks"
)]
fn real_time() -> Timestamp {
    Timestamp::now()
}

/// The moment `duration` after `start`; the end of time if there is no such moment.
pub(crate) fn after(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| start.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_stopped_moves_only_when_it_is_turned() {
        let clock = Clock::default();
        clock.stop();
        let stopped_at = clock.now();
        clock.stop();
        assert_eq!(clock.now(), stopped_at);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now() - SignedDuration::from_millis(1), stopped_at);
        clock.advance(Duration::from_hours(365 * 24));
        clock.reset();
        assert!(clock.now() >= stopped_at);
        assert!(clock.now() < stopped_at + SignedDuration::from_hours(24));
    }
}
