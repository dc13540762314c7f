//! Which answers were heard, so that who brings the same again is shown the same page.

use std::sync::{Mutex, PoisonError};

use amiqus_core::redirect::ReceivedLink;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use url::form_urlencoded;

use super::pages::Page;

/// No more answers are remembered at once; all but one of an attempt are forgotten as soon as the core
/// has refused them.
const MAX_ENTRIES: usize = 64;

/// For so many attempts the last page is kept.
const KEPT_ATTEMPTS: u64 = 3;

/// The `state` of an address, as a hash: the address itself holds a code and isn't kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(Option<[u8; 32]>);

impl Fingerprint {
    pub(super) fn of(received: &ReceivedLink) -> Self {
        let query = received
            .expose()
            .split_once('?')
            .map_or("", |(_, query)| query);
        let state = form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name == "state" && !value.is_empty());
        Self(state.map(|(_, state)| Sha256::digest(state.as_bytes()).into()))
    }
}

/// What is known of an address that is brought.
pub(super) enum Asked {
    /// Nobody has brought it before. The page is told to this; dropped without one, it is forgotten.
    First(watch::Sender<Option<Page>>),
    /// It was brought before, and this gets its page.
    Before(watch::Receiver<Option<Page>>),
}

struct Entry {
    attempt: u64,
    fingerprint: Fingerprint,
    page: watch::Receiver<Option<Page>>,
}

/// The answers that were heard.
#[derive(Default)]
pub(super) struct Answered(Mutex<Vec<Entry>>);

impl Answered {
    pub(super) fn ask(&self, attempt: u64, fingerprint: Fingerprint) -> Asked {
        self.with(|entries| {
            // Those that came to nothing.
            entries
                .retain(|entry| entry.page.has_changed().is_ok() || entry.page.borrow().is_some());
            let known = entries
                .iter()
                .find(|entry| entry.fingerprint == fingerprint);
            if let Some(entry) = known.filter(|_| fingerprint.0.is_some()) {
                return Asked::Before(entry.page.clone());
            }
            let (tell, page) = watch::channel(None);
            if fingerprint.0.is_some() && entries.len() < MAX_ENTRIES {
                entries.push(Entry {
                    attempt,
                    fingerprint,
                    page,
                });
            }
            Asked::First(tell)
        })
    }

    /// Whether this attempt's answer was heard here.
    pub(super) fn has(&self, attempt: u64) -> bool {
        self.with(|entries| {
            let mut of_attempt = entries.iter().filter(|entry| entry.attempt == attempt);
            of_attempt.any(|entry| entry.page.borrow().is_some())
        })
    }

    /// Forgets all but the last pages before this attempt.
    pub(super) fn forget_before(&self, attempt: u64) {
        self.with(|entries| entries.retain(|entry| entry.attempt + KEPT_ATTEMPTS > attempt));
    }

    fn with<R>(&self, work: impl FnOnce(&mut Vec<Entry>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
