//! A living token to a caller within the process, a thousand of them at once: while there is one at
//! hand, and once it is past its end.

use std::hint::black_box;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use amiqus_core::clock::{Clock, Wait};
use amiqus_core::runtime::SessionHandle;
use jiff::{SignedDuration, Timestamp};
use sign_in_with_amiqus::clock::SystemClock;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::computer::{Computer, PreparedUser, vault_in};
use crate::{Figures, Options, Result, milliseconds};

/// How many ask at once.
const CALLERS: usize = 1_000;

/// What a caller waits that 99 of 100 are not slower than.
const PERCENT: usize = 99;

/// Longer than a token lives.
const TIMEOUT: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Has the callers ask, and lock an own lock in turn.
pub(crate) fn measure(given: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let computer = Computer::of_this_desktop()?;
        let clock = Arc::new(DrivenClock::default());
        let data = computer.user("callers")?;
        let mut kept = PreparedUser::start_by(clock.clone(), &vault_in(&data)).await?;
        kept.sign_in(&computer.amiqus).await?;

        let mut waits = Figures::of("valid token, 1,000 callers");
        let mut refreshes = Figures::of("valid token, refreshes past its end");
        for _ in 0..given.rounds {
            waits.ours.push(slow_one(ask(&kept.session).await?));
            waits.floor.push(slow_one(lock_alone()));

            let before = computer.amiqus.token_requests().await?;
            clock.advance();
            ask(&kept.session).await?;
            let made = u32::try_from(computer.amiqus.token_requests().await? - before)?;
            refreshes.ours.push(f64::from(made));
            refreshes.floor.push(1.0);
        }
        kept.end().await?;
        Ok(vec![waits, refreshes])
    })
}

/// All at once; answers how long each waited from its call to its token.
async fn ask(session: &SessionHandle) -> Result<Vec<Duration>> {
    let (start, started) = watch::channel(false);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let session = session.clone();
        let mut started = started.clone();
        callers.spawn(async move {
            // Who holds the other end waits for this.
            let _ = started.wait_for(|started| *started).await;
            let begun = Instant::now();
            let access = session.access_token().await;
            (begun.elapsed(), access.map(drop))
        });
    }
    start.send_replace(true);
    let mut waits = Vec::with_capacity(CALLERS);
    while let Some(caller) = callers.join_next().await {
        let (wait, access) = caller?;
        access.map_err(|problem| format!("{problem:?}"))?;
        waits.push(wait);
    }
    Ok(waits)
}

/// The cost of a token behind an uncontended lock.
fn lock_alone() -> Vec<Duration> {
    let token = Mutex::new("t".repeat(860));
    (0..CALLERS)
        .map(|_| {
            let begun = Instant::now();
            black_box(token.lock().map(|token| token.clone()).ok());
            begun.elapsed()
        })
        .collect()
}

fn slow_one(mut waits: Vec<Duration>) -> f64 {
    waits.sort_unstable();
    let slow = waits.get(waits.len() * PERCENT / 100);
    slow.copied().map(milliseconds).unwrap_or_default()
}

/// The system's clock, turned forward.
#[derive(Default)]
struct DrivenClock(AtomicI64);

impl DrivenClock {
    fn advance(&self) {
        self.0.fetch_add(TIMEOUT.as_secs(), Ordering::SeqCst);
    }

    fn by(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.by()
    }

    fn wait_until(&self, at: Timestamp) -> Wait {
        SystemClock.wait_until(at - self.by())
    }

    fn wait_for(&self, span: Duration) -> Wait {
        SystemClock.wait_for(span)
    }
}
