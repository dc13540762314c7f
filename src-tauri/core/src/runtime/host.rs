//! What the runtime needs from its embedder: [`Dependencies`], above all the [`Host`].

use std::sync::Arc;

use url::Url;

use super::Recipient;
use crate::clock::{Clock, Wait};
use crate::entropy::EntropySource;
use crate::error::Cause;
use crate::http::Clients;
use crate::registration::{BaseUrl, RedirectUrl};
use crate::session::{Event, Provisioning};
use crate::vault::VaultOpener;

/// The error with which [`Host::open_browser`] fails.
#[derive(Debug, thiserror::Error)]
#[error("the browser could not be opened")]
pub struct OpenBrowserError(#[source] Cause);

impl OpenBrowserError {
    /// Makes the error from its cause, which is written to the log.
    pub fn new(cause: impl Into<Cause>) -> Self {
        Self(cause.into())
    }
}

/// The error with which [`Host::listen`] fails.
#[derive(Debug, thiserror::Error)]
#[error("the redirect URL's address could not be listened on")]
pub struct ListenError(#[source] Cause);

impl ListenError {
    /// Makes the error from its cause, which is written to the log.
    pub fn new(cause: impl Into<Cause>) -> Self {
        Self(cause.into())
    }
}

/// What the core asks of the desktop that it runs on.
pub trait Host: Send + Sync + 'static {
    /// Opens an address of the service in the system's browser, never in a window of the app
    /// (RFC 8252 §8.12). May block for a moment.
    ///
    /// # Errors
    /// [`OpenBrowserError`] when the system can't open it, or it is no address of the service.
    fn open_browser(&self, url: &Url, service: &BaseUrl) -> Result<(), OpenBrowserError>;

    /// Listens on a loopback redirect URL, and nowhere else (RFC 8252 §7.3), and hands what arrives
    /// to the recipient. A listener of an earlier attempt gives way. Called within a tokio runtime;
    /// must not block.
    ///
    /// # Errors
    /// [`ListenError`] when the address can't be bound, mostly because another program has it.
    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError>;

    /// Shows the app's window and gives it the focus.
    fn bring_to_front(&self);

    /// Waits until the first screen is painted. Requests that no user waits for, such as the check at
    /// each start, are sent after that: they would compete with the window for the processor.
    fn first_painted(&self) -> Wait {
        Box::pin(std::future::ready(()))
    }
}

/// Listens for the answer to one attempt. Dropping it stops it at once.
pub trait Listener: Send {
    /// Ends the listening, because the attempt is over. The browser may still send a request, as
    /// when Allow was clicked twice or the last page is reloaded: for a short time the listener
    /// tells it how the attempt ended, then it releases the port.
    fn attempt_over(self: Box<Self>, how: AttemptEnd);
}

/// How an attempt ended, for the page that a late browser is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptEnd {
    /// An answer or another event ended it; the window shows the result.
    Answered,
    /// The user cancelled it.
    Cancelled,
    /// It expired.
    Expired,
}

impl AttemptEnd {
    /// How an attempt ends that is over after this event.
    pub(super) fn by(event: &Event) -> Self {
        match event {
            Event::Cancelled => Self::Cancelled,
            Event::DeadlinePassed(_) => Self::Expired,
            Event::Opened { .. }
            | Event::OpenFailed(_)
            | Event::OpeningTakesLong(_)
            | Event::KeychainChanged
            | Event::StartOverRequested
            | Event::UnlockRequested(_)
            | Event::SignInRequested(_)
            | Event::BrowserRequestedAgain(_)
            | Event::BrowserDidNotOpen(_)
            | Event::WindowClosed
            | Event::ProblemDismissed
            | Event::ListenFailed(_)
            | Event::AddressReceived(..)
            | Event::CodeExchanged(..)
            | Event::Identified(..)
            | Event::FinishRequested
            | Event::ForgetRequested
            | Event::RenewalRequested(..)
            | Event::TokenRejected(..)
            | Event::Program(_)
            | Event::Refreshed(..)
            | Event::Probed(..)
            | Event::ProbeDue(..)
            | Event::AccountReloaded(..)
            | Event::EnvironmentChanged
            | Event::CheckRequested(_)
            | Event::Checked(..)
            | Event::SwitchRequested(_)
            | Event::SignOutRequested(_)
            | Event::RegistrationEntered(_)
            | Event::SetupChangeRequested
            | Event::ProvisioningRead(_)
            | Event::SaveFailed(_)
            | Event::Saved => Self::Answered,
        }
    }
}

/// Everything that a [`SessionHandle`](super::SessionHandle) is started with.
pub struct Dependencies {
    /// Opens the vault.
    pub opener: Arc<dyn VaultOpener>,
    /// Provides the time and timers.
    pub clock: Arc<dyn Clock>,
    /// Provides random bytes.
    pub entropy: Arc<dyn EntropySource>,
    /// The HTTP clients, made by [`Clients::new`].
    pub clients: Clients,
    /// Whether a service on this computer may be entered in the window with a plain http address. The
    /// provisioning file may always name one.
    pub allows_plain_http: bool,
    /// The desktop.
    pub host: Arc<dyn Host>,
    /// Reads the provisioning file; called each time the vault is opened, and by
    /// [`SessionHandle::reload_setup`](super::SessionHandle::reload_setup). May block for a moment.
    pub provisioning: Box<dyn Fn() -> Provisioning + Send + Sync>,
}
