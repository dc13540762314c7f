//! The operating system's keychain, and which of the keys in it is the vault's.

#[cfg(target_os = "linux")]
#[path = "keychain/secret_service.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "keychain/native.rs"]
mod system;
#[cfg(target_os = "linux")]
mod watch;

use std::time::Duration;

pub(super) use self::system::Keychain;
#[cfg(target_os = "linux")]
pub(crate) use self::watch::watch;
use super::folder::Folder;
use super::key::Key;
#[cfg(target_os = "linux")]
use super::key::KeySource;
use super::key_file::KeyFile;
use super::snapshot::{WontOpen, try_key};
use crate::deadline::{self, ANSWER_TIMEOUT};

/// The entry's names in the keychain. Beside them stands whose vault it is: several of one person's
/// vaults lie side by side, as of another data folder, and none touches another's key.
const SERVICE: &str = brand::IDENTIFIER;
const USER: &str = "vault key";

/// How long the keychain may take to answer a call while the vault is opened. It is longer than the
/// window waits before it says so: a busy computer's keychain may still answer.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(25);

/// How long the keychain may take where everything that the app keeps is removed, the time in which a
/// person types its password included.
pub(super) const REMOVAL_TIMEOUT: Duration = Duration::from_mins(2);

/// Why the keychain gives or takes no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeychainFailure {
    /// It is there and locked, or refuses.
    #[error("the keychain is locked")]
    Locked,
    /// There is none that could be used.
    #[error("there is no keychain")]
    Absent,
    /// It is there and does not answer.
    #[error("the keychain doesn't answer")]
    NotAnswering,
}

/// Whether a person may be asked for the keychain's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// They may, and are waited for.
    Allowed,
    /// They may not: what would need it fails.
    Never,
}

/// Leaves off waiting for what the keychain asks its person. May block for a moment.
pub(super) type AbandonPrompt = Box<dyn Fn() + Send>;

/// Is told how to abandon the keychain's prompt while it waits for its person, and when that is over.
pub(super) type Asks<'a> = &'a dyn Fn(Option<AbandonPrompt>);

/// How well a key fits the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It opens nothing that is there.
    No,
    /// Nothing that is there tells.
    Unknown,
    /// It is the vault's.
    Yes,
}

/// What the keychain holds under the names of the vault's key.
#[derive(Default)]
pub(super) struct Found {
    /// The key that fits best, unless there is none.
    pub(super) best: Option<(Fit, Key)>,
    /// How many items could be read, whether they are keys or not.
    pub(super) read: usize,
    /// How many items, or collections that may hold one, are locked.
    pub(super) locked: usize,
}

impl Found {
    /// Takes in what one more item holds.
    fn add(&mut self, secret: Vec<u8>, fit: &dyn Fn(&Key) -> Fit) {
        self.read += 1;
        let Some(key) = Key::from_secret(secret) else {
            return;
        };
        let fit = fit(&key);
        if self.best.as_ref().is_none_or(|(best, _)| fit > *best) {
            self.best = Some((fit, key));
        }
    }

    /// Whether the vault's key is among them.
    pub(super) fn fits(&self) -> bool {
        matches!(self.best, Some((Fit::Yes, _)))
    }
}

/// Says how well a key fits the vault in this folder: by its fingerprint, else by its snapshot. This is
/// the one question that opening and the report ask.
pub(super) fn fit(folder: &Folder, key_file: Option<&KeyFile>, key: &Key) -> Fit {
    if key_file.is_some_and(|file| file.fits(key)) {
        return Fit::Yes;
    }
    if !folder.snapshot().exists() {
        // Nothing was ever closed with a key; this one may be another vault's.
        return Fit::Unknown;
    }
    match try_key(folder, key) {
        Ok(()) => Fit::Yes,
        Err(WontOpen::WrongKey) => Fit::No,
        Err(WontOpen::Unreadable(_) | WontOpen::Newer | WontOpen::Damaged(_)) => Fit::Unknown,
    }
}

/// Whether the keychain has the vault's key, as far as can be told without asking its person for
/// anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyLook {
    /// There is a keychain, it is open, and it has the key, beside so many other items of its names.
    There {
        /// How many others there are.
        others: usize,
    },
    /// There is a keychain, it is locked, and it has the key, or what bears its names.
    ThereLocked,
    /// There are items of the key's names, and none is the vault's key.
    OnlyOthers,
    /// There is a keychain, and it has no key of ours that it would tell of.
    Missing,
    /// There is no keychain.
    NoKeychain,
    /// There is a keychain, and it doesn't answer.
    NotAnswering,
    /// The vault's own folder can't be read.
    NoFolder,
    /// This system's keychain can't be looked into without asking its person.
    NotLooked,
}

impl KeyLook {
    /// In a line of the report.
    pub(crate) fn describe(self) -> String {
        let told = match self {
            Self::There { others: 0 } => "in the keychain, which is open",
            Self::There { others } => {
                return format!(
                    "in the keychain, which is open; {others} more under its names are passed over"
                );
            }
            Self::ThereLocked => "in the keychain, which is locked",
            Self::OnlyOthers => "not in the keychain: what bears its names is another vault's key",
            Self::Missing => "not in the keychain",
            Self::NoKeychain => "there is no keychain",
            Self::NotAnswering => {
                return format!(
                    "the keychain didn't answer within {} s",
                    ANSWER_TIMEOUT.as_secs()
                );
            }
            Self::NoFolder => "the vault's folder can't be read",
            Self::NotLooked => "not looked for: this system would ask its person",
        };
        told.to_owned()
    }
}

/// Looks for the vault's key as opening does, and asks nobody to unlock anything. Blocks for a few
/// seconds at most.
pub(super) fn look(folder: Folder) -> KeyLook {
    if cfg!(not(target_os = "linux")) {
        return KeyLook::NotLooked;
    }
    let looked = deadline::within(ANSWER_TIMEOUT, move || {
        let Ok(key_file) = folder.key_file() else {
            return KeyLook::NoFolder;
        };
        let fit = |key: &Key| fit(&folder, key_file.as_ref(), key);
        let vault = key_file.as_ref().and_then(|file| file.vault.as_ref());
        let found = Keychain::connect(ANSWER_TIMEOUT)
            .and_then(|keychain| keychain.find(vault, Prompt::Never, &fit, &|_| ()));
        match found {
            Ok(found) if found.fits() => KeyLook::There {
                others: found.read.saturating_sub(1),
            },
            Ok(found) if found.locked > 0 => KeyLook::ThereLocked,
            Ok(Found {
                best: Some(_) | None,
                read: 1..,
                ..
            }) => KeyLook::OnlyOthers,
            Ok(_) => KeyLook::Missing,
            Err(KeychainFailure::Locked) => KeyLook::ThereLocked,
            Err(KeychainFailure::Absent) => KeyLook::NoKeychain,
            Err(KeychainFailure::NotAnswering) => KeyLook::NotAnswering,
        }
    });
    looked.unwrap_or(KeyLook::NotAnswering)
}

/// Whether the vault in this folder would open just now without asking anybody for anything.
#[cfg(target_os = "linux")]
pub(super) fn opens_unasked(folder: Folder) -> bool {
    let key_file = folder.key_file().ok().flatten();
    key_file.is_some_and(|file| file.source == KeySource::Keychain)
        && matches!(look(folder), KeyLook::There { .. })
}
