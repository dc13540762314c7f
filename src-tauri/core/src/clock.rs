//! What time it is, and waiting for a time, in a form that tests can turn.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

/// A wait; it is over when it resolves.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the wall-clock time. Wall clocks jump; nothing here may loop or end early because of it.
pub trait Clock: Send + Sync + 'static {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;

    /// Waits until [`Clock::now`] has reached this time, however it got there: by going by, while
    /// the computer slept, or because somebody set the clock. Must be called within a tokio runtime.
    fn wait_until(&self, at: Timestamp) -> Wait;

    /// Waits for a span during which the computer is awake, whatever happens to the wall clock.
    /// Must be called within a tokio runtime.
    fn wait_for(&self, span: Duration) -> Wait;
}
