//! Accounts: a user in one team, and the state of their tokens.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

use crate::token::TokenSet;

#[cfg(test)]
mod tests;

/// Identifies an account: a token belongs to one user *and* the one team that was active when it was
/// granted (Amiqus API reference 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The user's numeric ID.
    pub user: u64,
    /// The team.
    pub team: TeamKey,
}

/// The team's part of an [`AccountKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TeamKey {
    /// `/team` has not been answered yet. Two grants of one user with unknown teams may belong to
    /// different teams: the number distinguishes them until the teams are known.
    Unknown(u32),
    /// The UUID that `/team` returned.
    Known(Uuid),
}

impl TeamKey {
    const FIRST_UNKNOWN: Self = Self::Unknown(0);
}

impl fmt::Display for AccountKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.team {
            TeamKey::Known(team) => write!(formatter, "{}.{team}", self.user),
            // Earlier versions had only this one, and wrote it without a number.
            TeamKey::FIRST_UNKNOWN => write!(formatter, "{}.unknown", self.user),
            TeamKey::Unknown(number) => write!(formatter, "{}.unknown-{number}", self.user),
        }
    }
}

/// The text is not the `Display` form of an [`AccountKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an account key")]
pub struct ParseAccountKeyError;

impl std::str::FromStr for AccountKey {
    type Err = ParseAccountKeyError;

    fn from_str(text: &str) -> Result<Self, ParseAccountKeyError> {
        let (user, team) = text.split_once('.').ok_or(ParseAccountKeyError)?;
        let team = match team {
            "unknown" => TeamKey::FIRST_UNKNOWN,
            team => match team.strip_prefix("unknown-") {
                Some(number) => TeamKey::Unknown(number.parse().map_err(|_| ParseAccountKeyError)?),
                None => TeamKey::Known(team.parse().map_err(|_| ParseAccountKeyError)?),
            },
        };
        let key = Self {
            user: user.parse().map_err(|_| ParseAccountKeyError)?,
            team,
        };
        // Only the canonical spelling: the key names the account's record, and a second spelling would
        // name a record that removing the account leaves behind.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(ParseAccountKeyError)
        }
    }
}

/// A user, as returned by `/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's numeric ID.
    pub id: u64,
    /// The user's name, as plain text; empty if unknown.
    pub name: String,
    /// The user's e-mail address, as plain text; empty if unknown.
    pub email: String,
    /// Whether Amiqus has verified the user's identity.
    #[serde(default)]
    pub is_verified: bool,
    /// Whether the user is currently disabled; this may be temporary.
    #[serde(default)]
    pub is_disabled: bool,
}

impl User {
    /// The name to display: the user's name, or else their e-mail address.
    #[must_use]
    pub fn display_name(&self) -> &str {
        if self.name.is_empty() {
            &self.email
        } else {
            &self.name
        }
    }
}

/// A team, as returned by `/team`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// The team's UUID.
    pub uuid: Uuid,
    /// The team's name, as plain text; empty if unknown.
    pub name: String,
}

/// A user's role in the team, as returned by `/team/me`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Owns the team.
    Owner,
    /// Works in the team.
    Member,
    /// Can view everything and change nothing.
    ReadOnly,
    /// Sees only what is assigned to them.
    AssignedOnly,
    /// Acts on behalf of the team.
    Assumed,
    /// Is no longer a member of the team: `/team/me` has the role `null`. Earlier versions can't
    /// read it, so no record has it.
    NoLongerInTeam,
}

/// The answers of `/me`, `/team`, `/team/me` and `/me/teams` together. Only the user is required: a
/// sign-in does not fail because the team is unavailable for a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: User,
    /// The team, once known.
    pub team: Option<Team>,
    /// The user's role in the team, once known.
    pub role: Option<Role>,
    /// All teams that the user belongs to, or the first [`MAX_TEAMS`](crate::api::MAX_TEAMS) of them,
    /// once known.
    pub teams: Option<Vec<Team>>,
}

impl Identity {
    /// The key of this identity's account. While the team is unknown, it is the first of the keys that
    /// such an account can have.
    #[must_use]
    pub fn key(&self) -> AccountKey {
        AccountKey {
            user: self.user.id,
            team: self
                .team
                .as_ref()
                .map_or(TeamKey::FIRST_UNKNOWN, |team| TeamKey::Known(team.uuid)),
        }
    }
}

/// Why an account must go through the browser again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SignInAgainReason {
    /// Amiqus no longer accepts the account's tokens. The cause can't be determined from here: the app
    /// was removed on the Team apps page, or the tokens were used elsewhere, for example from a
    /// restored backup or a copied profile. The name is part of the record format.
    AccessRemoved,
    /// Amiqus no longer accepts the account's tokens, and the response to an earlier refresh was lost.
    AnswerLost,
    /// The refresh token expired unused.
    TooLongAway,
    /// The organisation's registration now names another API client or another service.
    SetUpChanged,
}

/// The state of an account. Only a connected account has tokens.
#[derive(Debug)]
pub enum AccountStatus {
    /// The tokens are believed to work.
    Connected {
        /// The tokens in use.
        tokens: TokenSet,
        /// What is known about their refreshes.
        journal: Journal,
    },
    /// The user must sign in again. The account stays listed.
    SignInAgain(SignInAgainReason),
}

/// The refreshes of one token set whose outcome matters later. Saved before a refresh is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// When a refresh was about to be sent whose outcome is still unknown.
    pub open_since: Option<Timestamp>,
    /// When a refresh was sent that was never answered, though the tokens still worked afterwards. If
    /// they turn out to be invalid, that request was processed late.
    pub unanswered_since: Option<Timestamp>,
}

/// An account as it is stored.
#[derive(Debug)]
pub struct Account {
    /// The user, team and role, as last confirmed.
    pub identity: Identity,
    /// When Amiqus last confirmed the identity.
    pub as_of: Timestamp,
    /// Whether the account is connected.
    pub status: AccountStatus,
}
