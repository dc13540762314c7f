//! freedesktop's Secret Service on the session bus: GNOME's keyring, KDE's wallet, `KeePassXC`. While one of
//! its collections is unlocked, no other one is prompted for.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use amiqus_core::error::chain;
use secret_service::EncryptionType;
use secret_service::blocking::{Collection, SecretService};
use zbus::blocking::connection::Builder;
use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, MessageIterator};
use zbus::zvariant::OwnedObjectPath;

use super::signals::{BUS_NAME, KeychainSignal, match_rules};
use super::{KeyMatch, KeychainError, KeychainKeys, MatchKey, OnPrompt, Prompt, SERVICE, USER};
use crate::deadline;
use crate::vault::key::Key;
use crate::vault::key_file::VaultId;

pub(super) const SERVICE_PATH: &str = "/org/freedesktop/secrets";
pub(super) const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// The path that stands for no object.
const NO_OBJECT: &str = "/";

/// How many messages may wait while a prompt is shown.
const MAX_QUEUED_MESSAGES: usize = 1024;

/// The attribute that holds a vault's ID.
const VAULT_ATTRIBUTE: &str = "vault";

/// The attributes that the keys of all vaults have.
pub(super) fn attributes() -> HashMap<&'static str, &'static str> {
    HashMap::from([("service", SERVICE), ("username", USER)])
}

/// The attributes of one vault's key.
fn attributes_of(vault: &VaultId) -> HashMap<&str, &str> {
    HashMap::from([
        ("service", SERVICE),
        ("username", USER),
        (VAULT_ATTRIBUTE, vault.as_str()),
    ])
}

impl From<secret_service::Error> for KeychainError {
    fn from(error: secret_service::Error) -> Self {
        use secret_service::Error;

        match error {
            Error::Zbus(error) => error.into(),
            Error::Locked | Error::NoResult | Error::Prompt => Self::Locked(Some(error.into())),
            error => Self::Absent(Some(error.into())),
        }
    }
}

impl From<zbus::Error> for KeychainError {
    fn from(error: zbus::Error) -> Self {
        match &error {
            zbus::Error::InputOutput(cause) if cause.kind() == io::ErrorKind::TimedOut => {
                Self::NotAnswering(Some(error.into()))
            }
            zbus::Error::MethodError(name, ..) if name.ends_with(".IsLocked") => {
                Self::Locked(Some(error.into()))
            }
            _ => Self::Absent(Some(error.into())),
        }
    }
}

impl From<zbus::zvariant::Error> for KeychainError {
    fn from(error: zbus::zvariant::Error) -> Self {
        Self::Absent(Some(error.into()))
    }
}

/// The items with the key's attributes.
struct Items {
    open: Vec<OwnedObjectPath>,
    locked: Vec<OwnedObjectPath>,
}

/// A connection to the keychain.
pub(in crate::vault) struct Keychain {
    bus: Connection,
    service: SecretService<'static>,
}

impl Keychain {
    /// Connects to the keychain. No call to it takes longer than the timeout.
    ///
    /// # Errors
    /// When there is no session bus or no keychain on it, or either doesn't answer.
    pub(in crate::vault) fn connect(timeout: Duration) -> Result<Self, KeychainError> {
        // A bus that accepts the connection and never answers is not covered by the method timeout.
        let bus = deadline::within(timeout, move || {
            Builder::session()?
                .method_timeout(timeout)
                .max_queued(MAX_QUEUED_MESSAGES)
                .build()
        })
        .map_err(|late| {
            tracing::warn!(error = %late, "keychain: no connection to the bus");
            KeychainError::NotAnswering(Some(late.into()))
        })??;
        let service = SecretService::connect_with_existing(EncryptionType::Dh, bus.clone())?;
        Ok(Self { bus, service })
    }

    /// Finds the key that matches best. Where no readable one matches and others are locked, the user is
    /// prompted to unlock them, if that is allowed.
    ///
    /// # Errors
    /// When the keychain can't be read, or its prompt is abandoned.
    pub(in crate::vault) fn find(
        &self,
        _vault: Option<&VaultId>,
        prompt: Prompt,
        match_key: MatchKey<'_>,
        on_prompt: OnPrompt<'_>,
    ) -> Result<KeychainKeys, KeychainError> {
        let (keys, items) = self.read(match_key)?;
        if keys.has_match() || prompt == Prompt::Never {
            return Ok(keys);
        }
        let locked = match (items.locked, self.default_collection()?) {
            (items, _) if !items.is_empty() => items,
            // Some keychains hide the items of a locked collection.
            (_, Some(default)) if default.is_locked()? => vec![default.collection_path.clone()],
            _ => return Ok(keys),
        };
        let is_satisfied = || Ok(self.read(match_key)?.0.has_match());
        self.unlock(&locked, &is_satisfied, on_prompt)?;
        Ok(self.read(match_key)?.0)
    }

    /// Adds a vault's key to the keychain, and reads it back. Other items with its attributes stay.
    ///
    /// # Errors
    /// When the keychain is locked or absent, or the key isn't there afterwards.
    pub(in crate::vault) fn add(
        &self,
        vault: &VaultId,
        key: &Key,
        prompt: Prompt,
        on_prompt: OnPrompt<'_>,
    ) -> Result<(), KeychainError> {
        let default = self
            .default_collection()?
            .ok_or(KeychainError::Absent(None))?;
        if default.is_locked()? && prompt == Prompt::Allowed {
            let locked = std::slice::from_ref(&default.collection_path);
            self.unlock(locked, &|| Ok(false), on_prompt)?;
        }
        if default.is_locked()? {
            return Err(KeychainError::Locked(None));
        }
        let label = format!("keyring:{USER}@{SERVICE}");
        let replace = false;
        let content_type = "application/octet-stream";
        let item = default.create_item(
            &label,
            attributes_of(vault),
            key.bytes(),
            replace,
            content_type,
        )?;
        match Key::from_secret(item.get_secret()?) {
            Some(stored) if stored.bytes() == key.bytes() => Ok(()),
            _ => Err(KeychainError::Absent(None)),
        }
    }

    /// Adds the vault's ID to the item of its key, which an earlier version wrote without one; where there
    /// is no such item, adds one.
    ///
    /// # Errors
    /// When the keychain can't be read or written.
    pub(in crate::vault) fn assign_to_vault(
        &self,
        vault: &VaultId,
        key: &Key,
    ) -> Result<(), KeychainError> {
        for path in self.search(&attributes())?.open {
            let item = self.service.get_item_by_path(path)?;
            let attributes = item.get_attributes()?;
            let is_ours = !attributes.contains_key(VAULT_ATTRIBUTE)
                && Key::from_secret(item.get_secret()?)
                    .is_some_and(|other| other.bytes() == key.bytes());
            if is_ours {
                let others = attributes
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                let assigned = others.chain([(VAULT_ATTRIBUTE, vault.as_str())]).collect();
                return Ok(item.set_attributes(assigned)?);
            }
        }
        self.add(vault, key, Prompt::Never, &|_| ())
    }

    /// Removes one vault's keys: those with its ID, and those without an ID that match it. Returns how
    /// many there were. Other vaults' keys stay.
    ///
    /// # Errors
    /// When the keychain can't be read or stays locked.
    pub(in crate::vault) fn remove(
        &self,
        vault: Option<&VaultId>,
        match_key: MatchKey<'_>,
    ) -> Result<usize, KeychainError> {
        let attributes = match vault {
            Some(vault) => attributes_of(vault),
            None => attributes(),
        };
        let mut removed = self.remove_open(vault, match_key)?;
        let mut locked = self.search(&attributes)?.locked;
        if locked.is_empty() && removed == 0 {
            // Some keychains hide the items of a locked collection.
            locked.extend(self.locked_default()?);
        }
        if !locked.is_empty() {
            self.unlock(&locked, &|| Ok(false), &|_| ())?;
            removed += self.remove_open(vault, match_key)?;
        }
        let is_locked = !self.search(&attributes)?.locked.is_empty()
            || removed == 0 && self.locked_default()?.is_some();
        if is_locked {
            Err(KeychainError::Locked(None))
        } else {
            Ok(removed)
        }
    }

    /// The default collection, if it is locked.
    fn locked_default(&self) -> Result<Option<OwnedObjectPath>, KeychainError> {
        let Some(default) = self.default_collection()? else {
            return Ok(None);
        };
        let is_locked = default.is_locked()?;
        Ok(is_locked.then(|| default.collection_path.clone()))
    }

    fn remove_open(
        &self,
        vault: Option<&VaultId>,
        match_key: MatchKey<'_>,
    ) -> Result<usize, KeychainError> {
        let mut removed = 0;
        for path in self.search(&attributes())?.open {
            let item = self.service.get_item_by_path(path)?;
            let attributes = item.get_attributes()?;
            // Where the vault's ID is lost, its snapshot identifies the key.
            let is_ours = match (attributes.get(VAULT_ATTRIBUTE), vault) {
                (Some(id), Some(vault)) => id == vault.as_str(),
                (Some(_), None) | (None, _) => Key::from_secret(item.get_secret()?)
                    .is_some_and(|key| match_key(&key) == KeyMatch::Yes),
            };
            if is_ours {
                item.delete()?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Finds items, those in locked collections too.
    fn search(&self, attributes: &HashMap<&str, &str>) -> Result<Items, KeychainError> {
        let answer = self.call(
            SERVICE_INTERFACE,
            SERVICE_PATH,
            "SearchItems",
            &(attributes,),
        )?;
        let (open, locked) = answer.body().deserialize()?;
        Ok(Items { open, locked })
    }

    /// Reads the items that are unlocked.
    fn read(&self, match_key: MatchKey<'_>) -> Result<(KeychainKeys, Items), KeychainError> {
        let mut items = self.search(&attributes())?;
        let mut keys = KeychainKeys::default();
        for path in std::mem::take(&mut items.open) {
            let item = self.service.get_item_by_path(path.clone())?;
            match item.get_secret().map_err(KeychainError::from) {
                Ok(secret) => keys.add(secret, match_key),
                Err(error @ KeychainError::NotAnswering(_)) => return Err(error),
                // It was locked after the search.
                Err(KeychainError::Locked(_)) => items.locked.push(path),
                // It was removed after the search, or is malformed.
                Err(error @ KeychainError::Absent(_)) => {
                    tracing::warn!(error = %chain(&error), "keychain: item not readable");
                    keys.read += 1;
                }
            }
        }
        keys.locked = items.locked.len();
        let is_default_locked = || -> Result<bool, KeychainError> {
            let default = self.default_collection()?;
            Ok(default.map(|default| default.is_locked()).transpose()? == Some(true))
        };
        if keys.locked == 0 && !keys.has_match() && is_default_locked()? {
            // Some keychains hide the items of a locked collection.
            keys.locked = 1;
        }
        Ok((keys, items))
    }

    /// The collection that new secrets go into.
    fn default_collection(&self) -> Result<Option<Collection<'_>>, KeychainError> {
        match self.service.get_default_collection() {
            Ok(collection) => Ok(Some(collection)),
            Err(secret_service::Error::NoResult) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Unlocks items or collections, and waits for the user whom the keychain prompts: until they answer,
    /// until `is_satisfied` because it was unlocked elsewhere, or until the keychain stops. A user who
    /// dismisses the prompt causes no error.
    fn unlock(
        &self,
        locked: &[OwnedObjectPath],
        is_satisfied: &dyn Fn() -> Result<bool, KeychainError>,
        on_prompt: OnPrompt<'_>,
    ) -> Result<(), KeychainError> {
        let answer = self.call(SERVICE_INTERFACE, SERVICE_PATH, "Unlock", &(locked,))?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = answer.body().deserialize()?;
        if prompt.as_str() == NO_OBJECT {
            return Ok(());
        }
        let is_abandoned = Arc::new(AtomicBool::new(false));
        on_prompt(Some({
            let (bus, is_abandoned) = (self.bus.clone(), Arc::clone(&is_abandoned));
            Box::new(move || {
                is_abandoned.store(true, Ordering::SeqCst);
                // Closing the connection ends the wait. It fails only where it is closed already.
                let _ = bus.clone().close();
            })
        }));
        let answered = self.prompt(&prompt, is_satisfied);
        on_prompt(None);
        if is_abandoned.load(Ordering::SeqCst) {
            tracing::info!("keychain: prompt abandoned");
            return Err(KeychainError::Locked(None));
        }
        answered
    }

    fn prompt(
        &self,
        prompt: &OwnedObjectPath,
        is_satisfied: &dyn Fn() -> Result<bool, KeychainError>,
    ) -> Result<(), KeychainError> {
        let messages = MessageIterator::from(&self.bus);
        let dbus = DBusProxy::new(&self.bus)?;
        for rule in match_rules()? {
            dbus.add_match_rule(rule).map_err(zbus::Error::from)?;
        }
        // The prompt belongs to no window of this app.
        self.call(PROMPT_INTERFACE, prompt.as_str(), "Prompt", &("",))?;
        for message in messages {
            match KeychainSignal::from_message(&message?) {
                KeychainSignal::PromptCompleted(path) if path == prompt.as_str() => return Ok(()),
                KeychainSignal::Stopped => return Err(KeychainError::Absent(None)),
                // The prompt stays: a call of `Dismiss` crashes GNOME's keyring, version 42.
                KeychainSignal::Changed if is_satisfied()? => return Ok(()),
                KeychainSignal::PromptCompleted(_)
                | KeychainSignal::Changed
                | KeychainSignal::Other => {}
            }
        }
        Err(KeychainError::Absent(None))
    }

    fn call<B>(
        &self,
        interface: &str,
        path: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        self.bus
            .call_method(Some(BUS_NAME), path, Some(interface), method, body)
    }
}
