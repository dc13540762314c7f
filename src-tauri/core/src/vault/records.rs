//! The format of the vault's records. A later version that changes it increases [`RECORD_VERSION`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::record_name::RecordName;
use super::store::RecordBytes;
use crate::account::{
    Account, AccountKey, AccountStatus, Identity, Journal, Role, SignInAgainReason, Team, User,
};
use crate::authorization::{Attempt, AttemptId, CodeVerifier, State};
use crate::json;
use crate::program::{Access, Grant, GrantEnd, GrantId, Program};
use crate::registration::{Provenance, RedirectUrl, Registration, RegistrationDraft};
use crate::token::{AccessToken, RefreshToken, TokenSet};

/// The version of the record format that this build writes. Each record has its version in it.
pub const RECORD_VERSION: u32 = 1;

/// The decoded records of a vault.
#[derive(Debug, Default)]
pub struct Records {
    /// The registration.
    pub registration: Option<Registration>,
    /// The pending attempt.
    pub attempt: Option<Attempt>,
    /// Tokens whose owner isn't known yet.
    pub unclaimed: Option<TokenSet>,
    /// The accounts.
    pub accounts: BTreeMap<AccountKey, Account>,
    /// The key of the current account.
    pub current: Option<AccountKey>,
    /// The programs' grants.
    pub grants: BTreeMap<GrantId, StoredGrant>,
}

/// A grant, and the set-up that it was given under: with another one it counts for nothing.
#[derive(Debug, Clone)]
pub struct StoredGrant {
    grant: Grant,
    client_id: String,
    base_url: String,
}

impl StoredGrant {
    /// The grant, if it was given under this registration.
    #[must_use]
    pub fn under(self, registration: Option<&Registration>) -> Option<Grant> {
        let registration = registration?;
        (self.client_id == registration.client_id.as_str()
            && self.base_url == registration.base_url.as_str())
        .then_some(self.grant)
    }
}

/// A record was written by a newer version of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record was written by a newer version of the app")]
pub struct NewerVersionError;

impl Records {
    /// Decodes the records of a store. A record that can't be read is logged and stays in the store; the
    /// others are not affected.
    ///
    /// # Errors
    /// [`NewerVersionError`] when any record has a later version: then nothing may be written.
    pub fn read(stored: &[(String, RecordBytes)]) -> Result<Self, NewerVersionError> {
        let mut records = Self::default();
        for (name, bytes) in stored {
            let is_newer = |record: Version| record.version > u64::from(RECORD_VERSION);
            if json::object(bytes).is_some_and(is_newer) {
                return Err(NewerVersionError);
            }
            if records.decode(name, bytes).is_none() {
                tracing::error!(record = name, "vault: record can't be read and is ignored");
            }
        }
        Ok(records)
    }

    fn decode(&mut self, name: &str, bytes: &[u8]) -> Option<()> {
        match name.parse().ok()? {
            RecordName::Registration => {
                self.registration = Some(RegistrationRecord::read(bytes)?);
            }
            RecordName::Attempt => self.attempt = Some(AttemptRecord::read(bytes)?),
            RecordName::Unclaimed => {
                let record: UnclaimedRecord = json::object(bytes)?;
                self.unclaimed = Some(record.tokens.read()?);
            }
            RecordName::Current => {
                let record: CurrentRecord = json::object(bytes)?;
                self.current = record.account.parse().ok();
            }
            RecordName::Account(key) => {
                let record: AccountRecord = json::object(bytes)?;
                self.accounts.insert(key, record.read()?);
            }
            RecordName::Grant(id) => {
                let record: GrantRecord = json::object(bytes)?;
                self.grants.insert(id, record.read()?);
            }
        }
        Some(())
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// Text that is wiped when dropped.
type Text = Zeroizing<String>;

fn text(exposed: &str) -> Text {
    Zeroizing::new(exposed.to_owned())
}

#[derive(Serialize, Deserialize)]
struct RegistrationRecord {
    version: u32,
    client_id: String,
    client_secret: Text,
    redirect_url: String,
    base_url: String,
    organisation: Option<String>,
    pkce: bool,
    provisioned: bool,
}

impl RegistrationRecord {
    fn read(bytes: &[u8]) -> Option<Registration> {
        let record: Self = json::object(bytes)?;
        let provenance = if record.provisioned {
            Provenance::Provisioned
        } else {
            Provenance::ByHand
        };
        RegistrationDraft {
            client_id: record.client_id,
            client_secret: record.client_secret.to_string(),
            redirect_url: Some(record.redirect_url),
            base_url: Some(record.base_url),
            organisation: record.organisation,
            pkce: Some(record.pkce),
        }
        .validate_stored(provenance)
        .ok()
    }
}

#[derive(Serialize, Deserialize)]
struct AttemptRecord {
    version: u32,
    id: uuid::Uuid,
    started_at: Timestamp,
    state: Text,
    verifier: Option<Text>,
    redirect_url: String,
}

impl AttemptRecord {
    fn read(bytes: &[u8]) -> Option<Attempt> {
        let record: Self = json::object(bytes)?;
        Some(Attempt {
            id: AttemptId(record.id),
            started_at: record.started_at,
            state: State::new(record.state.as_str()),
            verifier: record
                .verifier
                .map(|verifier| CodeVerifier::new(verifier.as_str())),
            redirect_url: RedirectUrl::parse(&record.redirect_url).ok()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct TokensRecord {
    access: Text,
    refresh: Text,
    received_at: Timestamp,
    lifetime_seconds: i64,
    redirect_url: String,
}

impl From<&TokenSet> for TokensRecord {
    fn from(tokens: &TokenSet) -> Self {
        Self {
            access: text(tokens.access.expose()),
            refresh: text(tokens.refresh.expose()),
            received_at: tokens.received_at,
            lifetime_seconds: tokens.lifetime.as_secs(),
            redirect_url: tokens.redirect_url.as_str().to_owned(),
        }
    }
}

impl TokensRecord {
    fn read(&self) -> Option<TokenSet> {
        Some(TokenSet {
            access: AccessToken::new(self.access.as_str()),
            refresh: RefreshToken::new(self.refresh.as_str()),
            received_at: self.received_at,
            lifetime: SignedDuration::from_secs(self.lifetime_seconds),
            redirect_url: RedirectUrl::parse(&self.redirect_url).ok()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct UnclaimedRecord {
    version: u32,
    tokens: TokensRecord,
}

#[derive(Serialize, Deserialize)]
struct CurrentRecord {
    version: u32,
    account: String,
}

#[derive(Serialize, Deserialize)]
struct AccountRecord {
    version: u32,
    #[serde(rename = "person")] // the name in version 1
    user: User,
    team: Option<Team>,
    role: Option<Role>,
    /// Earlier versions have none, and leave it out. Known from the start, so that the first screen has
    /// its final form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teams: Option<Vec<Team>>,
    as_of: Timestamp,
    #[serde(rename = "standing")] // the name in version 1
    status: AccountStatusRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountStatusRecord {
    Connected {
        tokens: TokensRecord,
        journal: Journal,
    },
    SignInAgain(SignInAgainReason),
}

impl AccountRecord {
    fn read(self) -> Option<Account> {
        Some(Account {
            identity: Identity {
                user: self.user,
                team: self.team,
                role: self.role,
                teams: self.teams,
            },
            as_of: self.as_of,
            status: match self.status {
                AccountStatusRecord::Connected { tokens, journal } => AccountStatus::Connected {
                    tokens: tokens.read()?,
                    journal,
                },
                AccountStatusRecord::SignInAgain(why) => AccountStatus::SignInAgain(why),
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
struct GrantRecord {
    version: u32,
    program: ProgramRecord,
    account: String,
    access: Access,
    /// None: when it wasn't used for a while.
    ends_at: Option<Timestamp>,
    since: Timestamp,
    used_at: Option<Timestamp>,
    holds_token: bool,
    is_stopped: bool,
    client_id: String,
    base_url: String,
}

#[derive(Serialize, Deserialize)]
struct ProgramRecord {
    name: String,
    path: String,
    fingerprint: String,
    started_by: Option<String>,
    is_interpreter: bool,
}

impl GrantRecord {
    fn read(self) -> Option<StoredGrant> {
        let program = Program::new(
            &self.program.name,
            &self.program.path,
            self.program.fingerprint,
            self.program.started_by.as_deref(),
            self.program.is_interpreter,
        );
        Some(StoredGrant {
            grant: Grant {
                program,
                account: self.account.parse().ok()?,
                access: self.access,
                end: self.ends_at.map_or(GrantEnd::Unused, GrantEnd::At),
                since: self.since,
                used_at: self.used_at,
                holds_token: self.holds_token,
                is_stopped: self.is_stopped,
            },
            client_id: self.client_id,
            base_url: self.base_url,
        })
    }
}

/// Encodes the registration for [`RecordName::Registration`].
#[must_use]
pub fn encode_registration(registration: &Registration) -> RecordBytes {
    encode(&RegistrationRecord {
        version: RECORD_VERSION,
        client_id: registration.client_id.as_str().to_owned(),
        client_secret: text(registration.client_secret.expose()),
        redirect_url: registration.redirect_url.as_str().to_owned(),
        base_url: registration.base_url.as_str().to_owned(),
        organisation: registration.organisation.clone(),
        pkce: registration.pkce,
        provisioned: registration.provenance == Provenance::Provisioned,
    })
}

/// Encodes a pending attempt for [`RecordName::Attempt`].
#[must_use]
pub fn encode_attempt(attempt: &Attempt) -> RecordBytes {
    encode(&AttemptRecord {
        version: RECORD_VERSION,
        id: attempt.id.0,
        started_at: attempt.started_at,
        state: text(attempt.state.expose()),
        verifier: attempt
            .verifier
            .as_ref()
            .map(|verifier| text(verifier.expose())),
        redirect_url: attempt.redirect_url.as_str().to_owned(),
    })
}

/// Encodes tokens without a known owner for [`RecordName::Unclaimed`].
#[must_use]
pub fn encode_unclaimed(tokens: &TokenSet) -> RecordBytes {
    encode(&UnclaimedRecord {
        version: RECORD_VERSION,
        tokens: tokens.into(),
    })
}

/// Encodes the key of the current account for [`RecordName::Current`].
#[must_use]
pub fn encode_current(key: AccountKey) -> RecordBytes {
    encode(&CurrentRecord {
        version: RECORD_VERSION,
        account: key.to_string(),
    })
}

/// Encodes an account for [`RecordName::Account`].
#[must_use]
pub fn encode_account(account: &Account) -> RecordBytes {
    encode(&AccountRecord {
        version: RECORD_VERSION,
        user: account.identity.user.clone(),
        team: account.identity.team.clone(),
        // Version 1 doesn't know this role, and would not read the account.
        role: account
            .identity
            .role
            .filter(|role| *role != Role::NoLongerInTeam),
        teams: account.identity.teams.clone(),
        as_of: account.as_of,
        status: match &account.status {
            AccountStatus::Connected { tokens, journal } => AccountStatusRecord::Connected {
                tokens: tokens.into(),
                journal: *journal,
            },
            AccountStatus::SignInAgain(why) => AccountStatusRecord::SignInAgain(*why),
        },
    })
}

/// Encodes a grant that was given under this registration for [`RecordName::Grant`].
#[must_use]
pub fn encode_grant(grant: &Grant, registration: &Registration) -> RecordBytes {
    let Grant {
        program,
        account,
        access,
        end,
        since,
        used_at,
        holds_token,
        is_stopped,
    } = grant;
    encode(&GrantRecord {
        version: RECORD_VERSION,
        program: ProgramRecord {
            name: program.name().to_owned(),
            path: program.path().to_owned(),
            fingerprint: program.fingerprint().to_owned(),
            started_by: program.started_by().map(str::to_owned),
            is_interpreter: program.is_interpreter(),
        },
        account: account.to_string(),
        access: *access,
        ends_at: match end {
            GrantEnd::At(end) => Some(*end),
            GrantEnd::Unused => None,
        },
        since: *since,
        used_at: *used_at,
        holds_token: *holds_token,
        is_stopped: *is_stopped,
        client_id: registration.client_id.as_str().to_owned(),
        base_url: registration.base_url.as_str().to_owned(),
    })
}

/// Serializes a record. Allocated in full, because growing would leave copies of a secret behind.
fn encode(record: &impl Serialize) -> RecordBytes {
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    // Writing to a Vec can't fail, and no record has a map whose keys aren't strings.
    if let Err(error) = serde_json::to_writer(&mut *bytes, record) {
        unreachable!("a record is always valid JSON: {error}");
    }
    bytes
}
