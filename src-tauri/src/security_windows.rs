//! Windows' permissions: the owner of a file or a folder, and its access control list.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

use windows_permissions::constants::{AceFlags, AceType, SeObjectType, SecurityInformation};
use windows_permissions::wrappers::{
    ConvertSecurityDescriptorToStringSecurityDescriptor, GetSecurityInfo, SetSecurityInfo,
};
use windows_permissions::{LocalBox, SecurityDescriptor};
use winsafe::guard::CloseHandleGuard;
use winsafe::{HACCESSTOKEN, HPROCESS, SysResult, TokenInfo, co};

/// Well-known security identifiers of those who may change everything anyway: the system, its administrators, and
/// the service that installs Windows' own parts.
pub(crate) const ADMINISTRATORS: [&str; 3] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Those that stand for every user: *Everyone*, *Authenticated Users*, *Interactive* and *Users*.
pub(crate) const EVERYBODY: [&str; 4] = ["S-1-1-0", "S-1-5-11", "S-1-5-4", "S-1-5-32-545"];

/// Stands for the owner, who is judged apart.
const OWNER: &str = "S-1-3-4";

/// The right to read data.
pub(crate) const READ: u32 = 0x1 | GENERIC_READ | GENERIC_ALL;
/// The rights to change data, or to get that right.
pub(crate) const WRITE: u32 = 0x2 | 0x4 | TAKE_OVER | GENERIC_WRITE;
/// The rights to remove a file from a folder, or to get that right.
pub(crate) const REPLACE: u32 = 0x40 | TAKE_OVER;
/// `DELETE`, `WRITE_DAC`, `WRITE_OWNER` and all rights.
const TAKE_OVER: u32 = 0x1_0000 | 0x4_0000 | 0x8_0000 | GENERIC_ALL;
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
pub(crate) const GENERIC_ALL: u32 = 0x1000_0000;

/// `READ_CONTROL`.
const TO_READ_ITS_SECURITY: u32 = 0x2_0000;

/// `FILE_FLAG_BACKUP_SEMANTICS`, without which no folder is opened.
pub(crate) const FOLDERS_TOO: u32 = 0x0200_0000;

/// Who owns a file or a folder, and what others may do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Security {
    /// The owner's security identifier.
    pub(crate) owner: String,
    /// Whom something is allowed, and what; what is denied is left out, which makes the judgement stricter.
    pub(crate) allowed: Vec<(String, u32)>,
}

impl Security {
    /// Reads that of a folder.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn of_folder(folder: &Path, me: &str) -> io::Result<Self> {
        let open = OpenOptions::new()
            .access_mode(TO_READ_ITS_SECURITY)
            .custom_flags(FOLDERS_TOO)
            .open(folder)?;
        Self::of(&open, me)
    }

    /// Reads that of an open file. The list of an owner who isn't trusted is not looked at: anything may be in it.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn of(file: &File, me: &str) -> io::Result<Self> {
        let parts = SecurityInformation::Owner | SecurityInformation::Dacl;
        let descriptor = GetSecurityInfo(file, SeObjectType::SE_FILE_OBJECT, parts)?;
        let owner = descriptor.owner().ok_or(io::ErrorKind::InvalidData)?;
        let owner = owner.to_string();
        let allowed = if is_trusted(&owner, me) {
            allowed_by(&descriptor)
        } else {
            Vec::new()
        };
        Ok(Self { owner, allowed })
    }

    /// Whether any of these rights is given to somebody who isn't trusted.
    pub(crate) fn others_have(&self, rights: u32, me: &str) -> bool {
        self.allowed
            .iter()
            .any(|(who, given)| given & rights != 0 && who != OWNER && !is_trusted(who, me))
    }
}

/// What a list allows on the file or folder itself, and not only on what will be created in it. Where there is no list
/// everybody may do everything, and a list with entries of rare kinds counts as none: conditional ones allow something,
/// too, and the library reads neither.
fn allowed_by(descriptor: &SecurityDescriptor) -> Vec<(String, u32)> {
    let text =
        ConvertSecurityDescriptorToStringSecurityDescriptor(descriptor, SecurityInformation::Dacl);
    let is_plain = text.is_ok_and(|text| text.to_str().is_some_and(is_plain_list));
    let Some(list) = is_plain.then(|| descriptor.dacl()).flatten() else {
        return vec![(EVERYBODY[0].to_owned(), GENERIC_ALL)];
    };
    (0..list.len())
        .filter_map(|index| list.get_ace(index))
        .filter(|entry| {
            entry.ace_type() == AceType::ACCESS_ALLOWED_ACE_TYPE
                && !entry.flags().contains(AceFlags::InheritOnly)
        })
        .filter_map(|entry| Some((entry.sid()?.to_string(), entry.mask().bits())))
        .collect()
}

/// Whether a list, in Windows' own notation, is there and only allows and denies.
fn is_plain_list(text: &str) -> bool {
    let Some(list) = text.strip_prefix("D:") else {
        return false;
    };
    !list.contains("NO_ACCESS_CONTROL")
        && list
            .split('(')
            .skip(1)
            .all(|entry| entry.starts_with("A;") || entry.starts_with("D;"))
}

/// Whether somebody is this user, or may change everything anyway.
pub(crate) fn is_trusted(who: &str, me: &str) -> bool {
    who == me || ADMINISTRATORS.contains(&who)
}

/// The security identifier of the user that this process runs as.
///
/// # Errors
/// When the system doesn't tell.
pub(crate) fn current_user() -> io::Result<String> {
    let token = own_token().map_err(io_error)?;
    let user = token.GetTokenInformation(co::TOKEN_INFORMATION_CLASS::User);
    match user.map_err(io_error)? {
        TokenInfo::User(user) => user
            .User
            .Sid()
            .map(|identifier| identifier.to_string())
            .ok_or_else(|| io::ErrorKind::InvalidData.into()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Whether this process was started *as administrator* where other programs aren't. Windows lets those not see it: a
/// link from the browser opens another copy.
///
/// # Errors
/// When the system doesn't tell.
pub(crate) fn is_elevated() -> io::Result<bool> {
    let token = own_token().map_err(io_error)?;
    let kind = token.GetTokenInformation(co::TOKEN_INFORMATION_CLASS::ElevationType);
    match kind.map_err(io_error)? {
        // Not where the user's own rights are all that there are: then other programs have them, too.
        TokenInfo::ElevationType(kind) => Ok(*kind == co::TOKEN_ELEVATION_TYPE::Full),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn own_token() -> SysResult<CloseHandleGuard<HACCESSTOKEN>> {
    HPROCESS::GetCurrentProcess().OpenProcessToken(co::TOKEN::QUERY)
}

fn io_error(error: co::ERROR) -> io::Error {
    io::Error::from_raw_os_error(error.raw().cast_signed())
}

/// Gives a folder, and what will be created in it, to a user, and allows it to the system and its administrators as
/// well, and to nobody else, in place of what it inherits.
///
/// # Errors
/// When the file system keeps no permissions, or the user may not change them.
pub(crate) fn restrict_folder(folder: &Path, me: &str) -> io::Result<()> {
    // Full access, for what is created in it as well. A profile that was moved may have an earlier user for its owner.
    let owner = match Security::of_folder(folder, me)? {
        security if is_trusted(&security.owner, me) => String::new(),
        _ => format!("O:{me}"),
    };
    let list = format!("{owner}D:P(A;OICI;FA;;;{me})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
    set_security(folder, &list)
}

/// Replaces a folder's access control list, and its owner if one is named (Microsoft, *Security Descriptor String
/// Format*).
///
/// # Errors
/// When it can't be changed.
pub(crate) fn set_security(folder: &Path, text: &str) -> io::Result<()> {
    /// `READ_CONTROL` and `WRITE_DAC`, and `WRITE_OWNER`.
    const TO_CHANGE_THE_LIST: u32 = 0x6_0000;
    const TO_CHANGE_THE_OWNER: u32 = 0x8_0000;

    let descriptor: LocalBox<SecurityDescriptor> = text.parse()?;
    let owner = descriptor.owner();
    let (rights, part) = match owner {
        None => (TO_CHANGE_THE_LIST, SecurityInformation::empty()),
        Some(_) => (
            TO_CHANGE_THE_LIST | TO_CHANGE_THE_OWNER,
            SecurityInformation::Owner,
        ),
    };
    let mut open = OpenOptions::new()
        .access_mode(rights)
        .custom_flags(FOLDERS_TOO)
        .open(folder)?;
    SetSecurityInfo(
        &mut open,
        SeObjectType::SE_FILE_OBJECT,
        part | SecurityInformation::Dacl | SecurityInformation::ProtectedDacl,
        owner,
        None,
        descriptor.dacl(),
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_that_is_missing_or_has_rare_entries_is_not_plain() {
        for plain in [
            "D:",
            "D:PAI",
            "D:PAI(A;OICI;FA;;;SY)(D;;0x1;;;WD)",
            "D:(A;;FA;;;S-1-5-21-1-2-3-1001)",
        ] {
            assert!(is_plain_list(plain), "{plain}");
        }
        for other in [
            "",
            "D:NO_ACCESS_CONTROL",
            "D:PNO_ACCESS_CONTROL",
            "D:(A;;FA;;;SY)(XA;;FA;;;WD;(@User.Department==\"Legal\"))",
            "D:(OA;;FA;;;WD)",
            "O:SY",
        ] {
            assert!(!is_plain_list(other), "{other}");
        }
    }
}
