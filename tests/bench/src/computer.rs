//! The measured computer: a fake server without latency, and vaults filled by the real session.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amiqus_core::app_state::Screen;
use amiqus_core::clock::Clock;
use amiqus_core::entropy::SystemEntropy;
use amiqus_core::http::Timeouts;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{BaseUrl, RedirectUrl};
use amiqus_core::runtime::{
    Dependencies, Host, ListenError, Listener, OpenBrowserError, Recipient, SessionHandle,
};
use amiqus_core::vault::VaultOpener as _;
use sign_in_with_amiqus::clock::SystemClock;
use sign_in_with_amiqus::provisioning;
use sign_in_with_amiqus::vault::StrongholdOpener;
use tokio::sync::mpsc;
use url::Url;

use crate::Result;
use crate::amiqus::Amiqus;

/// A computer with a provisioning file for the fake server.
pub(crate) struct Computer {
    /// The fake server.
    pub(crate) amiqus: Amiqus,
    /// The parent of the users' data folders.
    home: PathBuf,
}

/// A running session, and the addresses that it opens in the browser.
pub(crate) struct PreparedUser {
    /// The session.
    pub(crate) session: SessionHandle,
    browser: mpsc::UnboundedReceiver<Url>,
    vault: PathBuf,
}

impl Computer {
    /// Creates it from the environment variables of the benchmark's desktop.
    pub(crate) fn from_environment() -> Result<Self> {
        Ok(Self {
            amiqus: Amiqus::from_environment()?,
            home: PathBuf::from(variable("XDG_DATA_HOME")?),
        })
    }

    /// Creates an empty folder of a user, for the app's `XDG_DATA_HOME`.
    pub(crate) fn user(&self, name: &str) -> Result<PathBuf> {
        let data = self.home.join(name);
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&data)?;
        Ok(data)
    }

    /// A user who has used the app before, and is signed out.
    pub(crate) async fn signed_out(&self, name: &str) -> Result<PathBuf> {
        let data = self.user(name)?;
        PreparedUser::start(&vault_in(&data)).await?.end().await?;
        Ok(data)
    }

    /// A user who is signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Result<PathBuf> {
        let data = self.user(name)?;
        let mut user = PreparedUser::start(&vault_in(&data)).await?;
        user.sign_in(&self.amiqus).await?;
        user.end().await?;
        Ok(data)
    }

    /// A user who has just chosen Allow in the browser, and the redirect address.
    pub(crate) async fn allowed(&self, name: &str) -> Result<(PathBuf, String)> {
        let data = self.user(name)?;
        let mut user = PreparedUser::start(&vault_in(&data)).await?;
        let address = user.allow(&self.amiqus).await?;
        user.end().await?;
        Ok((data, address))
    }
}

impl PreparedUser {
    /// Starts the real session on the real vault in this folder.
    pub(crate) async fn start(vault: &Path) -> Result<Self> {
        Self::start_with_clock(Arc::new(SystemClock), vault).await
    }

    /// Starts the real session with another clock.
    pub(crate) async fn start_with_clock(clock: Arc<dyn Clock>, vault: &Path) -> Result<Self> {
        let (open, browser) = mpsc::unbounded_channel();
        let session = SessionHandle::start(Dependencies {
            opener: Arc::new(StrongholdOpener::new(vault.to_owned())),
            clock,
            entropy: Arc::new(SystemEntropy),
            clients: amiqus_core::http::Clients::new(Timeouts::default()),
            host: Arc::new(HeadlessHost(open)),
            allows_plain_http: true,
            provisioning: Box::new(provisioning::read),
        });
        session
            .state()
            .await
            .map_err(|problem| format!("{problem:?}"))?;
        Ok(Self {
            session,
            browser,
            vault: vault.to_owned(),
        })
    }

    /// Signs the user in.
    pub(crate) async fn sign_in(&mut self, amiqus: &Amiqus) -> Result<()> {
        let address = self.allow(amiqus).await?;
        self.session.receive(ReceivedLink::new(address));
        let signed_in = |state: &Option<Arc<amiqus_core::app_state::AppState>>| {
            state
                .as_ref()
                .is_some_and(|state| matches!(state.screen, Screen::SignedIn { .. }))
        };
        self.session.states().wait_for(signed_in).await?;
        Ok(())
    }

    /// Begins to sign in and allows it in the browser; returns the redirect address.
    async fn allow(&mut self, amiqus: &Amiqus) -> Result<String> {
        let begun = self.session.authorize().await;
        begun.map_err(|problem| format!("{problem:?}"))?;
        let url = self.browser.recv().await.ok_or("no browser opened")?;
        amiqus.allow(url.as_str()).await
    }

    /// Ends the session, and waits until the vault is free.
    pub(crate) async fn end(self) -> Result<()> {
        self.session.wait_until_idle().await;
        drop(self.session);
        let opener = StrongholdOpener::new(self.vault);
        Ok(tokio::task::spawn_blocking(move || opener.wait_until_free()).await?)
    }
}

/// The vault's folder in a user's data folder.
pub(crate) fn vault_in(data: &Path) -> PathBuf {
    data.join("co.amiqus.signin/vault")
}

/// The value of an environment variable.
pub(crate) fn variable(name: &str) -> Result<OsString> {
    std::env::var_os(name).ok_or_else(|| format!("{name} is not set").into())
}

/// A desktop whose browser reports the addresses to open.
struct HeadlessHost(mpsc::UnboundedSender<Url>);

impl Host for HeadlessHost {
    fn open_browser(
        &self,
        url: &Url,
        _service: &BaseUrl,
    ) -> std::result::Result<(), OpenBrowserError> {
        self.0
            .send(url.clone())
            .map_err(|_| OpenBrowserError::new("the receiver is closed"))
    }

    fn listen(
        &self,
        _redirect_url: &RedirectUrl,
        _recipient: Recipient,
    ) -> std::result::Result<Box<dyn Listener>, ListenError> {
        Err(ListenError::new("there is no listener here"))
    }

    fn bring_to_front(&self) {}
}
