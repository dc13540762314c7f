//! Who can change or read the provisioning file, by its owner, its mode and the folders above it.

use std::path::Path;

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
    /// Whether only root and this user can have written it. Anyone else could point the app at a service of
    /// their own, and so get at its tokens.
    pub(super) is_trusted: bool,
    pub(super) permission_issues: Vec<PermissionIssue>,
}

/// The ownership and mode of a file or a folder.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct Permissions {
    owner: u32,
    group: u32,
    mode: u32,
}

#[cfg(unix)]
impl Permissions {
    const ROOT: u32 = 0;
    const STICKY: u32 = 0o1000;

    fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
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

impl FileTrust {
    #[cfg(unix)]
    pub(super) fn of(path: &Path, file: &std::fs::Metadata) -> Self {
        let me = rustix::process::geteuid().as_raw();
        match folders_above(path) {
            Ok(folders) => Self::judge(Permissions::of(file), &folders, me),
            // Their permissions are unknown.
            Err(_) => Self {
                is_trusted: false,
                permission_issues: vec![PermissionIssue::OthersMayReplace],
            },
        }
    }

    /// Trusts the file: installers on Windows write it to a folder that only administrators can write to, and
    /// Windows' access control lists are not read here.
    #[cfg(not(unix))]
    pub(super) fn of(_path: &Path, _file: &std::fs::Metadata) -> Self {
        Self {
            is_trusted: true,
            permission_issues: Vec::new(),
        }
    }

    #[cfg(unix)]
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

/// Reads the permissions of the folders above a file: those of the path as given, of each symbolic link's
/// target, and of the path without links.
#[cfg(unix)]
fn folders_above(path: &Path) -> std::io::Result<Vec<Permissions>> {
    const MAX_LINKS: usize = 16;
    let mut paths = vec![std::fs::canonicalize(path)?, std::path::absolute(path)?];
    while let Some(last) = paths.last() {
        let Some(folder) = last.parent() else { break };
        match std::fs::read_link(last) {
            Ok(target) => paths.push(folder.join(target)),
            // Not a link: the file itself.
            Err(_) => break,
        }
        if paths.len() > MAX_LINKS {
            return Err(std::io::Error::other("too many links lead to it"));
        }
    }
    paths
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| std::fs::metadata(folder).map(|metadata| Permissions::of(&metadata)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
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
