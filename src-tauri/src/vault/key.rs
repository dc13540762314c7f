//! The vault's key: 32 random bytes, or derived from a passphrase where there is no keychain.

use amiqus_core::secret::Passphrase;
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// The length of a key that Stronghold takes.
pub(super) const KEY_BYTES: usize = 32;

/// The vault's key, wiped when dropped.
#[derive(Clone)]
pub(super) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// Makes a new key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a key from a secret in a keychain; `None` where its length isn't a key's.
    pub(super) fn from_secret(mut secret: Vec<u8>) -> Option<Self> {
        let bytes = <[u8; KEY_BYTES]>::try_from(secret.as_slice()).ok();
        secret.zeroize();
        bytes.map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeySource {
    /// The keychain holds it.
    Keychain,
    /// It is derived from a passphrase with argon2id.
    Passphrase {
        /// Random for each vault.
        salt: [u8; 16],
        /// argon2's memory cost, in KiB.
        memory_kib: u32,
        /// argon2's time cost.
        passes: u32,
        /// argon2's degree of parallelism.
        lanes: u32,
    },
}

const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 32;
const MAX_LANES: u32 = 64;

impl KeySource {
    /// Whether deriving the key stays within limits: a key file could ask for all of a computer's memory,
    /// or for a year of its time.
    pub(super) fn is_affordable(&self) -> bool {
        match self {
            Self::Keychain => true,
            Self::Passphrase {
                memory_kib,
                passes,
                lanes,
                ..
            } => *memory_kib <= MAX_MEMORY_KIB && *passes <= MAX_PASSES && *lanes <= MAX_LANES,
        }
    }

    /// A new passphrase's salt and costs: RFC 9106's second recommended option (64 MiB, 3 passes, 4
    /// lanes).
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn new_passphrase() -> Result<Self, getrandom::Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        Ok(Self::Passphrase {
            salt,
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 4,
        })
    }
}

/// Derives a key from a passphrase (argon2id, RFC 9106 §4); `None` when argon2 refuses the parameters.
pub(super) fn derive(passphrase: &Passphrase, source: &KeySource) -> Option<Key> {
    let KeySource::Passphrase {
        salt,
        memory_kib,
        passes,
        lanes,
    } = source
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
