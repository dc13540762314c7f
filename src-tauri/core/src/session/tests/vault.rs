//! The vault's part: opening, locking, the set-up, and what happens when nothing can be saved.

use super::super::RenewalReason;
use super::*;
use crate::account::SignInAgainReason;
use crate::fixtures::{DAY, REDIRECT, YEAR, attempt, connected, draft, lorraine};
use crate::registration::{Field, Provenance, RegistrationDraft};
use crate::secret::Passphrase;
use crate::vault::{LockReason, OpenError, SetAside, SetAsideReason, Unlock};

fn closed() -> Bench {
    Bench {
        session: Session::default(),
        now: now(),
        entropy: Counting::default(),
    }
}

fn pending_records() -> (Records, String) {
    let entropy = Counting::default();
    let attempt = attempt(&entropy);
    let link = format!("{REDIRECT}?code=hush-code&state={}", attempt.state.expose());
    let records = Records {
        registration: Some(registration()),
        attempt: Some(attempt),
        ..Records::default()
    };
    (records, link)
}

fn changed_draft(change: impl FnOnce(&mut RegistrationDraft)) -> Box<Registration> {
    let mut draft = draft();
    change(&mut draft);
    Box::new(draft.validate(Provenance::ByHand).unwrap())
}

fn provisioned() -> Provisioning {
    Provisioning::Valid(Box::new(draft().validate(Provenance::Provisioned).unwrap()))
}

#[test]
fn session_is_not_showable_before_the_first_opening_ends() {
    let mut bench = closed();
    assert!(!bench.session.is_showable());
    let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_eq!(effects(&step), ["open the vault"]);
    assert!(!bench.session.is_showable());
    bench.step(Event::OpenFailed(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    assert!(bench.session.is_showable());
}

/// Shows check 33.
#[test]
fn lock_reason_is_shown_and_the_vault_can_be_retried() {
    for why in [
        LockReason::KeychainLocked,
        LockReason::KeychainAbsent,
        LockReason::PassphraseNeeded,
        LockReason::KeyLost,
        LockReason::InUseElsewhere,
        LockReason::VaultUnreachable,
        LockReason::DiskFull,
        LockReason::KeychainUnreachable,
    ] {
        let mut bench = closed();
        bench.step(Event::UnlockRequested(Unlock::Keychain));
        bench.step(Event::OpenFailed(OpenError::Locked(why)));
        assert_eq!(bench.screen(), Screen::Locked { why });
        let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
        assert_eq!(effects(&step), ["open the vault"]);
        assert_eq!(bench.screen(), Screen::Locked { why });
        bench.open(Records::default());
        assert_eq!(bench.screen(), Screen::NeedsSetup);
    }
}

#[test]
fn wrong_passphrase_is_shown_and_can_be_retried() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(
        LockReason::PassphraseNeeded,
    )));
    for _ in 0..3 {
        let unlock = Unlock::Passphrase(Passphrase::new("wrong"));
        bench.step(Event::UnlockRequested(unlock));
        bench.step(Event::OpenFailed(OpenError::WrongPassphrase));
        let why = LockReason::PassphraseNeeded;
        assert_eq!(bench.screen(), Screen::Locked { why });
        assert_eq!(bench.problem(), Some(Code::WrongPassphrase));
    }
}

#[test]
fn short_passphrase_is_shown_on_the_same_screen() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    let why = LockReason::KeychainAbsent;
    bench.step(Event::OpenFailed(OpenError::Locked(why)));
    let unlock = Unlock::NewPassphrase(Passphrase::new("short"));
    bench.step(Event::UnlockRequested(unlock));
    bench.step(Event::OpenFailed(OpenError::PassphraseTooShort));
    assert_eq!(bench.screen(), Screen::Locked { why });
    assert_eq!(bench.problem(), Some(Code::PassphraseTooShort));
}

#[test]
fn vault_is_not_opened_twice_at_once() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(LockReason::KeyLost)));
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    // A second click on the same button.
    assert_nothing_happened(&bench.step(Event::UnlockRequested(Unlock::Keychain)));
    bench.open(Records::default());
    assert_nothing_happened(&bench.step(Event::UnlockRequested(Unlock::Keychain)));
    assert_nothing_happened(&bench.open(pending_records().0));
    assert_eq!(bench.screen(), Screen::NeedsSetup);
}

/// Locked for this reason, and being looked into because the keychain changed.
fn looked_into(why: LockReason) -> Bench {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(why)));
    let step = bench.step(Event::KeychainChanged);
    assert_eq!(effects(&step), ["open the vault without a prompt"]);
    bench
}

/// Shows check 33.
#[test]
fn request_during_an_opening_is_queued() {
    let passphrase = || Passphrase::new("long enough a passphrase");
    for (why, wish, then) in [
        (
            LockReason::KeychainLocked,
            Event::UnlockRequested(Unlock::Keychain),
            "open the vault",
        ),
        (
            LockReason::KeychainAbsent,
            Event::UnlockRequested(Unlock::NewPassphrase(passphrase())),
            "open the vault",
        ),
        (LockReason::KeyLost, Event::StartOverRequested, "start over"),
    ] {
        let name = format!("{wish:?}");
        let mut bench = looked_into(why);
        let step = bench.step(wish);
        assert_eq!(effects(&step), ["abandon the prompt"], "{name}");
        assert_eq!(step.outcome, CommandOutcome::Accepted, "{name}");
        // What the keychain tells meanwhile puts no person's wish in the shade.
        assert_nothing_happened(&bench.step(Event::KeychainChanged));
        let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
        assert_eq!(effects(&step), [then], "{name}");
        // Once.
        let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
        assert_nothing_happened(&step);
        assert_eq!(bench.screen(), Screen::Locked { why });
    }
}

#[test]
fn passphrase_entered_during_an_opening_is_tried_next() {
    let mut bench = closed();
    let why = LockReason::PassphraseNeeded;
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(why)));
    for word in ["wrong", "right"] {
        let unlock = Unlock::Passphrase(Passphrase::new(word));
        bench.step(Event::UnlockRequested(unlock));
    }
    let step = bench.step(Event::OpenFailed(OpenError::WrongPassphrase));
    let [Effect::OpenVault(Unlock::Passphrase(passphrase))] = step.effects.as_slice() else {
        panic!("not tried: {step:?}");
    };
    assert_eq!(passphrase.expose(), "right");
}

#[test]
fn unseen_prompt_is_replaced_by_the_next_click() {
    let mut bench = closed();
    let why = LockReason::KeychainLocked;
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpeningTakesLong(why));
    let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_eq!(effects(&step), ["abandon the prompt"]);
    let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
    assert_eq!(effects(&step), ["open the vault"]);
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn queued_request_is_void_once_the_vault_opens() {
    let mut bench = looked_into(LockReason::KeyLost);
    bench.step(Event::StartOverRequested);
    assert_nothing_happened(&bench.open(Records::default()));
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    // And an empty one is not begun for another reason than was on the screen.
    let mut bench = looked_into(LockReason::KeyLost);
    bench.step(Event::StartOverRequested);
    let why = LockReason::KeychainLocked;
    let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn command_while_the_vault_is_locked_is_refused() {
    let mut bench = closed();
    let events = [
        Event::SignInRequested(Box::new(attempt(&Counting::default()))),
        Event::BrowserRequestedAgain,
        Event::Cancelled,
        Event::CheckRequested(bob().key()),
        Event::RenewalRequested(bob().key(), RenewalReason::Asked),
        Event::SignOutRequested(bob().key()),
        Event::SwitchRequested(bob().key()),
        Event::RegistrationEntered(changed_draft(|_| ())),
        Event::SetupChangeRequested,
        Event::FinishRequested,
        Event::ForgetRequested,
    ];
    for event in events {
        let step = bench.step(event);
        assert_eq!(step.outcome, refused(Code::VaultLocked));
        assert_nothing_happened(&step);
    }
}

#[test]
fn link_that_starts_the_app_completes_the_sign_in() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_nothing_happened(&bench.link(&link));
    let step = bench.open(records);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(
        effects(&step),
        [
            "arm the deadline",
            "get ready",
            "bring to front",
            "exchange hush-code"
        ]
    );
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn link_waits_while_the_vault_is_locked() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    bench.link(&link);
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.open(records);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

/// Shows checks 11 and 17.
#[test]
fn hostile_link_does_not_replace_the_waiting_one() {
    for order in [[0, 1], [1, 0]] {
        let (records, link) = pending_records();
        let links = [link, format!("{REDIRECT}?code=evil&state=evil")];
        let mut bench = closed();
        for which in order {
            bench.link(&links[which]);
        }
        let step = bench.open(records);
        assert!(effects(&step).contains(&"exchange hush-code".to_owned()));
        assert_eq!(bench.screen(), Screen::ExchangingCode);
    }
}

#[test]
fn flood_of_links_with_one_state_is_one_entry() {
    let mut bench = closed();
    for _ in 0..100_000 {
        bench.link("co.amiqus.signin://oauth/callback?code=evil&state=evil");
    }
    let super::super::Phase::Opening { pending_links, .. } = &bench.session.phase else {
        panic!("not opening");
    };
    assert_eq!(pending_links.len(), 1, "the newest of each state");
}

/// Shows checks 11 and 17.
#[test]
fn flood_of_links_does_not_push_out_the_genuine_one() {
    let hostile = |number: u32| format!("{REDIRECT}?code=evil&state=evil-{number}");
    for (before, after) in [(0, 100_000), (16, 16), (40, 100_000), (100_000, 40)] {
        let (records, link) = pending_records();
        let mut bench = closed();
        for number in 0..before {
            bench.link(&hostile(number));
        }
        bench.link(&link);
        for number in 0..after {
            bench.link(&hostile(before + number));
        }
        let super::super::Phase::Opening { pending_links, .. } = &bench.session.phase else {
            panic!("not opening");
        };
        assert!(pending_links.len() <= 128);
        let step = bench.open(records);
        assert!(effects(&step).contains(&"exchange hush-code".to_owned()));
    }
}

#[test]
fn overlong_link_is_not_stored_before_the_vault_opens() {
    let mut bench = closed();
    let long = "x".repeat(crate::redirect::MAX_REDIRECT_BYTES);
    bench.link(&format!("{REDIRECT}?code=1&state={long}"));
    let super::super::Phase::Opening { pending_links, .. } = &bench.session.phase else {
        panic!("not opening");
    };
    assert_eq!(pending_links.len(), 0);
}

#[test]
fn pending_attempt_outlives_a_restart() {
    let (records, link) = pending_records();
    let (mut bench, step) = Bench::opened(records);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(effects(&step), ["arm the deadline", "get ready"]);
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    bench.link(&link);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn expired_attempt_is_removed_at_the_next_start() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.wait(SignedDuration::from_mins(10));
    bench.link(&link);
    let step = bench.open(records);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(bench.record(RecordName::Attempt), None);
    assert_eq!(effects(&step), [""; 0]);
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn vault_that_was_set_aside_is_shown_with_its_path() {
    for (why, code) in [
        (SetAsideReason::Damaged, Code::VaultDamaged),
        (SetAsideReason::Newer, Code::VaultNewer),
    ] {
        let mut bench = closed();
        bench.step(Event::Opened {
            records: Box::default(),
            provisioning: Provisioning::Absent,
            set_aside: Some(SetAside {
                why,
                to: "/somewhere/vault.2026-03-01".into(),
            }),
        });
        let problem = bench.state().problem.unwrap();
        assert_eq!(problem.code, code);
        assert_eq!(problem.file.as_deref(), Some("/somewhere/vault.2026-03-01"));
    }
}

#[test]
fn entered_registration_sets_the_app_up() {
    let (mut bench, _) = Bench::opened(Records::default());
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    let step = bench.step(Event::RegistrationEntered(changed_draft(|_| ())));
    assert!(step.changed.contains(&RecordName::Registration));
    assert_eq!(bench.screen(), SIGNED_OUT);
    let setup = bench.state().setup;
    assert_eq!(setup.client_id.as_deref(), Some("9a1c0ffe"));
    assert!(!setup.managed);
}

#[test]
fn setup_change_can_be_cancelled() {
    let mut bench = Bench::with_bob();
    bench.step(Event::SetupChangeRequested);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    bench.step(Event::Cancelled);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn other_client_or_service_disconnects_all_accounts() {
    let changes: [fn(&mut RegistrationDraft); 2] = [
        |draft| draft.client_id = "another".to_owned(),
        |draft| draft.base_url = Some("https://id.amiqus.example".to_owned()),
    ];
    for change in changes {
        let (mut bench, _) = Bench::with(vec![
            connected(bob(), tokens("1", now())),
            connected(lorraine(), tokens("2", now())),
        ]);
        bench.begin();
        let step = bench.step(Event::RegistrationEntered(changed_draft(change)));
        assert!(step.changed.contains(&RecordName::Attempt));
        assert_eq!(bench.record(RecordName::Attempt), None);
        let why = SignInAgainReason::SetUpChanged;
        assert_eq!(bench.screen(), Screen::SignInAgain { why });
        for key in [bob().key(), lorraine().key()] {
            assert!(step.changed.contains(&RecordName::Account(key)));
            assert_eq!(bench.status(key), AccountStatusView::SignInAgain { why });
            let record = bench.record(RecordName::Account(key)).unwrap();
            assert!(!record.contains("hush-"));
        }
    }
}

#[test]
fn new_secret_for_the_same_client_keeps_all_accounts() {
    let mut bench = Bench::with_bob();
    let new = changed_draft(|draft| draft.client_secret = "hush-rotated".to_owned());
    let step = bench.step(Event::RegistrationEntered(new));
    assert_eq!(changed(&step), ["registration"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn managed_setup_cannot_be_changed_in_the_window() {
    let mut bench = closed();
    bench.open_with(Records::default(), provisioned());
    assert!(bench.state().setup.managed);
    for event in [
        Event::SetupChangeRequested,
        Event::RegistrationEntered(changed_draft(|draft| draft.client_id = "x".to_owned())),
    ] {
        let step = bench.step(event);
        assert_eq!(step.outcome, refused(Code::SetupManaged));
        assert_nothing_happened(&step);
    }
    assert_eq!(bench.state().setup.client_id.as_deref(), Some("9a1c0ffe"));
}

#[test]
fn unchanged_provisioning_file_writes_nothing() {
    let mut bench = closed();
    let step = bench.open_with(Records::default(), provisioned());
    assert!(step.changed.contains(&RecordName::Registration));
    let mut bench = closed();
    let records = Records {
        registration: Some(draft().validate(Provenance::Provisioned).unwrap()),
        ..Records::default()
    };
    let step = bench.open_with(records, provisioned());
    assert_nothing_happened(&step);
}

#[test]
fn setup_without_provisioning_file_becomes_editable() {
    let mut bench = closed();
    let step = bench.open(Records {
        registration: Some(draft().validate(Provenance::Provisioned).unwrap()),
        ..Records::default()
    });
    assert_eq!(changed(&step), ["registration"]);
    assert!(!bench.state().setup.managed);
    bench.step(Event::SetupChangeRequested);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
}

#[test]
fn tokens_of_unknown_client_are_not_sent_to_another() {
    let mut bench = closed();
    bench.open(Records {
        accounts: [(bob().key(), connected(bob(), tokens("1", now())))].into(),
        current: Some(bob().key()),
        ..Records::default()
    });
    bench.step(Event::RegistrationEntered(changed_draft(|_| ())));
    let why = SignInAgainReason::SetUpChanged;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
    assert_eq!(bench.account(bob().key()).name, "Bob Gale");
}

#[test]
fn start_over_is_allowed_only_for_a_lost_vault() {
    for (why, may) in [
        (LockReason::KeyLost, true),
        (LockReason::PassphraseNeeded, true),
        (LockReason::KeychainLocked, false),
        (LockReason::KeychainAbsent, false),
        (LockReason::InUseElsewhere, false),
        (LockReason::VaultUnreachable, false),
        (LockReason::DiskFull, false),
    ] {
        let mut bench = closed();
        bench.step(Event::UnlockRequested(Unlock::Keychain));
        bench.step(Event::OpenFailed(OpenError::Locked(why)));
        let step = bench.step(Event::StartOverRequested);
        if may {
            assert_eq!(effects(&step), ["start over"], "{why:?}");
        } else {
            assert_eq!(step.outcome, refused(Code::VaultLocked), "{why:?}");
            assert_nothing_happened(&step);
        }
    }
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::StartOverRequested);
    assert_eq!(step.outcome, refused(Code::Internal));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn wrong_provisioning_file_is_shown_and_the_setup_stays() {
    let mut bench = closed();
    let records = Records {
        registration: Some(registration()),
        ..Records::default()
    };
    let wrong = Provisioning::Wrong {
        file: "/etc/provisioning.json".to_owned(),
        code: Code::ProvisioningInvalid,
        field: Some(Field::ClientId),
    };
    bench.open_with(records, wrong);
    let problem = bench.state().problem.unwrap();
    assert_eq!(problem.code, Code::ProvisioningInvalid);
    assert_eq!(problem.file.as_deref(), Some("/etc/provisioning.json"));
    assert_eq!(problem.field, Some(Field::ClientId));
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn unsaved_attempt_opens_no_browser() {
    let mut bench = Bench::set_up();
    let (pending, step) = bench.begin();
    let step = bench.not_saved(step);
    assert_eq!(step.outcome, refused(Code::CannotSave));
    assert!(!effects(&step).contains(&"open the browser".to_owned()));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    assert_nothing_happened(&bench.link(&pending.granted()));
}

/// Shows check 20.
#[test]
fn code_of_an_unsaved_attempt_is_not_posted() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.granted());
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["bring to front"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
}

#[test]
fn unsaved_denial_still_ends_the_attempt() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.denied("access_denied"));
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["bring to front"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn unsaved_new_tokens_are_used() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("1", now()))));
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["identify hush-access-1"]);
    let step = bench.identified(&step, Ok(bob()));
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["bring to front", "plan the renewal"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    // Once there is room, the record is there to be written.
    let record = bench.record(RecordName::Account(bob().key())).unwrap();
    assert!(record.contains("hush-refresh-1"));
    bench.step(Event::Saved);
    assert_eq!(bench.problem(), None);
}

/// Shows check 28.
#[test]
fn unsaved_journal_sends_no_refresh_and_is_retried() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["plan the renewal"]);
    assert_eq!(planned(&step, now()), SignedDuration::from_mins(15));
    assert_eq!(step.outcome, refused(Code::CannotSave));
    assert_eq!(renewal_answer(&step), Some(Err(Code::CannotSave)));
    assert!(!bench.account(bob().key()).renewing);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
}

#[test]
fn unsaved_renewed_tokens_are_used_and_renewed_when_due() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["plan the renewal", "check hush-access-2"]);
    assert_eq!(planned(&step, now()), YEAR - DAY * 30);
    let record = bench.record(RecordName::Account(bob().key())).unwrap();
    assert!(record.contains("hush-refresh-2"));
    assert_eq!(bench.problem(), Some(Code::CannotSave));
}

#[test]
fn save_failure_during_a_renewal_sends_no_second_refresh() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    let step = bench.checked(&check, Ok(bob()));
    bench.not_saved(step);
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    assert_nothing_happened(&step);
    assert!(bench.account(bob().key()).renewing);
}

#[test]
fn full_disk_at_the_start_stops_no_other_effects() {
    let mut bench = closed();
    let records = Records {
        registration: Some(registration()),
        accounts: [(bob().key(), connected(bob(), tokens("1", now())))].into(),
        current: Some(bob().key()),
        ..Records::default()
    };
    let step = bench.open_with(records, provisioned());
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["plan the renewal", "check hush-access-1"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
}

#[test]
fn later_save_clears_only_the_save_problem() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.denied("access_denied"));
    bench.step(Event::Saved);
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
}

/// Shows check 39.
#[test]
fn app_state_holds_no_secret() {
    let mut bench = Bench::with_bob();
    let mut states = vec![bench.state()];
    let (pending, _) = bench.begin();
    states.push(bench.state());
    bench.link(&pending.granted());
    states.push(bench.state());
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("2", now()))));
    states.push(bench.state());
    bench.identified(&step, Ok(lorraine()));
    let step = bench.step(Event::RenewalRequested(
        lorraine().key(),
        RenewalReason::Asked,
    ));
    states.push(bench.state());
    bench.refreshed(&step, Err(TokenError::Dead { expired: false }));
    states.push(bench.state());
    for state in states {
        for text in [serde_json::to_string(&state).unwrap(), format!("{state:?}")] {
            assert!(!text.contains("hush-"), "{text}");
            assert!(!text.contains(&pending.state), "{text}");
        }
    }
}

/// Shows check 42.
#[test]
fn debug_output_holds_no_secret() {
    let mut bench = Bench::with_bob();
    let (pending, begun) = bench.begin();
    let granted = Event::AddressReceived(ReceivedLink::new(pending.granted()), LinkOrigin::Link);
    let mut printed = vec![
        format!("{begun:?}"),
        format!("{:?}", bench.session),
        format!("{granted:?}"),
    ];
    let step = bench.step(granted);
    printed.push(format!("{step:?}"));
    printed.push(format!("{:?}", bench.session));
    let exchanged = Event::CodeExchanged(pending.id, Ok(tokens("2", now())));
    printed.push(format!("{exchanged:?}"));
    let step = bench.step(exchanged);
    printed.push(format!("{step:?}"));
    printed.push(format!("{:?}", bench.session));
    bench.identified(&step, Ok(lorraine()));
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    printed.push(format!("{step:?}"));
    printed.push(format!("{:?}", bench.session));
    for text in printed {
        assert!(!text.contains("hush-"), "{text}");
        assert!(!text.contains(&pending.state), "{text}");
    }
}

#[test]
fn keychain_prompt_is_shown_as_locked_until_it_opens() {
    let mut session = Session::default();
    session.step(Event::UnlockRequested(Unlock::Keychain), now());
    assert!(!session.is_showable());
    session.step(Event::OpeningTakesLong(LockReason::KeychainLocked), now());
    assert!(session.is_showable());
    assert!(matches!(
        session.app_state(1).screen,
        Screen::Locked {
            why: LockReason::KeychainLocked
        }
    ));
    let step = session.step(Event::UnlockRequested(Unlock::Keychain), now());
    assert_eq!(
        effects(&step),
        ["abandon the prompt"],
        "one opening at a time"
    );
    session.step(
        Event::Opened {
            records: Box::default(),
            provisioning: Provisioning::Absent,
            set_aside: None,
        },
        now(),
    );
    assert!(matches!(session.app_state(2).screen, Screen::NeedsSetup));
    session.step(Event::OpeningTakesLong(LockReason::KeychainLocked), now());
    assert!(matches!(session.app_state(3).screen, Screen::NeedsSetup));
}

#[test]
fn keychain_change_opens_only_keychain_locked_vaults() {
    for (why, opens) in [
        (LockReason::KeychainLocked, true),
        (LockReason::KeychainAbsent, true),
        (LockReason::KeychainUnreachable, true),
        (LockReason::KeyLost, true),
        (LockReason::PassphraseNeeded, false),
        (LockReason::InUseElsewhere, false),
        (LockReason::VaultUnreachable, false),
        (LockReason::DiskFull, false),
    ] {
        let mut bench = closed();
        bench.step(Event::UnlockRequested(Unlock::Keychain));
        bench.step(Event::OpenFailed(OpenError::Locked(why)));
        let step = bench.step(Event::KeychainChanged);
        if opens {
            assert_eq!(
                effects(&step),
                ["open the vault without a prompt"],
                "{why:?}"
            );
            assert_eq!(bench.screen(), Screen::Locked { why });
        } else {
            assert_nothing_happened(&step);
        }
    }
    let mut bench = Bench::with_bob();
    assert_nothing_happened(&bench.step(Event::KeychainChanged));
}

#[test]
fn keychain_change_during_an_opening_is_retried_once() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    for _ in 0..3 {
        assert_nothing_happened(&bench.step(Event::KeychainChanged));
    }
    let why = LockReason::KeychainLocked;
    let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
    assert_eq!(effects(&step), ["open the vault without a prompt"]);
    assert_eq!(bench.screen(), Screen::Locked { why });
    let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn slow_opening_shows_what_it_waits_for() {
    for why in [
        LockReason::KeychainLocked,
        LockReason::KeychainUnreachable,
        LockReason::VaultUnreachable,
    ] {
        let mut bench = closed();
        bench.step(Event::UnlockRequested(Unlock::Keychain));
        bench.step(Event::OpeningTakesLong(why));
        assert_eq!(bench.screen(), Screen::Locked { why });
    }
}
