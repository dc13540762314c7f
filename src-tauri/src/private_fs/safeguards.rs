//! Safeguards that this computer refuses. They are reported, in the log and in the report for support;
//! the vault works without them.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Before a missing safeguard in the log; the report for support looks for it.
pub(crate) const MISSING: &str = "vault: safeguard missing: ";

/// A safeguard that not every file system offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Safeguard {
    /// The folder's lock, on its own file system.
    Lock,
    /// Any lock at all.
    AnyLock,
    /// Files survive a power cut once they are written.
    FileSync,
    /// Renamed files survive a power cut.
    #[cfg_attr(not(unix), expect(dead_code, reason = "never asked for there"))]
    FolderSync,
    /// Only their user can read the files.
    #[cfg_attr(not(unix), expect(dead_code, reason = "never asked for there"))]
    Permissions,
    /// A new file takes an old one's place in one step.
    Replace,
}

impl Safeguard {
    /// What is missing, and what follows from that.
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

/// What this process found to be missing, and where.
static FOUND: Mutex<BTreeSet<(Safeguard, PathBuf)>> = Mutex::new(BTreeSet::new());

/// Reports a safeguard as missing for this folder, once in the life of the process.
pub(crate) fn report(safeguard: Safeguard, folder: &Path, error: &dyn Display) {
    let is_new = FOUND
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert((safeguard, folder.to_owned()));
    if is_new {
        tracing::warn!(folder = %folder.display(), %error, "{MISSING}{}", safeguard.as_str());
    }
}

/// What this process found to be missing, a line each.
pub(crate) fn missing() -> Vec<String> {
    FOUND
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .map(|(safeguard, folder)| format!("{} ({})", safeguard.as_str(), folder.display()))
        .collect()
}
