//! The vault's folder: its permissions, its lock, its left-overs, and what is set aside.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::key_file::KeyFile;
use crate::private_fs::safeguards::{Safeguard, report};
use crate::private_fs::{is_refused, private_file, private_folder, sync};

const SNAPSHOT: &str = "vault.stronghold";
const KEY_FILE: &str = "key.json";
const LOCK: &str = "lock";

/// What is appended to the name of a file that a new one is about to replace in two steps.
const REPLACED: &str = ".replaced";

/// Where the vault lies.
#[derive(Clone)]
pub(super) struct Folder(PathBuf);

/// The folder is this process's as long as this lives.
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

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, for its user alone; one that is there is made so again.
    pub(super) fn prepare(&self) -> io::Result<()> {
        private_folder(&self.0)
    }

    /// Takes the folder; `None` when another process has it. The lock is a file in it and one in the
    /// session's runtime folder, for file systems without locks; where neither has any, there is none.
    pub(super) fn lock(&self) -> io::Result<Option<Lock>> {
        let file = private_file()
            .create(true)
            .truncate(false)
            .open(self.0.join(LOCK))?;
        let refused = match file.try_lock() {
            Ok(()) => None,
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(refused)) => Some(refused),
        };
        // Both wherever both can be had: a file system may refuse its locks to one copy and, a moment
        // later, grant them to the next.
        let elsewhere = match self.open_lock_elsewhere() {
            Ok(elsewhere) => match elsewhere.try_lock() {
                Ok(()) => Some(elsewhere),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(_)) => None,
            },
            Err(_) => None,
        };
        if let Some(refused) = &refused {
            let missing = match elsewhere {
                Some(_) => Safeguard::Lock,
                None => Safeguard::AnyLock,
            };
            report(missing, &self.0, refused);
        }
        Ok(Some(Lock {
            _files: std::iter::once(file).chain(elsewhere).collect(),
        }))
    }

    /// Opens the file that is locked where this folder can't be.
    fn open_lock_elsewhere(&self) -> io::Result<File> {
        // Linux's is on a file system of the kernel's own; the other systems have a temporary folder
        // for each user.
        let runtime = match dirs::runtime_dir() {
            Some(folder) => folder,
            None if cfg!(target_os = "linux") => return Err(io::ErrorKind::NotFound.into()),
            None => std::env::temp_dir(),
        };
        let folder = runtime.join(brand::IDENTIFIER);
        private_folder(&folder)?;
        let vault = fs::canonicalize(&self.0)?;
        let name = Sha256::digest(vault.as_os_str().as_encoded_bytes());
        let name = name
            .iter()
            .take(8)
            .fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
        private_file()
            .create(true)
            .truncate(false)
            .open(folder.join(format!("{name}.lock")))
    }

    /// Whether it is there at all.
    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Removes all that is in it, whatever was set aside included, and then the folder. Where its key is
    /// still in the keychain the file stays that says which it is: no secret, and without it nobody could
    /// remove that key later.
    pub(super) fn remove(&self, held: Lock, is_key_left: bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != LOCK && !(is_key_left && name == KEY_FILE) {
                fs::remove_file(entry.path())?;
            }
        }
        if is_key_left {
            return Ok(());
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
        let waited = file.lock();
        match self.open_lock_elsewhere() {
            Ok(elsewhere) => elsewhere.lock().or(waited),
            Err(_) => waited,
        }
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

    /// What is known of the key. A file that makes no sense counts as none: the key is told by the
    /// snapshot then.
    pub(super) fn key_file(&self) -> io::Result<Option<KeyFile>> {
        match fs::read(self.0.join(KEY_FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Replaces the key file in one step.
    pub(super) fn write_key_file(&self, key_file: &KeyFile) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(key_file)?;
        let new = self.0.join(format!("{KEY_FILE}.new"));
        let mut file = private_file().create(true).truncate(true).open(&new)?;
        file.write_all(&bytes)?;
        self.sync_file(&file)?;
        self.replace(&new, &self.0.join(KEY_FILE))
    }

    /// Puts a new file in an old one's place, durably.
    pub(super) fn replace(&self, new: &Path, old: &Path) -> io::Result<()> {
        match fs::rename(new, old) {
            Err(refused) if is_refused(&refused) && old.exists() => {
                report(Safeguard::Replace, &self.0, &refused);
                let aside = aside(old);
                fs::rename(old, &aside)?;
                fs::rename(new, old).or_else(|problem| {
                    // Better the old one than none.
                    fs::rename(&aside, old)?;
                    Err(problem)
                })?;
                fs::remove_file(aside)?;
            }
            outcome => outcome?,
        }
        sync(&self.0)
    }

    /// Puts back what a replacement in two steps had moved aside when it was cut off.
    pub(super) fn finish_replacements(&self) -> io::Result<()> {
        for name in [SNAPSHOT, KEY_FILE] {
            let file = self.0.join(name);
            let aside = aside(&file);
            if !aside.try_exists()? {
                continue;
            }
            if file.try_exists()? {
                fs::remove_file(aside)?;
            } else {
                fs::rename(aside, file)?;
            }
        }
        Ok(())
    }

    /// Makes a file's content durable, as far as its file system does that.
    pub(super) fn sync_file(&self, file: &File) -> io::Result<()> {
        match file.sync_all() {
            Err(refused) if is_refused(&refused) => {
                report(Safeguard::FileSync, &self.0, &refused);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// The new snapshot that Stronghold wrote and did not put into its place. `None` where an older one
    /// could not be removed: nothing tells which of them is the new one.
    pub(super) fn left_over(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.0).ok()?.flatten();
        let mut written =
            entries.filter(|entry| is_left_over(&entry.file_name().to_string_lossy()));
        let only = written.next()?.path();
        written.next().is_none().then_some(only)
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

fn aside(file: &Path) -> PathBuf {
    let mut aside = file.as_os_str().to_owned();
    aside.push(REPLACED);
    aside.into()
}

fn is_left_over(name: &str) -> bool {
    name.strip_prefix(SNAPSHOT)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Folder, is_left_over};

    #[test]
    fn left_over_is_told_only_where_it_is_the_only_one() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().to_owned());
        assert_eq!(folder.left_over(), None);
        let written = home.path().join("vault.stronghold.0123456789ab");
        fs::write(&written, "new").unwrap();
        assert_eq!(folder.left_over(), Some(written));
        fs::write(home.path().join("vault.stronghold.ba9876543210"), "old").unwrap();
        assert_eq!(folder.left_over(), None);
    }

    #[test]
    fn replacement_in_two_steps_that_was_cut_off_is_finished() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let at = |name: &str| place.path().join(name);
        // Before the new one was in its place, and after that.
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
