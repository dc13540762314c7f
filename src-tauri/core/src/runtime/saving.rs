//! Makes the session's changes durable, and tries again when that fails.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Message;
use super::actor::SessionActor;
use crate::error::chain;
use crate::session::Event;
use crate::vault::{Change, RecordName};

/// The delay before the first retry of a failed commit; it doubles with each failure.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);

/// The longest delay before a retry of a failed commit.
const MAX_RETRY_DELAY: Duration = Duration::from_mins(5);

impl SessionActor {
    /// Commits the named records, together with any that earlier failures left unsaved. Returns
    /// whether everything was saved.
    pub(super) async fn commit(&mut self, names: &BTreeSet<RecordName>) -> bool {
        let had_unsaved = !self.unsaved.is_empty();
        self.unsaved.extend(names);
        let Some(store) = self.store.clone() else {
            // No vault is open; the names stay unsaved.
            return false;
        };
        let changes: Vec<_> = self
            .unsaved
            .iter()
            .map(|name| Change {
                name: *name,
                bytes: self.session.record(*name),
            })
            .collect();
        let committed = tokio::task::spawn_blocking(move || store.commit(&changes)).await;
        match committed {
            Ok(Ok(())) => {
                self.unsaved.clear();
                self.next_retry_delay = None;
                if had_unsaved {
                    self.send(Message::Event(Event::Saved));
                }
                true
            }
            Ok(Err(error)) => {
                tracing::error!(error = %chain(&error), "vault: save failed");
                false
            }
            Err(error) => {
                tracing::error!(
                    error = %chain(&error),
                    "vault: save failed, task aborted"
                );
                false
            }
        }
    }

    /// Retries the commit of unsaved records: tokens that were issued while the disk was full, for
    /// example, are saved once it has space.
    pub(super) async fn retry_save(&mut self) {
        let Some(delay) = self.next_retry_delay else {
            return;
        };
        if !self.commit(&BTreeSet::new()).await {
            self.schedule_retry(delay);
        }
    }

    /// Schedules the first retry after a failure, unless one is scheduled already.
    pub(super) fn schedule_first_retry(&mut self) {
        if self.next_retry_delay.is_none() {
            self.schedule_retry(FIRST_RETRY_DELAY);
        }
    }

    fn schedule_retry(&mut self, delay: Duration) {
        self.next_retry_delay = Some((delay * 2).min(MAX_RETRY_DELAY));
        let wait = self.dependencies.clock.wait_for(delay);
        self.spawn(async move {
            wait.await;
            Some(Message::RetrySave)
        });
    }
}
