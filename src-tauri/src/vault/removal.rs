//! Removes a vault for good, whatever state it is in: neither its key nor its passphrase is needed.

use std::io;
use std::path::PathBuf;

use amiqus_core::error::chain;

use super::folder::Folder;
use super::key::{Key, KeySource};
use super::keychain::{self, CALL_TIMEOUT, Keychain, KeychainError, REMOVAL_TIMEOUT};
use crate::deadline;

/// Why the vault was not removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoveError {
    /// A process has the vault open. Nothing was removed.
    #[error("the vault is open")]
    InUse,
    /// The folder can't be used, or something in it can't be removed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What became of the vault's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRemoval {
    /// It was removed from the keychain.
    Removed,
    /// The keychain had none.
    NotFound,
    /// The keychain is locked.
    KeychainLocked,
    /// There is a keychain, and it doesn't answer.
    KeychainNotAnswering,
    /// There is no keychain, and the vault's key was in one.
    KeychainAbsent,
    /// There is no keychain, and none was needed: the vault had a passphrase, or there was no vault.
    NotNeeded,
}

impl KeyRemoval {
    /// Whether the keychain may still hold the key.
    pub(crate) fn may_remain(self) -> bool {
        match self {
            Self::KeychainLocked | Self::KeychainNotAnswering | Self::KeychainAbsent => true,
            Self::Removed | Self::NotFound | Self::NotNeeded => false,
        }
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removal {
    /// Whether there was a vault.
    pub(crate) vault_existed: bool,
    /// What became of its key.
    pub(crate) key: KeyRemoval,
}

/// Removes the vault in this folder, the files that were set aside in it, and its key.
///
/// # Errors
/// [`RemoveError::InUse`] when another process has it open, and [`RemoveError::Io`] when the folder can't be
/// locked or a file can't be removed. A key that can't be removed is no error: see [`Removal::key`].
pub(crate) fn remove(folder: PathBuf) -> Result<Removal, RemoveError> {
    let folder = Folder::new(folder);
    let vault_existed = folder.exists();
    let key_file = folder.key_file();
    let had_keychain_key = match &key_file {
        Ok(Some(file)) => matches!(file.source, KeySource::Keychain),
        // A file that is lost or can't be parsed may have said so.
        Ok(None) => folder.snapshot().exists(),
        Err(_) => true,
    };
    let lock = if vault_existed {
        Some(folder.lock()?.ok_or(RemoveError::InUse)?)
    } else {
        None
    };
    // The key first: without it the rest is unreadable, should the disk refuse.
    let key_file = key_file.ok().flatten();
    let of_vault = folder.clone();
    let removed = deadline::within(REMOVAL_TIMEOUT, move || {
        if !vault_existed {
            return Ok(0);
        }
        let id = key_file.as_ref().and_then(|file| file.vault.as_ref());
        let match_key = |key: &Key| keychain::match_key(&of_vault, key_file.as_ref(), key);
        let keychain = Keychain::connect(CALL_TIMEOUT)?;
        let has_passphrase = matches!(
            key_file.as_ref().map(|file| &file.source),
            Some(KeySource::Passphrase { .. })
        );
        if has_passphrase {
            return Ok(0);
        }
        keychain.remove(id, &match_key)
    });
    let removed =
        removed.unwrap_or_else(|late| Err(KeychainError::NotAnswering(Some(late.into()))));
    if let Err(error) = &removed {
        tracing::warn!(error = %chain(error), "keychain: removal of the key failed");
    }
    let key = match removed {
        Ok(0) => KeyRemoval::NotFound,
        Ok(_) => KeyRemoval::Removed,
        Err(KeychainError::NotAnswering(_)) => KeyRemoval::KeychainNotAnswering,
        Err(KeychainError::Locked(_)) => KeyRemoval::KeychainLocked,
        Err(KeychainError::Absent(_)) if had_keychain_key => KeyRemoval::KeychainAbsent,
        Err(KeychainError::Absent(_)) => KeyRemoval::NotNeeded,
    };
    if let Some(lock) = lock {
        folder.remove(lock, key.may_remain())?;
    }
    Ok(Removal { vault_existed, key })
}
