//! A valid token for a thousand concurrent callers in the process: while one is cached, and after it
//! has expired.

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

/// The number of concurrent callers.
const CALLERS: usize = 1_000;

/// The reported percentile of the waits.
const PERCENT: usize = 99;

/// How far the clock is advanced: longer than a token's lifetime.
const CLOCK_STEP: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Measures the callers, and an uncontended lock as their floor, in turn.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let computer = Computer::from_environment()?;
        let clock = Arc::new(DrivenClock::default());
        let data = computer.user("callers")?;
        let mut user = PreparedUser::start_with_clock(clock.clone(), &vault_in(&data)).await?;
        user.sign_in(&computer.amiqus).await?;

        let mut waits = Figures::of("valid token, 1,000 callers");
        let mut refreshes = Figures::of("valid token, refreshes past its end");
        for _ in 0..options.rounds {
            waits
                .ours
                .push(percentile(request_tokens(&user.session).await?));
            waits.floor.push(percentile(uncontended_lock()));

            let before = computer.amiqus.token_requests().await?;
            clock.advance();
            request_tokens(&user.session).await?;
            let made = u32::try_from(computer.amiqus.token_requests().await? - before)?;
            refreshes.ours.push(f64::from(made));
            refreshes.floor.push(1.0);
        }
        user.end().await?;
        Ok(vec![waits, refreshes])
    })
}

/// Requests a token from all callers at once; returns how long each waited.
async fn request_tokens(session: &SessionHandle) -> Result<Vec<Duration>> {
    let (start, started) = watch::channel(false);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let session = session.clone();
        let mut started = started.clone();
        callers.spawn(async move {
            // The sender lives until all callers have finished.
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
fn uncontended_lock() -> Vec<Duration> {
    let token = Mutex::new("t".repeat(860));
    (0..CALLERS)
        .map(|_| {
            let begun = Instant::now();
            black_box(token.lock().map(|token| token.clone()).ok());
            begun.elapsed()
        })
        .collect()
}

fn percentile(mut waits: Vec<Duration>) -> f64 {
    waits.sort_unstable();
    let slow = waits.get(waits.len() * PERCENT / 100);
    slow.copied().map(milliseconds).unwrap_or_default()
}

/// The system's clock with an offset.
#[derive(Default)]
struct DrivenClock(AtomicI64);

impl DrivenClock {
    fn advance(&self) {
        self.0.fetch_add(CLOCK_STEP.as_secs(), Ordering::SeqCst);
    }

    fn offset(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.offset()
    }

    fn wait_until(&self, at: Timestamp) -> Wait {
        SystemClock.wait_until(at - self.offset())
    }

    fn wait_for(&self, span: Duration) -> Wait {
        SystemClock.wait_for(span)
    }
}
