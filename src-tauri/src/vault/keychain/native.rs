//! macOS's keychain and Windows' credential manager. They are opened with the session, and ask their
//! person by themselves where they must.

use std::sync::Arc;
use std::time::Duration;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{CredentialStore, Entry};

use super::{Asks, Fit, Found, KeychainFailure, Prompt, SERVICE, USER};
use crate::vault::key::Key;
use crate::vault::key_file::VaultId;

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
pub(in crate::vault) struct Keychain(Arc<CredentialStore>);

impl Keychain {
    /// The keychain as it is now: one that was absent may have come meanwhile.
    pub(in crate::vault) fn connect(_timeout: Duration) -> Result<Self, KeychainFailure> {
        #[cfg(target_os = "macos")]
        let keychain = apple_native_keyring_store::keychain::Store::new()?;
        #[cfg(target_os = "windows")]
        let keychain = windows_native_keyring_store::Store::new()?;
        Ok(Self(keychain))
    }

    /// The entry of a vault; that of the time before vaults had names for none.
    fn entry(&self, vault: Option<&VaultId>) -> Result<Entry, KeychainFailure> {
        let user = vault.map_or_else(
            || USER.to_owned(),
            |vault| format!("{USER} {}", vault.as_str()),
        );
        Ok(self.0.build(SERVICE, &user, None)?)
    }

    /// Finds the key that fits best. The system asks its person by itself.
    pub(in crate::vault) fn find(
        &self,
        vault: Option<&VaultId>,
        _prompt: Prompt,
        fit: &dyn Fn(&Key) -> Fit,
        _asks: Asks<'_>,
    ) -> Result<Found, KeychainFailure> {
        let mut found = Found::default();
        for secret in secrets(&self.entry(vault)?)? {
            found.add(secret, fit);
        }
        // One from before vaults had names.
        if vault.is_some() && !found.fits() {
            for secret in secrets(&self.entry(None)?)? {
                found.add(secret, fit);
            }
        }
        Ok(found)
    }

    /// Puts a vault's key into the keychain, and makes sure that it stays there.
    pub(in crate::vault) fn add(
        &self,
        vault: &VaultId,
        key: &Key,
        _prompt: Prompt,
        _asks: Asks<'_>,
    ) -> Result<(), KeychainFailure> {
        let entry = self.entry(Some(vault))?;
        entry.set_secret(key.bytes())?;
        let kept = Key::from_secret(entry.get_secret()?);
        match kept {
            Some(kept) if kept.bytes() == key.bytes() => Ok(()),
            _ => Err(KeychainFailure::Absent),
        }
    }

    /// Gives a key that is there its vault's name. The nameless entry stays for an older version of the
    /// app.
    pub(in crate::vault) fn name(&self, vault: &VaultId, key: &Key) -> Result<(), KeychainFailure> {
        self.add(vault, key, Prompt::Never, &|_| ())
    }

    /// Removes the keys of one vault: those of its name, and nameless ones that fit it. Says how many
    /// there were.
    pub(in crate::vault) fn remove(
        &self,
        vault: Option<&VaultId>,
        fit: &dyn Fn(&Key) -> Fit,
    ) -> Result<usize, KeychainFailure> {
        let mut removed = 0;
        if let Some(vault) = vault {
            removed += remove_if(&self.entry(Some(vault))?, &|_| true)?;
        }
        let fits = |secret| Key::from_secret(secret).is_some_and(|key| fit(&key) == Fit::Yes);
        removed += remove_if(&self.entry(None)?, &fits)?;
        Ok(removed)
    }
}

/// The entries that an entry stands for: macOS may have several of one name.
fn each(entry: &Entry) -> Result<Vec<(Vec<u8>, Option<Entry>)>, KeychainFailure> {
    match entry.get_secret() {
        Ok(secret) => Ok(vec![(secret, None)]),
        Err(keyring_core::Error::NoEntry) => Ok(Vec::new()),
        Err(keyring_core::Error::Ambiguous(entries)) => Ok(entries
            .into_iter()
            .filter_map(|entry| Some((entry.get_secret().ok()?, Some(entry))))
            .collect()),
        Err(problem) => Err(problem.into()),
    }
}

fn secrets(entry: &Entry) -> Result<Vec<Vec<u8>>, KeychainFailure> {
    Ok(each(entry)?.into_iter().map(|(secret, _)| secret).collect())
}

fn remove_if(entry: &Entry, is_ours: &dyn Fn(Vec<u8>) -> bool) -> Result<usize, KeychainFailure> {
    let mut removed = 0;
    for (secret, one_of_several) in each(entry)? {
        if is_ours(secret) {
            one_of_several
                .as_ref()
                .unwrap_or(entry)
                .delete_credential()?;
            removed += 1;
        }
    }
    Ok(removed)
}
