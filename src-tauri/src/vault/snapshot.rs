//! One Stronghold snapshot, open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use amiqus_core::vault::{Change, RecordBytes, SecretStore, StoreFailure};
use iota_stronghold::engine::snapshot::{ReadError, decrypt_file, try_set_encrypt_work_factor};
use iota_stronghold::{Client, ClientError};
use tauri_plugin_stronghold::stronghold::Stronghold;
use zeroize::Zeroizing;

use super::files::{self, Lock};
use super::key::Key;

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
    pub(super) fn open(path: PathBuf, key: &Key, lock: Arc<Lock>) -> Result<Self, WontOpen> {
        // The engine tells more apart than the plugin does.
        if path.exists() {
            decrypt_file(&path, key.bytes()).map_err(WontOpen::from)?;
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
            key: key.clone(),
            inner: Mutex::new(Inner { stronghold, client }),
            _lock: lock,
        })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
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
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreFailure> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        // What this process has in memory is not asked: the file is what outlives it.
        let on_disk = Stronghold::new(&self.path, self.key.bytes().to_vec())
            .map_err(|problem| StoreFailure(problem.to_string()))?;
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

    fn commit(&self, changes: &[Change]) -> Result<(), StoreFailure> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let store = inner.client.store();
        for change in changes {
            let name = change.name.to_string().into_bytes();
            match &change.bytes {
                Some(bytes) => store.insert(name, bytes.to_vec(), None).map_err(failure)?,
                None => store.delete(&name).map_err(failure)?,
            };
        }
        inner
            .stronghold
            .save()
            .map_err(|problem| StoreFailure(problem.to_string()))?;
        // Stronghold's new file has the usual permissions; the folder keeps others out meanwhile.
        files::keep_private(&self.path)
            .and_then(|()| files::sync(self.folder()))
            .map_err(|problem| StoreFailure(problem.to_string()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn failure(problem: ClientError) -> StoreFailure {
    StoreFailure(problem.to_string())
}
