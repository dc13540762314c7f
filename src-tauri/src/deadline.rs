//! Timeouts for calls to other processes: one that hangs must not hang this one.

use std::sync::mpsc;
use std::time::Duration;

/// How long another process may take to answer a caller that waits for it.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// No answer came within this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs())]
pub(crate) struct TimedOut(pub(crate) Duration);

/// Runs blocking work on a thread of its own and waits for its result for at most `limit`. Work that takes
/// longer continues unattended, and its result is dropped.
///
/// # Errors
/// [`TimedOut`] when the work takes longer, when it panicked, and when no thread could be spawned.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TimedOut> {
    let (result, results) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("ask another process".to_owned())
        .spawn(move || {
            // After the timeout the receiver is gone.
            let _ = result.send(work());
        })
        .map_err(|_| TimedOut(limit))?;
    results.recv_timeout(limit).map_err(|_| TimedOut(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_never_ends_times_out() {
        let (_never, receiver) = mpsc::channel::<()>();
        let limit = Duration::from_millis(20);
        assert_eq!(within(limit, move || receiver.recv()), Err(TimedOut(limit)));
        assert_eq!(within(ANSWER_TIMEOUT, || 7), Ok(7));
    }
}
