//! Proxies for the Secret Service and for GNOME's keyring.
//!
//! `oo7` and `secret-service` are not used: neither can lock a collection without a prompt, create one
//! with a password, or remove an attribute, which is what these tests do.

use std::collections::HashMap;

use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

/// A secret on the bus: the session, parameters, the secret, its content type.
pub(super) type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// The service of the Secret Service API.
#[zbus::proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
pub(super) trait Service {
    fn open_session(
        &self,
        algorithm: &str,
        input: &Value<'_>,
    ) -> zbus::Result<(OwnedValue, OwnedObjectPath)>;

    /// Returns the unlocked items, and then the locked ones.
    fn search_items(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> zbus::Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)>;

    fn lock(
        &self,
        objects: &[&ObjectPath<'_>],
    ) -> zbus::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)>;

    fn read_alias(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
}

/// A collection of items.
#[zbus::proxy(
    interface = "org.freedesktop.Secret.Collection",
    default_service = "org.freedesktop.secrets"
)]
pub(super) trait Collection {
    fn create_item(
        &self,
        properties: &HashMap<&str, Value<'_>>,
        secret: &Secret,
        replace: bool,
    ) -> zbus::Result<(OwnedObjectPath, OwnedObjectPath)>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn locked(&self) -> zbus::Result<bool>;
}

/// An item with a secret.
#[zbus::proxy(
    interface = "org.freedesktop.Secret.Item",
    default_service = "org.freedesktop.secrets"
)]
pub(super) trait Item {
    fn delete(&self) -> zbus::Result<OwnedObjectPath>;

    fn get_secret(&self, session: &ObjectPath<'_>) -> zbus::Result<(Secret,)>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn attributes(&self) -> zbus::Result<HashMap<String, String>>;

    #[zbus(property)]
    fn set_attributes(&self, attributes: HashMap<String, String>) -> zbus::Result<()>;
}

/// What GNOME's log-in uses: the password comes with the call, and no prompt is shown.
#[zbus::proxy(
    interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
pub(super) trait Internal {
    fn create_with_master_password(
        &self,
        properties: &HashMap<&str, Value<'_>>,
        password: &Secret,
    ) -> zbus::Result<OwnedObjectPath>;

    fn unlock_with_master_password(
        &self,
        collection: &ObjectPath<'_>,
        password: &Secret,
    ) -> zbus::Result<()>;
}
