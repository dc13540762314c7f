//! A store of secrets.

use zeroize::Zeroizing;

use super::record_name::RecordName;

use crate::error::Cause;

/// The bytes of a record, wiped when dropped.
pub type RecordBytes = Zeroizing<Vec<u8>>;

/// A change to one record, as part of a commit.
pub struct Change {
    /// The record's name.
    pub name: RecordName,
    /// The record's new bytes; `None` removes it.
    pub bytes: Option<RecordBytes>,
}

/// An open store of secrets. All methods block.
pub trait SecretStore: Send + Sync + 'static {
    /// Reads all records from durable storage.
    ///
    /// # Errors
    /// [`StoreError`] when the store can't be read.
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreError>;

    /// Writes all changes or none. When this returns, they survive a power failure.
    ///
    /// # Errors
    /// [`StoreError`] when the store can't be written. The previous records are still there.
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;
}

/// The store can't be read or written. Displays its cause, which must not contain a secret: it is
/// logged.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Cause);

impl StoreError {
    /// Wraps the error of a store's implementation, or a message.
    pub fn new(cause: impl Into<Cause>) -> Self {
        Self(cause.into())
    }
}
