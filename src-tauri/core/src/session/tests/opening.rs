//! Opening, unlocking and giving up the vault.

use super::*;
use crate::fixtures::attempt;
use crate::secret::Passphrase;
use crate::vault::{LockReason, OpenError, SetAside, SetAsideReason, Unlock};

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

/// A vault that was locked for this reason and is opened again after a keychain change.
fn reopening(why: LockReason) -> Bench {
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
    for (why, request, then) in [
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
        let name = format!("{request:?}");
        let mut bench = reopening(why);
        let step = bench.step(request);
        assert_eq!(effects(&step), ["abandon the prompt"], "{name}");
        assert_eq!(step.outcome, CommandOutcome::Accepted, "{name}");
        // A keychain change does not replace the user's request.
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
    let mut bench = reopening(LockReason::KeyLost);
    bench.step(Event::StartOverRequested);
    assert_nothing_happened(&bench.open(Records::default()));
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    // Nor is the vault replaced for another reason than the one that was shown.
    let mut bench = reopening(LockReason::KeyLost);
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
        Event::BrowserRequestedAgain(Box::new(attempt(&Counting::default()))),
        Event::WindowClosed,
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
    assert_eq!(bench.screen(), SIGNED_IN);
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
