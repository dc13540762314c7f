//! One Stronghold snapshot, open.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use amiqus_core::vault::{Change, RecordBytes, SecretStore, StoreError};
use iota_stronghold::engine::snapshot::{ReadError, decrypt_file, try_set_encrypt_work_factor};
use iota_stronghold::{Client, ClientError};
use tauri_plugin_stronghold::stronghold::Stronghold;
use zeroize::Zeroizing;

use super::folder::{Folder, Lock};
use super::key::Key;
use crate::private_fs::{self, is_refused};

/// The one client within the snapshot.
const CLIENT: &[u8] = b"sign-in-with-amiqus";

/// The engine stretches the key by 2 to the power of this before it encrypts. Stretching makes
/// *passwords* expensive to guess. This key is 32 random bytes, or was stretched by argon2id
/// already, so it would add no security, and at the stock setting cost over a second and half a
/// gigabyte for each save.
const WORK_FACTOR: u8 = 0;

/// An open snapshot.
pub(super) struct Snapshot {
    path: PathBuf,
    folder: Folder,
    key: Key,
    inner: Mutex<Inner>,
    /// No other process opens it meanwhile.
    _lock: Arc<Lock>,
}

struct Inner {
    stronghold: Stronghold,
    client: Client,
}

/// Why a snapshot doesn't open.
#[derive(Debug, thiserror::Error)]
pub(super) enum WontOpen {
    /// The file can't be read at all just now.
    #[error("it can't be read: {0}")]
    Unreadable(String),
    /// The key is another one, or the part of the file that tells is damaged.
    #[error("its key is another one")]
    WrongKey,
    /// A newer Stronghold wrote it.
    #[error("a newer version wrote it")]
    Newer,
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl Snapshot {
    /// Opens the snapshot, or begins an empty one where there is none.
    pub(super) fn open(folder: &Folder, key: &Key, lock: Arc<Lock>) -> Result<Self, WontOpen> {
        let path = folder.snapshot();
        // The engine tells more apart than the plugin does.
        if path.try_exists().map_err(WontOpen::unreadable)? {
            try_key(folder, key)?;
        }
        try_set_encrypt_work_factor(WORK_FACTOR)
            .map_err(|problem| WontOpen::Unreadable(problem.to_string()))?;
        let stronghold = Stronghold::new(&path, key.bytes().to_vec())
            .map_err(|problem| WontOpen::Damaged(problem.to_string()))?;
        let client = match stronghold.load_client(CLIENT) {
            Err(ClientError::ClientDataNotPresent) => stronghold.create_client(CLIENT),
            loaded => loaded,
        }
        .map_err(|problem| WontOpen::Damaged(problem.to_string()))?;
        Ok(Self {
            path,
            folder: folder.clone(),
            key: key.clone(),
            inner: Mutex::new(Inner { stronghold, client }),
            _lock: lock,
        })
    }

    /// Puts into its place what Stronghold wrote whole, and then could not sync or rename because the
    /// file system refuses that. `problem` is what Stronghold said.
    fn finish_save(&self, problem: &str) -> Result<(), StoreError> {
        let failure = |problem: &dyn std::fmt::Display| StoreError(problem.to_string());
        // Stronghold hands on no more than the error's text.
        let refused = error_number(problem)
            .is_some_and(|number| is_refused(&io::Error::from_raw_os_error(number)));
        let finished = match self.folder.left_over() {
            Some(written) if refused && decrypt_file(&written, self.key.bytes()).is_ok() => {
                File::open(&written)
                    .and_then(|file| self.folder.sync_file(&file))
                    .and_then(|()| self.folder.replace(&written, &self.path))
                    .map_err(|problem| failure(&problem))
            }
            _ => Err(failure(&problem)),
        };
        // The next one that fails is to leave one file as well.
        self.folder.sweep();
        finished
    }
}

/// The system's number of an error, in its text.
fn error_number(text: &str) -> Option<i32> {
    let (_, number) = text.rsplit_once("(os error ")?;
    number.split_once(')')?.0.parse().ok()
}

/// Whether this key opens the snapshot in this folder.
pub(super) fn try_key(folder: &Folder, key: &Key) -> Result<(), WontOpen> {
    decrypt_file(&folder.snapshot(), key.bytes())
        .map(drop)
        .map_err(WontOpen::from)
}

impl WontOpen {
    #[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
    fn unreadable(problem: io::Error) -> Self {
        Self::Unreadable(problem.to_string())
    }
}

impl From<ReadError> for WontOpen {
    fn from(problem: ReadError) -> Self {
        match problem {
            ReadError::Io(problem) if problem.kind() != std::io::ErrorKind::UnexpectedEof => {
                Self::Unreadable(problem.to_string())
            }
            // The type of what is within is not re-exported; its name is.
            ReadError::AgeFormatError(within)
                if matches!(
                    format!("{within:?}").as_str(),
                    "BadFileKey" | "BadHeaderMac"
                ) =>
            {
                Self::WrongKey
            }
            ReadError::UnsupportedVersion { expected, found } if found > expected => Self::Newer,
            problem => Self::Damaged(problem.to_string()),
        }
    }
}

impl SecretStore for Snapshot {
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        // What this process has in memory is not asked: the file is what outlives it.
        let on_disk = Stronghold::new(&self.path, self.key.bytes().to_vec())
            .map_err(|problem| StoreError(problem.to_string()))?;
        let store = on_disk.load_client(CLIENT).map_err(failure)?.store();
        let mut records = Vec::new();
        for name in store.keys().map_err(failure)? {
            if let Some(bytes) = store.get(&name).map_err(failure)? {
                records.push((
                    String::from_utf8_lossy(&name).into_owned(),
                    Zeroizing::new(bytes),
                ));
            }
        }
        Ok(records)
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let store = inner.client.store();
        for change in changes {
            let name = change.name.to_string().into_bytes();
            match &change.bytes {
                Some(bytes) => store.insert(name, bytes.to_vec(), None).map_err(failure)?,
                None => store.delete(&name).map_err(failure)?,
            };
        }
        if let Err(problem) = inner.stronghold.save() {
            self.finish_save(&problem.to_string())?;
        }
        // Stronghold's new file has the usual permissions; the folder keeps others out meanwhile.
        private_fs::keep_private(&self.path)
            .and_then(|()| private_fs::sync(self.folder.path()))
            .map_err(|problem| StoreError(problem.to_string()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn failure(problem: ClientError) -> StoreError {
    StoreError(problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::error_number;

    #[test]
    fn error_number_is_read_from_strongholds_text() {
        let text = "inner error occurred(I/O error: Invalid argument (os error 22))";
        assert_eq!(error_number(text), Some(22));
        for other in ["", "(os error )", "(os error x)", "I/O error (os error 5"] {
            assert_eq!(error_number(other), None, "{other}");
        }
    }
}
