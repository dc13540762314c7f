//! Windows: the owner and the access control list. Every user may create folders in `%ProgramData%`, where the
//! file is expected, so that it isn't enough that only administrators can write to a file of their own there.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{FileTrust, PermissionIssue, paths_to};
use crate::security_windows::{
    EVERYBODY, READ, REPLACE, Security, WRITE, current_user, is_trusted,
};

/// Judges an open file, and the folders above it.
///
/// # Errors
/// When their permissions can't be read.
pub(super) fn judge_file(path: &Path, file: &File) -> io::Result<FileTrust> {
    let me = current_user()?;
    let paths = paths_to(path)?;
    let folders = paths
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .filter(|folder| folder.has_root())
        .map(|folder| Security::of_folder(folder, &me))
        .collect::<io::Result<Vec<_>>>()?;
    Ok(judge(&Security::of(file, &me)?, &folders, &me))
}

fn judge(file: &Security, folders: &[Security], me: &str) -> FileTrust {
    let mut permission_issues = Vec::new();
    if file.others_have(WRITE, me) {
        permission_issues.push(PermissionIssue::OthersMayWrite);
    }
    if folders
        .iter()
        .any(|folder| !is_trusted(&folder.owner, me) || folder.others_have(REPLACE, me))
    {
        permission_issues.push(PermissionIssue::OthersMayReplace);
    }
    let is_trusted = is_trusted(&file.owner, me) && permission_issues.is_empty();
    if file
        .allowed
        .iter()
        .any(|(who, rights)| rights & READ != 0 && EVERYBODY.contains(&who.as_str()))
    {
        permission_issues.push(PermissionIssue::EverybodyMayRead);
    }
    FileTrust {
        is_trusted,
        permission_issues,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security_windows::{ADMINISTRATORS, GENERIC_ALL};

    const ME: &str = "S-1-5-21-1-2-3-1001";
    const OTHER: &str = "S-1-5-21-1-2-3-1002";
    const SYSTEM: &str = ADMINISTRATORS[0];
    const ADMINS: &str = ADMINISTRATORS[1];
    const USERS: &str = EVERYBODY[3];
    /// *Full control*, *Modify*, and *Read & execute*.
    const FULL: u32 = 0x1F_01FF;
    const MODIFY: u32 = 0x13_01BF;
    const READ_ONLY: u32 = 0x12_00A9;
    /// To create files and folders, which `%ProgramData%` allows to all users.
    const CREATE: u32 = 0x10_0116;

    fn security(owner: &str, allowed: &[(&str, u32)]) -> Security {
        Security {
            owner: owner.to_owned(),
            allowed: allowed
                .iter()
                .map(|(who, rights)| ((*who).to_owned(), *rights))
                .collect(),
        }
    }

    #[test]
    fn file_that_others_can_write_or_replace_is_untrusted() {
        let folders = [
            security(
                ADMINS,
                &[(SYSTEM, FULL), (ADMINS, FULL), (USERS, READ_ONLY)],
            ),
            security(
                SYSTEM,
                &[(SYSTEM, FULL), (USERS, READ_ONLY), (USERS, CREATE)],
            ),
        ];
        for (file, is_trusted, permission_issues) in [
            (security(ADMINS, &[(ADMINS, FULL)]), true, &[][..]),
            (security(SYSTEM, &[(ME, READ_ONLY)]), true, &[]),
            (security(ME, &[(ME, FULL)]), true, &[]),
            (
                security(ADMINS, &[(USERS, READ_ONLY)]),
                true,
                &[PermissionIssue::EverybodyMayRead],
            ),
            (security(OTHER, &[]), false, &[]),
            (
                security(ADMINS, &[(OTHER, MODIFY)]),
                false,
                &[PermissionIssue::OthersMayWrite],
            ),
            (
                security(ADMINS, &[(USERS, GENERIC_ALL)]),
                false,
                &[
                    PermissionIssue::OthersMayWrite,
                    PermissionIssue::EverybodyMayRead,
                ],
            ),
        ] {
            let trust = judge(&file, &folders, ME);
            assert_eq!(trust.is_trusted, is_trusted, "{file:?}");
            assert_eq!(trust.permission_issues, permission_issues, "{file:?}");
        }
        let file = security(ADMINS, &[(ADMINS, FULL)]);
        for (folder, is_trusted) in [
            (security(ME, &[(ME, FULL)]), true),
            // As another user may have made it before the administrator came.
            (security(OTHER, &[(OTHER, FULL)]), false),
            (security(ADMINS, &[(OTHER, MODIFY)]), false),
            (security(ADMINS, &[(USERS, 0x40)]), false),
            (security(ADMINS, &[(USERS, CREATE)]), true),
        ] {
            let trust = judge(&file, &[folder.clone(), folders[1].clone()], ME);
            assert_eq!(trust.is_trusted, is_trusted, "{folder:?}");
        }
    }

    #[test]
    fn own_file_in_an_own_folder_is_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provisioning.json");
        std::fs::write(&path, "{}").unwrap();
        let trust = judge_file(&path, &File::open(&path).unwrap()).unwrap();
        assert!(trust.is_trusted, "{:?}", trust.permission_issues);
        // Of a computer or a domain, or of Entra.
        let me = current_user().unwrap();
        assert!(me.starts_with("S-1-5-21-") || me.starts_with("S-1-12-1-"));
    }
}
