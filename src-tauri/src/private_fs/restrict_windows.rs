//! Folders that only their user can read, on Windows. Those in a user's profile are that anyway, unless somebody
//! moved the profile or changed its permissions.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use amiqus_core::error::chain;

use super::safeguards::{Safeguard, report};
use crate::security_windows::{
    READ, REPLACE, Security, WRITE, current_user, is_trusted, restrict_folder,
};

/// The folders that were restricted, or couldn't be, in this process. What fails would fail again, and takes as long as
/// the folder is large.
static TRIED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Restricts a folder to its user, as far as its file system supports that. Once for each process.
pub(super) fn restrict(folder: &Path) {
    let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    if !tried.insert(folder.to_owned()) {
        return;
    }
    drop(tried);
    match try_restrict(folder) {
        Ok(true) => {}
        Ok(false) => report(Safeguard::Permissions, folder, &"they stay as they are"),
        Err(error) => report(Safeguard::Permissions, folder, &chain(&error)),
    }
}

/// Restricts a folder, unless it is; returns whether it is now.
fn try_restrict(folder: &Path) -> io::Result<bool> {
    let me = current_user()?;
    if is_private(folder, &me)? {
        return Ok(true);
    }
    restrict_folder(folder, &me)?;
    is_private(folder, &me)
}

fn is_private(folder: &Path, me: &str) -> io::Result<bool> {
    let security = Security::of_folder(folder, me)?;
    Ok(is_trusted(&security.owner, me) && !security.others_have(READ | WRITE | REPLACE, me))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::os::windows::fs::OpenOptionsExt as _;

    use windows_permissions::constants::{SeObjectType, SecurityInformation};
    use windows_permissions::wrappers::SetSecurityInfo;
    use windows_permissions::{LocalBox, SecurityDescriptor};

    use super::*;
    use crate::security_windows::{FOLDERS_TOO, set_security};

    /// Wine lets a folder inherit also what it is told not to. So the parent has nothing to inherit from.
    fn parent_without_inheritable_entries(me: &str) -> tempfile::TempDir {
        /// `WRITE_DAC` and `READ_CONTROL`.
        const TO_CHANGE_ITS_SECURITY: u32 = 0x6_0000;
        let parent = tempfile::tempdir().unwrap();
        let mut open = OpenOptions::new()
            .access_mode(TO_CHANGE_ITS_SECURITY)
            .custom_flags(FOLDERS_TOO)
            .open(parent.path())
            .unwrap();
        let list: LocalBox<SecurityDescriptor> = format!("D:(A;;FA;;;{me})").parse().unwrap();
        // Wine asks what is inherited for this kind of object alone.
        let kind = if cfg!(target_env = "msvc") {
            SeObjectType::SE_FILE_OBJECT
        } else {
            SeObjectType::SE_UNKNOWN_OBJECT_TYPE
        };
        let part = SecurityInformation::Dacl;
        SetSecurityInfo(&mut open, kind, part, None, None, list.dacl(), None).unwrap();
        parent
    }

    #[test]
    fn folder_that_others_can_read_is_restricted_to_its_user() {
        let me = current_user().unwrap();
        let parent = parent_without_inheritable_entries(&me);
        let folder = parent.path().join("vault");
        fs::create_dir(&folder).unwrap();
        // As if somebody had opened it to all users.
        let everybody = format!("D:P(A;OICI;FA;;;WD)(A;OICI;FA;;;{me})");
        set_security(&folder, &everybody).unwrap();
        assert!(!is_private(&folder, &me).unwrap());

        assert!(try_restrict(&folder).unwrap());
        fs::write(folder.join("file"), "content").unwrap();
        assert_eq!(fs::read(folder.join("file")).unwrap(), b"content");
        assert!(try_restrict(&folder).unwrap());
    }

    /// Anybody can make such a folder: without a list everybody may do everything.
    #[test]
    fn folder_without_a_list_is_open_to_everybody_until_it_is_restricted() {
        let folder = tempfile::tempdir().unwrap();
        let me = current_user().unwrap();
        set_security(folder.path(), "D:NO_ACCESS_CONTROL").unwrap();
        assert!(!is_private(folder.path(), &me).unwrap());
        assert!(try_restrict(folder.path()).unwrap());
    }
}
