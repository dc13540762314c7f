//! The inputs of the session, [`Event`], and what it asks the runtime to do, [`Effect`].

use jiff::{SignedDuration, Timestamp};

use super::ProgramEvent;
use crate::account::{Account, AccountKey, Identity};
use crate::api::ApiError;
use crate::authorization::{Attempt, AttemptId, AuthorizationUrl, CodeVerifier};
use crate::error::Code;
use crate::redirect::{AuthorizationCode, ReceivedLink};
use crate::registration::{Field, RedirectUrl, Registration};
use crate::token::{AccessToken, RefreshToken, TokenError, TokenSet};
use crate::vault::{LockReason, OpenError, Records, SetAside, Unlock};

/// The content of the provisioning file, with which an administrator preconfigures the registration.
#[derive(Debug)]
pub enum Provisioning {
    /// There is no provisioning file.
    Absent,
    /// The file holds a valid registration.
    Valid(Box<Registration>),
    /// The file exists and can't be used.
    Wrong {
        /// The path of the file.
        file: String,
        /// What is wrong with it.
        code: Code,
        /// The field that is wrong, if a single one is at fault.
        field: Option<Field>,
    },
}

/// How an address reached the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOrigin {
    /// From the operating system, a command-line argument, a second instance of the app or the
    /// loopback listener. Any program can send one, so an invalid one is ignored.
    Link,
    /// Pasted by the user, who is told when it is invalid.
    Pasted,
}

/// Identifies a pair of tokens within one run of the app, so that a late response for a
/// replaced pair is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenGeneration(pub(crate) u64);

/// Counts the requests to `/status` after a refresh whose response was lost. They find out whether the
/// old access token still works, and so whether the refresh took effect.
///
/// A *renewal* is the decision to get new tokens for an account; a *refresh* is its request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProbeAttempt(pub(crate) u32);

impl ProbeAttempt {
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Why an account is to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewalReason {
    /// The user asked for it.
    Asked,
    /// A caller in this process needs an access token, and the current one has expired.
    Needed,
    /// The planned time has come.
    Due,
    /// Amiqus rejected the access token (401).
    Refused,
    /// A program that holds the access token may not use it any more: a renewal ends it.
    Stopped,
}

/// Something that happened: a command, the result of an effect, or a change of the environment.
#[derive(Debug)]
pub enum Event {
    /// The vault was opened.
    Opened {
        /// The records that it holds.
        records: Box<Records>,
        /// The content of the provisioning file, with which an administrator preconfigures the registration.
        provisioning: Provisioning,
        /// The vault file that could not be used and was moved away.
        set_aside: Option<SetAside>,
    },
    /// The vault could not be opened.
    OpenFailed(OpenError),
    /// The vault has not opened yet, for this reason.
    OpeningTakesLong(LockReason),
    /// A keychain appeared, was unlocked or responds again.
    KeychainChanged,
    /// The user wants a vault that can't be opened replaced by an empty one.
    StartOverRequested,
    /// The user, or the start of the app, wants the vault opened.
    UnlockRequested(Unlock),
    /// The user wants to sign in. The attempt contains its random values already, so the
    /// session stays deterministic.
    SignInRequested(Box<Attempt>),
    /// The user wants the browser opened again. The attempt is a fresh one, which replaces the pending
    /// one if that is about to expire.
    BrowserRequestedAgain(Box<Attempt>),
    /// The browser could not be opened.
    BrowserDidNotOpen(AttemptId),
    /// The listener could not bind the attempt's loopback address.
    ListenFailed(AttemptId),
    /// An address arrived that may be the answer to the pending attempt.
    AddressReceived(ReceivedLink, LinkOrigin),
    /// The attempt has expired.
    DeadlinePassed(AttemptId),
    /// The user leaves the pending attempt or the set-up screen.
    Cancelled,
    /// The window closed; the app goes on without one.
    WindowClosed,
    /// The user has read the problem that is shown.
    ProblemDismissed,
    /// The exchange of a code finished.
    CodeExchanged(AttemptId, Result<TokenSet, TokenError>),
    /// The request for the new tokens' user and team finished.
    Identified(TokenGeneration, Result<Identity, ApiError>),
    /// The user wants to finish the sign-in whose user isn't known yet.
    FinishRequested,
    /// The user wants to discard the sign-in whose user isn't known yet.
    ForgetRequested,
    /// An account is to be renewed.
    RenewalRequested(AccountKey, RenewalReason),
    /// Amiqus rejected the access token (401) of a caller in this process.
    TokenRejected(AccountKey, TokenGeneration),
    /// A refresh finished.
    Refreshed(AccountKey, TokenGeneration, Result<TokenSet, TokenError>),
    /// The request to `/status` finished; `Ok` means that the access token is still valid.
    Probed(AccountKey, TokenGeneration, Result<(), ApiError>),
    /// The wait before the next request to `/status` is over.
    ProbeDue(AccountKey, TokenGeneration, ProbeAttempt),
    /// The account's record was read from the vault; `None` where it has none.
    AccountReloaded(AccountKey, TokenGeneration, Option<Box<Account>>),
    /// The computer woke, its clock was set, or a network became available.
    EnvironmentChanged,
    /// An account's user, team and role are to be requested.
    CheckRequested(AccountKey),
    /// The request for an account's user, team and role finished.
    Checked(AccountKey, TokenGeneration, Result<Identity, ApiError>),
    /// The user wants another account to be the current one.
    SwitchRequested(AccountKey),
    /// The user wants an account's tokens removed from this computer.
    SignOutRequested(AccountKey),
    /// An administrator entered a valid registration.
    RegistrationEntered(Box<Registration>),
    /// An administrator wants to change the set-up.
    SetupChangeRequested,
    /// The provisioning file was read again.
    ProvisioningRead(Provisioning),
    /// Something about other programs that use the connection.
    Program(ProgramEvent),
    /// The changes of the last step could not be saved, so these effects of it were not run.
    SaveFailed(Vec<Effect>),
    /// Changes that could not be saved earlier are saved now.
    Saved,
}

/// Something for the runtime to do, once the step's changes are durable.
#[derive(Debug)]
pub enum Effect {
    /// Open the vault.
    OpenVault(Unlock),
    /// Abort the vault opening that is waiting for the user to answer the keychain's prompt.
    AbandonPrompt,
    /// Open the vault as soon as the other process that holds it releases it.
    AwaitVault,
    /// Set the vault aside, together with its key, and open an empty one.
    StartOver,
    /// Open the system's browser.
    OpenBrowser(AttemptId, AuthorizationUrl),
    /// Listen on the loopback redirect URL while the attempt is pending, and only then open the
    /// browser: a program that already listens on the port would receive the code. Without a URL
    /// the browser isn't opened.
    Listen(AttemptId, RedirectUrl, Option<AuthorizationUrl>),
    /// Report [`Event::DeadlinePassed`] at this time.
    ArmDeadline(AttemptId, Timestamp),
    /// Build the HTTP client and its TLS configuration ahead of the next request. Sends nothing.
    WarmUpTls,
    /// Show the window and give it the focus.
    BringToFront,
    /// Post a code to the token endpoint, once.
    Exchange {
        /// The attempt that the code answers.
        attempt: AttemptId,
        /// The code; it is moved here and kept nowhere else.
        code: AuthorizationCode,
        /// The PKCE verifier, if the authorization request used PKCE.
        verifier: Option<CodeVerifier>,
        /// The redirect URL of the authorization request.
        redirect_url: RedirectUrl,
    },
    /// Request the owner of new tokens.
    Identify(TokenGeneration, AccessToken),
    /// Post a refresh token to the token endpoint, once.
    Refresh(AccountKey, TokenGeneration, RefreshToken, RedirectUrl),
    /// Request `/status`.
    Probe(AccountKey, TokenGeneration, AccessToken),
    /// Report [`Event::ProbeDue`] after a wait.
    ProbeLater(AccountKey, TokenGeneration, ProbeAttempt, SignedDuration),
    /// Read the account's record from the vault.
    ReloadAccount(AccountKey, TokenGeneration),
    /// Request `/me`, `/team`, `/team/me` and `/me/teams`.
    Check(AccountKey, TokenGeneration, AccessToken),
    /// Report [`Event::RenewalRequested`] at this time, in place of the account's earlier plan.
    PlanRenewal(AccountKey, Timestamp),
    /// Report [`ProgramEvent::TimePassed`] at this time.
    ArmProgramTimer(Timestamp),
}
