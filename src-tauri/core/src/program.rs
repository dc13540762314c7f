//! Other programs of the user that use the connection: which one, what it may do, for which account, and until
//! when.
//!
//! Amiqus has no scopes: a token can do all that its user can. A [`Grant`] is what this app gives instead, for one
//! program and one account, with an end.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

use crate::account::AccountKey;
use crate::clock::later;
use crate::error::Problem;
use crate::text::plain_text;

/// A grant without an end goes when it wasn't used for so long.
const MAX_UNUSED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// By how much a clock may be set back without ending what was allowed before.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// How long *12 hours* is.
const HALF_A_DAY: SignedDuration = SignedDuration::from_hours(12);

/// What a program may do. Each level includes the ones before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type,
)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Have this app make requests that change nothing (GET and HEAD).
    Read,
    /// Have this app make any request.
    Write,
    /// Get the access token itself.
    Token,
}

/// What programs may be allowed at all, by IT or by the user's switch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ProgramsPolicy {
    /// Nothing: there is no local API.
    #[default]
    Off,
    /// To read.
    Read,
    /// Everything, if the user allows it.
    All,
}

impl ProgramsPolicy {
    /// Whether a program may be allowed this access.
    #[must_use]
    pub fn permits(self, access: Access) -> bool {
        match self {
            Self::Off => false,
            Self::Read => access == Access::Read,
            Self::All => true,
        }
    }
}

/// A program, as the system reports it. It is no proof against a program of the same user that pretends to be
/// another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Program {
    name: String,
    path: String,
    fingerprint: String,
    started_by: Option<String>,
    is_interpreter: bool,
}

impl Program {
    /// A program. `fingerprint` identifies its file's content, or who signed it; `started_by` is the name of the
    /// program that started it; an interpreter runs programs of others, such as a shell.
    #[must_use]
    pub fn new(
        name: &str,
        path: &str,
        fingerprint: String,
        started_by: Option<&str>,
        is_interpreter: bool,
    ) -> Self {
        Self {
            name: plain_text(name),
            path: path.to_owned(),
            fingerprint,
            started_by: started_by.map(plain_text),
            is_interpreter,
        }
    }

    /// Its name, safe to display.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is, as the system writes it: not to be displayed as it is.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What identifies its file's content, or who signed it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The name of the program that started it, safe to display.
    #[must_use]
    pub fn started_by(&self) -> Option<&str> {
        self.started_by.as_deref()
    }

    /// Whether it runs programs of others.
    #[must_use]
    pub fn is_interpreter(&self) -> bool {
        self.is_interpreter
    }

    /// Whether the system told what it is.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.path.is_empty() && !self.fingerprint.is_empty()
    }

    /// Whether both are the same file with the same content, or by the same signer. A program of which neither is
    /// known is like no other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_known() && self.path == other.path && self.fingerprint == other.fingerprint
    }
}

/// Identifies a request for access, and the grant that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(Uuid);

impl GrantId {
    /// Makes an id of random bytes.
    #[must_use]
    pub fn from_random_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The text is not the `Display` form of a [`GrantId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a grant's id")]
pub struct ParseGrantIdError;

impl FromStr for GrantId {
    type Err = ParseGrantIdError;

    fn from_str(text: &str) -> Result<Self, ParseGrantIdError> {
        let id = text.parse().map(Self).map_err(|_| ParseGrantIdError)?;
        // A UUID has several forms, and a record has one name.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(ParseGrantIdError)
        }
    }
}

/// A program's request for access to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// The request's own id.
    pub id: GrantId,
    /// Who asks.
    pub program: Program,
    /// For which account.
    pub account: AccountKey,
    /// What it wants to do.
    pub access: Access,
}

/// The user's answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum AccessAnswer {
    /// No; and no for a while to the same request.
    DontAllow,
    /// This request alone.
    AllowOnce,
    /// From now on for twelve hours.
    AllowForTwelveHours,
    /// Until it is stopped, or unused for thirty days.
    AllowAlways,
}

/// How a request for access ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessGranted {
    /// There is a grant for it.
    Grant(GrantId),
    /// For this request alone.
    Once,
}

/// Why a request for access was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Programs may not use the connection.
    #[error("programs may not use the connection")]
    Off,
    /// IT, or the user's setting, doesn't permit this access.
    #[error("this access is not permitted")]
    NotPermitted,
    /// The system doesn't tell which program it is.
    #[error("the program can't be identified")]
    Unidentified,
    /// The vault is locked: nothing is known of accounts and grants.
    #[error("the vault is locked")]
    Locked,
    /// There is no such account, or it must sign in again.
    #[error("the account isn't signed in")]
    NotSignedIn,
    /// The user said no, now or a while ago.
    #[error("the user refused")]
    Refused,
    /// The user didn't answer in time.
    #[error("nobody answered")]
    NotAnswered,
    /// Too many requests wait for the user's answer.
    #[error("too many requests wait for an answer")]
    TooManyPrompts,
    /// The user can't be asked: the screen is locked, or there is none.
    #[error("nobody can be asked now")]
    CannotAsk,
    /// The app is ending.
    #[error("the app is ending")]
    Ending,
}

/// Why a program isn't handed the access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandOutError {
    /// It has no grant for that, or not any more.
    #[error("there is no grant for the token")]
    NoGrant,
    /// The token was renewed meanwhile, or is about to be.
    #[error("the token was renewed meanwhile")]
    Renewed,
    /// The account has no valid token, or that it was handed out can't be saved.
    #[error("there is no token to hand out: {:?}", .0.code)]
    NoToken(Problem),
}

/// When a grant ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantEnd {
    /// At this time.
    At(Timestamp),
    /// When it wasn't used for thirty days.
    Unused,
}

/// A program's permission to use an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who may use it.
    pub program: Program,
    /// Which account.
    pub account: AccountKey,
    /// What for.
    pub access: Access,
    /// When it ends.
    pub end: GrantEnd,
    /// When it was given.
    pub since: Timestamp,
    /// When the program last used it; `None` before the first time.
    pub used_at: Option<Timestamp>,
    /// Whether the program was handed the access token that is in force.
    pub holds_token: bool,
    /// Whether it was stopped and still holds that token, until a renewal ends it. It allows nothing any more.
    pub is_stopped: bool,
}

impl Grant {
    /// The grant for a request that the user allowed with a duration; `None` for other answers.
    #[must_use]
    pub fn new(request: &AccessRequest, answer: AccessAnswer, now: Timestamp) -> Option<Self> {
        let end = match answer {
            AccessAnswer::DontAllow | AccessAnswer::AllowOnce => return None,
            AccessAnswer::AllowForTwelveHours => GrantEnd::At(later(now, HALF_A_DAY)),
            AccessAnswer::AllowAlways => GrantEnd::Unused,
        };
        Some(Self {
            program: request.program.clone(),
            account: request.account,
            access: request.access,
            end,
            since: now,
            used_at: None,
            holds_token: false,
            is_stopped: false,
        })
    }

    /// When it ends, if it isn't used again.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        match self.end {
            GrantEnd::At(end) => end,
            GrantEnd::Unused => later(self.used_at.unwrap_or(self.since), MAX_UNUSED),
        }
    }

    /// Whether it allows anything now. One that ends later than any grant can was given while the clock was ahead.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        let longest = match self.end {
            GrantEnd::At(_) => HALF_A_DAY,
            GrantEnd::Unused => MAX_UNUSED,
        };
        let end = self.ends_at();
        !self.is_stopped && now < end && end <= later(later(now, longest), CLOCK_TOLERANCE)
    }

    /// Whether it allows a request now.
    #[must_use]
    pub fn covers(&self, request: &AccessRequest, now: Timestamp) -> bool {
        self.is_live(now)
            && self.account == request.account
            && self.access >= request.access
            && self.program.is_same(&request.program)
    }
}

/// A request that the user is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPrompt {
    /// The request.
    pub request: AccessRequest,
    /// When no answer becomes a refusal.
    pub until: Timestamp,
}

/// What there is to know of other programs: for the window, and for what serves the local API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramsState {
    /// The question that is asked.
    pub prompt: Option<AccessPrompt>,
    /// The grants that allow something.
    pub grants: BTreeMap<GrantId, Grant>,
}

/// Whether a user may give this answer. Interpreters are never allowed without an end, since they run programs of
/// others; nor is more than reading, since Amiqus can't take it back for one program. A token can't be had once: it
/// lives for a year, unless the end of a grant ends it.
#[must_use]
pub fn may_answer(request: &AccessRequest, answer: AccessAnswer) -> bool {
    match answer {
        AccessAnswer::DontAllow | AccessAnswer::AllowForTwelveHours => true,
        AccessAnswer::AllowOnce => request.access != Access::Token,
        AccessAnswer::AllowAlways => {
            request.access == Access::Read && !request.program.is_interpreter()
        }
    }
}
