//! The vault's key: 32 random bytes, or made of a passphrase where there is no keychain.

use amiqus_core::secret::Passphrase;
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::{Zeroize as _, Zeroizing};

use super::key_file::Kind;

/// The key's length, in bytes: what Stronghold takes.
pub(super) const KEY_BYTES: usize = 32;

/// The vault's key, wiped when dropped.
#[derive(Clone)]
pub(super) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// A new key; `None` when the system has no randomness.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).ok()?;
        Some(Self(bytes))
    }

    /// The key in what a keychain holds; what has another length is none.
    pub(super) fn from_secret(mut secret: Vec<u8>) -> Option<Self> {
        let bytes = <[u8; KEY_BYTES]>::try_from(secret.as_slice()).ok();
        secret.zeroize();
        bytes.map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// Makes a key of a passphrase (argon2id, RFC 9106 §4); `None` when the parameters are unusable.
pub(super) fn derive(passphrase: &Passphrase, kind: &Kind) -> Option<Key> {
    let Kind::Passphrase {
        salt,
        memory_kib,
        passes,
        lanes,
    } = kind
    else {
        return None;
    };
    let parameters = Params::new(*memory_kib, *passes, *lanes, Some(KEY_BYTES)).ok()?;
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.expose().as_bytes(), salt, &mut *bytes)
        .ok()?;
    Some(Key(bytes))
}
