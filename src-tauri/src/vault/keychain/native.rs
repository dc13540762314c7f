//! macOS's keychain and Windows' credential manager. They are opened with the session, and ask their
//! person by themselves where they must.

use std::time::Duration;

use keyring_core::Entry;

use super::{Asks, Fit, Found, KeychainFailure, Prompt, SERVICE, USER};
use crate::vault::key::Key;

impl From<keyring_core::Error> for KeychainFailure {
    fn from(problem: keyring_core::Error) -> Self {
        tracing::warn!(%problem, "the keychain");
        match problem {
            keyring_core::Error::NoStorageAccess(_) => Self::Locked,
            _ => Self::Absent,
        }
    }
}

/// The keychain.
pub(in crate::vault) struct Keychain {
    entry: Entry,
}

impl Keychain {
    /// The keychain as it is now: one that was absent may have come meanwhile.
    pub(in crate::vault) fn connect(_timeout: Duration) -> Result<Self, KeychainFailure> {
        use keyring_core::api::CredentialStoreApi as _;

        #[cfg(target_os = "macos")]
        let keychain = apple_native_keyring_store::keychain::Store::new()?;
        #[cfg(target_os = "windows")]
        let keychain = windows_native_keyring_store::Store::new()?;
        Ok(Self {
            entry: keychain.build(SERVICE, USER, None)?,
        })
    }

    /// What the items under the key's names hold.
    fn secrets(&self) -> Result<Vec<Vec<u8>>, KeychainFailure> {
        match self.entry.get_secret() {
            Ok(secret) => Ok(vec![secret]),
            Err(keyring_core::Error::NoEntry) => Ok(Vec::new()),
            Err(keyring_core::Error::Ambiguous(entries)) => Ok(entries
                .iter()
                .filter_map(|entry| entry.get_secret().ok())
                .collect()),
            Err(problem) => Err(problem.into()),
        }
    }

    /// Finds the key that fits best. The system asks its person by itself.
    pub(in crate::vault) fn find(
        &self,
        _prompt: Prompt,
        fit: &dyn Fn(&Key) -> Fit,
        _asks: Asks<'_>,
    ) -> Result<Found, KeychainFailure> {
        let mut found = Found::default();
        for secret in self.secrets()? {
            found.add(secret, fit);
        }
        Ok(found)
    }

    /// Puts a new key into the keychain, and makes sure that it stays there.
    pub(in crate::vault) fn add(
        &self,
        key: &Key,
        _prompt: Prompt,
        _asks: Asks<'_>,
    ) -> Result<(), KeychainFailure> {
        self.entry.set_secret(key.bytes())?;
        let kept = Key::from_secret(self.entry.get_secret()?);
        match kept {
            Some(kept) if kept.bytes() == key.bytes() => Ok(()),
            _ => Err(KeychainFailure::Absent),
        }
    }

    /// Removes all keys of the app's; says how many there were.
    pub(in crate::vault) fn remove_all(&self) -> Result<usize, KeychainFailure> {
        let entries = match self.entry.delete_credential() {
            Ok(()) => return Ok(1),
            Err(keyring_core::Error::NoEntry) => return Ok(0),
            Err(keyring_core::Error::Ambiguous(entries)) => entries,
            Err(problem) => return Err(problem.into()),
        };
        for entry in &entries {
            entry.delete_credential()?;
        }
        Ok(entries.len())
    }
}
