//! Removes a vault for good, whatever state it is in: neither its key nor its passphrase is needed.

use std::io;
use std::path::PathBuf;

use super::files::Folder;
use super::key::{self, KeychainFailure};

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
    /// The keychain is locked: it may still have the key, which opens nothing any more.
    KeychainLocked,
    /// There is no keychain that answers.
    NoKeychain,
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
    let lock = if vault {
        Some(folder.lock()?.ok_or(NotForgotten::InUse)?)
    } else {
        None
    };
    // The key first: without it the rest is unreadable, should the disk refuse.
    let key = match key::out_of_keychain() {
        Ok(true) => KeyGone::Removed,
        Ok(false) => KeyGone::WasNotThere,
        Err(KeychainFailure::Locked) => KeyGone::KeychainLocked,
        Err(KeychainFailure::Absent) => KeyGone::NoKeychain,
    };
    if let Some(lock) = lock {
        folder.remove(lock)?;
    }
    Ok(Forgotten { vault, key })
}
