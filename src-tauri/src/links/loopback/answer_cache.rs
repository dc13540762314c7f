//! The pages that redirects were answered with, so that a repeated redirect gets the same page.

use std::sync::{Mutex, PoisonError};

use amiqus_core::redirect::ReceivedLink;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use url::form_urlencoded;

use super::pages::Page;

/// How many redirects are remembered at once; all but one of an attempt are forgotten as soon as the core
/// has refused them.
const MAX_ENTRIES: usize = 64;

/// For how many attempts the last page is kept.
const MAX_ATTEMPTS: u64 = 3;

/// A hash of a redirect's `state`. The redirect itself holds a code and isn't kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(Option<[u8; 32]>);

impl Fingerprint {
    pub(super) fn of(link: &ReceivedLink) -> Self {
        let query = link.expose().split_once('?').map_or("", |(_, query)| query);
        let state = form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name == "state" && !value.is_empty());
        Self(state.map(|(_, state)| Sha256::digest(state.as_bytes()).into()))
    }
}

/// What the cache knows of a redirect.
pub(super) enum Lookup {
    /// It is new. Its page is to be sent here; it is forgotten if this is dropped without one.
    New(watch::Sender<Option<Page>>),
    /// It was seen before, and gets the page that arrives here.
    Known(watch::Receiver<Option<Page>>),
}

struct Entry {
    attempt: u64,
    fingerprint: Fingerprint,
    page: watch::Receiver<Option<Page>>,
}

/// The redirects that were seen, with their pages.
#[derive(Default)]
pub(super) struct AnswerCache(Mutex<Vec<Entry>>);

impl AnswerCache {
    /// Looks a redirect up, and remembers a new one.
    pub(super) fn look_up(&self, attempt: u64, fingerprint: Fingerprint) -> Lookup {
        self.with_entries(|entries| {
            // Those whose sender was dropped without a page were refused.
            entries
                .retain(|entry| entry.page.has_changed().is_ok() || entry.page.borrow().is_some());
            let known = entries
                .iter()
                .find(|entry| entry.fingerprint == fingerprint);
            if let Some(entry) = known.filter(|_| fingerprint.0.is_some()) {
                return Lookup::Known(entry.page.clone());
            }
            let (sender, page) = watch::channel(None);
            if fingerprint.0.is_some() && entries.len() < MAX_ENTRIES {
                entries.push(Entry {
                    attempt,
                    fingerprint,
                    page,
                });
            }
            Lookup::New(sender)
        })
    }

    /// Whether this attempt's response was answered here.
    pub(super) fn has(&self, attempt: u64) -> bool {
        self.with_entries(|entries| {
            let mut of_attempt = entries.iter().filter(|entry| entry.attempt == attempt);
            of_attempt.any(|entry| entry.page.borrow().is_some())
        })
    }

    /// Forgets all but the last pages before this attempt.
    pub(super) fn forget_before(&self, attempt: u64) {
        self.with_entries(|entries| entries.retain(|entry| entry.attempt + MAX_ATTEMPTS > attempt));
    }

    fn with_entries<T>(&self, work: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
