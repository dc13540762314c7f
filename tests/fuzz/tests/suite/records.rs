use std::path::Path;

use amiqus_core::account::{
    Account, AccountKey, AccountStatus, Identity, Journal, Role, SignInAgainReason, Team, User,
};
use amiqus_core::authorization::Attempt;
use amiqus_core::entropy::{EntropyError, EntropySource};
use amiqus_core::program::{Access, Grant, GrantEnd, GrantId, Program};
use amiqus_core::registration::{Provenance, Registration, RegistrationDraft};
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{
    RECORD_VERSION, RecordBytes, RecordName, encode_account, encode_attempt, encode_current,
    encode_grant, encode_registration, encode_unclaimed,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

struct FixedEntropy;

impl EntropySource for FixedEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(7);
        Ok(())
    }
}

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn registration(provenance: Provenance) -> Registration {
    RegistrationDraft {
        client_id: "9f3c1b7a".to_owned(),
        client_secret: "hush-client-secret".to_owned(),
        redirect_url: None,
        base_url: None,
        organisation: Some("Gale & Partners".to_owned()),
        pkce: None,
    }
    .validate(provenance)
    .unwrap()
}

fn tokens() -> TokenSet {
    TokenSet {
        access: AccessToken::new("hush-access"),
        refresh: RefreshToken::new("hush-refresh"),
        received_at: now(),
        lifetime: SignedDuration::from_hours(365 * 24),
        redirect_url: registration(Provenance::ByHand).redirect_url,
    }
}

fn account(team: Option<Team>, status: AccountStatus) -> Account {
    Account {
        identity: Identity {
            user: User {
                id: 345_789,
                name: "Bob Gale".to_owned(),
                email: "bob@example.com".to_owned(),
                is_verified: true,
                is_disabled: false,
            },
            team,
            role: Some(Role::AssignedOnly),
            teams: None,
        },
        as_of: now(),
        status,
    }
}

fn fusion() -> Team {
    Team {
        uuid: Uuid::from_u128(0x6b9c_8323_4b54_4bb3_a1c8_68de_5343_68a5),
        name: "Fusion Industries".to_owned(),
    }
}

/// A record of each kind as this version writes it, with the name of its file.
fn records() -> Vec<(&'static str, RecordName, RecordBytes)> {
    let by_hand = registration(Provenance::ByHand);
    let attempt = Attempt::begin(&by_hand, now(), &FixedEntropy).unwrap();
    let journal = Journal {
        open_since: Some(now()),
        unanswered_since: None,
    };
    let connected = account(
        Some(fusion()),
        AccountStatus::Connected {
            tokens: tokens(),
            journal,
        },
    );
    let again = account(
        None,
        AccountStatus::SignInAgain(SignInAgainReason::AnswerLost),
    );
    let [key, of_nobody]: [AccountKey; 2] = [&connected, &again].map(|it| it.identity.key());
    vec![
        (
            "registration",
            RecordName::Registration,
            encode_registration(&by_hand),
        ),
        (
            "provisioned",
            RecordName::Registration,
            encode_registration(&registration(Provenance::Provisioned)),
        ),
        ("attempt", RecordName::Attempt, encode_attempt(&attempt)),
        (
            "unclaimed",
            RecordName::Unclaimed,
            encode_unclaimed(&tokens()),
        ),
        ("current", RecordName::Current, encode_current(key)),
        (
            "account",
            RecordName::Account(key),
            encode_account(&connected),
        ),
        (
            "sign-in-again",
            RecordName::Account(of_nobody),
            encode_account(&again),
        ),
        (
            "grant",
            RecordName::Grant(GrantId::from_random_bytes([7; 16])),
            encode_grant(&grant(key), &by_hand),
        ),
    ]
}

fn grant(account: AccountKey) -> Grant {
    Grant {
        program: Program::new(
            "Excel sync",
            "/opt/excel-sync",
            "sha256:1".to_owned(),
            Some("Files"),
            false,
        ),
        account,
        access: Access::Read,
        end: GrantEnd::At(now()),
        since: now(),
        used_at: Some(now()),
        holds_token: false,
        is_stopped: false,
    }
}

/// Records of earlier versions stay in the corpus: each file's name has its version.
#[test]
fn corpus_has_each_record_of_this_version() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/vault_records");
    let mut lines = Vec::new();
    for (kind, name, bytes) in records() {
        let line = format!("{name} {}\n", std::str::from_utf8(&bytes).unwrap());
        lines.push((kind, line));
    }
    let everything = lines.iter().map(|(_, line)| line.as_str()).collect();
    lines.push(("everything", everything));
    for (kind, line) in lines {
        let file = corpus.join(format!("version-{RECORD_VERSION}-{kind}"));
        if std::env::var_os("WRITE_CORPUS").is_some() {
            std::fs::create_dir_all(&corpus).unwrap();
            std::fs::write(&file, &line).unwrap();
        }
        let saved = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            saved == line,
            "{} is not what is written now: WRITE_CORPUS=1 cargo test --package fuzz",
            file.display()
        );
    }
}
