//! Runs the effects that open and read the vault.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::Message;
use super::actor::SessionActor;
use crate::account::AccountKey;
use crate::error::chain;
use crate::session::{Event, TokenGeneration};
use crate::vault::{LockReason, OpenError, Opened, Records, SetAsideReason, Unlock, VaultOpener};

/// How long an opening may take before the window shows what it waits for: mostly the user's answer
/// to the keychain's prompt.
const SLOW_OPENING_TIMEOUT: Duration = Duration::from_secs(2);

impl SessionActor {
    pub(super) fn open_vault(
        &self,
        opening: impl FnOnce(&dyn VaultOpener) -> Result<(Opened, Records), OpenError> + Send + 'static,
    ) {
        let slow = self.dependencies.clock.wait_for(SLOW_OPENING_TIMEOUT);
        let opener = Arc::clone(&self.dependencies.opener);
        self.spawn_event(async move {
            slow.await;
            Some(Event::OpeningTakesLong(opener.waits_for()))
        });
        let opener = Arc::clone(&self.dependencies.opener);
        let Some(messages) = self.messages.upgrade() else {
            return;
        };
        // With a strong sender: the session must not stop before it knows the store that is open.
        tokio::spawn(async move {
            let result = tokio::task::spawn_blocking(move || opening(opener.as_ref())).await;
            let message = match result {
                Ok(Ok((vault, records))) => Message::VaultOpened(vault, Box::new(records)),
                Ok(Err(error)) => {
                    tracing::warn!(error = %chain(&error), "vault: open failed");
                    Message::Event(Event::OpenFailed(error))
                }
                Err(error) => {
                    tracing::error!(
                        error = %chain(&error),
                        "vault: open failed, task aborted"
                    );
                    let error = OpenError::Locked(LockReason::VaultUnreachable);
                    Message::Event(Event::OpenFailed(error))
                }
            };
            // The session may have stopped.
            let _ = messages.send(message);
        });
    }

    /// On a thread of its own, as the opening may occupy the last one of the pool.
    pub(super) fn abandon_prompt(&self) {
        let opener = Arc::clone(&self.dependencies.opener);
        let thread = std::thread::Builder::new()
            .name("abandon the prompt".to_owned())
            .spawn(move || opener.abandon_prompt());
        if let Err(error) = thread {
            // Then the user must answer the prompt first.
            tracing::error!(error = %chain(&error), "prompt: abandon failed");
        }
    }

    /// Waits until another process releases the vault. The thread may wait for as long as that process
    /// runs, so it is not one of the pool.
    pub(super) fn await_vault(&mut self) {
        if std::mem::replace(&mut self.awaits_vault, true) {
            return;
        }
        let opener = Arc::clone(&self.dependencies.opener);
        let messages = self.messages.clone();
        let thread = std::thread::Builder::new()
            .name("await the vault".to_owned())
            .spawn(move || {
                opener.wait_until_free();
                if let Some(messages) = messages.upgrade() {
                    // The session may have stopped.
                    let _ = messages.send(Message::VaultReleased);
                }
            });
        if let Err(error) = thread {
            tracing::error!(error = %chain(&error), "vault: wait failed");
            self.awaits_vault = false;
        }
    }

    /// Reads an account's record again. A vault that can't be read counts as one without the record.
    pub(super) fn reload_account(&self, key: AccountKey, generation: TokenGeneration) {
        let store = self.store.clone();
        self.spawn_event(async move {
            let read = tokio::task::spawn_blocking(move || store?.read_all().ok()).await;
            let account = read
                .ok()
                .flatten()
                .and_then(|stored| Records::read(&stored).ok())
                .and_then(|mut records| records.accounts.remove(&key));
            Some(Event::AccountReloaded(
                key,
                generation,
                account.map(Box::new),
            ))
        });
    }
}

/// Sets aside a vault that can't be opened any more, and opens an empty one.
pub(super) fn start_over(opener: &dyn VaultOpener) -> Result<(Opened, Records), OpenError> {
    opener
        .set_aside(SetAsideReason::Damaged)
        .map_err(|error| set_aside_failed(&error))?;
    open(opener, Unlock::Keychain)
}

/// Opens the vault and reads it. One that a newer version wrote is set aside whole.
pub(super) fn open(
    opener: &dyn VaultOpener,
    unlock: Unlock,
) -> Result<(Opened, Records), OpenError> {
    let vault = opener.open(unlock.clone())?;
    let stored = vault
        .store
        .read_all()
        .map_err(|error| read_failed(&error))?;
    if let Ok(records) = Records::read(&stored) {
        return Ok((vault, records));
    }
    drop(vault);
    let set_aside = opener
        .set_aside(SetAsideReason::Newer)
        .map_err(|error| set_aside_failed(&error))?;
    let mut vault = opener.open(unlock)?;
    vault.set_aside = Some(set_aside);
    Ok((vault, Records::default()))
}

fn read_failed(error: &(dyn Error + 'static)) -> OpenError {
    tracing::error!(error, "vault: read failed");
    OpenError::Locked(LockReason::VaultUnreachable)
}

fn set_aside_failed(error: &(dyn Error + 'static)) -> OpenError {
    tracing::error!(error, "vault: set aside failed");
    OpenError::Locked(LockReason::VaultUnreachable)
}
