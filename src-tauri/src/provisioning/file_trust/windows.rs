//! Windows: the owner and the access control list. Every user may create folders in `%ProgramData%`, where the
//! file is expected, so that it isn't enough that only administrators can write to a file of their own there.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

use windows_permissions::constants::{AceFlags, AceType, SecurityInformation};
use windows_permissions::{Acl, WindowsSecure as _};
use winsafe::{HPROCESS, TokenInfo, co};

use super::{FileTrust, PermissionIssue, paths_to};

/// Well-known security identifiers of those who may change everything anyway: the system, its administrators, and
/// the service that installs Windows' own parts.
const ADMINISTRATORS: [&str; 3] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Those that stand for every user: *Everyone*, *Authenticated Users*, *Interactive* and *Users*.
const EVERYBODY: [&str; 4] = ["S-1-1-0", "S-1-5-11", "S-1-5-4", "S-1-5-32-545"];

/// The right to read data.
const READ: u32 = 0x1 | GENERIC_READ | GENERIC_ALL;
/// The rights to change data, or to get that right.
const WRITE: u32 = 0x2 | 0x4 | TAKE_OVER | GENERIC_WRITE;
/// The rights to remove a file from a folder, or to get that right.
const REPLACE: u32 = 0x40 | TAKE_OVER;
/// `DELETE`, `WRITE_DAC`, `WRITE_OWNER` and all rights.
const TAKE_OVER: u32 = 0x1_0000 | 0x4_0000 | 0x8_0000 | GENERIC_ALL;
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;

/// `READ_CONTROL`, and `FILE_FLAG_BACKUP_SEMANTICS`, without which no folder is opened.
const TO_READ_ITS_SECURITY: u32 = 0x2_0000;
const FOLDERS_TOO: u32 = 0x0200_0000;

/// Who owns a file or a folder, and what others may do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Security {
    owner: String,
    /// Whom something is allowed, and what; what is denied is left out, which makes the judgement stricter.
    allowed: Vec<(String, u32)>,
}

impl Security {
    /// Reads it. The list of an owner who isn't trusted is not looked at: anything may be in it.
    fn of(file: &File, me: &str) -> io::Result<Self> {
        let parts = SecurityInformation::Owner | SecurityInformation::Dacl;
        let descriptor = file.security_descriptor(parts)?;
        let owner = descriptor.owner().ok_or(io::ErrorKind::InvalidData)?;
        let owner = owner.to_string();
        let allowed = match descriptor.dacl() {
            _ if !is_trusted(&owner, me) => Vec::new(),
            Some(list) => allowed_by(list),
            // Without a list everybody may do everything.
            None => vec![(EVERYBODY[0].to_owned(), GENERIC_ALL)],
        };
        Ok(Self { owner, allowed })
    }

    /// Whether any of these rights is given to somebody who isn't trusted.
    fn others_have(&self, rights: u32, me: &str) -> bool {
        self.allowed
            .iter()
            .any(|(who, given)| given & rights != 0 && !is_trusted(who, me))
    }
}

/// What a list allows on the file or folder itself, and not only on what will be created in it.
fn allowed_by(list: &Acl) -> Vec<(String, u32)> {
    (0..list.len())
        .filter_map(|index| list.get_ace(index))
        .filter(|entry| {
            entry.ace_type() == AceType::ACCESS_ALLOWED_ACE_TYPE
                && !entry.flags().contains(AceFlags::InheritOnly)
        })
        .filter_map(|entry| Some((entry.sid()?.to_string(), entry.mask().bits())))
        .collect()
}

fn is_trusted(who: &str, me: &str) -> bool {
    who == me || ADMINISTRATORS.contains(&who)
}

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
        .map(|folder| {
            let open = OpenOptions::new()
                .access_mode(TO_READ_ITS_SECURITY)
                .custom_flags(FOLDERS_TOO)
                .open(folder)?;
            Security::of(&open, &me)
        })
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

/// The security identifier of the user that this process runs as.
fn current_user() -> io::Result<String> {
    let failed = |error: co::ERROR| io::Error::from_raw_os_error(error.raw().cast_signed());
    let token = HPROCESS::GetCurrentProcess()
        .OpenProcessToken(co::TOKEN::QUERY)
        .map_err(failed)?;
    let information = token
        .GetTokenInformation(co::TOKEN_INFORMATION_CLASS::User)
        .map_err(failed)?;
    match information {
        TokenInfo::User(user) => user
            .User
            .Sid()
            .map(|identifier| identifier.to_string())
            .ok_or_else(|| io::ErrorKind::InvalidData.into()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(current_user().unwrap().starts_with("S-1-5-21-"));
    }
}
