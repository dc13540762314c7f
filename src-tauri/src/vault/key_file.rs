//! What is known of the key without holding it: which kind it is, and a fingerprint, so that a lost
//! key is told apart from a damaged file.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::files::Folder;
use super::key::Key;

/// The version of this file that this build writes.
const VERSION: u32 = 1;

/// The file beside the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyFile {
    version: u32,
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

impl Kind {
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
    pub(super) fn new(kind: Kind, key: &Key) -> Self {
        Self {
            version: VERSION,
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
