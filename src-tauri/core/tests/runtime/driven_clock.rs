//! A clock that stands still until a test moves it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use amiqus_core::clock::{Clock, Wait};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// The finest step of time in these tests: the practice service's clock has no finer one.
const TICK: SignedDuration = SignedDuration::from_millis(1);

/// A clock that stands still until a test moves it. It keeps the wall-clock time and the
/// time that the computer has been awake. Neither follows from the other: the wall clock runs while
/// the computer sleeps, and it can be set.
pub(crate) struct DrivenClock(Arc<Shared>);

struct Shared {
    dial: Mutex<Dial>,
    changed: Notify,
}

struct Dial {
    wall: Timestamp,
    awake: SignedDuration,
    /// The waits in progress; one that is dropped is removed.
    sleepers: BTreeMap<u64, Sleeper>,
    /// The number of waits so far.
    registered: u64,
}

struct Sleeper {
    until: Until,
    /// Whether the wait has ended; setting the clock back does not undo that.
    rang: bool,
    waker: Option<Waker>,
}

#[derive(Clone, Copy)]
enum Until {
    Wall(Timestamp),
    Awake(SignedDuration),
}

impl DrivenClock {
    pub(crate) fn at(wall: Timestamp) -> Self {
        Self(Arc::new(Shared {
            dial: Mutex::new(Dial {
                wall,
                awake: SignedDuration::ZERO,
                sleepers: BTreeMap::new(),
                registered: 0,
            }),
            changed: Notify::new(),
        }))
    }

    /// The span, with the computer awake and its clock right, until the next wait ends;
    /// `None` without a wait.
    pub(crate) fn next(&self) -> Option<SignedDuration> {
        let dial = self.0.dial.lock().unwrap();
        dial.next()
    }

    /// Lets time pass while the computer is awake.
    pub(crate) fn go_by(&self, span: SignedDuration) {
        self.turn(span, span);
    }

    /// Lets time pass while the computer sleeps.
    pub(crate) fn sleep(&self, span: SignedDuration) {
        self.turn(span, SignedDuration::ZERO);
    }

    /// Sets the wall clock, forward or back, without any time passing.
    pub(crate) fn set(&self, by: SignedDuration) {
        self.turn(by, SignedDuration::ZERO);
    }

    /// The number of waits so far, which shows whether another one has begun.
    pub(crate) fn registered(&self) -> u64 {
        self.0.dial.lock().unwrap().registered
    }

    /// Waits until some wait is in progress, and none whose time has come.
    pub(crate) async fn armed(&self) {
        loop {
            // From here on no change is missed.
            let changed = self.0.changed.notified();
            if self.next().is_some_and(|wait| !wait.is_zero()) {
                return;
            }
            changed.await;
        }
    }

    fn turn(&self, wall: SignedDuration, awake: SignedDuration) {
        let mut dial = self.0.dial.lock().unwrap();
        dial.wall += wall;
        dial.awake += awake;
        let wakers = dial.ring();
        drop(dial);
        for waker in wakers {
            waker.wake();
        }
        self.0.changed.notify_waiters();
    }

    fn wait(&self, until: impl FnOnce(&Dial) -> Until) -> Wait {
        let mut dial = self.0.dial.lock().unwrap();
        let id = dial.registered;
        dial.registered += 1;
        let sleeper = Sleeper {
            until: until(&dial),
            rang: false,
            waker: None,
        };
        dial.sleepers.insert(id, sleeper);
        // It was not polled yet, so there is no waker.
        dial.ring();
        drop(dial);
        self.0.changed.notify_waiters();
        Box::pin(Sleep {
            id,
            shared: Arc::clone(&self.0),
        })
    }
}

impl Dial {
    /// The span until a wait ends: zero, or a number of whole ticks.
    fn next(&self) -> Option<SignedDuration> {
        let left = |sleeper: &Sleeper| match sleeper.until {
            _ if sleeper.rang => SignedDuration::ZERO,
            Until::Wall(at) => at.duration_since(self.wall),
            Until::Awake(span) => span - self.awake,
        };
        let next = self
            .sleepers
            .values()
            .map(left)
            .min()?
            .max(SignedDuration::ZERO);
        let ticks = next
            .unsigned_abs()
            .as_nanos()
            .div_ceil(TICK.unsigned_abs().as_nanos());
        Some(SignedDuration::from_millis(i64::try_from(ticks).unwrap()))
    }

    /// Ends all waits whose time has come, and returns their wakers.
    fn ring(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for sleeper in self.sleepers.values_mut().filter(|sleeper| !sleeper.rang) {
            sleeper.rang = match sleeper.until {
                Until::Wall(at) => at <= self.wall,
                Until::Awake(span) => span <= self.awake,
            };
            if sleeper.rang {
                wakers.extend(sleeper.waker.take());
            }
        }
        wakers
    }
}

impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        self.0.dial.lock().unwrap().wall
    }

    fn wait_until(&self, at: Timestamp) -> Wait {
        self.wait(|_| Until::Wall(at))
    }

    fn wait_for(&self, span: Duration) -> Wait {
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        self.wait(|dial| Until::Awake(dial.awake.saturating_add(span)))
    }
}

/// One wait.
struct Sleep {
    id: u64,
    shared: Arc<Shared>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut dial = self.shared.dial.lock().unwrap();
        let sleeper = dial.sleepers.get_mut(&self.id).unwrap();
        if sleeper.rang {
            return Poll::Ready(());
        }
        sleeper.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.shared.dial.lock().unwrap().sleepers.remove(&self.id);
        self.shared.changed.notify_waiters();
    }
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn clock() -> DrivenClock {
    DrivenClock::at("2026-03-01T09:00:00Z".parse().unwrap())
}

/// Whether a wait is over.
async fn is_over(wait: &mut Wait) -> bool {
    tokio::select! {
        biased;
        () = wait => true,
        () = std::future::ready(()) => false,
    }
}

#[tokio::test]
async fn driven_clock_wakes_at_the_time_and_not_before() {
    let clock = clock();
    let mut until = clock.wait_until(clock.now() + MINUTE);
    let mut span = clock.wait_for(Duration::from_mins(2));
    assert_eq!(clock.next(), Some(MINUTE));
    clock.go_by(MINUTE - TICK);
    assert!(!is_over(&mut until).await);
    assert_eq!(clock.next(), Some(TICK));
    clock.go_by(TICK);
    assert!(is_over(&mut until).await);
    assert_eq!(clock.next(), Some(SignedDuration::ZERO));
    drop(until);
    assert!(!is_over(&mut span).await);
    assert_eq!(clock.next(), Some(MINUTE));
    clock.armed().await;
    drop(span);
    assert_eq!(clock.next(), None);
}

#[tokio::test]
async fn driven_clock_separates_sleep_and_settings_from_awake_time() {
    let clock = clock();
    let start = clock.now();
    let mut until = clock.wait_until(start + MINUTE * 2);
    let mut span = clock.wait_for(Duration::from_mins(2));
    clock.set(-MINUTE * 10);
    clock.go_by(MINUTE);
    assert_eq!(clock.now(), start - MINUTE * 9);
    assert_eq!(clock.next(), Some(MINUTE));
    clock.sleep(MINUTE * 11);
    assert!(is_over(&mut until).await);
    assert!(!is_over(&mut span).await);
    clock.set(-MINUTE * 10);
    assert!(is_over(&mut until).await);
    clock.go_by(MINUTE);
    assert!(is_over(&mut span).await);
}
