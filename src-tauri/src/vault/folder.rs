//! The vault's folder: its permissions, its lock, atomic replacement of its files, and files set aside.
//!
//! `tempfile` and `atomic-write-file` replace files too, but neither falls back where a file system can't
//! replace or sync one, and Stronghold writes the snapshot itself. `fs4` locks as the standard library does.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::key_file::KeyFile;
use crate::private_fs::safeguards::{Safeguard, report};
use crate::private_fs::{
    is_held, is_unsupported, may_be_held, private_file, private_folder, read, remove_file, rename,
    sync_folder, wait_while_held,
};

const SNAPSHOT: &str = "vault.stronghold";
const KEY_FILE: &str = "key.json";
const LOCK: &str = "lock";

/// Appended to the name of a file that is being replaced in two steps.
const REPLACED_SUFFIX: &str = ".replaced";

/// The vault's folder.
#[derive(Clone)]
pub(super) struct Folder(PathBuf);

/// Keeps the folder locked for this process until it is dropped.
pub(super) struct Lock {
    _files: Vec<File>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn snapshot(&self) -> PathBuf {
        self.0.join(SNAPSHOT)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the folder, or restricts an existing one to its user.
    pub(super) fn prepare(&self) -> io::Result<()> {
        private_folder(&self.0)
    }

    /// Locks the folder; `None` when another process has locked it. The lock is on a file in it, and on one
    /// in the session's runtime folder for file systems without locks. Where neither supports locks, the
    /// folder counts as locked.
    ///
    /// # Errors
    /// When the lock file can't be opened.
    pub(super) fn lock(&self) -> io::Result<Option<Lock>> {
        let file = private_file()
            .create(true)
            .truncate(false)
            .open(self.0.join(LOCK))?;
        let unsupported = match file.try_lock() {
            Ok(()) => None,
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => Some(error),
        };
        // Both where both work: a file system may refuse its lock to one process and, a moment later, grant
        // it to the next.
        let fallback = match self.open_fallback_lock() {
            Ok(fallback) => match fallback.try_lock() {
                Ok(()) => Some(fallback),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(_)) => None,
            },
            Err(_) => None,
        };
        if let Some(error) = &unsupported {
            let missing = match fallback {
                Some(_) => Safeguard::Lock,
                None => Safeguard::AnyLock,
            };
            report(missing, &self.0, error);
        }
        Ok(Some(Lock {
            _files: std::iter::once(file).chain(fallback).collect(),
        }))
    }

    /// Opens the file that is locked where this folder can't be.
    fn open_fallback_lock(&self) -> io::Result<File> {
        // On Linux it is in memory; the other systems have a temporary folder for each user.
        let runtime = match dirs::runtime_dir() {
            Some(folder) => folder,
            None if cfg!(target_os = "linux") => return Err(io::ErrorKind::NotFound.into()),
            None => std::env::temp_dir(),
        };
        let folder = runtime.join(brand::IDENTIFIER);
        private_folder(&folder)?;
        let vault = fs::canonicalize(&self.0)?;
        let digest = Sha256::digest(vault.as_os_str().as_encoded_bytes());
        let name: String = hex::encode(digest).chars().take(16).collect();
        private_file()
            .create(true)
            .truncate(false)
            .open(folder.join(format!("{name}.lock")))
    }

    /// Whether the folder exists.
    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Removes all files in the folder, also those that were set aside, and then the folder. Where the
    /// keychain may still hold the key, the key file stays: it identifies the key, so that a later run can
    /// remove it.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub(super) fn remove(&self, lock: Lock, keep_key_file: bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != LOCK && !(keep_key_file && name == KEY_FILE) {
                remove_file(&entry.path())?;
            }
        }
        if keep_key_file {
            return Ok(());
        }
        // Last, so that no other process starts a new vault before. Windows removes no open file.
        drop(lock);
        fs::remove_dir_all(&self.0)
    }

    /// Waits until no other process has locked the folder.
    ///
    /// # Errors
    /// When neither lock can be waited for.
    pub(super) fn wait_until_free(&self) -> io::Result<()> {
        let file = private_file()
            .create(true)
            .truncate(false)
            .open(self.0.join(LOCK))?;
        let waited = file.lock();
        match self.open_fallback_lock() {
            Ok(fallback) => fallback.lock().or(waited),
            Err(_) => waited,
        }
    }

    /// Removes the temporary files of interrupted writes: `vault.stronghold.` and twelve hex digits. The
    /// lock is held, so none of them is still being written.
    pub(super) fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return;
        };
        for entry in entries.flatten() {
            if is_leftover(&entry.file_name().to_string_lossy()) {
                match remove_file(&entry.path()) {
                    Ok(()) => tracing::info!("vault: leftover of an interrupted write removed"),
                    Err(error) => tracing::warn!(%error, "vault: removal of a leftover failed"),
                }
            }
        }
    }

    /// Reads the key file. One that can't be parsed counts as none: then the snapshot verifies the key.
    ///
    /// # Errors
    /// When it exists and can't be read.
    pub(super) fn key_file(&self) -> io::Result<Option<KeyFile>> {
        match read(&self.0.join(KEY_FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits while another program holds the snapshot, which Stronghold opens by itself.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(super) fn wait_for_snapshot(&self) -> io::Result<()> {
        wait_while_held(is_held, || File::open(self.snapshot())).map(drop)
    }

    /// Replaces the key file.
    ///
    /// # Errors
    /// When it can't be written; the old one is still there then.
    pub(super) fn write_key_file(&self, key_file: &KeyFile) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(key_file)?;
        let new = self.0.join(format!("{KEY_FILE}.new"));
        let mut file = private_file().create(true).truncate(true).open(&new)?;
        file.write_all(&bytes)?;
        self.sync_file(&file)?;
        self.replace(&new, &self.0.join(KEY_FILE))
    }

    /// Replaces the old file with the new one, durably; in two steps where the file system can't do it in
    /// one.
    ///
    /// # Errors
    /// When the new file can't be renamed; the old one is still there then.
    pub(super) fn replace(&self, new: &Path, old: &Path) -> io::Result<()> {
        match rename(new, old) {
            Err(error) if is_unsupported(&error) && old.exists() => {
                // Where another program holds the old file, it may let it be renamed, and the file system is able.
                if !may_be_held(&error) {
                    report(Safeguard::Replace, &self.0, &error);
                }
                let replaced = replaced_path(old);
                rename(old, &replaced)?;
                rename(new, old).or_else(|error| {
                    rename(&replaced, old)?;
                    Err(error)
                })?;
                remove_file(&replaced)?;
            }
            outcome => outcome?,
        }
        sync_folder(&self.0)
    }

    /// Finishes or undoes replacements in two steps that were interrupted.
    ///
    /// # Errors
    /// When a file can't be renamed or removed.
    pub(super) fn finish_replacements(&self) -> io::Result<()> {
        for name in [SNAPSHOT, KEY_FILE] {
            let file = self.0.join(name);
            let replaced = replaced_path(&file);
            if !replaced.try_exists()? {
                continue;
            }
            if file.try_exists()? {
                remove_file(&replaced)?;
            } else {
                rename(replaced, file)?;
            }
        }
        Ok(())
    }

    /// Makes a file's content durable, as far as its file system supports that.
    ///
    /// # Errors
    /// When the sync fails for another reason.
    pub(super) fn sync_file(&self, file: &File) -> io::Result<()> {
        match file.sync_all() {
            Err(error) if is_unsupported(&error) => {
                report(Safeguard::FileSync, &self.0, &error);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// The new snapshot that Stronghold wrote and did not rename. `None` where there are several, because
    /// nothing tells which of them is the newest.
    pub(super) fn leftover(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.0).ok()?.flatten();
        let mut written = entries.filter(|entry| is_leftover(&entry.file_name().to_string_lossy()));
        let only = written.next()?.path();
        written.next().is_none().then_some(only)
    }

    /// Renames the snapshot to a name with the time in it. The key file stays: the key is the same.
    ///
    /// # Errors
    /// When it can't be renamed.
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
        match rename(self.snapshot(), &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        sync_folder(&self.0)?;
        Ok(to)
    }

    /// Renames the snapshot and the key file, for a key that is lost or a passphrase that was forgotten.
    ///
    /// # Errors
    /// When either can't be renamed.
    pub(super) fn set_all_aside(&self) -> io::Result<PathBuf> {
        let to = self.set_snapshot_aside()?;
        let mut key_file = to.clone().into_os_string();
        key_file.push(format!(".{KEY_FILE}"));
        match rename(self.0.join(KEY_FILE), key_file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        sync_folder(&self.0)?;
        Ok(to)
    }
}

fn replaced_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(REPLACED_SUFFIX);
    path.into()
}

fn is_leftover(name: &str) -> bool {
    name.strip_prefix(SNAPSHOT)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Folder, is_leftover};

    #[test]
    fn leftover_beside_another_is_none() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().to_owned());
        assert_eq!(folder.leftover(), None);
        let written = home.path().join("vault.stronghold.0123456789ab");
        fs::write(&written, "new").unwrap();
        assert_eq!(folder.leftover(), Some(written));
        fs::write(home.path().join("vault.stronghold.ba9876543210"), "old").unwrap();
        assert_eq!(folder.leftover(), None);
    }

    #[test]
    fn interrupted_two_step_replacement_is_finished() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let at = |name: &str| place.path().join(name);
        // Interrupted before the new file was renamed, and after it.
        fs::write(at("vault.stronghold.replaced"), "old").unwrap();
        fs::write(at("key.json.replaced"), "old").unwrap();
        fs::write(at("key.json"), "new").unwrap();
        folder.finish_replacements().unwrap();
        assert_eq!(fs::read(at("vault.stronghold")).unwrap(), b"old");
        assert_eq!(fs::read(at("key.json")).unwrap(), b"new");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }

    /// Shows check 32.
    #[test]
    fn only_interrupted_writes_are_leftovers() {
        assert!(is_leftover("vault.stronghold.0123456789ab"));
        for kept in [
            "vault.stronghold",
            "vault.stronghold.set-aside-2026-11-23T17-25-00Z",
            "vault.stronghold.0123456789abc",
            "key.json",
            "lock",
        ] {
            assert!(!is_leftover(kept), "{kept}");
        }
    }
}
