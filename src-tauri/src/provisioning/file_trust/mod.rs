//! Who can change or read the provisioning file, by its owner, its permissions and the folders above it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use amiqus_core::error::chain;

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

/// A problem with the permissions of the provisioning file, which holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionIssue {
    /// Users other than its owner can change it.
    OthersMayWrite,
    /// Other users can replace it.
    OthersMayReplace,
    /// All users of this computer can read it.
    EverybodyMayRead,
}

impl std::fmt::Display for PermissionIssue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::OthersMayWrite => "others than its owner may change it",
            Self::OthersMayReplace => "others may put another file in its place",
            Self::EverybodyMayRead => "everybody on this computer may read it",
        })
    }
}

/// Whether a file can be trusted, by its permissions.
pub(super) struct FileTrust {
    /// Whether only administrators and this user can have written it. Anyone else could point the app at a service of
    /// their own, and so get at its tokens.
    pub(super) is_trusted: bool,
    pub(super) permission_issues: Vec<PermissionIssue>,
}

impl FileTrust {
    /// Judges an open file, which a path led to.
    pub(super) fn of(path: &Path, file: &File) -> Self {
        system::judge_file(path, file).unwrap_or_else(|error| {
            tracing::warn!(error = %chain(&error), "provisioning: permissions not read");
            Self {
                is_trusted: false,
                permission_issues: vec![PermissionIssue::OthersMayReplace],
            }
        })
    }
}

/// The paths that lead to a file: the one given, each symbolic link's target, and the one without links.
fn paths_to(path: &Path) -> io::Result<Vec<PathBuf>> {
    const MAX_LINKS: usize = 16;
    let mut paths = vec![fs::canonicalize(path)?, std::path::absolute(path)?];
    while let Some(last) = paths.last() {
        let Some(folder) = last.parent() else { break };
        match fs::read_link(last) {
            Ok(target) => paths.push(folder.join(target)),
            // Not a link: the file itself.
            Err(_) => break,
        }
        if paths.len() > MAX_LINKS {
            return Err(io::Error::other("too many links lead to it"));
        }
    }
    Ok(paths)
}
