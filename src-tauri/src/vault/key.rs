//! The vault's key: 32 random bytes in the operating system's keychain, or made of a passphrase
//! where there is no keychain.

use amiqus_core::secret::Passphrase;
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::{Zeroize as _, Zeroizing};

use super::key_file::Kind;

/// The key's length, in bytes: what Stronghold takes.
pub(super) const KEY_BYTES: usize = 32;

/// The entry's names in the keychain.
const SERVICE: &str = brand::IDENTIFIER;
const USER: &str = "vault key";

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

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// Why the keychain gives or takes no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeychainFailure {
    /// It is there and locked, or refuses.
    Locked,
    /// There is none that could be used.
    Absent,
}

impl From<keyring_core::Error> for KeychainFailure {
    fn from(problem: keyring_core::Error) -> Self {
        tracing::warn!(%problem, "the keychain");
        match problem {
            keyring_core::Error::NoStorageAccess(_) => Self::Locked,
            _ => Self::Absent,
        }
    }
}

/// The key that the keychain holds, if it holds one.
pub(super) fn from_keychain() -> Result<Option<Key>, KeychainFailure> {
    match entry()?.get_secret() {
        Ok(mut secret) => {
            let bytes = <[u8; KEY_BYTES]>::try_from(secret.as_slice()).ok();
            secret.zeroize();
            Ok(bytes.map(|bytes| Key(Zeroizing::new(bytes))))
        }
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

/// Whether the keychain has the key, as far as can be told without asking its person for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyLook {
    /// There is a keychain, it is open, and it has the key.
    There,
    /// There is a keychain, it is locked, and it has the key.
    ThereLocked,
    /// There is a keychain, and it has no key of ours that it would tell of.
    Missing,
    /// There is no keychain.
    NoKeychain,
    /// This system's keychain can't be looked into without asking its person.
    #[cfg_attr(target_os = "linux", expect(dead_code, reason = "Linux's can"))]
    NotLooked,
}

impl KeyLook {
    /// In a line of the report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::There => "in the keychain, which is open",
            Self::ThereLocked => "in the keychain, which is locked",
            Self::Missing => "not in the keychain",
            Self::NoKeychain => "there is no keychain",
            Self::NotLooked => "not looked for: this system would ask its person",
        }
    }
}

/// Looks for the key by its names alone; the key itself is not read, and nobody is asked to unlock
/// anything.
pub(super) fn look() -> KeyLook {
    #[cfg(target_os = "linux")]
    return look_on_the_bus().unwrap_or(KeyLook::NoKeychain);
    #[cfg(not(target_os = "linux"))]
    KeyLook::NotLooked
}

/// freedesktop's Secret Service API, `SearchItems`: it finds items in locked collections too.
#[cfg(target_os = "linux")]
fn look_on_the_bus() -> zbus::Result<KeyLook> {
    use std::collections::HashMap;

    use zbus::zvariant::OwnedObjectPath;

    let bus = zbus::blocking::Connection::session()?;
    let names = HashMap::from([("service", SERVICE), ("username", USER)]);
    let answer = bus.call_method(
        Some("org.freedesktop.secrets"),
        "/org/freedesktop/secrets",
        Some("org.freedesktop.Secret.Service"),
        "SearchItems",
        &names,
    )?;
    let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
        answer.body().deserialize()?;
    Ok(if !open.is_empty() {
        KeyLook::There
    } else if !locked.is_empty() {
        KeyLook::ThereLocked
    } else {
        KeyLook::Missing
    })
}

/// Puts a new key into the keychain, and makes sure that it stays there.
pub(super) fn into_keychain(key: &Key) -> Result<(), KeychainFailure> {
    entry()?.set_secret(key.bytes())?;
    match from_keychain()? {
        Some(kept) if kept.bytes() == key.bytes() => Ok(()),
        _ => Err(KeychainFailure::Absent),
    }
}

/// Takes the key out of the keychain; says whether it was there.
pub(super) fn out_of_keychain() -> Result<bool, KeychainFailure> {
    match entry()?.delete_credential() {
        Ok(()) => Ok(true),
        Err(keyring_core::Error::NoEntry) => Ok(false),
        Err(problem) => Err(problem.into()),
    }
}

/// The entry, in the keychain as it is now: one that was absent may have come meanwhile.
fn entry() -> Result<keyring_core::Entry, KeychainFailure> {
    use keyring_core::api::CredentialStoreApi as _;

    #[cfg(target_os = "linux")]
    let keychain = zbus_secret_service_keyring_store::Store::new()?;
    #[cfg(target_os = "macos")]
    let keychain = apple_native_keyring_store::keychain::Store::new()?;
    #[cfg(target_os = "windows")]
    let keychain = windows_native_keyring_store::Store::new()?;
    Ok(keychain.build(SERVICE, USER, None)?)
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
