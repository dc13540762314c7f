//! The wall clock and timers, behind a trait so that tests can control them.

use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A timer that resolves when the wait is over.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A time after another one, as far as time goes: a stored one may be anything.
pub(crate) fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// Tells the time and waits for it. A wall clock can jump: no implementation and no caller may loop
/// or fire early because of that.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Waits until [`Clock::now`] has reached `at`, whether time passed, the computer slept or the
    /// clock was set. Must be called within a tokio runtime.
    fn wait_until(&self, at: Timestamp) -> Wait;

    /// Waits while the computer is awake for `span`, whatever happens to the wall clock. Must be
    /// called within a tokio runtime.
    fn wait_for(&self, span: Duration) -> Wait;
}
