//! A vault in a temporary folder, and one record of each kind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amiqus_core::account::{
    Account, AccountStatus, Identity, Journal, Role, SignInAgainReason, Team, User,
};
use amiqus_core::authorization::Attempt;
use amiqus_core::entropy::{EntropyError, EntropySource};
use amiqus_core::registration::{Provenance, RedirectUrl, Registration, RegistrationDraft};
use amiqus_core::secret::Passphrase;
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{
    Change, OpenError, Opened, RecordName, Records, SecretStore, Unlock, VaultOpener as _,
    encode_account, encode_attempt, encode_current, encode_registration, encode_unclaimed,
};
use jiff::{SignedDuration, Timestamp};
use sign_in_with_amiqus::vault::StrongholdOpener;

pub(crate) const PASSPHRASE: &str = "practice makes perfect";
const REDIRECT: &str = "co.amiqus.signin://oauth/callback";

/// A folder for one vault, removed with the test.
pub(crate) struct TestVault {
    _parent: tempfile::TempDir,
    pub(crate) folder: PathBuf,
}

impl TestVault {
    pub(crate) fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("vault");
        Self::at(parent, folder)
    }

    /// A vault in a folder somewhere in a temporary one.
    pub(crate) fn at(parent: tempfile::TempDir, folder: PathBuf) -> Self {
        Self {
            _parent: parent,
            folder,
        }
    }

    /// Creates a vault with one record of each kind.
    pub(crate) fn filled() -> Self {
        let vault = Self::new();
        vault.fill();
        vault
    }

    pub(crate) fn fill(&self) {
        let opened = self.open_new().unwrap();
        opened.store.commit(&all_records()).unwrap();
    }

    pub(crate) fn opener(&self) -> StrongholdOpener {
        StrongholdOpener::new(self.folder.clone())
    }

    pub(crate) fn open_new(&self) -> Result<Opened, OpenError> {
        let passphrase = Passphrase::new(PASSPHRASE);
        self.opener().open(Unlock::NewPassphrase(passphrase))
    }

    pub(crate) fn open(&self) -> Result<Opened, OpenError> {
        let passphrase = Passphrase::new(PASSPHRASE);
        self.opener().open(Unlock::Passphrase(passphrase))
    }

    pub(crate) fn snapshot(&self) -> PathBuf {
        self.folder.join("vault.stronghold")
    }

    /// Changes the snapshot's bytes; returns the new ones.
    pub(crate) fn corrupt(&self, corrupt: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = fs::read(self.snapshot()).unwrap();
        corrupt(&mut bytes);
        fs::write(self.snapshot(), &bytes).unwrap();
        bytes
    }

    /// The names of the folder's files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn records(store: &Arc<dyn SecretStore>) -> Records {
    Records::read(&store.read_all().unwrap()).unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Entropy that is the same in each run.
struct CountingEntropy(std::sync::atomic::AtomicU8);

impl EntropySource for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }
}

pub(crate) fn received_at() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub(crate) fn registration() -> Registration {
    RegistrationDraft {
        client_id: "9f3c1b7a".to_owned(),
        client_secret: "hush-client-secret".to_owned(),
        redirect_url: None,
        base_url: None,
        organisation: Some("Gale & Partners".to_owned()),
        pkce: None,
    }
    .validate(Provenance::ByHand)
    .unwrap()
}

fn attempt() -> Attempt {
    let entropy = CountingEntropy(std::sync::atomic::AtomicU8::new(1));
    Attempt::begin(&registration(), received_at(), &entropy).unwrap()
}

pub(crate) fn tokens(name: &str) -> TokenSet {
    TokenSet {
        access: AccessToken::new(format!("hush-access-{name}")),
        refresh: RefreshToken::new(format!("hush-refresh-{name}")),
        received_at: received_at(),
        lifetime: SignedDuration::from_secs(31_536_000),
        redirect_url: RedirectUrl::parse(REDIRECT).unwrap(),
    }
}

/// A connected account whose refresh was about to be sent.
pub(crate) fn bob() -> Account {
    Account {
        identity: Identity {
            user: User {
                id: 345_789,
                name: "Bob Gale".to_owned(),
                email: "bob@example.com".to_owned(),
                is_verified: true,
                is_disabled: false,
            },
            team: Some(Team {
                uuid: "6b9c8323-4b54-4bb3-a1c8-68de534368a5".parse().unwrap(),
                name: "Fusion Industries".to_owned(),
            }),
            role: Some(Role::Owner),
            teams: None,
        },
        as_of: received_at(),
        status: AccountStatus::Connected {
            tokens: tokens("bob"),
            journal: Journal {
                open_since: Some(received_at()),
                unanswered_since: Some(received_at() - SignedDuration::from_hours(1)),
            },
        },
    }
}

/// An account without a team that must sign in again.
pub(crate) fn lorraine() -> Account {
    Account {
        identity: Identity {
            user: User {
                id: 345_790,
                name: "Lorraine Baines".to_owned(),
                email: "lorraine@example.com".to_owned(),
                is_verified: false,
                is_disabled: true,
            },
            team: None,
            role: None,
            teams: None,
        },
        as_of: received_at(),
        status: AccountStatus::SignInAgain(SignInAgainReason::AnswerLost),
    }
}

/// One record of each kind.
pub(crate) fn all_records() -> Vec<Change> {
    let bob_key = bob().identity.key();
    let lorraine_key = lorraine().identity.key();
    [
        (
            RecordName::Registration,
            encode_registration(&registration()),
        ),
        (RecordName::Attempt, encode_attempt(&attempt())),
        (
            RecordName::Unclaimed,
            encode_unclaimed(&tokens("unclaimed")),
        ),
        (RecordName::Current, encode_current(bob_key)),
        (RecordName::Account(bob_key), encode_account(&bob())),
        (
            RecordName::Account(lorraine_key),
            encode_account(&lorraine()),
        ),
    ]
    .into_iter()
    .map(|(name, bytes)| Change {
        name,
        bytes: Some(bytes),
    })
    .collect()
}

/// Asserts that the records are those of [`all_records`].
pub(crate) fn assert_has_all_records(records: &Records) {
    let registration = records.registration.as_ref().unwrap();
    assert_eq!(
        **encode_registration(registration),
        **encode_registration(&self::registration())
    );
    let attempt = records.attempt.as_ref().unwrap();
    assert_eq!(
        **encode_attempt(attempt),
        **encode_attempt(&self::attempt())
    );
    let unclaimed = records.unclaimed.as_ref().unwrap();
    assert_eq!(unclaimed.refresh.expose(), "hush-refresh-unclaimed");
    assert_eq!(records.current, Some(bob().identity.key()));
    assert_eq!(records.accounts.len(), 2);
    for account in [bob(), lorraine()] {
        let found = &records.accounts[&account.identity.key()];
        assert_eq!(**encode_account(found), **encode_account(&account));
    }
}
