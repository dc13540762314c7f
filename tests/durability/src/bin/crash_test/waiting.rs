//! Waits: until an instant, and by polling.

use std::time::Duration;

use durability::{Result, TestError};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long a restarted process may take to know the account's status.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// How often a condition is polled.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Waits with a precision of a tenth of a millisecond: the runtime's timer rounds to whole ones.
pub(crate) async fn wait_until(at: Instant) {
    let nearly = Duration::from_millis(2);
    if let Some(early) = at.checked_sub(nearly) {
        sleep_until(early).await;
    }
    while Instant::now() < at {
        tokio::task::yield_now().await;
    }
}

/// Polls until a condition of the fake server holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) -> Result<()> {
    let waiting = async {
        while !condition() {
            sleep(POLL_INTERVAL).await;
        }
    };
    timeout(TIMEOUT, waiting)
        .await
        .map_err(|_| TestError::Timeout {
            what: what.to_owned(),
            seconds: TIMEOUT.as_secs(),
        })
}
