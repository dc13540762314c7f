//! The keychain's collections and items.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, Value};

use super::secret_service::{CollectionProxy, InternalProxy, ItemProxy, Secret, ServiceProxy};
use super::{Keychain, PASSWORD, within};
use crate::{Result, TestError};

/// The attributes that the app gives its key.
const KEY_ATTRIBUTES: [(&str, &str); 2] =
    [("service", "co.amiqus.signin"), ("username", "vault key")];

impl Keychain {
    /// Deletes all items, as after a reset by the user.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn delete_all_items(&self) -> Result<()> {
        for item in self.unlocked_items(&HashMap::new()).await? {
            self.item(item).await?.delete().await?;
        }
        Ok(())
    }

    /// Creates a second collection, unlocked, as an imported keyring is.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn add_collection(&self, label: &str) -> Result<OwnedObjectPath> {
        let name = "org.freedesktop.Secret.Collection.Label";
        let properties = HashMap::from([(name, Value::from(label))]);
        let password = self.secret(PASSWORD.as_bytes()).await?;
        let keyring = InternalProxy::new(self.connection()).await?;
        Ok(keyring
            .create_with_master_password(&properties, &password)
            .await?)
    }

    /// Adds a secret with the attributes of the app's own key to a collection.
    ///
    /// # Errors
    /// If the Secret Service returns an error, or doesn't answer.
    pub async fn add_key(&self, collection: &OwnedObjectPath, secret: &[u8]) -> Result<()> {
        let attributes = HashMap::from(KEY_ATTRIBUTES);
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from("a key")),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Value::from(attributes),
            ),
        ]);
        let secret = self.secret(secret).await?;
        let collection = self.collection_at(collection).await?;
        let created = collection.create_item(&properties, &secret, false);
        within("an item is created", created).await??;
        Ok(())
    }

    /// The secrets with the attributes of the app's own key, in unlocked collections.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let session = self.session().await?;
        let mut keys = Vec::new();
        for item in self.key_items().await? {
            let (secret,) = self.item(item).await?.get_secret(&session).await?;
            keys.push(secret.2);
        }
        Ok(keys)
    }

    /// Removes a vault's ID from its keys.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn remove_vault_id(&self, vault: &str) -> Result<()> {
        for item in self.key_items().await? {
            let item = self.item(item).await?;
            let mut attributes = item.attributes().await?;
            if attributes.get("vault").is_some_and(|id| id == vault) {
                attributes.remove("vault");
                item.set_attributes(attributes).await?;
            }
        }
        Ok(())
    }

    /// The number of keys without a vault ID.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn keys_without_vault_id(&self) -> Result<usize> {
        let mut count = 0;
        for item in self.key_items().await? {
            let attributes = self.item(item).await?.attributes().await?;
            count += usize::from(!attributes.contains_key("vault"));
        }
        Ok(count)
    }

    /// Locks the default collection, as when the user leaves.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn lock(&self) -> Result<()> {
        self.lock_collection(&self.collection().await?).await
    }

    /// Locks a collection.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn lock_collection(&self, collection: &OwnedObjectPath) -> Result<()> {
        self.service().await?.lock(&[collection]).await?;
        self.expect_locked(collection, true).await
    }

    /// Unlocks the default collection, as when the user returns and enters the password.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn unlock(&self) -> Result<()> {
        self.unlock_collection(&self.collection().await?).await
    }

    /// Unlocks a collection without a prompt.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn unlock_collection(&self, collection: &OwnedObjectPath) -> Result<()> {
        let password = self.secret(PASSWORD.as_bytes()).await?;
        let keyring = InternalProxy::new(self.connection()).await?;
        keyring
            .unlock_with_master_password(collection, &password)
            .await?;
        self.expect_locked(collection, false).await
    }

    /// The default collection, which new secrets go into.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn collection(&self) -> Result<OwnedObjectPath> {
        Ok(self.service().await?.read_alias("default").await?)
    }

    async fn expect_locked(&self, collection: &OwnedObjectPath, expected: bool) -> Result<()> {
        let is_locked = self.collection_at(collection).await?.locked().await?;
        if is_locked == expected {
            Ok(())
        } else {
            Err(TestError::UnexpectedOutput {
                program: "the keychain".to_owned(),
                output: format!("locked: {is_locked}"),
            })
        }
    }

    /// The items with the attributes of the app's keys, in unlocked collections.
    async fn key_items(&self) -> Result<Vec<OwnedObjectPath>> {
        self.unlocked_items(&HashMap::from(KEY_ATTRIBUTES)).await
    }

    async fn unlocked_items(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> Result<Vec<OwnedObjectPath>> {
        let service = self.service().await?;
        let found = within(
            "the Secret Service answers",
            service.search_items(attributes),
        );
        let (unlocked, _locked) = found.await??;
        Ok(unlocked)
    }

    /// A session in which secrets aren't encrypted.
    async fn session(&self) -> Result<OwnedObjectPath> {
        let service = self.service().await?;
        let (_, session) = service.open_session("plain", &Value::from("")).await?;
        Ok(session)
    }

    async fn secret(&self, bytes: &[u8]) -> Result<Secret> {
        let session = self.session().await?;
        Ok((session, Vec::new(), bytes.to_vec(), "text/plain".to_owned()))
    }

    async fn service(&self) -> Result<ServiceProxy<'_>> {
        Ok(ServiceProxy::new(self.connection()).await?)
    }

    async fn collection_at(&self, path: &OwnedObjectPath) -> Result<CollectionProxy<'_>> {
        let builder = CollectionProxy::builder(self.connection()).path(path.clone())?;
        Ok(builder.build().await?)
    }

    async fn item(&self, path: OwnedObjectPath) -> Result<ItemProxy<'_>> {
        let builder = ItemProxy::builder(self.connection()).path(path)?;
        Ok(builder.build().await?)
    }
}
