//! The operating system's keychain, and which of the keys in it is the vault's.

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(target_os = "linux")]
mod watch;

use std::time::Duration;

use amiqus_core::error::{Cause, chain};

#[cfg(not(target_os = "linux"))]
pub(super) use self::native::Keychain;
#[cfg(target_os = "linux")]
pub(super) use self::secret_service::Keychain;
#[cfg(target_os = "linux")]
pub(crate) use self::watch::watch;
use super::folder::Folder;
use super::key::Key;
#[cfg(target_os = "linux")]
use super::key::KeySource;
use super::key_file::KeyFile;
use super::snapshot::{SnapshotError, verify_key};
use crate::deadline::{self, ANSWER_TIMEOUT};

/// The attributes of the key's item in the keychain. A third one holds the vault's ID: a user may have
/// several vaults, as of another data folder, and none touches another's key.
const SERVICE: &str = brand::IDENTIFIER;
const USER: &str = "vault key";

/// How long the keychain may take to answer a call while the vault is opened. It is longer than the
/// window waits before it says so: a busy computer's keychain may still answer.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(25);

/// How long the removal of a key may take, including the time in which the user types the keychain's
/// password.
pub(super) const REMOVAL_TIMEOUT: Duration = Duration::from_mins(2);

/// Why the keychain returns or takes no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeychainError {
    /// It is locked, or its user refused to unlock it.
    #[error("the keychain is locked")]
    Locked(#[source] Option<Cause>),
    /// There is none that can be used.
    #[error("there is no usable keychain")]
    Absent(#[source] Option<Cause>),
    /// It doesn't answer.
    #[error("the keychain doesn't answer")]
    NotAnswering(#[source] Option<Cause>),
}

/// Whether the keychain may prompt for its password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// It may, and the user is waited for.
    Allowed,
    /// It may not: what needs a prompt fails.
    Never,
}

/// Stops waiting for the user whom the keychain prompts. May block for a moment.
pub(super) type AbandonPrompt = Box<dyn Fn() + Send>;

/// Called with how to abandon the keychain's prompt when it is shown, and with `None` when it is over.
pub(super) type OnPrompt<'a> = &'a dyn Fn(Option<AbandonPrompt>);

/// Tells whether a key is the vault's.
pub(super) type MatchKey<'a> = &'a dyn Fn(&Key) -> KeyMatch;

/// Whether a key is the vault's, from no to yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyMatch {
    /// It doesn't open the vault.
    No,
    /// It can't be verified.
    Unknown,
    /// It is the vault's key.
    Yes,
}

/// What the keychain holds under the attributes of a vault's key.
#[derive(Default)]
pub(super) struct KeychainKeys {
    /// The key that matches best, if there is any.
    pub(super) best: Option<(KeyMatch, Key)>,
    /// How many items could be read, whether they hold a key or not.
    pub(super) read: usize,
    /// How many items, or collections that may hold one, are locked.
    pub(super) locked: usize,
}

impl KeychainKeys {
    /// Adds one more item's secret.
    fn add(&mut self, secret: Vec<u8>, match_key: MatchKey<'_>) {
        self.read += 1;
        let Some(key) = Key::from_secret(secret) else {
            return;
        };
        let matched = match_key(&key);
        if self.best.as_ref().is_none_or(|(best, _)| matched > *best) {
            self.best = Some((matched, key));
        }
    }

    /// Whether the vault's key is among them.
    pub(super) fn has_match(&self) -> bool {
        matches!(self.best, Some((KeyMatch::Yes, _)))
    }
}

/// Tells whether a key is that of the vault in this folder, by its fingerprint, or else by the snapshot.
/// Opening, removal and the report share it, so that they agree.
pub(super) fn match_key(folder: &Folder, key_file: Option<&KeyFile>, key: &Key) -> KeyMatch {
    if key_file.is_some_and(|file| file.matches(key)) {
        return KeyMatch::Yes;
    }
    if !folder.snapshot().exists() {
        // Nothing is encrypted with any key yet, and this one may be another vault's.
        return KeyMatch::Unknown;
    }
    match verify_key(folder, key) {
        Ok(()) => KeyMatch::Yes,
        Err(SnapshotError::WrongKey) => KeyMatch::No,
        Err(SnapshotError::Unreadable(_) | SnapshotError::Newer | SnapshotError::Damaged(_)) => {
            KeyMatch::Unknown
        }
    }
}

/// Whether the keychain has the vault's key, as far as can be told without a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyLookup {
    /// The keychain is unlocked, and has the key.
    Found {
        /// How many other items have the key's attributes.
        others: usize,
    },
    /// The keychain is locked, and has the key, or an item with its attributes.
    FoundLocked,
    /// There are items with the key's attributes, and none is the vault's key.
    OnlyOthers,
    /// The keychain shows no key of this app.
    NotFound,
    /// There is no keychain.
    NoKeychain,
    /// There is a keychain, and it doesn't answer.
    NotAnswering,
    /// The vault's own folder can't be read.
    FolderUnreadable,
    /// This system's keychain can't be searched without a prompt.
    NotTried,
}

impl KeyLookup {
    /// The lookup as a line of the report.
    pub(crate) fn describe(self) -> String {
        let text = match self {
            Self::Found { others: 0 } => "in the keychain, which is open",
            Self::Found { others } => {
                return format!(
                    "in the keychain, which is open; {others} more under its names are passed over"
                );
            }
            Self::FoundLocked => "in the keychain, which is locked",
            Self::OnlyOthers => "not in the keychain: what bears its names is another vault's key",
            Self::NotFound => "not in the keychain",
            Self::NoKeychain => "there is no keychain",
            Self::NotAnswering => {
                return format!(
                    "the keychain didn't answer within {} s",
                    ANSWER_TIMEOUT.as_secs()
                );
            }
            Self::FolderUnreadable => "the vault's folder can't be read",
            Self::NotTried => "not looked for: this system would ask its person",
        };
        text.to_owned()
    }
}

/// Looks up the vault's key as opening does, without a prompt. Blocks for a few seconds at most.
pub(super) fn look_up(folder: Folder) -> KeyLookup {
    if cfg!(target_os = "macos") {
        return KeyLookup::NotTried;
    }
    let lookup = deadline::within(ANSWER_TIMEOUT, move || {
        let Ok(key_file) = folder.key_file() else {
            return KeyLookup::FolderUnreadable;
        };
        let match_key = |key: &Key| match_key(&folder, key_file.as_ref(), key);
        let vault = key_file.as_ref().and_then(|file| file.vault.as_ref());
        let keys = Keychain::connect(ANSWER_TIMEOUT)
            .and_then(|keychain| keychain.find(vault, Prompt::Never, &match_key, &|_| ()));
        if let Err(error) = &keys {
            tracing::warn!(error = %chain(error), "keychain: lookup failed");
        }
        match keys {
            Ok(keys) if keys.has_match() => KeyLookup::Found {
                others: keys.read.saturating_sub(1),
            },
            Ok(keys) if keys.locked > 0 => KeyLookup::FoundLocked,
            Ok(KeychainKeys {
                best: Some(_) | None,
                read: 1..,
                ..
            }) => KeyLookup::OnlyOthers,
            Ok(_) => KeyLookup::NotFound,
            Err(KeychainError::Locked(_)) => KeyLookup::FoundLocked,
            Err(KeychainError::Absent(_)) => KeyLookup::NoKeychain,
            Err(KeychainError::NotAnswering(_)) => KeyLookup::NotAnswering,
        }
    });
    lookup.unwrap_or(KeyLookup::NotAnswering)
}

/// Whether the vault in this folder would open now without a prompt.
#[cfg(target_os = "linux")]
pub(super) fn opens_without_prompt(folder: Folder) -> bool {
    let key_file = folder.key_file().ok().flatten();
    key_file.is_some_and(|file| file.source == KeySource::Keychain)
        && matches!(look_up(folder), KeyLookup::Found { .. })
}
