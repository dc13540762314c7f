//! Files and folders that only their user can read, and durable writes. What a file system doesn't support
//! is reported as a missing safeguard, and is no error.

pub(crate) mod safeguards;

#[cfg(unix)]
use std::fs::{self, File};
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(unix)]
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
    Ok(())
}

/// Restricts a file to its user, as far as its file system supports that.
///
/// # Errors
/// When there is no such file.
pub(crate) fn restrict_file(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    restrict(file, 0o600, file.parent().unwrap_or(file))?;
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

/// Makes a folder's entries durable, as far as its file system supports that: a rename is durable only once
/// its folder is synced.
///
/// # Errors
/// When the folder can't be opened, or its sync fails.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match File::open(folder).and_then(|open| open.sync_all()) {
        Err(error) if is_unsupported(&error) => {
            report(Safeguard::FolderSync, folder, &error);
        }
        outcome => outcome?,
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::is_unsupported;

    #[test]
    fn unsupported_operations_are_told_from_failures() {
        let is_unsupported = |number| is_unsupported(&io::Error::from_raw_os_error(number));
        // EPERM, EBADF, EACCES, EEXIST, EISDIR, EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP on Linux.
        #[cfg(target_os = "linux")]
        for number in [1, 9, 13, 17, 21, 22, 25, 38, 95] {
            assert!(
                is_unsupported(number),
                "{}",
                io::Error::from_raw_os_error(number)
            );
        }
        // EIO, ENOSPC, EROFS, EMFILE, ESTALE, EDQUOT.
        #[cfg(target_os = "linux")]
        for number in [5, 28, 30, 24, 116, 122] {
            assert!(
                !is_unsupported(number),
                "{}",
                io::Error::from_raw_os_error(number)
            );
        }
    }
}
