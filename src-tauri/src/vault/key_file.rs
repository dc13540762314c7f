//! What is known of the key without holding it: whose it is, which kind it is, and a fingerprint, so
//! that a lost key is told apart from a damaged file.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{Key, KeySource};

/// The version of this file that this build writes.
const VERSION: u32 = 1;

/// Tells the vaults of one person apart, whose keys lie side by side in one keychain. No secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct VaultId(String);

impl VaultId {
    /// A new one; `None` when the system has no randomness.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Some(Self(uuid.to_string()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The file beside the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyFile {
    version: u32,
    /// Which vault it is; none before there were such names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) vault: Option<VaultId>,
    #[serde(rename = "kind")] // as version 1 writes it
    pub(super) source: KeySource,
    /// SHA-256 over a label and the key. The key is 256 random bits, or as hard to guess with it as
    /// with the snapshot itself: the same argon2id stands before both.
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

    /// Whether this is the key that the file was written for.
    pub(super) fn fits(&self, key: &Key) -> bool {
        self.fingerprint == fingerprint(key)
    }
}

fn fingerprint(key: &Key) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"sign-in-with-amiqus vault key, version 1\0");
    hash.update(key.bytes());
    hash.finalize().into()
}
