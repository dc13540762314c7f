//! The vault: what is stored, under which names and in which format, and the traits of a store of
//! secrets. Only the shell's vault knows which product implements them.

mod opener;
mod record_name;
mod records;
mod store;

#[cfg(test)]
mod tests;

pub use self::opener::{
    LockReason, MIN_PASSPHRASE_CHARS, OpenError, Opened, SetAside, SetAsideReason, Unlock,
    VaultOpener,
};
pub use self::record_name::{ParseRecordNameError, RecordName};
pub use self::records::{
    NewerVersionError, RECORD_VERSION, Records, StoredGrant, encode_account, encode_attempt,
    encode_current, encode_grant, encode_registration, encode_unclaimed,
};
pub use self::store::{Change, RecordBytes, SecretStore, StoreError};
