//! Files that another program has open for a moment: a virus scanner, an indexer, a backup. Windows then refuses to
//! open, rename or remove them; the other systems don't.

use std::io;

/// Runs an operation, again and again while it fails because another program holds a file. Half a second in all.
///
/// # Errors
/// What the last attempt returned.
#[cfg(windows)]
pub(crate) fn wait_while_held<T>(
    is_held: impl Fn(&io::Error) -> bool,
    mut operation: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    use std::time::Duration;

    /// Twice as long each time.
    const FIRST_PAUSE: Duration = Duration::from_millis(4);
    const LAST_PAUSE: Duration = Duration::from_millis(256);

    let mut pause = FIRST_PAUSE;
    while pause <= LAST_PAUSE {
        match operation() {
            Err(error) if is_held(&error) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "nothing tells when another program closes a file"
                )]
                std::thread::sleep(pause);
            }
            outcome => return outcome,
        }
        pause *= 2;
    }
    operation()
}

/// Runs an operation once.
///
/// # Errors
/// What it returned.
#[cfg(not(windows))]
pub(crate) fn wait_while_held<T>(
    _is_held: impl Fn(&io::Error) -> bool,
    operation: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    operation()
}

/// Whether an operation failed because another program has the file open.
pub(crate) fn is_held(error: &io::Error) -> bool {
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    cfg!(windows)
        && matches!(
            error.raw_os_error(),
            Some(SHARING_VIOLATION | LOCK_VIOLATION)
        )
}

/// Whether a rename or a removal may have failed because another program has the file open: of some of these files
/// Windows says that access is denied.
pub(crate) fn may_be_held(error: &io::Error) -> bool {
    is_held(error) || cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied
}

#[cfg(windows)]
#[cfg(test)]
mod tests {
    use std::fs::{self, File, OpenOptions};
    use std::os::windows::fs::OpenOptionsExt as _;
    use std::path::Path;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::private_fs;

    /// Opens a file so that no other program may open, rename or remove it.
    fn hold(file: &Path) -> File {
        let options = &mut OpenOptions::new();
        options.read(true).share_mode(0).open(file).unwrap()
    }

    /// Holds a file for a moment that is shorter than what is waited for.
    fn hold_for_a_moment(file: &Path) -> thread::JoinHandle<()> {
        let held = hold(file);
        thread::spawn(move || {
            thread::park_timeout(Duration::from_millis(60));
            drop(held);
        })
    }

    #[test]
    fn held_file_is_read_renamed_and_removed_once_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.json");
        let renamed = folder.path().join("renamed.json");
        fs::write(&file, "content").unwrap();
        let held = hold(&file);
        assert!(is_held(&fs::read(&file).unwrap_err()));
        assert!(may_be_held(&fs::remove_file(&file).unwrap_err()));
        assert!(may_be_held(&fs::rename(&file, &renamed).unwrap_err()));
        drop(held);

        let holder = hold_for_a_moment(&file);
        assert_eq!(private_fs::read(&file).unwrap(), b"content");
        holder.join().unwrap();

        let holder = hold_for_a_moment(&file);
        private_fs::rename(&file, &renamed).unwrap();
        holder.join().unwrap();

        let holder = hold_for_a_moment(&renamed);
        private_fs::remove_file(&renamed).unwrap();
        holder.join().unwrap();
        assert!(!renamed.exists());
    }

    #[test]
    fn file_that_stays_held_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.json");
        fs::write(&file, "content").unwrap();
        let _held = hold(&file);
        assert!(is_held(&private_fs::read(&file).unwrap_err()));
    }
}
