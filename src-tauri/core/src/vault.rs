//! What is kept, under which names, in which format; and the two traits that a store of secrets
//! must implement. Which product is behind them, only the shell's vault knows.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::{
    Account, AccountKey, AccountStatus, Identity, Journal, Role, SignInAgainReason, Team, User,
};
use crate::authorization::{Attempt, AttemptId, CodeVerifier, State};
use crate::error::Problem;
use crate::json;
use crate::registration::{Provenance, RedirectUrl, Registration, RegistrationDraft};
use crate::secret::Passphrase;
use crate::token::{AccessToken, RefreshToken, TokenSet};

#[cfg(test)]
mod tests;

/// The version of the records that this build writes. Each record carries it.
pub const RECORD_VERSION: u32 = 1;

/// The name of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordName {
    /// The registration.
    Registration,
    /// The pending attempt, so that a link which starts the app can complete it.
    Attempt,
    /// Tokens that arrived and whose owner isn't known yet.
    Unclaimed,
    /// Which account is current.
    Current,
    /// One account.
    Account(AccountKey),
}

impl fmt::Display for RecordName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registration => formatter.write_str("registration"),
            Self::Attempt => formatter.write_str("attempt"),
            Self::Unclaimed => formatter.write_str("unclaimed"),
            Self::Current => formatter.write_str("current"),
            Self::Account(key) => write!(formatter, "account/{key}"),
        }
    }
}

/// A name that this version doesn't know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a record")]
pub struct ParseRecordNameError;

impl FromStr for RecordName {
    type Err = ParseRecordNameError;

    fn from_str(text: &str) -> Result<Self, ParseRecordNameError> {
        match text {
            "registration" => Ok(Self::Registration),
            "attempt" => Ok(Self::Attempt),
            "unclaimed" => Ok(Self::Unclaimed),
            "current" => Ok(Self::Current),
            text => {
                let key = text.strip_prefix("account/").ok_or(ParseRecordNameError)?;
                key.parse()
                    .map(Self::Account)
                    .map_err(|_| ParseRecordNameError)
            }
        }
    }
}

/// The bytes of a record, wiped when dropped.
pub type RecordBytes = Zeroizing<Vec<u8>>;

/// One change of a commit.
pub struct Change {
    /// Which record.
    pub name: RecordName,
    /// Its new bytes; `None` removes it.
    pub bytes: Option<RecordBytes>,
}

/// An open store of secrets. All its methods block.
pub trait SecretStore: Send + Sync + 'static {
    /// Everything in it, read anew from where it is durable.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreError>;

    /// Makes all changes durable, or none: when this returns, they outlive a power cut.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be written; what was there before is still there.
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;
}

/// The store can't be read or written just now. The text is for the log and holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// With what to open the store.
#[derive(Debug, Clone)]
pub enum Unlock {
    /// The key that the operating system's keychain holds, or a new one where there is neither a
    /// key nor a file.
    Keychain,
    /// The same, and nobody is asked for the keychain's password: it stays locked where that is needed.
    KeychainWithoutPrompt,
    /// A key made of the passphrase chosen earlier.
    Passphrase(Passphrase),
    /// A key made of a passphrase chosen now, on a computer without a keychain.
    NewPassphrase(Passphrase),
}

/// Why the store didn't open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    /// The keychain is there and locked.
    KeychainLocked,
    /// There is no keychain that could be used.
    KeychainAbsent,
    /// The keychain that holds the store's key can't be reached.
    KeychainUnreachable,
    /// The store's key is made of a passphrase.
    PassphraseNeeded,
    /// The store is there, and the keychain no longer holds its key.
    KeyLost,
    /// Another process holds the store.
    InUseElsewhere,
    /// The store's folder can't be read or written.
    VaultUnreachable,
    /// The disk that the store's folder is on is full.
    DiskFull,
}

impl LockReason {
    /// Whether another keychain, or the same one in another state, could open the store.
    #[must_use]
    pub fn is_keychains(self) -> bool {
        match self {
            Self::KeychainLocked
            | Self::KeychainAbsent
            | Self::KeychainUnreachable
            | Self::KeyLost => true,
            Self::PassphraseNeeded
            | Self::InUseElsewhere
            | Self::VaultUnreachable
            | Self::DiskFull => false,
        }
    }
}

/// Why opening failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// It stays locked; nothing was changed.
    #[error("locked: {0:?}")]
    Locked(LockReason),
    /// The passphrase is another one.
    #[error("the passphrase is another one")]
    WrongPassphrase,
    /// The passphrase chosen has fewer than [`MIN_PASSPHRASE_CHARS`] characters.
    #[error("the passphrase is too short")]
    PassphraseTooShort,
}

/// The fewest characters of a passphrase.
pub const MIN_PASSPHRASE_CHARS: usize = 12;

/// A file that could not be used was moved out of the way, whole.
#[derive(Debug, Clone)]
pub struct SetAside {
    /// Why.
    pub why: SetAsideReason,
    /// Where it is now.
    pub to: PathBuf,
}

/// Why a file was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAsideReason {
    /// Its bytes can't be read as a store.
    Damaged,
    /// A newer version of the app wrote it.
    Newer,
}

/// An opened store.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn SecretStore>,
    /// What had to be set aside on the way, if anything.
    pub set_aside: Option<SetAside>,
}

/// What opens the store. All its methods block.
pub trait VaultOpener: Send + Sync + 'static {
    /// Opens it. A store that can't be used is set aside, never overwritten.
    ///
    /// # Errors
    /// [`OpenError`].
    fn open(&self, unlock: Unlock) -> Result<Opened, OpenError>;

    /// What an opening that takes long is waiting for, as the reason why the store is still locked.
    fn waits_for(&self) -> LockReason {
        LockReason::KeychainLocked
    }

    /// Leaves off waiting for what the keychain asks its person, if an opening does: that fails. May
    /// block for a moment.
    fn abandon_prompt(&self) {}

    /// Waits until no other process has the store; it may be another's again by then.
    fn wait_until_free(&self);

    /// Sets aside a store whose key is lost, so that [`VaultOpener::open`] makes a new one.
    ///
    /// # Errors
    /// [`StoreError`] when the file can't be moved.
    fn set_aside(&self, why: SetAsideReason) -> Result<SetAside, StoreError>;
}

/// Everything that is kept, read.
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
    /// The current account.
    pub current: Option<AccountKey>,
}

/// A record was written by a newer version of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a newer version of the app wrote this")]
pub struct NewerVersionError;

impl Records {
    /// Reads what a store holds. A single record that can't be read is left where it is and said
    /// in the log; the others are not made to suffer for it.
    ///
    /// # Errors
    /// [`NewerVersionError`] when any record is of a later version: then nothing may be written.
    pub fn read(stored: &[(String, RecordBytes)]) -> Result<Self, NewerVersionError> {
        let mut records = Self::default();
        for (name, bytes) in stored {
            let is_newer = |record: Version| record.version > u64::from(RECORD_VERSION);
            if json::object(bytes).is_some_and(is_newer) {
                return Err(NewerVersionError);
            }
            if records.take(name, bytes).is_none() {
                tracing::error!(record = name, "a record can't be read and is left as it is");
            }
        }
        Ok(records)
    }

    fn take(&mut self, name: &str, bytes: &[u8]) -> Option<()> {
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
        }
        Some(())
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// Text on its way into or out of the vault.
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
        .validate(provenance)
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
    #[serde(rename = "person")] // as version 1 writes it
    user: User,
    team: Option<Team>,
    role: Option<Role>,
    as_of: Timestamp,
    #[serde(rename = "standing")] // as version 1 writes it
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

/// Encodes the registration.
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

/// Encodes a pending attempt.
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

/// Encodes tokens whose owner isn't known yet.
#[must_use]
pub fn encode_unclaimed(tokens: &TokenSet) -> RecordBytes {
    encode(&UnclaimedRecord {
        version: RECORD_VERSION,
        tokens: tokens.into(),
    })
}

/// Encodes which account is current.
#[must_use]
pub fn encode_current(key: AccountKey) -> RecordBytes {
    encode(&CurrentRecord {
        version: RECORD_VERSION,
        account: key.to_string(),
    })
}

/// Encodes an account.
#[must_use]
pub fn encode_account(account: &Account) -> RecordBytes {
    encode(&AccountRecord {
        version: RECORD_VERSION,
        user: account.identity.user.clone(),
        team: account.identity.team.clone(),
        role: account.identity.role,
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

/// JSON into bytes that are wiped. With the room there from the start, no half-filled copy of a
/// secret is left behind by growing.
fn encode(record: &impl Serialize) -> RecordBytes {
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    // Writing to a Vec can't fail, and no record has a map with keys that aren't text.
    if let Err(error) = serde_json::to_writer(&mut *bytes, record) {
        unreachable!("a record is always JSON: {error}");
    }
    bytes
}

impl From<&SetAside> for Problem {
    fn from(set_aside: &SetAside) -> Self {
        let code = match set_aside.why {
            SetAsideReason::Damaged => crate::error::Code::VaultDamaged,
            SetAsideReason::Newer => crate::error::Code::VaultNewer,
        };
        Self::about_file(code, set_aside.to.display().to_string())
    }
}
