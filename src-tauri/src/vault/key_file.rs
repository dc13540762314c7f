//! What is known of the key without holding it: whose it is, which kind it is, and a fingerprint, so
//! that a lost key is told apart from a damaged file.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::files::Folder;
use super::key::Key;

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
    pub(super) kind: Kind,
    /// SHA-256 over a label and the key. The key is 256 random bits, or as hard to guess with it as
    /// with the snapshot itself: the same argon2id stands before both.
    fingerprint: [u8; 32],
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// The keychain holds it.
    Keychain,
    /// It is made of a passphrase with argon2id.
    Passphrase {
        /// Random, one for each vault.
        salt: [u8; 16],
        /// In KiB.
        memory_kib: u32,
        /// How often the memory is gone over.
        passes: u32,
        /// How many lanes.
        lanes: u32,
    },
}

/// The most memory that a passphrase's key is made with, in KiB.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;

/// The most passes over it.
const MAX_PASSES: u32 = 32;

/// The most lanes.
const MAX_LANES: u32 = 64;

impl Kind {
    /// Whether what it costs to make the key is within reason: the file could ask for all of a computer's
    /// memory, or for a year of its time.
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
    /// lanes). `None` when the system has no randomness.
    pub(super) fn new_passphrase() -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        Some(Self::Passphrase {
            salt,
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 4,
        })
    }
}

impl KeyFile {
    pub(super) fn new(vault: VaultId, kind: Kind, key: &Key) -> Self {
        Self {
            version: VERSION,
            vault: Some(vault),
            kind,
            fingerprint: fingerprint(key),
        }
    }

    /// Whether this is the key that the file was written for.
    pub(super) fn fits(&self, key: &Key) -> bool {
        self.fingerprint == fingerprint(key)
    }

    pub(super) fn write(&self, folder: &Folder) -> io::Result<()> {
        folder.write_key_file(&serde_json::to_vec_pretty(self)?)
    }
}

fn fingerprint(key: &Key) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"sign-in-with-amiqus vault key, version 1\0");
    hash.update(key.bytes());
    hash.finalize().into()
}
