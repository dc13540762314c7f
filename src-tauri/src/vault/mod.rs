//! The store of secrets: Stronghold, one snapshot file in a folder of the app's own, opened with a
//! key that the operating system's keychain holds.
//!
//! Only this room knows Stronghold. The core sees [`amiqus_core::vault::SecretStore`], and the
//! format of what is stored is the core's.
//!
//! ```text
//! vault/                 0700
//!   vault.stronghold     0600  the snapshot; Stronghold writes a new file beside it and renames it
//!   key.json             0600  which kind of key, and its fingerprint; no secret
//!   lock                 0600  held while a process has the vault open
//! ```

mod folder;
pub(crate) mod forget;
mod key;
mod key_file;
mod keychain;
mod snapshot;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amiqus_core::vault::{
    LockReason, MIN_PASSPHRASE_CHARS, OpenError, Opened, SetAside, SetAsideReason, StoreError,
    Unlock, VaultOpener,
};

use self::folder::{Folder, Lock};
use self::key::{Key, KeySource};
use self::key_file::{KeyFile, VaultId};
use self::keychain::{AbandonPrompt, CALL_TIMEOUT, Fit, Found, Keychain, KeychainFailure, Prompt};
use self::snapshot::{Snapshot, WontOpen};

#[cfg(target_os = "linux")]
pub(crate) use self::keychain::watch as watch_keychain;

/// Whether the keychain has the key of the vault in this folder, without asking anybody for anything.
pub(crate) fn look_for_key(folder: PathBuf) -> keychain::KeyLook {
    keychain::look(Folder::new(folder))
}

/// Whether the vault in this folder would open just now without asking anybody for anything.
#[cfg(target_os = "linux")]
pub(crate) fn opens_unasked(folder: PathBuf) -> bool {
    keychain::opens_unasked(Folder::new(folder))
}

/// Opens the vault in one folder.
pub struct StrongholdOpener {
    folder: Folder,
    /// Held from the first opening on, for the life of the process.
    lock: Mutex<Option<Arc<Lock>>>,
    /// What an opening is waiting for.
    waits_for: AtomicU8,
    /// Leaves off waiting for what the keychain asks its person, while it asks.
    abandon_prompt: Mutex<Option<AbandonPrompt>>,
}

/// An opening waits for the disk.
const DISK: u8 = 0;

/// An opening waits for the keychain's answer.
const KEYCHAIN: u8 = 1;

/// An opening waits for the person whom the keychain asks.
const PERSON: u8 = 2;

impl StrongholdOpener {
    /// The door to the vault in this folder. Nothing is touched yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder: Folder::new(folder),
            lock: Mutex::new(None),
            waits_for: AtomicU8::new(DISK),
            abandon_prompt: Mutex::new(None),
        }
    }

    fn prompt(&self) -> MutexGuard<'_, Option<AbandonPrompt>> {
        self.abandon_prompt
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the folder for this process.
    fn take_lock(&self) -> Result<Arc<Lock>, OpenError> {
        let mut held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = &*held {
            return Ok(Arc::clone(lock));
        }
        self.folder.prepare().map_err(unreachable)?;
        let lock = self
            .folder
            .lock()
            .map_err(unreachable)?
            .ok_or(OpenError::Locked(LockReason::InUseElsewhere))?;
        let lock = Arc::new(lock);
        *held = Some(Arc::clone(&lock));
        self.folder.sweep();
        self.folder.finish_replacements().map_err(unreachable)?;
        Ok(lock)
    }

    /// The key, and where it comes from.
    fn key(
        &self,
        unlock: Unlock,
        vault: &VaultId,
        key_file: Option<&KeyFile>,
    ) -> Result<(Key, KeySource), OpenError> {
        let exists = self.folder.snapshot().try_exists().map_err(unreachable)?;
        match (unlock, key_file.map(|file| &file.source)) {
            (Unlock::Passphrase(_), Some(kind)) if !kind.is_affordable() => {
                tracing::error!("the key file asks for more than a passphrase's key may cost");
                Err(OpenError::Locked(LockReason::VaultUnreachable))
            }
            (Unlock::Passphrase(passphrase), Some(kind @ KeySource::Passphrase { .. })) => {
                let key = key::derive(&passphrase, kind).ok_or(OpenError::WrongPassphrase)?;
                Ok((key, kind.clone()))
            }
            (Unlock::NewPassphrase(passphrase), kind) => {
                if exists && matches!(kind, Some(KeySource::Passphrase { .. })) {
                    return Err(OpenError::Locked(LockReason::PassphraseNeeded));
                }
                if exists {
                    return Err(OpenError::Locked(LockReason::KeyLost));
                }
                if passphrase.expose().chars().count() < MIN_PASSPHRASE_CHARS {
                    return Err(OpenError::PassphraseTooShort);
                }
                let kind = KeySource::new_passphrase().ok_or_else(entropy_error)?;
                let key = key::derive(&passphrase, &kind).ok_or(OpenError::WrongPassphrase)?;
                Ok((key, kind))
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
                self.waits_for.store(KEYCHAIN, Ordering::Relaxed);
                let key = self.key_from_keychain(exists, vault, key_file, prompt);
                self.waits_for.store(DISK, Ordering::Relaxed);
                key.map(|key| (key, KeySource::Keychain))
            }
        }
    }

    /// The key that fits the vault best. One that is missing is only made anew where there is nothing
    /// that the old one opened; no other vault's is ever taken for it.
    fn key_from_keychain(
        &self,
        exists: bool,
        vault: &VaultId,
        key_file: Option<&KeyFile>,
        prompt: Prompt,
    ) -> Result<Key, OpenError> {
        let locked = |failure: KeychainFailure| {
            tracing::warn!(?failure, "the keychain gives no key");
            OpenError::Locked(match failure {
                KeychainFailure::Locked => LockReason::KeychainLocked,
                // A passphrase would open nothing that the keychain's key closed.
                KeychainFailure::Absent | KeychainFailure::NotAnswering if exists => {
                    LockReason::KeychainUnreachable
                }
                KeychainFailure::Absent | KeychainFailure::NotAnswering => {
                    LockReason::KeychainAbsent
                }
            })
        };
        let asks = |abandon_prompt: Option<AbandonPrompt>| {
            let waits_for = if abandon_prompt.is_some() {
                PERSON
            } else {
                KEYCHAIN
            };
            self.waits_for.store(waits_for, Ordering::Relaxed);
            *self.prompt() = abandon_prompt;
        };
        let fit = |key: &Key| keychain::fit(&self.folder, key_file, key);
        let keychain = Keychain::connect(CALL_TIMEOUT).map_err(locked)?;
        let is_new = !exists && key_file.is_none();
        let found = if is_new {
            Found::default()
        } else {
            let found = keychain.find(Some(vault), prompt, &fit, &asks);
            found.map_err(locked)?
        };
        if found.read > 1 {
            tracing::info!(
                items = found.read,
                fits = found.fits(),
                "keychain: several items of the key's names"
            );
        }
        match found.best {
            Some((Fit::Yes, key)) => {
                if key_file.is_none_or(|file| file.vault.is_none())
                    && let Err(problem) = keychain.name(vault, &key)
                {
                    // Then it is told by its fingerprint, as before there were names.
                    tracing::warn!(%problem, "keychain: the key bears no vault's name");
                }
                Ok(key)
            }
            _ if found.locked > 0 => Err(locked(KeychainFailure::Locked)),
            // The snapshot says what is wrong with it. A key that isn't the one written down is another
            // vault's.
            Some((_, key)) if exists && key_file.is_none() => Ok(key),
            Some(_) | None if exists => Err(OpenError::Locked(LockReason::KeyLost)),
            Some(_) | None => {
                let key = Key::random().ok_or_else(entropy_error)?;
                // Before the keychain has it: a key whose vault has no name yet would be nobody's.
                self.folder
                    .write_key_file(&KeyFile::new(vault.clone(), KeySource::Keychain, &key))
                    .map_err(unreachable)?;
                keychain.add(vault, &key, prompt, &asks).map_err(locked)?;
                Ok(key)
            }
        }
    }
}

impl VaultOpener for StrongholdOpener {
    fn open(&self, unlock: Unlock) -> Result<Opened, OpenError> {
        let lock = self.take_lock()?;
        let key_file = self.folder.key_file().map_err(unreachable)?;
        let with_passphrase = matches!(unlock, Unlock::Passphrase(_));
        let named = key_file.as_ref().and_then(|file| file.vault.clone());
        let vault = match named {
            Some(vault) => vault,
            None => VaultId::random().ok_or_else(entropy_error)?,
        };
        let (key, kind) = self.key(unlock, &vault, key_file.as_ref())?;
        // A new key has been written down already.
        let key_file = self.folder.key_file().map_err(unreachable)?;
        let is_named = key_file.as_ref().is_some_and(|file| file.vault.is_some());
        let fits = key_file.as_ref().map(|file| file.fits(&key));
        // Also where there is no snapshot yet that would refuse it.
        if with_passphrase && fits == Some(false) {
            return Err(OpenError::WrongPassphrase);
        }
        let mut set_aside = None;
        let snapshot = match Snapshot::open(&self.folder, &key, Arc::clone(&lock)) {
            Ok(snapshot) => snapshot,
            Err(problem @ WontOpen::Unreadable(_)) => return Err(unusable(&problem)),
            // Which of the two it is, the file alone can't tell; the key's fingerprint can.
            Err(WontOpen::WrongKey) if with_passphrase && fits != Some(true) => {
                return Err(OpenError::WrongPassphrase);
            }
            Err(WontOpen::WrongKey) if fits != Some(true) => {
                return Err(OpenError::Locked(LockReason::KeyLost));
            }
            Err(problem) => {
                tracing::error!(%problem, "the vault can't be read and is set aside");
                let why = match problem {
                    WontOpen::Newer => SetAsideReason::Newer,
                    _ => SetAsideReason::Damaged,
                };
                let to = self.folder.set_snapshot_aside().map_err(unreachable)?;
                set_aside = Some(SetAside { why, to });
                Snapshot::open(&self.folder, &key, lock).map_err(|problem| unusable(&problem))?
            }
        };
        if fits != Some(true) || !is_named {
            self.folder
                .write_key_file(&KeyFile::new(vault, kind, &key))
                .map_err(unreachable)?;
        }
        Ok(Opened {
            store: Arc::new(snapshot),
            set_aside,
        })
    }

    fn waits_for(&self) -> LockReason {
        match self.waits_for.load(Ordering::Relaxed) {
            PERSON => LockReason::KeychainLocked,
            KEYCHAIN => LockReason::KeychainUnreachable,
            _ => LockReason::VaultUnreachable,
        }
    }

    fn abandon_prompt(&self) {
        let abandon = self.prompt().take();
        if let Some(abandon) = abandon {
            abandon();
        }
    }

    fn wait_until_free(&self) {
        if let Err(problem) = self.folder.wait_until_free() {
            tracing::error!(%problem, "the other process's lock can't be waited for");
        }
    }

    fn set_aside(&self, why: SetAsideReason) -> Result<SetAside, StoreError> {
        let to = self
            .folder
            .set_all_aside()
            .map_err(|problem| StoreError(problem.to_string()))?;
        Ok(SetAside { why, to })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn unreachable(problem: io::Error) -> OpenError {
    let locked = unusable(&problem);
    match problem.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            OpenError::Locked(LockReason::DiskFull)
        }
        _ => locked,
    }
}

fn unusable(problem: &dyn std::fmt::Display) -> OpenError {
    tracing::error!(%problem, "the vault can't be used");
    OpenError::Locked(LockReason::VaultUnreachable)
}

fn entropy_error() -> OpenError {
    tracing::error!("the system gives no randomness for a key");
    OpenError::Locked(LockReason::VaultUnreachable)
}
