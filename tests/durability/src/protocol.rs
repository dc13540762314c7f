//! The commands and replies of `headless-app`, one line of JSON each.

use serde::{Deserialize, Serialize};

/// A command, as a line like `{"command": "receive", "address": "…"}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Begin to sign in.
    Authorize,
    /// Open the browser again for the pending attempt.
    OpenBrowserAgain,
    /// Deliver a link.
    Receive {
        /// The address.
        address: String,
    },
    /// Paste an address.
    Exchange {
        /// The address.
        address: String,
    },
    /// Give up the pending attempt, or leave the set-up.
    Cancel,
    /// Renew the current account.
    Refresh,
    /// Ask who the current account is.
    Me,
    /// Make another account current.
    Switch {
        /// The account's id.
        id: String,
    },
    /// Remove an account's tokens.
    SignOut {
        /// The account's id.
        id: String,
    },
    /// Save a registration.
    SaveRegistration {
        /// The client ID.
        client_id: String,
        /// The client secret.
        client_secret: String,
        /// The base URL of the service.
        base_url: String,
    },
    /// Go to the set-up.
    ChangeSetup,
    /// Open a locked vault, with the keychain unless there is a passphrase.
    Unlock {
        /// The passphrase chosen earlier.
        #[serde(default)]
        passphrase: Option<String>,
        /// A new passphrase, chosen now.
        #[serde(default)]
        new_passphrase: Option<String>,
    },
    /// Start over with an empty vault.
    StartOver,
    /// Wait until the session is idle.
    AtRest,
    /// Wait until the session is idle, and exit.
    End,
}

/// A reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reply<S> {
    /// The first line: the app is running.
    Ready {
        /// The thread that does all of the vault's work.
        vault_thread: u32,
    },
    /// An address to open in the browser.
    Browser {
        /// The address.
        browser: String,
    },
    /// A new state for the window.
    State {
        /// An `AppState`.
        state: S,
    },
    /// A command's outcome.
    Done {
        /// The number of the command, counted from 1.
        done: u64,
        /// The problem's code; `None` when it went well.
        problem: Option<String>,
    },
}

/// The part of an `AppState` that tests read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct State {
    /// The revision, which increases with each state.
    pub revision: u32,
    /// The screen shown.
    pub screen: Screen,
    /// The last problem.
    pub problem: Option<Problem>,
    /// All accounts.
    pub accounts: Vec<Account>,
    /// The current account's id.
    pub current: Option<String>,
    /// Whether a sign-in isn't finished.
    pub unfinished: bool,
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Screen {
    /// The name of the screen, as in the window's `data-state`.
    pub state: String,
    /// The reason, for `sign-in-again` and `locked`.
    #[serde(default)]
    pub why: Option<String>,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The problem's code.
    pub code: String,
    /// The affected file.
    pub file: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Identifies the account in commands.
    pub id: String,
    /// The user's name.
    pub name: String,
    /// The user's e-mail address.
    pub email: String,
    /// The team's name.
    pub team: Option<String>,
    /// The status of its tokens.
    pub status: AccountStatus,
    /// When the tokens expire unless they are renewed; a different time means a different pair.
    pub renews_by: Option<String>,
    /// When Amiqus last confirmed the account.
    pub as_of: String,
    /// Whether it is being renewed.
    pub renewing: bool,
}

/// The status of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountStatus {
    /// `connected` or `sign_in_again`.
    pub kind: String,
    /// The reason, for `sign_in_again`.
    #[serde(default)]
    pub why: Option<String>,
}

impl State {
    /// The account of a user in a team.
    #[must_use]
    pub fn account(&self, email: &str, team: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.email == email && account.team.as_deref() == Some(team))
    }

    /// The current account.
    #[must_use]
    pub fn current_account(&self) -> Option<&Account> {
        let current = self.current.as_ref()?;
        self.accounts.iter().find(|account| account.id == *current)
    }
}

impl Account {
    /// Whether its tokens are believed to work.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.status.kind == "connected"
    }
}
