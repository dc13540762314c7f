//! Safeguards that this computer doesn't offer. They are reported, in the log and in the support report;
//! the vault works without them.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Precedes a missing safeguard in the log. The support report searches for it, also in logs that earlier
/// versions wrote.
pub(crate) const MISSING: &str = "vault: safeguard missing: ";

/// A safeguard that not every file system offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Safeguard {
    /// A lock on the folder's own file system.
    Lock,
    /// A lock on the folder's own file system or in the runtime folder.
    AnyLock,
    /// Files survive a power cut once they are written.
    FileSync,
    /// Renamed files survive a power cut.
    FolderSync,
    /// Only their user can read the files.
    Permissions,
    /// A file is replaced in one step.
    Replace,
}

impl Safeguard {
    /// What is missing, and its consequence.
    fn as_str(self) -> &'static str {
        match self {
            Self::Lock => {
                "lock: the vault's folder can't be locked; the lock is in this session's runtime folder, which another computer with the same home folder doesn't see"
            }
            Self::AnyLock => {
                "lock: the vault's folder can't be locked, so two copies of the app could use it at once"
            }
            Self::FileSync => {
                "file sync: a power cut soon after a save could damage the vault's file"
            }
            Self::FolderSync => "folder sync: a power cut soon after a save could undo it",
            Self::Permissions => {
                "permissions: others on this computer may read this folder; the vault is encrypted, and the log holds no secrets"
            }
            Self::Replace => "replace: a file is replaced in two steps",
        }
    }
}

/// The safeguards that this process reported, with their folders.
static REPORTED: Mutex<BTreeSet<(Safeguard, PathBuf)>> = Mutex::new(BTreeSet::new());

/// Reports a safeguard as missing for this folder, once for each process.
pub(crate) fn report(safeguard: Safeguard, folder: &Path, error: &dyn Display) {
    let is_new = REPORTED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert((safeguard, folder.to_owned()));
    if is_new {
        tracing::warn!(folder = %folder.display(), %error, "{MISSING}{}", safeguard.as_str());
    }
}

/// The safeguards that this process reported as missing, a line each.
pub(crate) fn missing() -> Vec<String> {
    REPORTED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .map(|(safeguard, folder)| format!("{} ({})", safeguard.as_str(), folder.display()))
        .collect()
}
