//! Files and folders that only their user can read, and durable writes. What a file system doesn't support
//! is no error; where that concerns the vault, it is reported as a missing safeguard.

mod held;
#[cfg(windows)]
mod restrict_windows;
pub(crate) mod safeguards;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

pub(crate) use self::held::{is_held, may_be_held, wait_while_held};
use self::safeguards::{Safeguard, report};

/// Creates a folder that only its user can read, or restricts an existing one.
///
/// # Errors
/// When the folder can't be created. A file system that supports no permissions is no error.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    restrict(path, 0o700, path)?;
    #[cfg(windows)]
    restrict_windows::restrict(path);
    Ok(())
}

/// Restricts a file to its user, as far as its file system supports that.
///
/// # Errors
/// When there is no such file.
#[cfg(unix)]
pub(crate) fn restrict_file(file: &Path) -> io::Result<()> {
    restrict(file, 0o600, file.parent().unwrap_or(file))
}

/// Does nothing: on Windows a file has the permissions of its folder.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn restrict_file(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// Sets a file's mode, unless it has it. Some file systems refuse that, some ignore it, and some have one
/// mode for all files: so only who can read the file afterwards counts.
#[cfg(unix)]
fn restrict(path: &Path, mode: u32, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let current_mode = || fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777);
    if current_mode()? == mode {
        return Ok(());
    }
    let outcome = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let current = current_mode()?;
    if current & 0o077 != 0 {
        match outcome {
            Err(error) => report(Safeguard::Permissions, folder, &error),
            Ok(()) => report(
                Safeguard::Permissions,
                folder,
                &format!("mode {current:o} stays"),
            ),
        }
    }
    Ok(())
}

/// Renames a file, in place of another one if there is one; waits for either while another program holds it.
///
/// # Errors
/// When it can't be renamed.
pub(crate) fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    wait_while_held(may_be_held, || fs::rename(&from, &to))
}

/// Reads a file; waits while another program holds it.
///
/// # Errors
/// When it can't be read.
pub(crate) fn read(file: &Path) -> io::Result<Vec<u8>> {
    wait_while_held(is_held, || fs::read(file))
}

/// Removes a file; waits while another program holds it.
///
/// # Errors
/// When it can't be removed.
pub(crate) fn remove_file(file: &Path) -> io::Result<()> {
    wait_while_held(may_be_held, || fs::remove_file(file))
}

/// Makes a folder's entries durable, as far as its file system supports that: a rename is durable only once
/// its folder is synced.
///
/// # Errors
/// When the folder can't be opened, or its sync fails.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match open_folder(folder).and_then(|open| open.sync_all()) {
        Err(error) if is_unsupported(&error) => {
            report(Safeguard::FolderSync, folder, &error);
        }
        outcome => outcome?,
    }
    Ok(())
}

#[cfg(unix)]
fn open_folder(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

/// Windows opens a folder only where that is asked for, and flushes only what may be written to.
#[cfg(windows)]
fn open_folder(folder: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;

    use crate::security_windows::FOLDERS_TOO;

    OpenOptions::new()
        .write(true)
        .custom_flags(FOLDERS_TOO)
        .open(folder)
}

/// Whether an error means that the file system doesn't support the operation, rather than that the operation
/// failed.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidInput, IsADirectory, PermissionDenied, Unsupported};

    #[cfg(unix)]
    {
        use rustix::io::Errno;
        if matches!(
            Errno::from_io_error(error),
            Some(Errno::BADF | Errno::NOTTY)
        ) {
            return true;
        }
    }
    matches!(
        error.kind(),
        AlreadyExists | InvalidInput | IsADirectory | PermissionDenied | Unsupported
    )
}

/// Options to open a file for writing that only its user can read once it is created.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Replaces a private file, and creates its folder if there is none. The file has either its earlier content
/// or all of the new one, also after a crash, as far as its file system supports that.
///
/// # Errors
/// When it can't be written; its earlier content is still there then.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        private_folder(folder)?;
    }
    let mut new = OsString::from(file);
    new.push(".new");
    let new = Path::new(&new);
    let outcome = write_in_place(new, bytes).and_then(|()| rename(new, file));
    if let Err(error) = outcome {
        // It may not be there, and a leftover is overwritten by the next one.
        let _ = remove_file(new);
        // A file system that can't replace a file. On Windows another program still has it open.
        if cfg!(unix) && is_unsupported(&error) && file.is_file() {
            return write_in_place(file, bytes);
        }
        return Err(error);
    }
    Ok(())
}

fn write_in_place(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private_file().create(true).truncate(true).open(file)?;
    file.write_all(bytes)?;
    match file.sync_all() {
        Err(error) if !is_unsupported(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_replaced_and_not_changed_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        let file = folder.join("file.json");
        write(&file, b"earlier").unwrap();
        let mut opened = fs::File::open(&file).unwrap();
        write(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(io::read_to_string(&mut opened).unwrap(), "earlier");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn folder_can_be_opened_and_synced() {
        let folder = tempfile::tempdir().unwrap();
        open_folder(folder.path()).unwrap().sync_all().unwrap();
    }

    #[test]
    fn file_that_cannot_be_replaced_keeps_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.json");
        fs::create_dir(&file).unwrap();
        fs::write(file.join("content"), "earlier").unwrap();
        write(&file, b"new").unwrap_err();
        assert_eq!(fs::read_to_string(file.join("content")).unwrap(), "earlier");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn unsupported_operations_are_told_from_failures() {
        let is_unsupported = |number| is_unsupported(&io::Error::from_raw_os_error(number));
        // EPERM, EBADF, EACCES, EEXIST, EISDIR, EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP on Linux.
        for number in [1, 9, 13, 17, 21, 22, 25, 38, 95] {
            assert!(
                is_unsupported(number),
                "{}",
                io::Error::from_raw_os_error(number)
            );
        }
        // EIO, ENOSPC, EROFS, EMFILE, ESTALE, EDQUOT.
        for number in [5, 28, 30, 24, 116, 122] {
            assert!(
                !is_unsupported(number),
                "{}",
                io::Error::from_raw_os_error(number)
            );
        }
    }
}
