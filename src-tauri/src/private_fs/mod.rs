//! Files and folders that only their user may read, and how durable a file system makes them. What a
//! file system refuses is reported as a missing safeguard, and is no error.

pub(crate) mod safeguards;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

use self::safeguards::{Safeguard, report};

/// Makes a folder for its user alone; one that is there is made so again. Where that is refused it is
/// said, and no fault.
///
/// # Errors
/// When there is no folder then.
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

/// Makes a file its user's alone, as far as its file system does that.
pub(crate) fn keep_private(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    restrict(file, 0o600, file.parent().unwrap_or(file))?;
    Ok(())
}

/// Sets a file's mode, unless it has it. Some file systems refuse that, some say yes and do nothing, and
/// some have a mode for all files: what counts is who can read it then.
#[cfg(unix)]
fn restrict(path: &Path, mode: u32, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let has = |path: &Path| fs::metadata(path).map(|about| about.permissions().mode() & 0o777);
    if has(path)? == mode {
        return Ok(());
    }
    let outcome = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let has = has(path)?;
    if has & 0o077 != 0 {
        match outcome {
            Err(refused) => report(Safeguard::Permissions, folder, &refused),
            Ok(()) => report(
                Safeguard::Permissions,
                folder,
                &format!("mode {has:o} stays"),
            ),
        }
    }
    Ok(())
}

/// Makes a folder's entries durable, as far as its file system does that: a rename is not, until its
/// folder is synced.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match File::open(folder).and_then(|open| open.sync_all()) {
        Err(refused) if is_refused(&refused) => {
            report(Safeguard::FolderSync, folder, &refused);
        }
        outcome => outcome?,
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Whether the file system doesn't do such a thing, in place of failing at it.
pub(crate) fn is_refused(problem: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidInput, IsADirectory, PermissionDenied, Unsupported};

    #[cfg(unix)]
    {
        use rustix::io::Errno;
        if matches!(
            Errno::from_io_error(problem),
            Some(Errno::BADF | Errno::NOTTY)
        ) {
            return true;
        }
    }
    matches!(
        problem.kind(),
        AlreadyExists | InvalidInput | IsADirectory | PermissionDenied | Unsupported
    )
}

/// To be opened for its user alone.
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

    use super::is_refused;

    #[test]
    fn refusals_are_told_from_faults() {
        let of = |number| is_refused(&io::Error::from_raw_os_error(number));
        // EPERM, EBADF, EACCES, EEXIST, EISDIR, EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP on Linux.
        #[cfg(target_os = "linux")]
        for refusal in [1, 9, 13, 17, 21, 22, 25, 38, 95] {
            assert!(of(refusal), "{}", io::Error::from_raw_os_error(refusal));
        }
        // EIO, ENOSPC, EROFS, EMFILE, ESTALE, EDQUOT.
        #[cfg(target_os = "linux")]
        for fault in [5, 28, 30, 24, 116, 122] {
            assert!(!of(fault), "{}", io::Error::from_raw_os_error(fault));
        }
    }
}
