//! A fake system prompter, which the keychain asks for a password.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zbus::zvariant::ObjectPath;

use super::Keychain;
use crate::Result;

impl Keychain {
    /// Registers a prompter that never answers the prompt for a locked keychain.
    ///
    /// # Errors
    /// If the bus rejects the name.
    pub async fn prompt_without_end(&self) -> Result<Prompter> {
        self.prompt(Prompter::default()).await
    }

    /// Registers a prompter that refuses the prompt for a locked keychain.
    ///
    /// # Errors
    /// If the bus rejects the name.
    pub async fn prompt_and_refuse(&self) -> Result<Prompter> {
        let refuses = true;
        let asked = Arc::default();
        self.prompt(Prompter { asked, refuses }).await
    }

    async fn prompt(&self, prompter: Prompter) -> Result<Prompter> {
        self.connection
            .object_server()
            .at("/org/gnome/keyring/Prompter", prompter.clone())
            .await?;
        self.connection
            .request_name("org.gnome.keyring.SystemPrompter")
            .await?;
        Ok(prompter)
    }
}

/// A fake system prompter that never answers, or refuses.
#[derive(Debug, Clone, Default)]
pub struct Prompter {
    asked: Arc<AtomicBool>,
    refuses: bool,
}

impl Prompter {
    /// Whether a prompt was requested.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "zbus passes owned arguments")]
#[zbus::interface(name = "org.gnome.keyring.internal.Prompter")]
impl Prompter {
    fn begin_prompting(&self, callback: ObjectPath<'_>) -> zbus::fdo::Result<()> {
        tracing::info!(%callback, "prompt requested");
        self.asked.store(true, Ordering::SeqCst);
        if self.refuses {
            return Err(zbus::fdo::Error::AccessDenied("not now".to_owned()));
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "zbus requires a receiver")]
    fn stop_prompting(&self, callback: ObjectPath<'_>) {
        tracing::info!(%callback, "prompt withdrawn");
    }
}
