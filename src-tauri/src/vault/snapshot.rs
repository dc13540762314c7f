//! An open Stronghold snapshot.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use amiqus_core::error::Cause;
use amiqus_core::vault::{Change, RecordBytes, SecretStore, StoreError};
use iota_stronghold::engine::snapshot::{ReadError, decrypt_file, try_set_encrypt_work_factor};
use iota_stronghold::{Client, ClientError};
use tauri_plugin_stronghold::stronghold::{self, Stronghold};
use zeroize::Zeroizing;

use super::folder::{Folder, Lock};
use super::key::Key;
use crate::private_fs::{self, is_held, is_unsupported, may_be_held, wait_while_held};

/// The snapshot's only client.
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
    /// Keeps other processes from opening it.
    _lock: Arc<Lock>,
}

struct Inner {
    stronghold: Stronghold,
    client: Client,
}

/// Why a snapshot doesn't open.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    /// The file can't be read at all.
    #[error("the snapshot can't be read")]
    Unreadable(#[source] Cause),
    /// The key is another one, or the part of the file that verifies it is damaged.
    #[error("the snapshot has another key")]
    WrongKey,
    /// A newer Stronghold wrote it.
    #[error("a newer version wrote the snapshot")]
    Newer,
    /// It is damaged.
    #[error("the snapshot is damaged")]
    Damaged(#[source] Cause),
}

impl Snapshot {
    /// Opens the snapshot, or an empty one where there is no file. The file is written with the first
    /// commit.
    ///
    /// # Errors
    /// When the file can't be read with this key.
    pub(super) fn open(folder: &Folder, key: &Key, lock: Arc<Lock>) -> Result<Self, SnapshotError> {
        let path = folder.snapshot();
        let exists = path
            .try_exists()
            .map_err(|error| SnapshotError::Unreadable(error.into()))?;
        if exists {
            // The engine distinguishes more errors than the plugin does.
            verify_key(folder, key)?;
        }
        try_set_encrypt_work_factor(WORK_FACTOR)
            .map_err(|error| SnapshotError::Unreadable(error.into()))?;
        let stronghold = Stronghold::new(&path, key.bytes().to_vec())
            .map_err(|error| SnapshotError::Damaged(error.into()))?;
        let client = match stronghold.load_client(CLIENT) {
            Err(ClientError::ClientDataNotPresent) => stronghold.create_client(CLIENT),
            loaded => loaded,
        }
        .map_err(|error| SnapshotError::Damaged(error.into()))?;
        Ok(Self {
            path,
            folder: folder.clone(),
            key: key.clone(),
            inner: Mutex::new(Inner { stronghold, client }),
            _lock: lock,
        })
    }

    /// Whether a file is a whole snapshot with this key. A virus scanner may be reading what was just written.
    fn is_whole(&self, file: &Path) -> bool {
        wait_while_held(is_held, || File::open(file)).is_ok()
            && decrypt_file(file, self.key.bytes()).is_ok()
    }

    /// Completes a save that Stronghold wrote in full and then could not sync or rename, because the file
    /// system doesn't support that or another program holds the file. `error` is what Stronghold returned.
    fn finish_save(&self, error: stronghold::Error) -> Result<(), StoreError> {
        // Stronghold passes on no more than the error's text.
        let can_be_finished = error_number(&error.to_string())
            .map(io::Error::from_raw_os_error)
            .is_some_and(|error| is_unsupported(&error) || may_be_held(&error));
        let finished = match self.folder.leftover() {
            Some(written) if can_be_finished && self.is_whole(&written) => File::open(&written)
                .and_then(|file| self.folder.sync_file(&file))
                .and_then(|()| self.folder.replace(&written, &self.path))
                .map_err(StoreError::new),
            _ => Err(StoreError::new(error)),
        };
        // So that after the next failure there is again only one.
        self.folder.remove_leftovers();
        finished
    }
}

/// Reads the operating system's error number from an error's text.
fn error_number(text: &str) -> Option<i32> {
    let (_, number) = text.rsplit_once("(os error ")?;
    number.split_once(')')?.0.parse().ok()
}

/// Verifies that this key decrypts the snapshot in this folder.
///
/// # Errors
/// When it doesn't, or the file can't be read.
pub(super) fn verify_key(folder: &Folder, key: &Key) -> Result<(), SnapshotError> {
    folder
        .wait_for_snapshot()
        .map_err(|error| SnapshotError::Unreadable(error.into()))?;
    decrypt_file(&folder.snapshot(), key.bytes())
        .map(drop)
        .map_err(SnapshotError::from)
}

impl From<ReadError> for SnapshotError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                Self::Unreadable(error.into())
            }
            // The inner error's type is not exported, so its variant's name is compared.
            ReadError::AgeFormatError(inner)
                if matches!(format!("{inner:?}").as_str(), "BadFileKey" | "BadHeaderMac") =>
            {
                Self::WrongKey
            }
            ReadError::UnsupportedVersion { expected, found } if found > expected => Self::Newer,
            error => Self::Damaged(error.into()),
        }
    }
}

impl SecretStore for Snapshot {
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        self.folder.wait_for_snapshot().map_err(StoreError::new)?;
        // From the file and not from this process's memory: only the file is durable.
        let on_disk =
            Stronghold::new(&self.path, self.key.bytes().to_vec()).map_err(StoreError::new)?;
        let store = on_disk
            .load_client(CLIENT)
            .map_err(StoreError::new)?
            .store();
        let mut records = Vec::new();
        for name in store.keys().map_err(StoreError::new)? {
            if let Some(bytes) = store.get(&name).map_err(StoreError::new)? {
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
                Some(bytes) => store
                    .insert(name, bytes.to_vec(), None)
                    .map_err(StoreError::new)?,
                None => store.delete(&name).map_err(StoreError::new)?,
            };
        }
        if let Err(error) = inner.stronghold.save() {
            self.finish_save(error)?;
        }
        // Stronghold creates the new file with default permissions; the folder's keep others out until
        // here.
        private_fs::restrict_file(&self.path)
            .and_then(|()| private_fs::sync_folder(self.folder.path()))
            .map_err(StoreError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::error_number;

    #[test]
    fn error_number_in_stronghold_text_is_parsed() {
        let text = "inner error occurred(I/O error: Invalid argument (os error 22))";
        assert_eq!(error_number(text), Some(22));
        for other in ["", "(os error )", "(os error x)", "I/O error (os error 5"] {
            assert_eq!(error_number(other), None, "{other}");
        }
    }
}
