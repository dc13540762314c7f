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
fn there_is_nothing_to_draw_until_the_vault_was_tried() {
    let mut bench = closed();
    assert!(!bench.session.is_settled());
    let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_eq!(effects(&step), ["open the vault"]);
    assert!(!bench.session.is_settled());
    bench.step(Event::NotOpened(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    assert!(bench.session.is_settled());
}

/// Shows check 33.
#[test]
fn each_reason_why_the_vault_stays_locked_is_said() {
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
        bench.step(Event::NotOpened(OpenError::Locked(why)));
        assert_eq!(bench.screen(), Screen::Locked { why });
        let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
        assert_eq!(effects(&step), ["open the vault"]);
        assert_eq!(bench.screen(), Screen::Locked { why });
        bench.open(Records::default());
        assert_eq!(bench.screen(), Screen::NeedsSetup);
    }
}

#[test]
fn a_wrong_passphrase_is_said_and_can_be_tried_again() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::NotOpened(OpenError::Locked(
        LockReason::PassphraseNeeded,
    )));
    for _ in 0..3 {
        let unlock = Unlock::Passphrase(Passphrase::new("wrong"));
        bench.step(Event::UnlockRequested(unlock));
        bench.step(Event::NotOpened(OpenError::WrongPassphrase));
        let why = LockReason::PassphraseNeeded;
        assert_eq!(bench.screen(), Screen::Locked { why });
        assert_eq!(bench.problem(), Some(Code::WrongPassphrase));
    }
}

#[test]
fn a_short_passphrase_is_said_on_the_same_screen() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    let why = LockReason::KeychainAbsent;
    bench.step(Event::NotOpened(OpenError::Locked(why)));
    let unlock = Unlock::NewPassphrase(Passphrase::new("short"));
    bench.step(Event::UnlockRequested(unlock));
    bench.step(Event::NotOpened(OpenError::PassphraseTooShort));
    assert_eq!(bench.screen(), Screen::Locked { why });
    assert_eq!(bench.problem(), Some(Code::PassphraseTooShort));
}

#[test]
fn the_vault_is_not_opened_twice_at_once() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::NotOpened(OpenError::Locked(LockReason::KeyLost)));
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
    bench.step(Event::NotOpened(OpenError::Locked(why)));
    let step = bench.step(Event::KeychainChanged);
    assert_eq!(effects(&step), ["open the vault without a prompt"]);
    bench
}

/// Shows check 33.
#[test]
fn what_a_person_wishes_while_the_vault_is_being_opened_is_done_after_that() {
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
        assert_eq!(step.outcome, Outcome::Taken, "{name}");
        // What the keychain tells meanwhile puts no person's wish in the shade.
        assert_nothing_happened(&bench.step(Event::KeychainChanged));
        let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
        assert_eq!(effects(&step), [then], "{name}");
        // Once.
        let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
        assert_nothing_happened(&step);
        assert_eq!(bench.screen(), Screen::Locked { why });
    }
}

#[test]
fn passphrase_that_is_typed_while_another_one_is_tried_is_tried_as_well() {
    let mut bench = closed();
    let why = LockReason::PassphraseNeeded;
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::NotOpened(OpenError::Locked(why)));
    for word in ["wrong", "right"] {
        let unlock = Unlock::Passphrase(Passphrase::new(word));
        bench.step(Event::UnlockRequested(unlock));
    }
    let step = bench.step(Event::NotOpened(OpenError::WrongPassphrase));
    let [Effect::OpenVault(Unlock::Passphrase(passphrase))] = step.effects.as_slice() else {
        panic!("not tried: {step:?}");
    };
    assert_eq!(passphrase.expose(), "right");
}

#[test]
fn prompt_that_nobody_sees_is_ended_by_the_next_press() {
    let mut bench = closed();
    let why = LockReason::KeychainLocked;
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpeningTakesLong(why));
    let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_eq!(effects(&step), ["abandon the prompt"]);
    let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
    assert_eq!(effects(&step), ["open the vault"]);
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn vault_that_opens_after_all_makes_a_wish_for_another_way_void() {
    let mut bench = looked_into(LockReason::KeyLost);
    bench.step(Event::StartOverRequested);
    assert_nothing_happened(&bench.open(Records::default()));
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    // And an empty one is not begun for another reason than was on the screen.
    let mut bench = looked_into(LockReason::KeyLost);
    bench.step(Event::StartOverRequested);
    let why = LockReason::KeychainLocked;
    let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn what_needs_the_vault_is_refused_while_it_is_locked() {
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
fn a_link_that_starts_the_app_waits_for_the_vault_and_completes_the_sign_in() {
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
fn a_link_waits_through_a_locked_vault_as_well() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::NotOpened(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    bench.link(&link);
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::NotOpened(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.open(records);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

/// Shows checks 11 and 17.
#[test]
fn a_hostile_link_does_not_push_out_the_one_that_waits() {
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
fn no_flood_of_links_is_kept_while_the_vault_is_closed() {
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
fn no_flood_of_links_pushes_out_the_one_that_waits() {
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
fn link_that_no_answer_can_be_is_not_kept_while_the_vault_is_closed() {
    let mut bench = closed();
    let long = "x".repeat(crate::redirect::MAX_REDIRECT_BYTES);
    bench.link(&format!("{REDIRECT}?code=1&state={long}"));
    let super::super::Phase::Opening { pending_links, .. } = &bench.session.phase else {
        panic!("not opening");
    };
    assert_eq!(pending_links.len(), 0);
}

#[test]
fn a_pending_attempt_outlives_a_restart() {
    let (records, link) = pending_records();
    let (mut bench, step) = Bench::opened(records);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(effects(&step), ["arm the deadline", "get ready"]);
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    bench.link(&link);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn an_attempt_that_ended_meanwhile_is_removed_at_the_next_start() {
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
fn a_vault_that_was_set_aside_is_said_with_its_place() {
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
fn an_administrator_sets_the_app_up() {
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
fn changing_the_set_up_can_be_called_off() {
    let mut bench = Bench::with_bob();
    bench.step(Event::SetupChangeRequested);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    bench.step(Event::Cancelled);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn another_api_client_or_service_needs_the_browser_again_for_everybody() {
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
fn a_new_secret_for_the_same_api_client_keeps_everybody() {
    let mut bench = Bench::with_bob();
    let new = changed_draft(|draft| draft.client_secret = "hush-rotated".to_owned());
    let step = bench.step(Event::RegistrationEntered(new));
    assert_eq!(changed(&step), ["registration"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn a_managed_set_up_can_not_be_changed_in_the_window() {
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
fn what_it_says_again_at_each_start_is_not_written_again() {
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
fn a_set_up_that_it_no_longer_manages_can_be_changed_in_the_window() {
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
fn tokens_of_an_unknown_api_client_are_not_shown_to_another() {
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
fn a_vault_is_begun_anew_only_where_it_can_not_be_opened_any_more() {
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
        bench.step(Event::NotOpened(OpenError::Locked(why)));
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
fn a_wrong_provisioning_file_is_said_and_the_set_up_that_was_stays() {
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
fn no_browser_opens_for_an_attempt_that_could_not_be_saved() {
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
fn no_code_is_posted_that_a_restart_could_post_again() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.granted());
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["bring to front"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
}

#[test]
fn a_denial_that_could_not_be_saved_still_ends_the_attempt() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.denied("access_denied"));
    let step = bench.not_saved(step);
    assert_eq!(effects(&step), ["bring to front"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn new_tokens_that_could_not_be_saved_are_used_all_the_same() {
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
fn no_refresh_is_sent_whose_intent_could_not_be_saved_and_it_is_tried_again() {
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
fn a_new_pair_that_could_not_be_saved_is_used_and_renewed_in_its_time() {
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
fn what_can_not_be_saved_meanwhile_does_not_lead_to_a_second_refresh() {
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
fn a_full_disk_at_the_start_does_not_stop_what_needs_no_saving() {
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
fn being_able_to_save_again_takes_back_only_what_was_said_of_that() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.denied("access_denied"));
    bench.step(Event::Saved);
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
}

/// Shows check 39.
#[test]
fn the_windows_state_holds_no_secret() {
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
    bench.refreshed(&step, Err(TokenError::InvalidGrant { expired: false }));
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
fn nothing_that_the_machine_prints_of_itself_holds_a_secret() {
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
fn a_keychain_that_is_asking_its_person_is_said_to_be_locked_until_it_opens() {
    let mut session = Session::default();
    session.step(Event::UnlockRequested(Unlock::Keychain), now());
    assert!(!session.is_settled());
    session.step(Event::OpeningTakesLong(LockReason::KeychainLocked), now());
    assert!(session.is_settled());
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
fn keychain_that_changes_opens_what_a_keychain_keeps_locked_and_nothing_else() {
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
        bench.step(Event::NotOpened(OpenError::Locked(why)));
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
fn keychain_that_changes_while_the_vault_opens_is_looked_into_once_more() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    for _ in 0..3 {
        assert_nothing_happened(&bench.step(Event::KeychainChanged));
    }
    let why = LockReason::KeychainLocked;
    let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
    assert_eq!(effects(&step), ["open the vault without a prompt"]);
    assert_eq!(bench.screen(), Screen::Locked { why });
    let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn opening_that_takes_long_is_said_to_wait_for_what_it_waits_for() {
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
