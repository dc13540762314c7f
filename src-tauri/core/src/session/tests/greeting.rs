//! How long the window shows that the user has just signed in.

use super::*;
use crate::fixtures::{connected, lorraine};

fn greeted() -> Bench {
    let mut bench = Bench::set_up();
    bench.sign_in(bob(), "1");
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
    bench
}

/// Bob's tokens are in the vault, and nobody knows that they are Bob's.
fn unclaimed() -> Records {
    Records {
        registration: Some(registration()),
        unclaimed: Some(tokens("1", now())),
        ..Records::default()
    }
}

#[test]
fn each_sign_in_of_a_waiting_user_is_greeted() {
    let mut bench = greeted();
    bench.step(Event::WindowClosed);
    bench.sign_in(lorraine(), "2");
    assert_eq!(bench.screen(), JUST_SIGNED_IN, "another account");

    let (mut bench, at_start) = Bench::opened(unclaimed());
    bench.step(Event::FinishRequested);
    bench.identified(&at_start, Ok(bob()));
    assert_eq!(bench.screen(), JUST_SIGNED_IN, "an unfinished sign-in");
}

#[test]
fn account_from_the_vault_is_not_greeted() {
    assert_eq!(Bench::with_bob().screen(), SIGNED_IN);
}

#[test]
fn sign_in_that_no_user_waits_for_is_not_greeted() {
    let (mut bench, step) = Bench::opened(unclaimed());
    bench.identified(&step, Ok(bob()));
    assert_eq!(bench.screen(), SIGNED_IN);
}

#[test]
fn greeting_ends_with_the_window_or_the_next_action() {
    type Action = fn(&mut Bench);
    let actions: [(&str, Action); 6] = [
        ("the window closes", |bench| {
            bench.step(Event::WindowClosed);
        }),
        ("a cancelled sign-in", |bench| {
            bench.begin();
            bench.step(Event::Cancelled);
        }),
        ("a switch", |bench| {
            bench.step(Event::SwitchRequested(bob().key()));
        }),
        ("signing out of another account", |bench| {
            bench.step(Event::SignOutRequested(lorraine().key()));
        }),
        ("looking at the set-up", |bench| {
            bench.step(Event::SetupChangeRequested);
            bench.step(Event::Cancelled);
        }),
        ("a new secret", |bench| {
            let new = changed_draft(|draft| draft.client_secret = "hush-rotated".to_owned());
            bench.step(Event::RegistrationEntered(new));
        }),
    ];
    for (what, act) in actions {
        let (mut bench, _) = Bench::with(vec![connected(lorraine(), tokens("1", now()))]);
        bench.sign_in(bob(), "2");
        assert_eq!(bench.screen(), JUST_SIGNED_IN, "{what}");
        act(&mut bench);
        assert_eq!(bench.screen(), SIGNED_IN, "{what}");
    }
}

#[test]
fn checks_and_renewals_leave_the_greeting() {
    let mut bench = greeted();
    let check = bench.step(Event::CheckRequested(bob().key()));
    bench.checked(&check, Ok(bob()));
    let renewal = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    bench.refreshed(&renewal, Ok(tokens("2", now())));
    bench.step(Event::EnvironmentChanged);
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
}

#[test]
fn greeting_does_not_survive_the_process_and_does_not_keep_it() {
    let bench = greeted();
    assert!(bench.session.is_quiescent());
    let account = RecordName::Account(bob().key());
    let record = bench.record(account).unwrap();
    let (reopened, _) = Bench::opened(Records {
        registration: Some(registration()),
        accounts: [(bob().key(), connected(bob(), tokens("1", now())))].into(),
        ..Records::default()
    });
    assert_eq!(reopened.record(account), Some(record));
    assert_eq!(reopened.screen(), SIGNED_IN);
}

#[test]
fn account_that_is_already_here_is_not_greeted() {
    let mut bench = Bench::with_bob();
    bench.sign_in(bob(), "2");
    assert_eq!(bench.problem(), Some(Code::AlreadyHere));
    assert_eq!(bench.screen(), Screen::SignedIn { just_now: false });
}
