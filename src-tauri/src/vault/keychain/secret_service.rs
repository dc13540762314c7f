//! freedesktop's Secret Service on the session bus: GNOME's keyring, KDE's wallet, `KeePassXC`. One that
//! is used while another is locked asks nobody for the other.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secret_service::EncryptionType;
use secret_service::blocking::{Collection, SecretService};
use zbus::blocking::connection::Builder;
use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::Type;
use zbus::zvariant::OwnedObjectPath;

use super::{Asks, Fit, Found, KeychainFailure, Prompt, SERVICE, USER};
use crate::deadline::{self, TimedOut};
use crate::vault::key::Key;
use crate::vault::key_file::VaultId;

/// The Secret Service's name on the bus.
pub(super) const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// Where a path says that there is none.
const NOTHING: &str = "/";

/// How many messages may wait while a prompt is waited for.
const MAX_QUEUED: usize = 1024;

/// The attribute that says whose key an item holds.
const VAULT: &str = "vault";

/// The names that the items of all vaults' keys bear.
pub(super) fn names() -> HashMap<&'static str, &'static str> {
    HashMap::from([("service", SERVICE), ("username", USER)])
}

/// The names of one vault's items.
fn names_of(vault: &VaultId) -> HashMap<&str, &str> {
    HashMap::from([
        ("service", SERVICE),
        ("username", USER),
        (VAULT, vault.as_str()),
    ])
}

impl From<secret_service::Error> for KeychainFailure {
    fn from(problem: secret_service::Error) -> Self {
        use secret_service::Error;

        match problem {
            Error::Zbus(problem) => problem.into(),
            Error::Locked | Error::NoResult | Error::Prompt => {
                tracing::warn!(%problem, "keychain: refused");
                Self::Locked
            }
            problem => {
                tracing::warn!(%problem, "keychain: failed");
                Self::Absent
            }
        }
    }
}

impl From<zbus::Error> for KeychainFailure {
    fn from(problem: zbus::Error) -> Self {
        tracing::warn!(%problem, "keychain: call failed");
        match &problem {
            zbus::Error::InputOutput(problem) if problem.kind() == io::ErrorKind::TimedOut => {
                Self::NotAnswering
            }
            zbus::Error::MethodError(name, ..) if name.ends_with(".IsLocked") => Self::Locked,
            _ => Self::Absent,
        }
    }
}

impl From<TimedOut> for KeychainFailure {
    fn from(problem: TimedOut) -> Self {
        tracing::warn!(%problem, "keychain: no connection to the bus");
        Self::NotAnswering
    }
}

impl From<zbus::zvariant::Error> for KeychainFailure {
    fn from(problem: zbus::zvariant::Error) -> Self {
        tracing::warn!(%problem, "keychain: answer makes no sense");
        Self::Absent
    }
}

/// The items under the key's names.
struct Items {
    open: Vec<OwnedObjectPath>,
    locked: Vec<OwnedObjectPath>,
}

/// The keychain.
pub(in crate::vault) struct Keychain {
    bus: Connection,
    service: SecretService<'static>,
}

impl Keychain {
    /// The keychain as it is now: one that was absent may have come meanwhile. No call to it takes longer
    /// than the timeout.
    pub(in crate::vault) fn connect(timeout: Duration) -> Result<Self, KeychainFailure> {
        // Who takes the connection and says nothing is waited for no longer than for a call.
        let bus = deadline::within(timeout, move || {
            Builder::session()?
                .method_timeout(timeout)
                .max_queued(MAX_QUEUED)
                .build()
        })??;
        let service = SecretService::connect_with_existing(EncryptionType::Dh, bus.clone())?;
        Ok(Self { bus, service })
    }

    /// Finds the key that fits best. Where none that can be read fits, and others are locked, their
    /// person is asked to unlock them if that is allowed.
    pub(in crate::vault) fn find(
        &self,
        _vault: Option<&VaultId>,
        prompt: Prompt,
        fit: &dyn Fn(&Key) -> Fit,
        asks: Asks<'_>,
    ) -> Result<Found, KeychainFailure> {
        let (found, items) = self.read(fit)?;
        if found.fits() || prompt == Prompt::Never {
            return Ok(found);
        }
        let locked = match (items.locked, self.default_collection()?) {
            (items, _) if !items.is_empty() => items,
            // Some tell of no item while they are locked.
            (_, Some(default)) if default.is_locked()? => vec![default.collection_path.clone()],
            _ => return Ok(found),
        };
        let enough = || Ok(self.read(fit)?.0.fits());
        self.unlock(&locked, &enough, asks)?;
        Ok(self.read(fit)?.0)
    }

    /// Puts a vault's key into the keychain, and makes sure that it stays there. Whatever else bears its
    /// names is left as it is.
    pub(in crate::vault) fn add(
        &self,
        vault: &VaultId,
        key: &Key,
        prompt: Prompt,
        asks: Asks<'_>,
    ) -> Result<(), KeychainFailure> {
        let default = self.default_collection()?.ok_or(KeychainFailure::Absent)?;
        if default.is_locked()? && prompt == Prompt::Allowed {
            let locked = std::slice::from_ref(&default.collection_path);
            self.unlock(locked, &|| Ok(false), asks)?;
        }
        if default.is_locked()? {
            return Err(KeychainFailure::Locked);
        }
        let label = format!("keyring:{USER}@{SERVICE}");
        let replaces = false;
        let kind = "application/octet-stream";
        let item = default.create_item(&label, names_of(vault), key.bytes(), replaces, kind)?;
        match Key::from_secret(item.get_secret()?) {
            Some(kept) if kept.bytes() == key.bytes() => Ok(()),
            _ => Err(KeychainFailure::Absent),
        }
    }

    /// Gives a key that is there its vault's name: the nameless item of the time before there were such
    /// names, or else one of its own.
    pub(in crate::vault) fn name(&self, vault: &VaultId, key: &Key) -> Result<(), KeychainFailure> {
        for path in self.search(&names())?.open {
            let item = self.service.get_item_by_path(path)?;
            let attributes = item.get_attributes()?;
            let is_ours = !attributes.contains_key(VAULT)
                && Key::from_secret(item.get_secret()?)
                    .is_some_and(|other| other.bytes() == key.bytes());
            if is_ours {
                let others = attributes
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                let named = others.chain([(VAULT, vault.as_str())]).collect();
                return Ok(item.set_attributes(named)?);
            }
        }
        self.add(vault, key, Prompt::Never, &|_| ())
    }

    /// Removes the keys of one vault: those of its name, and nameless ones that fit it. Says how many
    /// there were. Other vaults' keys stay.
    pub(in crate::vault) fn remove(
        &self,
        vault: Option<&VaultId>,
        fit: &dyn Fn(&Key) -> Fit,
    ) -> Result<usize, KeychainFailure> {
        let names = match vault {
            Some(vault) => names_of(vault),
            None => names(),
        };
        let mut removed = self.remove_open(vault, fit)?;
        let mut locked = self.search(&names)?.locked;
        if locked.is_empty() && removed == 0 {
            // Some tell of no item while they are locked.
            locked.extend(self.locked_default()?);
        }
        if !locked.is_empty() {
            self.unlock(&locked, &|| Ok(false), &|_| ())?;
            removed += self.remove_open(vault, fit)?;
        }
        let is_locked = !self.search(&names)?.locked.is_empty()
            || removed == 0 && self.locked_default()?.is_some();
        if is_locked {
            Err(KeychainFailure::Locked)
        } else {
            Ok(removed)
        }
    }

    /// The collection that new secrets go into, while it is locked.
    fn locked_default(&self) -> Result<Option<OwnedObjectPath>, KeychainFailure> {
        let Some(default) = self.default_collection()? else {
            return Ok(None);
        };
        let is_locked = default.is_locked()?;
        Ok(is_locked.then(|| default.collection_path.clone()))
    }

    fn remove_open(
        &self,
        vault: Option<&VaultId>,
        fit: &dyn Fn(&Key) -> Fit,
    ) -> Result<usize, KeychainFailure> {
        let mut removed = 0;
        for path in self.search(&names())?.open {
            let item = self.service.get_item_by_path(path)?;
            let attributes = item.get_attributes()?;
            // Where the vault's own name is lost, its snapshot tells which key is its.
            let is_ours = match (attributes.get(VAULT), vault) {
                (Some(named), Some(vault)) => named == vault.as_str(),
                (Some(_), None) | (None, _) => {
                    Key::from_secret(item.get_secret()?).is_some_and(|key| fit(&key) == Fit::Yes)
                }
            };
            if is_ours {
                item.delete()?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// `SearchItems` finds items in locked collections too.
    fn search(&self, names: &HashMap<&str, &str>) -> Result<Items, KeychainFailure> {
        let answer = self.call(SERVICE_INTERFACE, PATH, "SearchItems", &(names,))?;
        let (open, locked) = answer.body().deserialize()?;
        Ok(Items { open, locked })
    }

    /// Reads what can be read without a word from anybody.
    fn read(&self, fit: &dyn Fn(&Key) -> Fit) -> Result<(Found, Items), KeychainFailure> {
        let mut items = self.search(&names())?;
        let mut found = Found::default();
        for path in std::mem::take(&mut items.open) {
            let item = self.service.get_item_by_path(path.clone())?;
            match item.get_secret().map_err(KeychainFailure::from) {
                Ok(secret) => found.add(secret, fit),
                Err(KeychainFailure::NotAnswering) => return Err(KeychainFailure::NotAnswering),
                // It was locked in this moment.
                Err(KeychainFailure::Locked) => items.locked.push(path),
                // It was removed in this moment, or makes no sense.
                Err(KeychainFailure::Absent) => found.read += 1,
            }
        }
        found.locked = items.locked.len();
        let is_default_locked = || -> Result<bool, KeychainFailure> {
            let default = self.default_collection()?;
            Ok(default.map(|default| default.is_locked()).transpose()? == Some(true))
        };
        if found.locked == 0 && !found.fits() && is_default_locked()? {
            // Some tell of no item while they are locked.
            found.locked = 1;
        }
        Ok((found, items))
    }

    /// The collection that new secrets go into.
    fn default_collection(&self) -> Result<Option<Collection<'_>>, KeychainFailure> {
        match self.service.get_default_collection() {
            Ok(collection) => Ok(Some(collection)),
            Err(secret_service::Error::NoResult) => Ok(None),
            Err(problem) => Err(problem.into()),
        }
    }

    /// Unlocks what is named, and waits for the person whom the keychain asks: until they answer, until
    /// `enough` is so because it was unlocked elsewhere, or until the keychain is gone. A person who
    /// refuses is no failure.
    fn unlock(
        &self,
        locked: &[OwnedObjectPath],
        enough: &dyn Fn() -> Result<bool, KeychainFailure>,
        asks: Asks<'_>,
    ) -> Result<(), KeychainFailure> {
        let answer = self.call(SERVICE_INTERFACE, PATH, "Unlock", &(locked,))?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = answer.body().deserialize()?;
        if prompt.as_str() == NOTHING {
            return Ok(());
        }
        let is_abandoned = Arc::new(AtomicBool::new(false));
        asks(Some({
            let (bus, is_abandoned) = (self.bus.clone(), Arc::clone(&is_abandoned));
            Box::new(move || {
                is_abandoned.store(true, Ordering::SeqCst);
                // One that is closed already is waited on no longer.
                let _ = bus.clone().close();
            })
        }));
        let answered = self.prompt(&prompt, enough);
        asks(None);
        if is_abandoned.load(Ordering::SeqCst) {
            tracing::info!("keychain: prompt abandoned");
            return Err(KeychainFailure::Locked);
        }
        answered
    }

    fn prompt(
        &self,
        prompt: &OwnedObjectPath,
        enough: &dyn Fn() -> Result<bool, KeychainFailure>,
    ) -> Result<(), KeychainFailure> {
        let messages = MessageIterator::from(&self.bus);
        let rules = DBusProxy::new(&self.bus)?;
        for rule in signals()? {
            rules.add_match_rule(rule).map_err(zbus::Error::from)?;
        }
        // No window of ours that it would belong to.
        self.call(PROMPT_INTERFACE, prompt.as_str(), "Prompt", &("",))?;
        for message in messages {
            match Heard::in_message(&message?) {
                Heard::Answer(path) if path == prompt.as_str() => return Ok(()),
                Heard::Gone => return Err(KeychainFailure::Absent),
                // It isn't dismissed by a call: that ends GNOME's keyring, version 42.
                Heard::Change if enough()? => return Ok(()),
                Heard::Answer(_) | Heard::Change | Heard::Nothing => {}
            }
        }
        Err(KeychainFailure::Absent)
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
            .call_method(Some(NAME), path, Some(interface), method, body)
    }
}

/// The signals that tell of a keychain: its own, and its coming and going.
pub(super) fn signals() -> zbus::Result<[zbus::MatchRule<'static>; 2]> {
    let own = zbus::MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(NAME)?
        .build();
    let comes_and_goes = zbus::MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .add_arg(NAME)?
        .build();
    Ok([own, comes_and_goes])
}

/// What a signal tells of a keychain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A prompt, by its path, was answered.
    Answer(String),
    /// Something was made, removed, locked or unlocked, or a keychain came.
    Change,
    /// It is gone.
    Gone,
    /// It is about something else.
    Nothing,
}

impl Heard {
    pub(super) fn in_message(message: &zbus::Message) -> Self {
        let header = message.header();
        if message.message_type() != Type::Signal {
            return Self::Nothing;
        }
        match header.member().map(zbus::names::MemberName::as_str) {
            Some("NameOwnerChanged") => {
                let body = message.body();
                match body.deserialize::<(String, String, String)>() {
                    Ok((name, _, owner)) if name == NAME => {
                        if owner.is_empty() {
                            Self::Gone
                        } else {
                            Self::Change
                        }
                    }
                    _ => Self::Nothing,
                }
            }
            Some("Completed") => header
                .path()
                .map_or(Self::Nothing, |path| Self::Answer(path.to_string())),
            Some(
                "PropertiesChanged" | "CollectionCreated" | "CollectionDeleted"
                | "CollectionChanged" | "ItemCreated" | "ItemDeleted" | "ItemChanged",
            ) => Self::Change,
            _ => Self::Nothing,
        }
    }
}
