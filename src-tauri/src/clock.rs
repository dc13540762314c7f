//! The computer's clock, and timers that follow it.

use std::time::Duration;

use amiqus_core::clock::{Clock, Wait};
#[cfg(target_os = "linux")]
use amiqus_core::error::chain;
use jiff::{SignedDuration, Timestamp};

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Without a wall-clock timer a long wait is cut into pieces of this length: the runtime's timers stop while
/// the computer sleeps.
const MAX_SLEEP: Duration = Duration::from_mins(10);

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
            Ok(timer) => return Box::pin(timer.expired()),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "clock: no wall-clock timer, polling instead");
            }
        }
        let clock = *self;
        Box::pin(async move {
            loop {
                let left = at.duration_since(clock.now());
                if left <= SignedDuration::ZERO {
                    return;
                }
                let left = Duration::try_from(left).unwrap_or_default();
                clock.wait_for(left.min(MAX_SLEEP)).await;
            }
        })
    }

    fn wait_for(&self, span: Duration) -> Wait {
        Box::pin(tokio::time::sleep(span))
    }
}

/// Timers that the kernel keeps by the wall clock: they expire at their time also when the computer
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

    use amiqus_core::error::chain;

    /// A wall-clock timer that expires once.
    pub(crate) struct Timer(Async<OwnedFd>);

    impl Timer {
        /// A timer that expires at this time.
        pub(crate) fn at(at: Timestamp) -> io::Result<Self> {
            Self::with(at, TimerfdTimerFlags::ABSTIME)
        }

        /// A timer that expires when the clock is set, and when the computer wakes, because the kernel sets
        /// its clock then.
        pub(crate) fn when_clock_is_set() -> io::Result<Self> {
            Self::with(
                Timestamp::MAX,
                TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET,
            )
        }

        fn with(at: Timestamp, flags: TimerfdTimerFlags) -> io::Result<Self> {
            let timer = timerfd_create(
                TimerfdClockId::Realtime,
                TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
            )?;
            let value = Timespec {
                // A time of zero would disarm it.
                tv_sec: at.as_second().max(1),
                tv_nsec: at.subsec_nanosecond().max(0).into(),
            };
            let no_interval = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            let when = Itimerspec {
                it_interval: no_interval,
                it_value: value,
            };
            timerfd_settime(&timer, flags, &when)?;
            Ok(Self(Async::new(timer)?))
        }

        /// Waits until it expires.
        pub(crate) async fn expired(self) {
            if let Err(error) = self.0.readable().await {
                tracing::error!(error = %chain(&error), "clock: timer failed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wait_ends_at_its_time_and_not_before() {
        let at = SystemClock.now() + SignedDuration::from_millis(60);
        SystemClock.wait_until(at).await;
        let late = SystemClock.now().duration_since(at);
        assert!(late >= SignedDuration::ZERO);
        assert!(late < SignedDuration::from_secs(5));
    }

    #[tokio::test]
    async fn wait_for_a_past_time_ends_immediately() {
        for past in [
            SystemClock.now() - SignedDuration::from_hours(1),
            Timestamp::UNIX_EPOCH,
            Timestamp::MIN,
        ] {
            SystemClock.wait_until(past).await;
        }
    }

    #[tokio::test]
    async fn wait_for_the_last_time_does_not_end() {
        let soon = Duration::from_millis(30);
        let end = tokio::time::timeout(soon, SystemClock.wait_until(Timestamp::MAX)).await;
        assert!(end.is_err());
    }
}
