//! The store of secrets: Stronghold, one snapshot file in a folder of the app's own, opened with a
//! key that the operating system's keychain holds.
//!
//! Only this module knows Stronghold. The core sees [`amiqus_core::vault::SecretStore`], and the
//! format of what is stored is the core's.
//!
//! ```text
//! vault/                 0700
//!   vault.stronghold     0600  the snapshot; Stronghold writes a new file beside it and renames it
//!   key.json             0600  which kind of key, and its fingerprint; no secret
//!   lock                 0600  locked while a process has the vault open
//! ```

mod folder;
mod key;
mod key_file;
mod keychain;
pub(crate) mod removal;
mod snapshot;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amiqus_core::error::chain;
use amiqus_core::vault::{
    LockReason, MIN_PASSPHRASE_CHARS, OpenError, Opened, SetAside, SetAsideReason, StoreError,
    Unlock, VaultOpener,
};

use self::folder::{Folder, Lock};
use self::key::{Key, KeySource};
use self::key_file::{KeyFile, VaultId};
use self::keychain::{
    AbandonPrompt, CALL_TIMEOUT, KeyMatch, Keychain, KeychainError, KeychainKeys, Prompt,
};
use self::snapshot::{Snapshot, SnapshotError};

#[cfg(target_os = "linux")]
pub(crate) use self::keychain::watch as watch_keychain;

/// Looks up the key of the vault in this folder in the keychain, without a prompt. Blocks for a few seconds
/// at most.
pub(crate) fn look_up_key(folder: PathBuf) -> keychain::KeyLookup {
    keychain::look_up(Folder::new(folder))
}

/// Whether the vault in this folder would open now without a prompt. Blocks for a few seconds at most.
#[cfg(target_os = "linux")]
pub(crate) fn opens_without_prompt(folder: PathBuf) -> bool {
    keychain::opens_without_prompt(Folder::new(folder))
}

/// Opens the vault in one folder.
pub struct StrongholdOpener {
    folder: Folder,
    /// Held from the first opening on, for the life of the process.
    lock: Mutex<Option<Arc<Lock>>>,
    waiting: Mutex<Waiting>,
}

/// What an opening is waiting for.
enum Waiting {
    Disk,
    Keychain,
    /// The user, whom the keychain prompts.
    User(Option<AbandonPrompt>),
}

impl StrongholdOpener {
    /// An opener of the vault in this folder. Nothing is read or written yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder: Folder::new(folder),
            lock: Mutex::new(None),
            waiting: Mutex::new(Waiting::Disk),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the folder for this process, and finishes what an earlier process left unfinished in it.
    fn take_lock(&self) -> Result<Arc<Lock>, OpenError> {
        let mut held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = &*held {
            return Ok(Arc::clone(lock));
        }
        self.folder.prepare().map_err(io_error)?;
        let lock = self
            .folder
            .lock()
            .map_err(io_error)?
            .ok_or(OpenError::Locked(LockReason::InUseElsewhere))?;
        let lock = Arc::new(lock);
        *held = Some(Arc::clone(&lock));
        self.folder.remove_leftovers();
        self.folder.finish_replacements().map_err(io_error)?;
        Ok(lock)
    }

    /// Gets the key, and where it comes from.
    fn key(
        &self,
        unlock: Unlock,
        vault: &VaultId,
        key_file: Option<&KeyFile>,
    ) -> Result<(Key, KeySource), OpenError> {
        let snapshot_exists = self.folder.snapshot().try_exists().map_err(io_error)?;
        match (unlock, key_file.map(|file| &file.source)) {
            (Unlock::Passphrase(_), Some(source)) if !source.is_affordable() => {
                tracing::error!("vault: key file rejected, its argon2 costs are too high");
                Err(OpenError::Locked(LockReason::VaultUnreachable))
            }
            (Unlock::Passphrase(passphrase), Some(source @ KeySource::Passphrase { .. })) => {
                let key = key::derive(&passphrase, source).ok_or(OpenError::WrongPassphrase)?;
                Ok((key, source.clone()))
            }
            (Unlock::NewPassphrase(passphrase), source) => {
                if snapshot_exists && matches!(source, Some(KeySource::Passphrase { .. })) {
                    return Err(OpenError::Locked(LockReason::PassphraseNeeded));
                }
                if snapshot_exists {
                    return Err(OpenError::Locked(LockReason::KeyLost));
                }
                if passphrase.expose().chars().count() < MIN_PASSPHRASE_CHARS {
                    return Err(OpenError::PassphraseTooShort);
                }
                let source = KeySource::new_passphrase().map_err(entropy_error)?;
                let key = key::derive(&passphrase, &source).ok_or(OpenError::WrongPassphrase)?;
                Ok((key, source))
            }
            (
                Unlock::Keychain | Unlock::KeychainWithoutPrompt,
                Some(KeySource::Passphrase { .. }),
            ) => Err(OpenError::Locked(LockReason::PassphraseNeeded)),
            (unlock, _) => {
                let prompt = match unlock {
                    Unlock::KeychainWithoutPrompt => Prompt::Never,
                    _ => Prompt::Allowed,
                };
                *self.waiting() = Waiting::Keychain;
                let key = self.key_from_keychain(snapshot_exists, vault, key_file, prompt);
                *self.waiting() = Waiting::Disk;
                key.map(|key| (key, KeySource::Keychain))
            }
        }
    }

    /// Gets the key that matches the vault best. A new one is made only where there is nothing that the
    /// missing one opened; another vault's key is never used in its place.
    fn key_from_keychain(
        &self,
        snapshot_exists: bool,
        vault: &VaultId,
        key_file: Option<&KeyFile>,
        prompt: Prompt,
    ) -> Result<Key, OpenError> {
        let locked = |error: KeychainError| {
            tracing::warn!(error = %chain(&error), "vault: no key from the keychain");
            OpenError::Locked(match error {
                KeychainError::Locked(_) => LockReason::KeychainLocked,
                // The keychain's key encrypts the vault: a passphrase would not open it.
                KeychainError::Absent(_) | KeychainError::NotAnswering(_) if snapshot_exists => {
                    LockReason::KeychainUnreachable
                }
                KeychainError::Absent(_) | KeychainError::NotAnswering(_) => {
                    LockReason::KeychainAbsent
                }
            })
        };
        let on_prompt = |abandon: Option<AbandonPrompt>| {
            *self.waiting() = match abandon {
                Some(abandon) => Waiting::User(Some(abandon)),
                None => Waiting::Keychain,
            };
        };
        let match_key = |key: &Key| keychain::match_key(&self.folder, key_file, key);
        let keychain = Keychain::connect(CALL_TIMEOUT).map_err(locked)?;
        let is_new = !snapshot_exists && key_file.is_none();
        let keys = if is_new {
            KeychainKeys::default()
        } else {
            keychain
                .find(Some(vault), prompt, &match_key, &on_prompt)
                .map_err(locked)?
        };
        if keys.read > 1 {
            tracing::info!(
                items = keys.read,
                has_match = keys.has_match(),
                "keychain: several items with the key's attributes"
            );
        }
        match keys.best {
            Some((KeyMatch::Yes, key)) => {
                if key_file.is_none_or(|file| file.vault.is_none())
                    && let Err(error) = keychain.assign_to_vault(vault, &key)
                {
                    // The key's fingerprint still identifies it, as in versions before vault IDs.
                    tracing::warn!(error = %chain(&error), "keychain: vault ID not added to the key");
                }
                Ok(key)
            }
            _ if keys.locked > 0 => Err(locked(KeychainError::Locked(None))),
            // Without a key file only opening the snapshot can tell. With one, a key that doesn't match is
            // another vault's.
            Some((_, key)) if snapshot_exists && key_file.is_none() => Ok(key),
            Some(_) | None if snapshot_exists => Err(OpenError::Locked(LockReason::KeyLost)),
            Some(_) | None => {
                let key = Key::random().map_err(entropy_error)?;
                // Before the keychain has it: no vault would claim a key whose vault ID is not saved.
                self.folder
                    .write_key_file(&KeyFile::new(vault.clone(), KeySource::Keychain, &key))
                    .map_err(io_error)?;
                keychain
                    .add(vault, &key, prompt, &on_prompt)
                    .map_err(locked)?;
                Ok(key)
            }
        }
    }
}

impl VaultOpener for StrongholdOpener {
    fn open(&self, unlock: Unlock) -> Result<Opened, OpenError> {
        let lock = self.take_lock()?;
        let key_file = self.folder.key_file().map_err(io_error)?;
        let with_passphrase = matches!(unlock, Unlock::Passphrase(_));
        let saved_id = key_file.as_ref().and_then(|file| file.vault.clone());
        let vault = match saved_id {
            Some(vault) => vault,
            None => VaultId::random().map_err(entropy_error)?,
        };
        let (key, source) = self.key(unlock, &vault, key_file.as_ref())?;
        // Read again: a new keychain key has been written to it by now.
        let key_file = self.folder.key_file().map_err(io_error)?;
        let has_id = key_file.as_ref().is_some_and(|file| file.vault.is_some());
        let matches_file = key_file.as_ref().map(|file| file.matches(&key));
        // Also where there is no snapshot yet that would refuse the key.
        if with_passphrase && matches_file == Some(false) {
            return Err(OpenError::WrongPassphrase);
        }
        let mut set_aside = None;
        let snapshot = match Snapshot::open(&self.folder, &key, Arc::clone(&lock)) {
            Ok(snapshot) => snapshot,
            Err(error @ SnapshotError::Unreadable(_)) => return Err(unusable(&error)),
            // A damaged header looks like a wrong key. The key's fingerprint tells them apart.
            Err(SnapshotError::WrongKey) if with_passphrase && matches_file != Some(true) => {
                return Err(OpenError::WrongPassphrase);
            }
            Err(SnapshotError::WrongKey) if matches_file != Some(true) => {
                return Err(OpenError::Locked(LockReason::KeyLost));
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "vault: snapshot unusable, set aside");
                let why = match error {
                    SnapshotError::Newer => SetAsideReason::Newer,
                    _ => SetAsideReason::Damaged,
                };
                let to = self.folder.set_snapshot_aside().map_err(io_error)?;
                set_aside = Some(SetAside { why, to });
                Snapshot::open(&self.folder, &key, lock).map_err(|error| unusable(&error))?
            }
        };
        if matches_file != Some(true) || !has_id {
            self.folder
                .write_key_file(&KeyFile::new(vault, source, &key))
                .map_err(io_error)?;
        }
        Ok(Opened {
            store: Arc::new(snapshot),
            set_aside,
        })
    }

    fn waits_for(&self) -> LockReason {
        match *self.waiting() {
            Waiting::Disk => LockReason::VaultUnreachable,
            Waiting::Keychain => LockReason::KeychainUnreachable,
            Waiting::User(_) => LockReason::KeychainLocked,
        }
    }

    fn abandon_prompt(&self) {
        let abandon = match &mut *self.waiting() {
            Waiting::User(abandon) => abandon.take(),
            Waiting::Disk | Waiting::Keychain => None,
        };
        // Without the guard: this may block for a moment.
        if let Some(abandon) = abandon {
            abandon();
        }
    }

    fn wait_until_free(&self) {
        if let Err(error) = self.folder.wait_until_free() {
            tracing::error!(%error, "vault: wait for another process's lock failed");
        }
    }

    fn set_aside(&self, why: SetAsideReason) -> Result<SetAside, StoreError> {
        let to = self.folder.set_all_aside().map_err(StoreError::new)?;
        Ok(SetAside { why, to })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn io_error(error: io::Error) -> OpenError {
    let locked = unusable(&error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            OpenError::Locked(LockReason::DiskFull)
        }
        _ => locked,
    }
}

fn unusable(error: &dyn Error) -> OpenError {
    tracing::error!(error = %chain(error), "vault: open failed");
    OpenError::Locked(LockReason::VaultUnreachable)
}

fn entropy_error(error: getrandom::Error) -> OpenError {
    tracing::error!(%error, "vault: no randomness for a key");
    OpenError::Locked(LockReason::VaultUnreachable)
}
