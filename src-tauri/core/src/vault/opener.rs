//! Opening the vault, and why it stays locked.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::store::{SecretStore, StoreError};
use crate::error::{Code, Problem};
use crate::secret::Passphrase;

/// How to unlock the vault.
#[derive(Debug, Clone)]
pub enum Unlock {
    /// With the key in the operating system's keychain, or with a new key if neither a key nor a vault
    /// exists.
    Keychain,
    /// The same without a prompt: if the keychain needs one, the vault stays locked.
    KeychainWithoutPrompt,
    /// With the passphrase that was chosen earlier.
    Passphrase(Passphrase),
    /// With a new passphrase, on a computer without a keychain.
    NewPassphrase(Passphrase),
}

/// Why the vault is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    /// The keychain is locked.
    KeychainLocked,
    /// There is no usable keychain.
    KeychainAbsent,
    /// The keychain that has the vault's key can't be reached.
    KeychainUnreachable,
    /// The vault is protected by a passphrase.
    PassphraseNeeded,
    /// The vault exists, but the keychain no longer has its key.
    KeyLost,
    /// Another process has the vault open.
    InUseElsewhere,
    /// The vault's folder can't be read or written.
    VaultUnreachable,
    /// The disk is full.
    DiskFull,
}

impl LockReason {
    /// Whether a change of the keychain could unlock the vault.
    #[must_use]
    pub fn is_keychain_related(self) -> bool {
        match self {
            Self::KeychainLocked
            | Self::KeychainAbsent
            | Self::KeychainUnreachable
            | Self::KeyLost => true,
            Self::PassphraseNeeded
            | Self::InUseElsewhere
            | Self::VaultUnreachable
            | Self::DiskFull => false,
        }
    }
}

/// Why opening the vault failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// The vault stays locked. Nothing was changed.
    #[error("the vault is locked: {0:?}")]
    Locked(LockReason),
    /// The passphrase is wrong.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The new passphrase has fewer than [`MIN_PASSPHRASE_CHARS`] characters.
    #[error("the passphrase is too short")]
    PassphraseTooShort,
}

/// The minimum length of a passphrase, in characters.
pub const MIN_PASSPHRASE_CHARS: usize = 12;

/// An unusable vault file that was moved aside unchanged.
#[derive(Debug, Clone)]
pub struct SetAside {
    /// Why it was set aside.
    pub why: SetAsideReason,
    /// Its new path.
    pub to: PathBuf,
}

/// Why a vault file was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAsideReason {
    /// It can't be read.
    Damaged,
    /// It was written by a newer version of the app.
    Newer,
}

impl From<&SetAside> for Problem {
    fn from(set_aside: &SetAside) -> Self {
        let code = match set_aside.why {
            SetAsideReason::Damaged => Code::VaultDamaged,
            SetAsideReason::Newer => Code::VaultNewer,
        };
        Self::about_file(code, set_aside.to.display().to_string())
    }
}

/// An opened vault.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn SecretStore>,
    /// The unusable file that was set aside first, if there was one.
    pub set_aside: Option<SetAside>,
}

/// Opens the vault. All methods block.
pub trait VaultOpener: Send + Sync + 'static {
    /// Opens the vault. An unusable file is set aside, never overwritten.
    ///
    /// # Errors
    /// [`OpenError`] when the vault stays locked or the passphrase can't be used.
    fn open(&self, unlock: Unlock) -> Result<Opened, OpenError>;

    /// What a slow [`VaultOpener::open`] is waiting for, as the reason why the vault is still locked.
    fn waits_for(&self) -> LockReason {
        LockReason::KeychainLocked
    }

    /// Dismisses the prompt of the keychain that [`VaultOpener::open`] is waiting for, which then fails.
    /// May block for a moment.
    fn abandon_prompt(&self) {}

    /// Waits until no other process has the vault open. Another may open it before this returns.
    fn wait_until_free(&self);

    /// Sets aside a vault whose key is lost, so that [`VaultOpener::open`] creates a new one.
    ///
    /// # Errors
    /// [`StoreError`] when the file can't be moved.
    fn set_aside(&self, why: SetAsideReason) -> Result<SetAside, StoreError>;
}
