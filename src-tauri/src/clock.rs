//! The computer's own clock, and waiting for what it will say.

use std::time::Duration;

use amiqus_core::clock::{Clock, Wait};
use jiff::{SignedDuration, Timestamp};

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Where nothing better is to be had, a long wait is looked at again this often: a sleeping computer
/// doesn't count the time.
const LOOK_AT_LEAST: Duration = Duration::from_mins(10);

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait_until(&self, at: Timestamp) -> Wait {
        #[cfg(target_os = "linux")]
        match timer::Timer::at(at) {
            Ok(timer) => return Box::pin(timer.rings()),
            Err(problem) => tracing::warn!(%problem, "no timer of the system's: waiting in pieces"),
        }
        let clock = *self;
        Box::pin(async move {
            loop {
                let left = at.duration_since(clock.now());
                if left <= SignedDuration::ZERO {
                    return;
                }
                let left = Duration::try_from(left).unwrap_or_default();
                clock.wait_for(left.min(LOOK_AT_LEAST)).await;
            }
        })
    }

    fn wait_for(&self, span: Duration) -> Wait {
        Box::pin(tokio::time::sleep(span))
    }
}

/// Timers that the kernel keeps by the wall clock: they ring at their time also when the computer
/// slept until then, or when the clock was set; nothing polls.
#[cfg(target_os = "linux")]
pub(crate) mod timer {
    use std::io;
    use std::os::fd::OwnedFd;

    use async_io::Async;
    use jiff::Timestamp;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    /// One timer.
    pub(crate) struct Timer(Async<OwnedFd>);

    impl Timer {
        /// Rings at this time.
        pub(crate) fn at(at: Timestamp) -> io::Result<Self> {
            Self::with(at, TimerfdTimerFlags::ABSTIME)
        }

        /// Rings when the clock is set, and when the computer wakes: the kernel sets its clock then.
        pub(crate) fn when_clock_is_set() -> io::Result<Self> {
            Self::with(
                Timestamp::MAX,
                TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET,
            )
        }

        fn with(at: Timestamp, how: TimerfdTimerFlags) -> io::Result<Self> {
            let timer = timerfd_create(
                TimerfdClockId::Realtime,
                TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
            )?;
            let value = Timespec {
                // A time of zero would disarm it.
                tv_sec: at.as_second().max(1),
                tv_nsec: at.subsec_nanosecond().max(0).into(),
            };
            let never_again = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            let when = Itimerspec {
                it_interval: never_again,
                it_value: value,
            };
            timerfd_settime(&timer, how, &when)?;
            Ok(Self(Async::new(timer)?))
        }

        /// Resolves when it rings.
        pub(crate) async fn rings(self) {
            if let Err(problem) = self.0.readable().await {
                tracing::error!(%problem, "a timer can't be waited for");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_is_over_at_its_time_and_not_before() {
        let at = SystemClock.now() + SignedDuration::from_millis(60);
        SystemClock.wait_until(at).await;
        let late = SystemClock.now().duration_since(at);
        assert!(late >= SignedDuration::ZERO);
        assert!(late < SignedDuration::from_secs(5));
    }

    #[tokio::test]
    async fn a_time_that_is_past_is_not_waited_for() {
        for past in [
            SystemClock.now() - SignedDuration::from_hours(1),
            Timestamp::UNIX_EPOCH,
            Timestamp::MIN,
        ] {
            SystemClock.wait_until(past).await;
        }
    }

    #[tokio::test]
    async fn a_time_that_never_comes_is_waited_for() {
        let soon = Duration::from_millis(30);
        let end = tokio::time::timeout(soon, SystemClock.wait_until(Timestamp::MAX)).await;
        assert!(end.is_err());
    }
}
