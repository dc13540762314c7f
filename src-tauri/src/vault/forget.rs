//! Removes a vault for good, whatever state it is in: neither its key nor its passphrase is needed.

use std::io;
use std::path::PathBuf;

use super::folder::Folder;
use super::key::{Key, KeySource};
use super::keychain::{self, CALL_TIMEOUT, Keychain, KeychainFailure, REMOVAL_TIMEOUT};
use crate::deadline;

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotForgotten {
    /// A process has the vault open.
    #[error("it is open")]
    InUse,
    /// The folder can't be used, or something in it can't be removed.
    #[error(transparent)]
    Unreachable(#[from] io::Error),
}

/// What became of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyGone {
    /// It was removed from the keychain.
    Removed,
    /// The keychain had none.
    WasNotThere,
    /// The keychain is locked, and may still have the key.
    KeychainLocked,
    /// There is a keychain, it doesn't answer, and it may still have the key.
    NotAnswering,
    /// There is no keychain that answers, and the vault's key was in one.
    Unreachable,
    /// There is no keychain that answers, and none was needed: a passphrase opened the vault, or
    /// there was no vault.
    NotNeeded,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forgotten {
    /// Whether there was a vault.
    pub(crate) vault: bool,
    /// What became of its key.
    pub(crate) key: KeyGone,
}

/// Removes the vault in this folder, what was set aside beside it, and its key.
///
/// # Errors
/// When another process has it open: nothing is removed then. When the disk refuses.
pub(crate) fn forget(folder: PathBuf) -> Result<Forgotten, NotForgotten> {
    let folder = Folder::new(folder);
    let vault = folder.exists();
    let key_file = folder.key_file();
    let is_keychains = match &key_file {
        Ok(Some(file)) => matches!(file.source, KeySource::Keychain),
        // One that is gone, or makes no sense, may have said so.
        Ok(None) => folder.snapshot().exists(),
        Err(_) => true,
    };
    let lock = if vault {
        Some(folder.lock()?.ok_or(NotForgotten::InUse)?)
    } else {
        None
    };
    // The key first: without it the rest is unreadable, should the disk refuse. Where there is no vault
    // no key is its.
    let key_file = key_file.ok().flatten();
    let of_vault = folder.clone();
    let removed = deadline::within(REMOVAL_TIMEOUT, move || {
        if !vault {
            return Ok(0);
        }
        let id = key_file.as_ref().and_then(|file| file.vault.as_ref());
        let fit = |key: &Key| keychain::fit(&of_vault, key_file.as_ref(), key);
        let keychain = Keychain::connect(CALL_TIMEOUT)?;
        let is_made_of_passphrase = matches!(
            key_file.as_ref().map(|file| &file.source),
            Some(KeySource::Passphrase { .. })
        );
        if is_made_of_passphrase {
            return Ok(0);
        }
        keychain.remove(id, &fit)
    });
    let key = match removed.unwrap_or(Err(KeychainFailure::NotAnswering)) {
        Ok(0) => KeyGone::WasNotThere,
        Ok(_) => KeyGone::Removed,
        Err(KeychainFailure::NotAnswering) => KeyGone::NotAnswering,
        Err(KeychainFailure::Locked) => KeyGone::KeychainLocked,
        Err(KeychainFailure::Absent) if is_keychains => KeyGone::Unreachable,
        Err(KeychainFailure::Absent) => KeyGone::NotNeeded,
    };
    let is_key_left = matches!(
        key,
        KeyGone::KeychainLocked | KeyGone::NotAnswering | KeyGone::Unreachable
    );
    if let Some(lock) = lock {
        folder.remove(lock, is_key_left)?;
    }
    Ok(Forgotten { vault, key })
}
