//! Who may change or read the provisioning file, by its owner, its mode and the folders above it.

use std::path::Path;

/// What is issue about a file with a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionIssue {
    /// Others than its owner may change it.
    OthersMayWrite,
    /// Others may put another file in its place.
    OthersMayReplace,
    /// Everybody on this computer may read it.
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

/// Who may do what with a file.
pub(super) struct FileTrust {
    /// Whether nobody but an administrator and this person can have written it. Whoever else could would
    /// point the app at a service of their own, and so at tokens.
    pub(super) is_trusted: bool,
    pub(super) permission_issues: Vec<PermissionIssue>,
}

/// What the system says of a file or a folder.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
}

#[cfg(unix)]
impl Rights {
    const ROOT: u32 = 0;
    const STICKY: u32 = 0o1000;

    fn of(about: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            owner: about.uid(),
            group: about.gid(),
            mode: about.mode(),
        }
    }

    /// Whether it belongs to root or to this user.
    fn is_trusted_owners(self, me: u32) -> bool {
        self.owner == Self::ROOT || self.owner == me
    }

    /// Whether others than its owner may write to it. Root's own group is as good as root.
    fn others_may_write(self) -> bool {
        self.mode & 0o002 != 0 || self.mode & 0o020 != 0 && self.group != Self::ROOT
    }

    /// Whether others can put another file in the place of one in this folder. In a sticky one they can't.
    fn others_may_replace(self, me: u32) -> bool {
        !self.is_trusted_owners(me) || self.others_may_write() && self.mode & Self::STICKY == 0
    }
}

impl FileTrust {
    #[cfg(unix)]
    pub(super) fn of(path: &Path, file: &std::fs::Metadata) -> Self {
        let me = rustix::process::geteuid().as_raw();
        match folders_above(path) {
            Ok(folders) => Self::judge(Rights::of(file), &folders, me),
            // Who may do what there isn't known.
            Err(_) => Self {
                is_trusted: false,
                permission_issues: vec![PermissionIssue::OthersMayReplace],
            },
        }
    }

    /// Windows and macOS installers write to folders that only administrators may write to; Windows'
    /// lists of who may do what aren't read here.
    #[cfg(not(unix))]
    pub(super) fn of(_path: &Path, _file: &std::fs::Metadata) -> Self {
        Self {
            is_trusted: true,
            permission_issues: Vec::new(),
        }
    }

    #[cfg(unix)]
    fn judge(file: Rights, folders: &[Rights], me: u32) -> Self {
        let mut permission_issues = Vec::new();
        if file.others_may_write() {
            permission_issues.push(PermissionIssue::OthersMayWrite);
        }
        if folders.iter().any(|folder| folder.others_may_replace(me)) {
            permission_issues.push(PermissionIssue::OthersMayReplace);
        }
        let is_trusted = file.is_trusted_owners(me) && permission_issues.is_empty();
        if file.mode & 0o004 != 0 {
            permission_issues.push(PermissionIssue::EverybodyMayRead);
        }
        Self {
            is_trusted,
            permission_issues,
        }
    }
}

/// The folders above a file, by the path as it was given, by that to which each link in its place leads, and
/// by the one without links.
#[cfg(unix)]
fn folders_above(path: &Path) -> std::io::Result<Vec<Rights>> {
    const MAX_LINKS: usize = 16;
    let mut paths = vec![std::fs::canonicalize(path)?, std::path::absolute(path)?];
    while let Some(last) = paths.last() {
        let Some(folder) = last.parent() else { break };
        match std::fs::read_link(last) {
            Ok(target) => paths.push(folder.join(target)),
            // No link: the file itself.
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
        .map(|folder| std::fs::metadata(folder).map(|about| Rights::of(&about)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn file_that_others_can_write_or_replace_is_not_trusted() {
        const ROOT: u32 = 0;
        const ME: u32 = 1000;
        const OTHER: u32 = 1001;
        let rights = |owner, group, mode| Rights { owner, group, mode };
        let etc = [rights(ROOT, ROOT, 0o755), rights(ROOT, ROOT, 0o755)];
        for (file, me, is_trusted, permission_issues) in [
            (rights(ROOT, OTHER, 0o640), ME, true, &[][..]),
            (rights(ME, ME, 0o600), ME, true, &[]),
            (
                rights(ROOT, ROOT, 0o664),
                ME,
                true,
                &[PermissionIssue::EverybodyMayRead],
            ),
            (
                rights(ROOT, ROOT, 0o644),
                ME,
                true,
                &[PermissionIssue::EverybodyMayRead],
            ),
            (rights(OTHER, OTHER, 0o600), ME, false, &[]),
            (rights(ME, ME, 0o600), ROOT, false, &[]),
            (
                rights(ROOT, OTHER, 0o660),
                ME,
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                rights(ME, ME, 0o660),
                ME,
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                rights(ROOT, ROOT, 0o602),
                ME,
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                rights(ROOT, ROOT, 0o666),
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
        let file = rights(ROOT, ROOT, 0o640);
        for (folder, is_trusted) in [
            (rights(ROOT, ROOT, 0o1777), true),
            (rights(ROOT, ROOT, 0o775), true),
            (rights(ME, ME, 0o700), true),
            (rights(ROOT, OTHER, 0o775), false),
            (rights(ROOT, ROOT, 0o777), false),
            (rights(OTHER, OTHER, 0o755), false),
            (rights(OTHER, OTHER, 0o1777), false),
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
