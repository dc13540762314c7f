//! Callers that have said nothing yet, the longest silent first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::MIN_SILENCE;

/// All of them.
#[derive(Default)]
pub(super) struct SilentCallers(Arc<Mutex<VecDeque<Caller>>>);

struct Caller {
    since: Instant,
    hang_up: Arc<watch::Sender<bool>>,
}

/// One of them, until it says something or ends.
pub(super) struct Silent {
    all: Arc<Mutex<VecDeque<Caller>>>,
    hang_up: Arc<watch::Sender<bool>>,
}

fn lock(callers: &Mutex<VecDeque<Caller>>) -> MutexGuard<'_, VecDeque<Caller>> {
    callers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SilentCallers {
    /// A caller has come.
    pub(super) fn begin(&self) -> Silent {
        let hang_up = Arc::new(watch::Sender::new(false));
        lock(&self.0).push_back(Caller {
            since: Instant::now(),
            hang_up: Arc::clone(&hang_up),
        });
        Silent {
            all: Arc::clone(&self.0),
            hang_up,
        }
    }

    /// Hangs up on whoever has been silent for longest, once that is long enough. Waits for ever where
    /// everybody has said something.
    pub(super) async fn hang_up_on_the_first(&self) {
        let first = lock(&self.0).front().map(|caller| caller.since);
        let Some(since) = first else {
            return std::future::pending().await;
        };
        sleep_until(since + MIN_SILENCE).await;
        let is_still_silent = |caller: &mut Caller| caller.since == since;
        if let Some(caller) = lock(&self.0).pop_front_if(is_still_silent) {
            caller.hang_up.send_replace(true);
        }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.ends();
    }
}

impl Silent {
    /// It has said something: it is hung up on for silence no longer.
    pub(super) fn ends(&self) {
        lock(&self.all).retain(|caller| !Arc::ptr_eq(&caller.hang_up, &self.hang_up));
    }

    /// Waits until it is hung up on.
    pub(super) async fn hung_up(&self) {
        // This has the sender itself.
        let _ = self.hang_up.subscribe().wait_for(|is_so| *is_so).await;
    }
}
