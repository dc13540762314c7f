//! Who is signed in: a person in one team, and when that ends.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

pub use crate::text::plain_text;
use crate::token::TokenSet;

#[cfg(test)]
mod tests;

/// What identifies an account: a token belongs to one user *and* the one team that was active
/// when it was granted (Amiqus API reference 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The user's number.
    pub user: u64,
    /// The team.
    pub team: TeamKey,
}

/// The part of an account's key that names its team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TeamKey {
    /// `/team` has not answered yet. Two grants whose teams are unknown may be for two teams, so the
    /// number keeps those of one user apart until their teams are known.
    Unknown(u32),
    /// `/team` told it.
    Known(Uuid),
}

impl TeamKey {
    const FIRST_UNKNOWN: Self = Self::Unknown(0);
}

impl fmt::Display for AccountKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.team {
            TeamKey::Known(team) => write!(formatter, "{}.{team}", self.user),
            // As earlier versions wrote it.
            TeamKey::FIRST_UNKNOWN => write!(formatter, "{}.unknown", self.user),
            TeamKey::Unknown(number) => write!(formatter, "{}.unknown-{number}", self.user),
        }
    }
}

/// A text that is not an account's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an account's key")]
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
        // One spelling for one account: what its name removes is its only record.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(ParseAccountKeyError)
        }
    }
}

/// The person, as `/me` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's number.
    pub id: u64,
    /// The person's name, as plain text; empty where there is none.
    pub name: String,
    /// The person's e-mail address, as plain text; empty where there is none.
    pub email: String,
    /// Whether Amiqus has verified who they are.
    #[serde(default)]
    pub is_verified: bool,
    /// Whether the user is disabled just now; this can pass.
    #[serde(default)]
    pub is_disabled: bool,
}

impl User {
    /// What tells this person from others: the name, else the e-mail address.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            &self.email
        } else {
            &self.name
        }
    }
}

/// The team, as `/team` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// The team's identity.
    pub uuid: Uuid,
    /// The team's name, as plain text; empty where there is none.
    pub name: String,
}

/// What the person may do in the team, as `/team/me` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Owns the team.
    Owner,
    /// Works in the team.
    Member,
    /// May look.
    ReadOnly,
    /// May see what is assigned to them.
    AssignedOnly,
    /// Acts on behalf of the team.
    Assumed,
}

/// The answers of `/me`, `/team` and `/team/me` together. The person must be known; a team that
/// can't be told just now doesn't fail a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub user: User,
    /// Where, once known.
    pub team: Option<Team>,
    /// As what, once known.
    pub role: Option<Role>,
}

impl Identity {
    /// The key of the account that this identity belongs to. While the team is unknown it is the
    /// first of the keys that such an account can have.
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
    /// Amiqus no longer accepts its tokens. Why can't be told from here: the app was removed on the
    /// Team apps page, or the tokens were used elsewhere, as after a restored backup or from a copied
    /// profile. The name is the one that earlier versions wrote into their records.
    AccessRemoved,
    /// Amiqus no longer accepts its tokens, and an answer to a refresh of them never arrived.
    AnswerLost,
    /// The refresh token went unused for longer than it lives.
    TooLongAway,
    /// The organisation's set-up now names another API client or another service.
    SetUpChanged,
}

/// How an account stands. Only a connected one has tokens.
#[derive(Debug)]
pub enum AccountStatus {
    /// Its tokens are believed to work.
    Connected {
        /// The pair in use.
        tokens: TokenSet,
        /// What is known of this pair's refreshes.
        journal: Journal,
    },
    /// It needs the browser again. What it was stays listed.
    SignInAgain(SignInAgainReason),
}

/// The journal of one pair's refreshes, durable before any of them is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// A refresh was about to be sent then, and how it ended is not known yet.
    pub open_since: Option<Timestamp>,
    /// A refresh that was sent then never got an answer, though the pair was alive after it. Should
    /// the pair turn out to be dead, that request was processed after all, late.
    pub unanswered_since: Option<Timestamp>,
}

/// An account as it is kept.
#[derive(Debug)]
pub struct Account {
    /// Who and where, as last heard.
    pub identity: Identity,
    /// When Amiqus last confirmed it.
    pub as_of: Timestamp,
    /// How it stands.
    pub status: AccountStatus,
}
