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

pub(crate) mod files;
pub(crate) mod forget;
mod key;
mod key_file;
mod snapshot;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use amiqus_core::vault::{
    Door, DoorFailure, Opened, SHORTEST_PASSPHRASE, SetAside, StoreFailure, Unlock, WhyLocked,
    WhySetAside,
};

use self::files::{Folder, Lock};
use self::key::{Key, KeychainFailure};
use self::key_file::{KeyFile, Kind};
use self::snapshot::{Snapshot, WontOpen};

/// Whether the keychain has the vault's key, without asking anybody for anything.
pub(crate) fn look_for_key() -> key::KeyLook {
    key::look()
}

/// Whether the vault in this folder would open just now without asking anybody for anything.
#[cfg(target_os = "linux")]
pub(crate) fn opens_unasked(folder: PathBuf) -> bool {
    let key_file = Folder::new(folder).key_file();
    key_file.is_some_and(|file| file.kind == Kind::Keychain) && key::look() == key::KeyLook::There
}

/// Opens the vault in one folder.
pub struct StrongholdDoor {
    folder: Folder,
    /// Held from the first opening on, for the life of the process.
    lock: Mutex<Option<Arc<Lock>>>,
}

impl StrongholdDoor {
    /// The door to the vault in this folder. Nothing is touched yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder: Folder::new(folder),
            lock: Mutex::new(None),
        }
    }

    /// Takes the folder for this process.
    fn take_lock(&self) -> Result<Arc<Lock>, DoorFailure> {
        let mut held = self
            .lock
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(lock) = &*held {
            return Ok(Arc::clone(lock));
        }
        let unreachable = |problem: std::io::Error| {
            tracing::error!(%problem, "the vault's folder can't be used");
            DoorFailure::Locked(WhyLocked::VaultUnreachable)
        };
        self.folder.prepare().map_err(unreachable)?;
        let lock = self
            .folder
            .lock()
            .map_err(unreachable)?
            .ok_or(DoorFailure::Locked(WhyLocked::InUseElsewhere))?;
        let lock = Arc::new(lock);
        *held = Some(Arc::clone(&lock));
        self.folder.sweep();
        Ok(lock)
    }

    /// The key, and whether it is new.
    fn key(&self, unlock: Unlock, key_file: Option<&KeyFile>) -> Result<(Key, Kind), DoorFailure> {
        let exists = self.folder.snapshot().exists();
        match (unlock, key_file.map(|file| &file.kind)) {
            (Unlock::Passphrase(passphrase), Some(kind @ Kind::Passphrase { .. })) => {
                let key = key::derive(&passphrase, kind).ok_or(DoorFailure::WrongPassphrase)?;
                Ok((key, kind.clone()))
            }
            (Unlock::NewPassphrase(passphrase), kind) => {
                if exists && matches!(kind, Some(Kind::Passphrase { .. })) {
                    return Err(DoorFailure::Locked(WhyLocked::PassphraseNeeded));
                }
                if exists {
                    return Err(DoorFailure::Locked(WhyLocked::KeyLost));
                }
                if passphrase.expose().chars().count() < SHORTEST_PASSPHRASE {
                    return Err(DoorFailure::PassphraseTooShort);
                }
                let kind = Kind::new_passphrase().ok_or_else(no_randomness)?;
                let key = key::derive(&passphrase, &kind).ok_or(DoorFailure::WrongPassphrase)?;
                Ok((key, kind))
            }
            (Unlock::Keychain, Some(Kind::Passphrase { .. })) => {
                Err(DoorFailure::Locked(WhyLocked::PassphraseNeeded))
            }
            (Unlock::Keychain | Unlock::Passphrase(_), _) => {
                Self::key_from_keychain(exists).map(|key| (key, Kind::Keychain))
            }
        }
    }

    /// A key that is missing is only made anew where there is nothing that the old one opened: a
    /// locked keychain may answer "no entry" too.
    fn key_from_keychain(exists: bool) -> Result<Key, DoorFailure> {
        let locked = |failure: KeychainFailure| {
            tracing::warn!(?failure, "the keychain gives no key");
            DoorFailure::Locked(match failure {
                KeychainFailure::Locked => WhyLocked::KeychainLocked,
                // A passphrase would open nothing that the keychain's key closed.
                KeychainFailure::Absent if exists => WhyLocked::KeychainUnreachable,
                KeychainFailure::Absent => WhyLocked::KeychainAbsent,
            })
        };
        match key::from_keychain().map_err(locked)? {
            Some(key) => Ok(key),
            None if exists => Err(DoorFailure::Locked(WhyLocked::KeyLost)),
            None => {
                let key = Key::random().ok_or_else(no_randomness)?;
                key::into_keychain(&key).map_err(locked)?;
                Ok(key)
            }
        }
    }
}

impl Door for StrongholdDoor {
    fn open(&self, unlock: Unlock) -> Result<Opened, DoorFailure> {
        let lock = self.take_lock()?;
        let key_file = self.folder.key_file();
        let with_passphrase = matches!(unlock, Unlock::Passphrase(_));
        let (key, kind) = self.key(unlock, key_file.as_ref())?;
        let fits = key_file.as_ref().map(|file| file.fits(&key));
        // Also where there is no snapshot yet that would refuse it.
        if with_passphrase && fits == Some(false) {
            return Err(DoorFailure::WrongPassphrase);
        }
        let unreachable = |problem: &dyn std::fmt::Display| {
            tracing::error!(%problem, "the vault can't be used");
            DoorFailure::Locked(WhyLocked::VaultUnreachable)
        };

        let mut set_aside = None;
        let snapshot = match Snapshot::open(self.folder.snapshot(), &key, Arc::clone(&lock)) {
            Ok(snapshot) => snapshot,
            Err(WontOpen::Unreadable(problem)) => return Err(unreachable(&problem)),
            // Which of the two it is, the file alone can't tell; the key's fingerprint can.
            Err(WontOpen::WrongKey) if with_passphrase && fits != Some(true) => {
                return Err(DoorFailure::WrongPassphrase);
            }
            Err(WontOpen::WrongKey) if fits != Some(true) => {
                return Err(DoorFailure::Locked(WhyLocked::KeyLost));
            }
            Err(problem) => {
                tracing::error!(%problem, "the vault can't be read and is set aside");
                let why = match problem {
                    WontOpen::Newer => WhySetAside::Newer,
                    _ => WhySetAside::Damaged,
                };
                let to = self
                    .folder
                    .set_snapshot_aside()
                    .map_err(|problem| unreachable(&problem))?;
                set_aside = Some(SetAside { why, to });
                Snapshot::open(self.folder.snapshot(), &key, lock)
                    .map_err(|problem| unreachable(&problem))?
            }
        };
        if fits != Some(true) {
            KeyFile::new(kind, &key)
                .write(&self.folder)
                .map_err(|problem| unreachable(&problem))?;
        }
        Ok(Opened {
            store: Arc::new(snapshot),
            set_aside,
        })
    }

    fn wait_until_free(&self) {
        if let Err(problem) = self.folder.wait_until_free() {
            tracing::error!(%problem, "the other process's lock can't be waited for");
        }
    }

    fn set_aside(&self, why: WhySetAside) -> Result<SetAside, StoreFailure> {
        let to = self
            .folder
            .set_all_aside()
            .map_err(|problem| StoreFailure(problem.to_string()))?;
        Ok(SetAside { why, to })
    }
}

fn no_randomness() -> DoorFailure {
    tracing::error!("the system gives no randomness for a key");
    DoorFailure::Locked(WhyLocked::VaultUnreachable)
}
