use zeroize::Zeroizing;

use super::*;
use crate::account::{AccountKey, AccountStatus, Identity, Role, SignInAgainReason};
use crate::fixtures::{
    Counting, attempt, bob, connected, draft, fusion, hill_valley, interrupted, lorraine, now,
    registration, tokens,
};
use crate::program::{Access, Grant, GrantEnd, GrantId, Program};
use crate::registration::{DEFAULT_REDIRECT_URL, Provenance};
use crate::secret::Passphrase;

type Stored = Vec<(String, RecordBytes)>;

fn stored(name: RecordName, bytes: RecordBytes) -> (String, RecordBytes) {
    (name.to_string(), bytes)
}

/// A record of each kind.
fn every_record() -> Stored {
    let bobs = interrupted(bob(), tokens("bob", now()));
    let mut lorraines = connected(lorraine(), tokens("lorraine", now()));
    lorraines.status = AccountStatus::SignInAgain(SignInAgainReason::AnswerLost);
    let attempt = attempt(&Counting::default());
    vec![
        stored(
            RecordName::Registration,
            encode_registration(&registration()),
        ),
        stored(RecordName::Attempt, encode_attempt(&attempt)),
        stored(
            RecordName::Unclaimed,
            encode_unclaimed(&tokens("new", now())),
        ),
        stored(RecordName::Current, encode_current(lorraine().key())),
        stored(RecordName::Account(bob().key()), encode_account(&bobs)),
        stored(
            RecordName::Account(lorraine().key()),
            encode_account(&lorraines),
        ),
        stored(
            RecordName::Grant(GrantId::from_random_bytes([7; 16])),
            encode_grant(&grant(), &registration()),
        ),
    ]
}

/// A grant of Bob's that its program has used.
fn grant() -> Grant {
    Grant {
        program: Program::new(
            "Excel sync",
            "/opt/Zoë & Co/excel-sync",
            "sha256:1".to_owned(),
            Some("Files"),
            false,
        ),
        account: bob().key(),
        access: Access::Write,
        end: GrantEnd::At(now()),
        since: now(),
        used_at: Some(now()),
        holds_token: true,
        is_stopped: true,
    }
}

/// Encodes the records again.
fn encode_all(records: &Records) -> Stored {
    let mut all = Vec::new();
    let registration = records.registration.as_ref().map(encode_registration);
    all.extend(registration.map(|bytes| stored(RecordName::Registration, bytes)));
    let attempt = records.attempt.as_ref().map(encode_attempt);
    all.extend(attempt.map(|bytes| stored(RecordName::Attempt, bytes)));
    let unclaimed = records.unclaimed.as_ref().map(encode_unclaimed);
    all.extend(unclaimed.map(|bytes| stored(RecordName::Unclaimed, bytes)));
    let current = records.current.map(encode_current);
    all.extend(current.map(|bytes| stored(RecordName::Current, bytes)));
    for (key, account) in &records.accounts {
        all.push(stored(RecordName::Account(*key), encode_account(account)));
    }
    // Whichever registration could be read.
    let given_under = crate::fixtures::registration();
    for (id, grant) in &records.grants {
        let grant = grant.clone().under(Some(&given_under));
        let bytes = grant.map(|grant| encode_grant(&grant, &given_under));
        all.extend(bytes.map(|bytes| stored(RecordName::Grant(*id), bytes)));
    }
    all
}

fn as_text(stored: &Stored) -> Vec<(String, String)> {
    let text = |bytes: &RecordBytes| String::from_utf8(bytes.to_vec()).unwrap();
    stored
        .iter()
        .map(|(name, bytes)| (name.clone(), text(bytes)))
        .collect()
}

#[test]
fn records_are_the_same_after_a_round_trip() {
    let written = every_record();
    let records = Records::read(&written).unwrap();
    assert_eq!(as_text(&encode_all(&records)), as_text(&written));

    let read = records.registration.as_ref().unwrap();
    assert_eq!(read.client_secret.expose(), "hush-client-secret");
    assert_eq!(read.organisation.as_deref(), Some("Gale & Partners"));
    let attempt = records.attempt.as_ref().unwrap();
    assert_eq!(attempt.started_at, now());
    assert!(attempt.verifier.is_some());
    let AccountStatus::Connected { tokens, journal } = &records.accounts[&bob().key()].status
    else {
        panic!("not connected");
    };
    assert_eq!(tokens.refresh.expose(), "hush-refresh-bob");
    assert_eq!(journal.open_since, Some(now()));
    assert_eq!(records.accounts[&lorraine().key()].identity, lorraine());
    assert_eq!(records.current, Some(lorraine().key()));
}

/// As an earlier version stored them.
#[test]
fn records_whose_redirect_url_has_a_comma_are_read() {
    let with_comma = |(name, text): (String, String)| {
        let text = text.replace(DEFAULT_REDIRECT_URL, "co.amiqus.signin://oauth/a,b");
        (name, Zeroizing::new(text.into_bytes()))
    };
    let written: Stored = as_text(&every_record())
        .into_iter()
        .map(with_comma)
        .collect();
    let records = Records::read(&written).unwrap();
    let read = &records.registration.as_ref().unwrap().redirect_url;
    assert_eq!(read.as_str(), "co.amiqus.signin://oauth/a,b");
    assert_eq!(as_text(&encode_all(&records)), as_text(&written));
}

#[test]
fn registration_keeps_all_fields_in_a_round_trip() {
    let mut other = draft();
    other.redirect_url = Some("co.amiqus.signin://oauth/elsewhere".to_owned());
    other.base_url = Some("http://127.0.0.1:4000".to_owned());
    other.organisation = None;
    other.pkce = Some(false);
    for provenance in [Provenance::ByHand, Provenance::Provisioned] {
        let written = other.validate(provenance).unwrap();
        let stored = vec![stored(
            RecordName::Registration,
            encode_registration(&written),
        )];
        let read = Records::read(&stored).unwrap().registration.unwrap();
        assert_eq!(read.client_id, written.client_id);
        assert_eq!(read.redirect_url, written.redirect_url);
        assert_eq!(read.base_url, written.base_url);
        assert_eq!(read.organisation, None);
        assert!(!read.pkce);
        assert_eq!(read.provenance, provenance);
    }
}

#[test]
fn record_names_are_the_same_after_a_round_trip() {
    for name in [
        RecordName::Registration,
        RecordName::Attempt,
        RecordName::Unclaimed,
        RecordName::Current,
        RecordName::Account(bob().key()),
        RecordName::Account(AccountKey {
            user: 7,
            team: crate::account::TeamKey::Unknown(0),
        }),
    ] {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    for name in [
        "",
        "accounts",
        "account/",
        "account/x",
        "Registration",
        "current/",
    ] {
        assert_eq!(
            name.parse::<RecordName>(),
            Err(ParseRecordNameError),
            "{name:?}"
        );
    }
}

/// Shows check 34.
#[test]
fn unreadable_record_does_not_affect_the_others() {
    let good = every_record();
    let broken: [&[u8]; 9] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"[2]",
        b"\xff\xfe\x00",
        br#"{"version":1}"#,
        br#"{"version":"1"}"#,
        br#"{"version":1,"client_id":"","client_secret":"","standing":"lying"}"#,
    ];
    for index in 0..good.len() {
        for bytes in broken {
            let mut stored = good.clone();
            stored[index].1 = Zeroizing::new(bytes.to_vec());
            let records = Records::read(&stored).unwrap();
            let mut left = as_text(&good);
            left.remove(index);
            assert_eq!(as_text(&encode_all(&records)), left, "{}", good[index].0);
        }
    }
}

#[test]
fn record_with_an_unknown_name_is_ignored() {
    let mut stored = every_record();
    stored.push(("account/garbage".to_owned(), Zeroizing::new(b"{}".to_vec())));
    stored.push((
        "later".to_owned(),
        Zeroizing::new(br#"{"version":1}"#.to_vec()),
    ));
    let records = Records::read(&stored).unwrap();
    assert_eq!(records.accounts.len(), 2);
}

/// Shows check 34.
#[test]
fn records_of_a_newer_version_are_not_read() {
    let good = every_record();
    for index in 0..good.len() {
        for version in [u64::from(RECORD_VERSION) + 1, u64::MAX] {
            let mut stored = good.clone();
            let text = String::from_utf8(stored[index].1.to_vec()).unwrap();
            let newer = text.replacen("\"version\":1", &format!("\"version\":{version}"), 1);
            assert_ne!(newer, text);
            stored[index].1 = Zeroizing::new(newer.into_bytes());
            assert_eq!(Records::read(&stored).err(), Some(NewerVersionError));
        }
    }
    let unknown = vec![(
        "later".to_owned(),
        Zeroizing::new(br#"{"version":2,"whatever":true}"#.to_vec()),
    )];
    assert_eq!(Records::read(&unknown).err(), Some(NewerVersionError));
}

/// Shows check 42.
#[test]
fn records_print_no_secret() {
    let records = Records::read(&every_record()).unwrap();
    let state = records.attempt.as_ref().unwrap().state.expose().to_owned();
    let printed = format!("{records:?}");
    assert!(!printed.contains("hush-"), "{printed}");
    assert!(!printed.contains(&state), "{printed}");
}

/// Shows check 42.
#[test]
fn unlock_prints_no_passphrase() {
    for unlock in [
        Unlock::Passphrase(Passphrase::new("hush-passphrase")),
        Unlock::NewPassphrase(Passphrase::new("hush-passphrase")),
    ] {
        assert!(!format!("{unlock:?}").contains("hush-"));
    }
}

/// Version 1 knows five roles, and would not read the record of an account with another.
#[test]
fn record_of_an_account_has_only_roles_that_version_1_reads() {
    for (role, written) in [
        (Some(Role::Owner), r#""owner""#),
        (Some(Role::AssignedOnly), r#""assigned-only""#),
        (Some(Role::NoLongerInTeam), "null"),
        (None, "null"),
    ] {
        let identity = Identity { role, ..bob() };
        let account = connected(identity, tokens("1", now()));
        let text = String::from_utf8(encode_account(&account).to_vec()).unwrap();
        assert!(text.contains(&format!(r#""role":{written},"#)), "{text}");
    }
}

#[test]
fn record_of_an_account_without_known_teams_is_as_before() {
    let mut account = connected(bob(), tokens("1", now()));
    let text = |account: &_| String::from_utf8(encode_account(account).to_vec()).unwrap();
    assert!(!text(&account).contains("teams"));
    account.identity.teams = Some(vec![fusion(), hill_valley()]);
    assert!(text(&account).contains("Hill Valley Legal"));
}

#[test]
fn record_of_an_account_without_tokens_has_none() {
    let mut account = connected(bob(), tokens("1", now()));
    account.status = AccountStatus::SignInAgain(SignInAgainReason::AccessRemoved);
    let text = String::from_utf8(encode_account(&account).to_vec()).unwrap();
    assert!(!text.contains("hush-") && text.contains("Bob Gale"));
}

#[test]
fn grant_under_another_set_up_counts_for_nothing() {
    let id = GrantId::from_random_bytes([7; 16]);
    let read = || {
        let bytes = encode_grant(&grant(), &registration());
        let records = Records::read(&[stored(RecordName::Grant(id), bytes)]).unwrap();
        records.grants.into_values().next().unwrap()
    };
    assert_eq!(read().under(Some(&registration())), Some(grant()));
    assert_eq!(read().under(None), None);
    let mut other = draft();
    other.client_id = "another".to_owned();
    let other = other.validate(Provenance::ByHand).unwrap();
    assert_eq!(read().under(Some(&other)), None);
}

#[test]
fn grant_has_one_name() {
    let id = GrantId::from_random_bytes([0xab; 16]).to_string();
    assert!(format!("grant/{id}").parse::<RecordName>().is_ok());
    for other in [
        id.to_uppercase(),
        id.replace('-', ""),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
        String::new(),
    ] {
        assert!(
            format!("grant/{other}").parse::<RecordName>().is_err(),
            "{other}"
        );
    }
}
