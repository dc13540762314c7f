//! The inputs of the session, [`Event`], and what it asks the runtime to do, [`Effect`].

use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, AccountKey, Identity};
use crate::api::ApiError;
use crate::authorization::{Attempt, AttemptId, AuthorizationUrl, CodeVerifier};
use crate::error::Code;
use crate::redirect::{AuthorizationCode, ReceivedLink};
use crate::registration::{Field, RedirectUrl, Registration};
use crate::token::{AccessToken, RefreshToken, TokenError, TokenSet};
use crate::vault::{LockReason, OpenError, Records, SetAside, Unlock};

/// The content of the provisioning file.
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
        /// The field that is wrong, where one is to blame.
        field: Option<Field>,
    },
}

/// How an address reached the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOrigin {
    /// From the operating system, an argument, a second process or the loopback listener. Any
    /// program can send one, so an invalid one is ignored.
    Link,
    /// Pasted by the user, who is told when it is invalid.
    Pasted,
}

/// Identifies a pair of tokens within one run of the app, so that a late answer about an earlier
/// pair can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenGeneration(pub(crate) u64);

/// Counts the requests to `/status` that follow a refresh whose answer was lost.
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
}

/// Something that happened: a command, the result of an effect, or a change of the environment.
#[derive(Debug)]
pub enum Event {
    /// The vault was opened.
    Opened {
        /// The records that it holds.
        records: Box<Records>,
        /// The content of the provisioning file.
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
    /// The user gives up a vault that can't be opened, for an empty one.
    StartOverRequested,
    /// The user, or the start of the app, wants the vault opened.
    UnlockRequested(Unlock),
    /// The user wants to sign in. The attempt brings its random values with it.
    SignInRequested(Box<Attempt>),
    /// The user wants the browser opened again for the pending attempt.
    BrowserRequestedAgain,
    /// The browser could not be opened.
    BrowserDidNotOpen(AttemptId),
    /// The attempt's loopback address could not be listened on.
    ListenFailed(AttemptId),
    /// An address arrived that may be the answer to the pending attempt.
    AddressReceived(ReceivedLink, LinkOrigin),
    /// The attempt has expired.
    DeadlinePassed(AttemptId),
    /// The user leaves the pending attempt or the set-up screen.
    Cancelled,
    /// The token endpoint answered a code, or failed to.
    CodeExchanged(AttemptId, Result<TokenSet, TokenError>),
    /// The API told whose the new tokens are, or failed to.
    Identified(TokenGeneration, Result<Identity, ApiError>),
    /// The user wants to finish the sign-in whose owner isn't known yet.
    FinishRequested,
    /// The user wants to discard that sign-in.
    ForgetRequested,
    /// An account is to be renewed.
    RenewalRequested(AccountKey, RenewalReason),
    /// The token endpoint answered a refresh token, or failed to.
    Refreshed(AccountKey, TokenGeneration, Result<TokenSet, TokenError>),
    /// `/status` told whether the access token is still valid, or failed to.
    Probed(AccountKey, TokenGeneration, Result<(), ApiError>),
    /// The wait before the next request to `/status` is over.
    ProbeDue(AccountKey, TokenGeneration, ProbeAttempt),
    /// The account's record was read from the vault; `None` where it has none.
    AccountReloaded(AccountKey, TokenGeneration, Option<Box<Account>>),
    /// The computer woke, its clock was set, or a network became available.
    EnvironmentChanged,
    /// An account's user, team and role are to be requested.
    CheckRequested(AccountKey),
    /// The API told an account's user, team and role, or failed to.
    Checked(AccountKey, TokenGeneration, Result<Identity, ApiError>),
    /// The user wants another account to be the current one.
    SwitchRequested(AccountKey),
    /// The user wants an account's tokens removed from this computer.
    SignOutRequested(AccountKey),
    /// An administrator entered a valid registration.
    RegistrationEntered(Box<Registration>),
    /// An administrator wants to change the set-up.
    SetupChangeRequested,
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
    /// Make the opening fail that waits for the user to answer the keychain's prompt.
    AbandonPrompt,
    /// Open the vault as soon as the other process that holds it releases it.
    AwaitVault,
    /// Set the vault aside, together with its key, and open an empty one.
    StartOver,
    /// Open the system's browser.
    OpenBrowser(AttemptId, AuthorizationUrl),
    /// Listen on the loopback redirect URL while the attempt is pending, and only then open the
    /// browser: another program that has the port would be sent the code.
    Listen(AttemptId, RedirectUrl, Option<AuthorizationUrl>),
    /// Report when the attempt expires.
    ArmDeadline(AttemptId, Timestamp),
    /// Prepare the HTTP client for the request that comes next. Sends nothing.
    WarmUpTls,
    /// Show the window and give it the focus.
    BringToFront,
    /// Post a code to the token endpoint, once.
    Exchange {
        /// The attempt that the code answers.
        attempt: AttemptId,
        /// The code; it is moved here and kept nowhere else.
        code: AuthorizationCode,
        /// The PKCE verifier, where a challenge was sent.
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
    /// Request `/me`, `/team` and `/team/me`.
    Check(AccountKey, TokenGeneration, AccessToken),
    /// Report [`Event::RenewalRequested`] at this time, in place of the account's earlier plan.
    PlanRenewal(AccountKey, Timestamp),
}
