//! The state that is sent to the window. No type here has a field that could hold a secret.

use jiff::Timestamp;
use serde::Serialize;
use specta::Type;

use crate::account::{Role, SignInAgainReason};
use crate::error::Problem;
use crate::registration::RedirectKind;
use crate::vault::LockReason;

/// Everything that the window displays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AppState {
    /// Increases with each change, so that a delayed state never replaces a newer one.
    pub revision: u32,
    /// The screen to display.
    pub screen: Screen,
    /// The latest problem, for as long as it is relevant.
    pub problem: Option<Problem>,
    /// All accounts.
    pub accounts: Vec<AccountView>,
    /// The `id` of the current account.
    pub current: Option<String>,
    /// Whether a sign-in is unfinished: its tokens are stored, and their owner is not known yet.
    pub unfinished: bool,
    /// How the app is set up.
    pub setup: SetupView,
    /// The names of the current user's teams that no account here is for.
    pub other_teams: Vec<String>,
    /// Whether the user has just signed in: then the window greets them, until it is closed or they do
    /// something else.
    pub just_signed_in: bool,
}

/// The screen to display; its name is the value of the window's `data-state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Screen {
    /// There is no registration: an administrator must set the app up.
    NeedsSetup,
    /// No account is signed in.
    SignedOut {
        /// Whether the user has just signed out: then the window explains what that did not end.
        just_now: bool,
    },
    /// A sign-in continues in the browser.
    AwaitingBrowser {
        /// When the attempt began.
        #[specta(type = String)]
        started_at: Timestamp,
        /// When the attempt ends.
        #[specta(type = String)]
        deadline: Timestamp,
        /// From then on, opening the browser again starts a fresh attempt (WCAG 2.2.1).
        #[specta(type = String)]
        extendable_from: Timestamp,
    },
    /// The browser came back with a code, which is being exchanged for tokens.
    ExchangingCode,
    /// The current account is connected.
    SignedIn,
    /// The current account must sign in again.
    SignInAgain {
        /// Why it must.
        why: SignInAgainReason,
    },
    /// The vault is locked.
    Locked {
        /// Why it is.
        why: LockReason,
    },
}

/// One account.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a separate flag in the window; no two exclude each other"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AccountView {
    /// Identifies the account in commands.
    pub id: String,
    /// The user's name, or else their e-mail address; empty if both are unknown.
    pub name: String,
    /// The user's e-mail address; empty if unknown.
    pub email: String,
    /// Whether Amiqus has verified the user's identity.
    pub is_verified: bool,
    /// Whether the user is currently disabled.
    pub is_disabled: bool,
    /// The team's name, once known.
    pub team: Option<String>,
    /// The user's role in the team, once known.
    pub role: Option<Role>,
    /// Whether the account is connected.
    pub status: AccountStatusView,
    /// The time before which the tokens are renewed; `None` if they can't be.
    #[specta(type = Option<String>)]
    pub renews_by: Option<Timestamp>,
    /// When Amiqus last confirmed these values.
    #[specta(type = String)]
    pub as_of: Timestamp,
    /// Whether the latest request for this account failed because of the network.
    pub offline: bool,
    /// Whether the tokens are being renewed.
    pub renewing: bool,
}

/// Whether an account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccountStatusView {
    /// The tokens are believed to work.
    Connected,
    /// The user must sign in again.
    SignInAgain {
        /// Why they must.
        why: SignInAgainReason,
    },
}

/// How the app is set up, without the client secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct SetupView {
    /// Whether a provisioning file is in charge: then the window can't change the set-up.
    pub managed: bool,
    /// The organisation's name.
    pub organisation: Option<String>,
    /// The client ID, once set up.
    pub client_id: Option<String>,
    /// The redirect URL to register at Amiqus.
    pub redirect_url: String,
    /// How the redirect reaches this app.
    pub redirect: RedirectKind,
    /// The base URL of Amiqus.
    pub base_url: String,
}
