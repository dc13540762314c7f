//! The vault's folder: its permissions, its lock, its left-overs, and what is set aside.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::key_file::KeyFile;

const SNAPSHOT: &str = "vault.stronghold";
const KEY_FILE: &str = "key.json";
const LOCK: &str = "lock";

/// Where the vault lies.
pub(super) struct Folder(PathBuf);

/// The folder is this process's as long as this lives.
pub(super) struct Lock {
    _file: File,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn snapshot(&self) -> PathBuf {
        self.0.join(SNAPSHOT)
    }

    /// Makes the folder, for its user alone; one that is there is made so again.
    pub(super) fn prepare(&self) -> io::Result<()> {
        private_folder(&self.0)
    }

    /// Takes the folder; `None` when another process has it.
    pub(super) fn lock(&self) -> io::Result<Option<Lock>> {
        let file = private_file()
            .create(true)
            .truncate(false)
            .open(self.0.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(problem)) => Err(problem),
        }
    }

    /// Whether it is there at all.
    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Removes all that is in it, whatever was set aside included, and then the folder.
    pub(super) fn remove(&self, held: Lock) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        // The last of all: until here no copy of the app could begin anew. Windows removes no file
        // that is open.
        drop(held);
        fs::remove_dir_all(&self.0)
    }

    /// Waits until no other process has the folder.
    pub(super) fn wait_until_free(&self) -> io::Result<()> {
        let file = private_file()
            .create(true)
            .truncate(false)
            .open(self.0.join(LOCK))?;
        file.lock()
    }

    /// Removes what killed writes left behind: `vault.stronghold.` and twelve hex digits. The lock
    /// is held, so no such file is still being written.
    pub(super) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return;
        };
        for entry in entries.flatten() {
            if is_left_over(&entry.file_name().to_string_lossy()) {
                match fs::remove_file(entry.path()) {
                    Ok(()) => tracing::info!("a killed write's left-over was removed"),
                    Err(problem) => tracing::warn!(%problem, "a left-over can't be removed"),
                }
            }
        }
    }

    pub(super) fn key_file(&self) -> Option<KeyFile> {
        let bytes = fs::read(self.0.join(KEY_FILE)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Replaces the key file in one step.
    pub(super) fn write_key_file(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.0.join(format!("{KEY_FILE}.new"));
        let mut file = private_file().create(true).truncate(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.0.join(KEY_FILE))?;
        sync(&self.0)
    }

    /// Moves the snapshot out of the way under a name with the time in it, whole. What is known of
    /// its key stays: the key is the same.
    pub(super) fn set_snapshot_aside(&self) -> io::Result<PathBuf> {
        let stamp = amiqus_core::clock::Clock::now(&crate::clock::SystemClock)
            .strftime("%Y-%m-%dT%H-%M-%SZ")
            .to_string();
        let mut to = self.0.join(format!("{SNAPSHOT}.set-aside-{stamp}"));
        let mut count = 1;
        while to.exists() {
            count += 1;
            to = self.0.join(format!("{SNAPSHOT}.set-aside-{stamp}-{count}"));
        }
        match fs::rename(self.snapshot(), &to) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
            _ => {}
        }
        sync(&self.0)?;
        Ok(to)
    }

    /// Moves the snapshot and what is known of its key out of the way, for a key that is lost or a
    /// passphrase that was forgotten.
    pub(super) fn set_all_aside(&self) -> io::Result<PathBuf> {
        let to = self.set_snapshot_aside()?;
        let mut key_file = to.clone().into_os_string();
        key_file.push(format!(".{KEY_FILE}"));
        match fs::rename(self.0.join(KEY_FILE), key_file) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
            _ => {}
        }
        sync(&self.0)?;
        Ok(to)
    }
}

/// Makes a folder for its user alone; one that is there is made so again.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Makes a file its user's alone.
pub(super) fn keep_private(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// Makes a folder's entries durable: a rename is not, until its folder is synced.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// To be opened for its user alone.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn is_left_over(name: &str) -> bool {
    name.strip_prefix(SNAPSHOT)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::is_left_over;

    /// Shows check 32.
    #[test]
    fn only_killed_writes_are_swept() {
        assert!(is_left_over("vault.stronghold.0123456789ab"));
        for kept in [
            "vault.stronghold",
            "vault.stronghold.set-aside-2026-11-23T17-25-00Z",
            "vault.stronghold.0123456789abc",
            "key.json",
            "lock",
        ] {
            assert!(!is_left_over(kept), "{kept}");
        }
    }
}
