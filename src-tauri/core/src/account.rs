//! Who is signed in: a person in one team, and when that ends.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

use crate::token::TokenSet;

#[cfg(test)]
mod tests;

/// What identifies an account: a token belongs to one user *and* the one team that was active
/// when it was granted (Amiqus API reference 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The user's number.
    pub user: u64,
    /// The team; `None` while `/team` has not answered yet.
    pub team: Option<Uuid>,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.team {
            Some(team) => write!(formatter, "{}.{team}", self.user),
            None => write!(formatter, "{}.unknown", self.user),
        }
    }
}

/// A text that is not an account's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an account's key")]
pub struct NotAKey;

impl std::str::FromStr for AccountKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (user, team) = text.split_once('.').ok_or(NotAKey)?;
        let team = match team {
            "unknown" => None,
            team => Some(team.parse().map_err(|_| NotAKey)?),
        };
        let key = Self {
            user: user.parse().map_err(|_| NotAKey)?,
            team,
        };
        // One spelling for one account: what its name removes is its only record.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NotAKey)
        }
    }
}

/// The person, as `/me` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
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

impl Person {
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
    pub person: Person,
    /// Where, once known.
    pub team: Option<Team>,
    /// As what, once known.
    pub role: Option<Role>,
}

impl Identity {
    /// The key of the account that this identity belongs to.
    #[must_use]
    pub fn key(&self) -> AccountKey {
        AccountKey {
            user: self.person.id,
            team: self.team.as_ref().map(|team| team.uuid),
        }
    }
}

/// Why an account must go through the browser again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum WhySignInAgain {
    /// Amiqus no longer takes its tokens: somebody removed the app on the Team apps page.
    AccessRemoved,
    /// Amiqus had rotated the tokens and its answer never arrived.
    AnswerLost,
    /// The refresh token went unused for longer than it lives.
    TooLongAway,
    /// The organisation's set-up now names another API client or another service.
    SetUpChanged,
}

/// How an account stands. Only a connected one has tokens.
#[derive(Debug)]
pub enum Standing {
    /// Its tokens are believed to work.
    Connected {
        /// The pair in use.
        tokens: TokenSet,
        /// What is known of this pair's refreshes.
        journal: Journal,
    },
    /// It needs the browser again. What it was stays listed.
    SignInAgain(WhySignInAgain),
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
    pub standing: Standing,
}

/// A server's text as a person may see it: no control or direction characters, no more than 200
/// characters.
#[must_use]
pub fn plain_text(text: &str) -> String {
    const LONGEST: usize = 200;
    let harmless = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .filter(harmless)
        .take(LONGEST)
        .collect::<String>()
        .trim()
        .to_owned()
}
