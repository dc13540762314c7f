//! Runs the [session](crate::session): one event after the other, each change durable before it is
//! shown, each effect only after that.
//!
//! A [`SessionHandle`] sends messages to the one actor that owns the session. Effects run beside the
//! actor and send their result back to it as an event.

mod actor;
mod effects;
mod forwarder;
mod handle;
mod host;
mod recipient;
mod requests;
mod saving;
mod setup;
mod vault_access;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::oneshot;

pub use self::forwarder::{ForwardError, ForwardedBody, Forwarder};
pub use self::handle::{PageAddress, SaveError, SessionHandle, StateStream, unlock_with};
pub use self::host::{AttemptEnd, Dependencies, Host, ListenError, Listener, OpenBrowserError};
pub use self::recipient::{Recipient, SignInOutcome};
use crate::account::AccountKey;
use crate::authorization::AuthorizationUrl;
use crate::check::CheckError;
use crate::error::Problem;
use crate::program::{AccessError, AccessGranted, AccessRequest, GrantId, HandOutError};
use crate::registration::{Page, RegistrationDraft};
use crate::session::{Event, Provisioning, RenewalReason, TokenGeneration};
use crate::token::AccessToken;
use crate::vault::{Opened, Records};

/// What the actor is sent.
enum Message {
    /// A caller's command, answered when it is carried out.
    Command(Command, oneshot::Sender<Result<(), Problem>>),
    /// An event for the session.
    Event(Event),
    /// The event for an answer of the token endpoint; once it is handled, the request is no longer in
    /// flight.
    TokenResponse(Event),
    /// The vault was opened.
    VaultOpened(Opened, Box<Records>),
    /// No other process holds the vault any more.
    VaultReleased,
    /// The wait before another attempt to save is over.
    RetrySave,
    /// A registration to validate and save.
    SaveRegistration(RegistrationDraft, oneshot::Sender<Result<(), SaveError>>),
    /// A registration to validate and try at the service.
    CheckRegistration(RegistrationDraft, oneshot::Sender<Result<(), CheckError>>),
    /// A wish to read the provisioning file again, answered when that is done.
    ReloadSetup(oneshot::Sender<Result<(), Problem>>),
    /// The provisioning file was read again, for this caller.
    ProvisioningRead(Provisioning, oneshot::Sender<Result<(), Problem>>),
    /// A page of the service, answered with its address.
    PageAddress(Page, oneshot::Sender<PageAddress>),
    /// Answered with the pending attempt's page, if there is one.
    AuthorizationUrl(oneshot::Sender<Option<AuthorizationUrl>>),
    /// A program's request for access, answered when the user or a rule has decided.
    RequestAccess(
        AccessRequest,
        oneshot::Sender<Result<AccessGranted, AccessError>>,
    ),
    /// A wish to hand an account's token of this generation to a grant's program, answered once it is on record.
    HandOutToken(
        GrantId,
        TokenGeneration,
        oneshot::Sender<Result<(), HandOutError>>,
    ),
    /// Answered once all earlier messages are handled.
    Barrier(oneshot::Sender<()>),
    /// Stops the actor if a new process would lose nothing by it; answered with whether it stops.
    StopIfQuiescent(oneshot::Sender<bool>),
}

enum Command {
    /// A command that is an event of the session.
    Event(Event),
    /// Start an attempt.
    Authorize,
    /// Open the browser again for the pending attempt, or for a fresh one.
    OpenBrowserAgain,
    /// Renew the current account.
    RenewCurrent(RenewalReason),
    /// Check the current account.
    CheckCurrent,
    /// A command about an account whose id is malformed.
    NoSuchAccount,
}

/// An account's access token, for a caller within this process. It must never reach the window.
#[derive(Debug, Clone)]
pub struct AccountToken {
    /// The account. The token stays this account's, whichever one is the current one.
    pub account: AccountKey,
    /// The token.
    pub access: AccessToken,
    /// When it expires, at the latest: a renewal ends it before.
    pub ends_at: Timestamp,
    generation: TokenGeneration,
}

/// The access tokens that callers are given.
#[derive(Default)]
struct UsableTokens {
    current: Option<AccountKey>,
    tokens: BTreeMap<AccountKey, AccountToken>,
}
