//! macOS's keychain and Windows' Credential Manager. They are unlocked with the session. macOS shows prompts of
//! its own where it needs one; Windows asks nobody, and gives the key to every program of the user.

#[cfg(target_os = "windows")]
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

#[cfg(target_os = "windows")]
use amiqus_core::error::chain;
use keyring_core::{CredentialStore, Entry};

use super::{KeyMatch, KeychainError, KeychainKeys, MatchKey, OnPrompt, Prompt, SERVICE, USER};
use crate::vault::key::Key;
use crate::vault::key_file::VaultId;

/// The attribute that says where Windows keeps a credential.
#[cfg(target_os = "windows")]
const PERSISTENCE: &str = "persistence";

/// On this computer alone; the store's default lets it roam with its user.
#[cfg(target_os = "windows")]
const LOCAL: &str = "Local";

impl From<keyring_core::Error> for KeychainError {
    fn from(error: keyring_core::Error) -> Self {
        // Its text alone: some variants hold the secret's bytes.
        let cause = Some(error.to_string().into());
        match error {
            keyring_core::Error::NoStorageAccess(_) => Self::Locked(cause),
            _ => Self::Absent(cause),
        }
    }
}

/// A connection to the keychain.
pub(in crate::vault) struct Keychain(Arc<CredentialStore>);

impl Keychain {
    /// Connects to the keychain.
    ///
    /// # Errors
    /// When there is none.
    pub(in crate::vault) fn connect(_timeout: Duration) -> Result<Self, KeychainError> {
        #[cfg(target_os = "macos")]
        let keychain = apple_native_keyring_store::keychain::Store::new()?;
        #[cfg(target_os = "windows")]
        let keychain = windows_native_keyring_store::Store::new()?;
        Ok(Self(keychain))
    }

    /// The entry of a vault; for `None`, that of versions before there were vault IDs.
    fn entry(&self, vault: Option<&VaultId>) -> Result<Entry, KeychainError> {
        let user = vault.map_or_else(
            || USER.to_owned(),
            |vault| format!("{USER} {}", vault.as_str()),
        );
        #[cfg(target_os = "windows")]
        let attributes = Some(&HashMap::from([(PERSISTENCE, LOCAL)]));
        #[cfg(not(target_os = "windows"))]
        let attributes = None;
        Ok(self.0.build(SERVICE, &user, attributes)?)
    }

    /// Keeps an entry on this computer that a version before 0.2 let roam with the user.
    #[cfg(target_os = "windows")]
    fn keep_local(entry: &Entry) -> Result<(), KeychainError> {
        match entry.get_attributes() {
            Ok(attributes)
                if attributes
                    .get(PERSISTENCE)
                    .is_some_and(|value| value != LOCAL) =>
            {
                // Saves the whole entry, with the persistence that `entry` was built with.
                Ok(entry.update_attributes(&HashMap::new())?)
            }
            Ok(_) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the key that matches best. The system shows its own prompt where it needs one.
    ///
    /// # Errors
    /// When the keychain can't be read.
    pub(in crate::vault) fn find(
        &self,
        vault: Option<&VaultId>,
        _prompt: Prompt,
        match_key: MatchKey<'_>,
        _on_prompt: OnPrompt<'_>,
    ) -> Result<KeychainKeys, KeychainError> {
        let mut keys = KeychainKeys::default();
        self.read_into(&mut keys, vault, match_key)?;
        // An entry from before there were vault IDs.
        if vault.is_some() && !keys.has_match() {
            self.read_into(&mut keys, None, match_key)?;
        }
        Ok(keys)
    }

    /// Adds what is stored of a vault, or from before there were vault IDs.
    fn read_into(
        &self,
        keys: &mut KeychainKeys,
        vault: Option<&VaultId>,
        match_key: MatchKey<'_>,
    ) -> Result<(), KeychainError> {
        let entry = self.entry(vault)?;
        for secret in secrets(&entry)? {
            keys.add(secret, match_key);
        }
        #[cfg(target_os = "windows")]
        if let Err(error) = Self::keep_local(&entry) {
            tracing::warn!(error = %chain(&error), "keychain: the key may roam with its user");
        }
        Ok(())
    }

    /// Adds a vault's key to the keychain, and reads it back.
    ///
    /// # Errors
    /// When it can't be written, or isn't there afterwards.
    pub(in crate::vault) fn add(
        &self,
        vault: &VaultId,
        key: &Key,
        _prompt: Prompt,
        _on_prompt: OnPrompt<'_>,
    ) -> Result<(), KeychainError> {
        let entry = self.entry(Some(vault))?;
        entry.set_secret(key.bytes())?;
        let stored = Key::from_secret(entry.get_secret()?);
        match stored {
            Some(stored) if stored.bytes() == key.bytes() => Ok(()),
            _ => Err(KeychainError::Absent(None)),
        }
    }

    /// Adds the vault's ID to its key. The entry without an ID stays, for an older version of the app.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(in crate::vault) fn assign_to_vault(
        &self,
        vault: &VaultId,
        key: &Key,
    ) -> Result<(), KeychainError> {
        self.add(vault, key, Prompt::Never, &|_| ())
    }

    /// Removes one vault's keys: those with its ID, and those without an ID that match it. Returns how
    /// many there were.
    ///
    /// # Errors
    /// When the keychain can't be read, or refuses the removal.
    pub(in crate::vault) fn remove(
        &self,
        vault: Option<&VaultId>,
        match_key: MatchKey<'_>,
    ) -> Result<usize, KeychainError> {
        let mut removed = 0;
        if let Some(vault) = vault {
            removed += remove_if(&self.entry(Some(vault))?, &|_| true)?;
        }
        let is_ours =
            |secret| Key::from_secret(secret).is_some_and(|key| match_key(&key) == KeyMatch::Yes);
        removed += remove_if(&self.entry(None)?, &is_ours)?;
        Ok(removed)
    }
}

/// A secret, and the entry of its own if it is one of several with the same attributes.
type Credential = (Vec<u8>, Option<Entry>);

/// The credentials that an entry stands for: macOS may have several with the same attributes.
fn credentials(entry: &Entry) -> Result<Vec<Credential>, KeychainError> {
    match entry.get_secret() {
        Ok(secret) => Ok(vec![(secret, None)]),
        Err(keyring_core::Error::NoEntry) => Ok(Vec::new()),
        Err(keyring_core::Error::Ambiguous(entries)) => Ok(entries
            .into_iter()
            .filter_map(|entry| Some((entry.get_secret().ok()?, Some(entry))))
            .collect()),
        Err(error) => Err(error.into()),
    }
}

fn secrets(entry: &Entry) -> Result<Vec<Vec<u8>>, KeychainError> {
    Ok(credentials(entry)?
        .into_iter()
        .map(|(secret, _)| secret)
        .collect())
}

fn remove_if(entry: &Entry, is_ours: &dyn Fn(Vec<u8>) -> bool) -> Result<usize, KeychainError> {
    let mut removed = 0;
    for (secret, one_of_several) in credentials(entry)? {
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

#[cfg(all(test, target_os = "windows"))]
mod tests {
    use super::*;

    #[test]
    fn key_is_found_by_its_vault_and_kept_on_this_computer() {
        let keychain = Keychain::connect(Duration::from_secs(5)).unwrap();
        let vault = VaultId::random().unwrap();
        let key = Key::random().unwrap();
        let is_ours = |found: &Key| {
            if found.bytes() == key.bytes() {
                KeyMatch::Yes
            } else {
                KeyMatch::No
            }
        };
        let find = || {
            keychain
                .find(Some(&vault), Prompt::Never, &is_ours, &|_| ())
                .unwrap()
        };
        let persistence = || {
            keychain
                .entry(Some(&vault))
                .unwrap()
                .get_attributes()
                .unwrap()[PERSISTENCE]
                .clone()
        };
        assert!(!find().has_match());

        // As a version before 0.2 saved it.
        let user = format!("{USER} {}", vault.as_str());
        let roaming = keychain.0.build(SERVICE, &user, None).unwrap();
        roaming.set_secret(key.bytes()).unwrap();
        assert_eq!(persistence(), "Enterprise");
        assert!(find().has_match());
        assert_eq!(persistence(), LOCAL);
        assert_eq!(keychain.remove(Some(&vault), &is_ours).unwrap(), 1);

        // From before there were vault IDs.
        let roaming = keychain.0.build(SERVICE, USER, None).unwrap();
        roaming.set_secret(key.bytes()).unwrap();
        assert!(find().has_match());
        assert_eq!(roaming.get_attributes().unwrap()[PERSISTENCE], LOCAL);
        assert_eq!(keychain.remove(Some(&vault), &is_ours).unwrap(), 1);
        assert!(!find().has_match());

        keychain.add(&vault, &key, Prompt::Never, &|_| ()).unwrap();
        assert_eq!(persistence(), LOCAL);
        // Another vault's key is left alone.
        let other = VaultId::random().unwrap();
        assert_eq!(keychain.remove(Some(&other), &|_| KeyMatch::No).unwrap(), 0);
        assert!(find().has_match());
        assert_eq!(keychain.remove(Some(&vault), &is_ours).unwrap(), 1);
        assert_eq!(keychain.remove(Some(&vault), &is_ours).unwrap(), 0);
    }
}
