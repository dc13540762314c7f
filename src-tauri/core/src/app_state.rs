//! What the window is handed. No type here has a field that could hold a secret.

use jiff::Timestamp;
use serde::Serialize;
use specta::Type;

use crate::account::{Role, SignInAgainReason};
use crate::error::Problem;
use crate::registration::RedirectKind;
use crate::vault::LockReason;

/// The whole of what the window draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AppState {
    /// Counts up with each change, so that a late state never replaces a newer one.
    pub revision: u32,
    /// Which screen.
    pub screen: Screen,
    /// What went wrong last, while it matters.
    pub problem: Option<Problem>,
    /// All accounts here.
    pub accounts: Vec<AccountView>,
    /// The `id` of the current account.
    pub current: Option<String>,
    /// Whether a sign-in isn't finished: its tokens are here, and Amiqus has not told whose they are.
    pub unfinished: bool,
    /// How the app is set up.
    pub setup: SetupView,
}

/// Which screen; its name is the value of the window's `data-state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Screen {
    /// An administrator must connect the organisation.
    NeedsSetup,
    /// Nobody is signed in.
    SignedOut {
        /// Whether somebody has just signed out: then the window says what that did not end.
        just_now: bool,
    },
    /// The browser has the floor.
    AwaitingBrowser {
        /// Since when.
        #[specta(type = String)]
        started_at: Timestamp,
        /// Until when.
        #[specta(type = String)]
        deadline: Timestamp,
    },
    /// The browser answered; Amiqus is being asked.
    ExchangingCode,
    /// The current account is connected.
    SignedIn,
    /// The current account needs the browser again.
    SignInAgain {
        /// Why.
        why: SignInAgainReason,
    },
    /// The vault didn't open.
    Locked {
        /// Why.
        why: LockReason,
    },
}

/// One account.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what the window draws, flag by flag; no two of them exclude each other"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AccountView {
    /// Names the account in commands.
    pub id: String,
    /// The person's name, else their e-mail address; empty where Amiqus tells neither.
    pub name: String,
    /// The person's e-mail address; empty where Amiqus tells none.
    pub email: String,
    /// Whether Amiqus verified them.
    pub is_verified: bool,
    /// Whether the user is disabled just now.
    pub is_disabled: bool,
    /// The team's name, once known.
    pub team: Option<String>,
    /// What they are in it.
    pub role: Option<Role>,
    /// How it stands.
    pub status: AccountStatusView,
    /// Before when it renews by itself; `None` where it can't.
    #[specta(type = Option<String>)]
    pub renews_by: Option<Timestamp>,
    /// When Amiqus last confirmed this.
    #[specta(type = String)]
    pub as_of: Timestamp,
    /// Whether the last try to reach Amiqus for it found no network.
    pub offline: bool,
    /// Whether it is being renewed just now.
    pub renewing: bool,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccountStatusView {
    /// Connected.
    Connected,
    /// Needs the browser again.
    SignInAgain {
        /// Why.
        why: SignInAgainReason,
    },
}

/// How the app is set up, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct SetupView {
    /// Whether IT manages it: then the window can't change it.
    pub managed: bool,
    /// The organisation's name.
    pub organisation: Option<String>,
    /// The client ID, once set up.
    pub client_id: Option<String>,
    /// The redirect URL to register at Amiqus.
    pub redirect_url: String,
    /// How the browser's answer comes back to it.
    pub redirect: RedirectKind,
    /// Where Amiqus is.
    pub base_url: String,
}
