//! The vault's records: written by this version, an older or a newer one, or damaged.
//!
//! Each line of an input is a record: its name, a space, its bytes.

use amiqus_core::account::AccountStatus;
use amiqus_core::session::{Event, ProgramEvent, RenewalReason};
use amiqus_core::vault::{
    RECORD_VERSION, RecordBytes, RecordName, Records, encode_account, encode_attempt,
    encode_current, encode_grant, encode_registration, encode_unclaimed,
};
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{Target, Verdict, answer, app, provisioning_file};

pub(crate) const TARGET: Target = Target {
    name: "vault_records",
    check,
    verdicts: &[
        "newer",
        "nothing to be read",
        "a registration",
        "an attempt",
        "unclaimed tokens",
        "which is current",
        "an account",
        "a grant",
    ],
};

type Stored = Vec<(String, RecordBytes)>;

fn check(data: &[u8]) -> Verdict {
    let stored = stored(data);
    let Ok(records) = Records::read(&stored) else {
        assert!(stored.iter().any(|(_, bytes)| is_newer(bytes)));
        return "newer";
    };
    for (name, bytes) in &stored {
        assert!(
            !is_newer(bytes),
            "{name} is newer, and was ignored as damaged"
        );
    }
    assert_names_are_exact(&stored);
    if let Some(registration) = &records.registration {
        provisioning_file::assert_valid(registration);
    }
    let verdict = verdict(&records);
    let written = written(&records);
    let again = match Records::read(&written) {
        Ok(again) => again,
        Err(problem) => panic!("{problem}"),
    };
    assert_eq!(as_text(&self::written(&again)), as_text(&written));
    if let (Some(one), Some(other)) = (&records.registration, &again.registration) {
        provisioning_file::assert_same(one, other);
    }
    assert_usable(again);
    verdict
}

fn stored(data: &[u8]) -> Stored {
    let lines = data.split(|byte| *byte == b'\n');
    let named = lines.filter_map(|line| {
        let space = line.iter().position(|byte| *byte == b' ')?;
        let (name, bytes) = line.split_at(space);
        let name = std::str::from_utf8(name).ok()?;
        Some((name.to_owned(), Zeroizing::new(bytes[1..].to_vec())))
    });
    named.collect()
}

/// Whether a record says that a later version wrote it.
fn is_newer(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Record {
        version: u64,
    }
    answer::object::<Record>(bytes).is_some_and(|record| record.version > RECORD_VERSION.into())
}

/// Checks that each record has only one name, so that removing it really removes it.
fn assert_names_are_exact(stored: &Stored) {
    for (name, _) in stored {
        if let Ok(known) = name.parse::<RecordName>() {
            assert_eq!(&known.to_string(), name);
        }
    }
}

fn written(records: &Records) -> Stored {
    let mut all = Stored::new();
    let mut put = |name: RecordName, bytes| all.push((name.to_string(), bytes));
    if let Some(registration) = &records.registration {
        put(RecordName::Registration, encode_registration(registration));
    }
    if let Some(attempt) = &records.attempt {
        put(RecordName::Attempt, encode_attempt(attempt));
    }
    if let Some(tokens) = &records.unclaimed {
        put(RecordName::Unclaimed, encode_unclaimed(tokens));
    }
    if let Some(key) = records.current {
        put(RecordName::Current, encode_current(key));
    }
    for (key, account) in &records.accounts {
        put(RecordName::Account(*key), encode_account(account));
    }
    for (id, grant) in &records.grants {
        let registration = records.registration.as_ref();
        if let (Some(grant), Some(registration)) = (grant.clone().under(registration), registration)
        {
            put(RecordName::Grant(*id), encode_grant(&grant, registration));
        }
    }
    all
}

fn as_text(stored: &Stored) -> Vec<(&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or("not text");
    let each = stored
        .iter()
        .map(|(name, bytes)| (name.as_str(), text(bytes)));
    each.collect()
}

fn verdict(records: &Records) -> Verdict {
    if !records.grants.is_empty() {
        "a grant"
    } else if !records.accounts.is_empty() {
        "an account"
    } else if records.unclaimed.is_some() {
        "unclaimed tokens"
    } else if records.attempt.is_some() {
        "an attempt"
    } else if records.registration.is_some() {
        "a registration"
    } else if records.current.is_some() {
        "which is current"
    } else {
        "nothing to be read"
    }
}

/// Checks that a session starts with these records, whatever their times are, and has a state to
/// display.
fn assert_usable(records: Records) {
    let keys: Vec<_> = records.accounts.keys().copied().collect();
    for account in records.accounts.values() {
        if let AccountStatus::Connected { tokens, .. } = &account.status {
            for now in [Timestamp::MIN, app::now(), Timestamp::MAX] {
                let _ = (tokens.ends_at(), tokens.renewal_due_at(now));
            }
        }
    }
    if let Some(attempt) = &records.attempt {
        assert!(attempt.deadline() >= attempt.started_at());
    }
    for grant in records.grants.values() {
        if let Some(grant) = grant.clone().under(records.registration.as_ref()) {
            for now in [Timestamp::MIN, app::now(), Timestamp::MAX] {
                let _ = grant.is_live(now);
            }
        }
    }
    let (mut session, _) = app::opened(records);
    session.step(Event::EnvironmentChanged, app::now());
    for event in [ProgramEvent::TimePassed, ProgramEvent::AllStopped] {
        session.step(Event::Program(event), app::now());
    }
    for key in keys {
        session.step(Event::RenewalRequested(key, RenewalReason::Due), app::now());
        session.step(Event::CheckRequested(key), app::now());
    }
    if let Err(problem) = serde_json::to_string(&session.app_state(1)) {
        panic!("{problem}");
    }
}
