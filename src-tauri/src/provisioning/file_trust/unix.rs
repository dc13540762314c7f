//! Unix: the owner and the mode.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{FileTrust, PermissionIssue, paths_to};

/// The ownership and mode of a file or a folder.
#[derive(Debug, Clone, Copy)]
struct Permissions {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Permissions {
    const ROOT: u32 = 0;
    const STICKY: u32 = 0o1000;

    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode(),
        }
    }

    /// Whether root or this user owns it.
    fn has_trusted_owner(self, me: u32) -> bool {
        self.owner == Self::ROOT || self.owner == me
    }

    /// Whether users other than its owner can write to it. Root's group is trusted as root is.
    fn others_may_write(self) -> bool {
        self.mode & 0o002 != 0 || self.mode & 0o020 != 0 && self.group != Self::ROOT
    }

    /// Whether other users can replace a file in this folder. The sticky bit prevents that.
    fn others_may_replace(self, me: u32) -> bool {
        !self.has_trusted_owner(me) || self.others_may_write() && self.mode & Self::STICKY == 0
    }
}

/// Judges an open file, and the folders above it.
///
/// # Errors
/// When their permissions can't be read.
pub(super) fn judge_file(path: &Path, file: &File) -> io::Result<FileTrust> {
    let me = rustix::process::geteuid().as_raw();
    let folders: Vec<_> = folders_above(path)?;
    Ok(FileTrust::judge(
        Permissions::of(&file.metadata()?),
        &folders,
        me,
    ))
}

impl FileTrust {
    fn judge(file: Permissions, folders: &[Permissions], me: u32) -> Self {
        let mut permission_issues = Vec::new();
        if file.others_may_write() {
            permission_issues.push(PermissionIssue::OthersMayWrite);
        }
        if folders.iter().any(|folder| folder.others_may_replace(me)) {
            permission_issues.push(PermissionIssue::OthersMayReplace);
        }
        let is_trusted = file.has_trusted_owner(me) && permission_issues.is_empty();
        if file.mode & 0o004 != 0 {
            permission_issues.push(PermissionIssue::EverybodyMayRead);
        }
        Self {
            is_trusted,
            permission_issues,
        }
    }
}

/// The permissions of the folders above a file, on each path that leads to it.
fn folders_above(path: &Path) -> io::Result<Vec<Permissions>> {
    paths_to(path)?
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| fs::metadata(folder).map(|metadata| Permissions::of(&metadata)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_others_can_write_or_replace_is_untrusted() {
        const ROOT: u32 = 0;
        const ME: u32 = 1000;
        const OTHER: u32 = 1001;
        let permissions = |owner, group, mode| Permissions { owner, group, mode };
        let etc = [
            permissions(ROOT, ROOT, 0o755),
            permissions(ROOT, ROOT, 0o755),
        ];
        for (file, me, is_trusted, permission_issues) in [
            (permissions(ROOT, OTHER, 0o640), ME, true, &[][..]),
            (permissions(ME, ME, 0o600), ME, true, &[]),
            (
                permissions(ROOT, ROOT, 0o664),
                ME,
                true,
                &[PermissionIssue::EverybodyMayRead],
            ),
            (
                permissions(ROOT, ROOT, 0o644),
                ME,
                true,
                &[PermissionIssue::EverybodyMayRead],
            ),
            (permissions(OTHER, OTHER, 0o600), ME, false, &[]),
            (permissions(ME, ME, 0o600), ROOT, false, &[]),
            (
                permissions(ROOT, OTHER, 0o660),
                ME,
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                permissions(ME, ME, 0o660),
                ME,
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                permissions(ROOT, ROOT, 0o602),
                ME,
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                permissions(ROOT, ROOT, 0o666),
                ME,
                false,
                &[
                    PermissionIssue::OthersMayWrite,
                    PermissionIssue::EverybodyMayRead,
                ],
            ),
        ] {
            let trust = FileTrust::judge(file, &etc, me);
            assert_eq!(trust.is_trusted, is_trusted, "{file:?}");
            assert_eq!(trust.permission_issues, permission_issues, "{file:?}");
        }
        let file = permissions(ROOT, ROOT, 0o640);
        for (folder, is_trusted) in [
            (permissions(ROOT, ROOT, 0o1777), true),
            (permissions(ROOT, ROOT, 0o775), true),
            (permissions(ME, ME, 0o700), true),
            (permissions(ROOT, OTHER, 0o775), false),
            (permissions(ROOT, ROOT, 0o777), false),
            (permissions(OTHER, OTHER, 0o755), false),
            (permissions(OTHER, OTHER, 0o1777), false),
        ] {
            let trust = FileTrust::judge(file, &[folder, etc[0]], ME);
            assert_eq!(trust.is_trusted, is_trusted, "{folder:?}");
            let replaced = trust
                .permission_issues
                .contains(&PermissionIssue::OthersMayReplace);
            assert_eq!(replaced, !is_trusted, "{folder:?}");
        }
    }
}
