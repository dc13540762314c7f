//! The service's clock, which tests can advance and stop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The real time, or the time at which the clock was stopped, plus an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicU64,
    stopped_at: Mutex<Option<Timestamp>>,
}

impl Clock {
    /// A running clock that is ahead of the real time.
    pub(crate) fn with_offset(offset_ms: u64) -> Self {
        Self {
            offset_ms: AtomicU64::new(offset_ms),
            stopped_at: Mutex::default(),
        }
    }

    /// The current time of the service.
    pub(crate) fn now(&self) -> Timestamp {
        let stopped_at = *self.stopped_at();
        saturating_add(
            stopped_at.unwrap_or_else(real_time),
            Duration::from_millis(self.offset_ms()),
        )
    }

    /// Stops the clock: from now on only [`Clock::advance`] moves it.
    pub(crate) fn stop(&self) {
        self.stopped_at().get_or_insert_with(real_time);
    }

    /// Increases the offset.
    pub(crate) fn advance(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let offset_ms = self.offset_ms().saturating_add(by_ms);
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
    }

    /// Restarts the clock at the real time.
    pub(crate) fn reset(&self) {
        *self.stopped_at() = None;
        self.offset_ms.store(0, Ordering::SeqCst);
    }

    /// The offset in milliseconds.
    pub(crate) fn offset_ms(&self) -> u64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    fn stopped_at(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.stopped_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that the rest of the crate uses"
)]
fn real_time() -> Timestamp {
    Timestamp::now()
}

/// The time `duration` after `start`, or [`Timestamp::MAX`] if that is out of range.
pub(crate) fn saturating_add(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| start.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_clock_moves_only_when_advanced() {
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
