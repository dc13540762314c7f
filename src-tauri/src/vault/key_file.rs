//! What is saved of the key beside the vault: which vault's it is, which kind, and a fingerprint, which
//! tells a lost key from a damaged file. The key itself is not in it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{Key, KeySource};

/// The version of this file that this build writes.
const VERSION: u32 = 1;

/// Identifies one of a user's vaults, whose keys are in the same keychain. Not a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct VaultId(String);

impl VaultId {
    /// Makes a new ID.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Ok(Self(uuid.to_string()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The content of `key.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyFile {
    version: u32,
    /// Which vault it is; `None` in a file from before there were vault IDs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) vault: Option<VaultId>,
    #[serde(rename = "kind")] // as version 1 writes it
    pub(super) source: KeySource,
    /// SHA-256 over a label and the key. It makes the key no easier to guess than the snapshot does: the
    /// key is 256 random bits, or argon2id must be computed for each guess.
    fingerprint: [u8; 32],
}

impl KeyFile {
    pub(super) fn new(vault: VaultId, source: KeySource, key: &Key) -> Self {
        Self {
            version: VERSION,
            vault: Some(vault),
            source,
            fingerprint: fingerprint(key),
        }
    }

    /// Whether the file was written for this key.
    pub(super) fn matches(&self, key: &Key) -> bool {
        self.fingerprint == fingerprint(key)
    }
}

fn fingerprint(key: &Key) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"sign-in-with-amiqus vault key, version 1\0");
    hash.update(key.bytes());
    hash.finalize().into()
}
