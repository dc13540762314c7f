//! Several users and teams: checking, switching, signing out.

use super::*;
use crate::fixtures::{connected, hill_valley, lorraine};
use crate::token::Transient;

fn two() -> Bench {
    Bench::with(vec![
        connected(bob(), tokens("bob", now())),
        connected(lorraine(), tokens("lorraine", now())),
    ])
    .0
}

#[test]
fn second_user_is_added_and_becomes_current() {
    let mut bench = Bench::with_bob();
    bench.sign_in(lorraine(), "2");
    let state = bench.state();
    assert_eq!(state.accounts.len(), 2);
    assert_eq!(state.current, Some(lorraine().key().to_string()));
    assert_eq!(state.problem, None);
}

#[test]
fn same_user_in_another_team_is_another_account() {
    let mut bench = Bench::with_bob();
    let mut elsewhere = bob();
    elsewhere.team = Some(hill_valley());
    bench.sign_in(elsewhere, "2");
    assert_eq!(bench.state().accounts.len(), 2);
    assert_eq!(bench.problem(), None);
}

#[test]
fn switch_makes_the_other_account_current() {
    let mut bench = two();
    let step = bench.step(Event::SwitchRequested(lorraine().key()));
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_eq!(changed(&step), ["current"]);
    assert_eq!(effects(&step), ["check hush-access-lorraine"]);
    assert_eq!(bench.state().current, Some(lorraine().key().to_string()));
    assert!(
        bench
            .record(RecordName::Current)
            .unwrap()
            .contains(&lorraine().key().to_string())
    );
}

#[test]
fn switch_to_account_without_tokens_asks_to_sign_in_again() {
    let mut bench = two();
    let step = bench.step(Event::RenewalRequested(
        lorraine().key(),
        RenewalReason::Due,
    ));
    let step = bench.refreshed(&step, Err(TokenError::InvalidGrant { expired: false }));
    bench.reloaded(&step, None);
    let step = bench.step(Event::SwitchRequested(lorraine().key()));
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_eq!(changed(&step), ["current"]);
    assert!(matches!(bench.screen(), Screen::SignInAgain { .. }));
}

#[test]
fn switch_to_unknown_account_is_refused() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::SwitchRequested(lorraine().key()));
    assert_eq!(step.outcome, refused(Code::NotSignedIn));
    assert_nothing_happened(&step);
    assert_eq!(bench.state().current, Some(bob().key().to_string()));
}

#[test]
fn sign_out_of_current_account_makes_the_other_current() {
    let mut bench = two();
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(
        changed(&step),
        ["current", &format!("account/{}", bob().key())]
    );
    assert_eq!(bench.record(RecordName::Account(bob().key())), None);
    assert_eq!(bench.state().current, Some(lorraine().key().to_string()));
    assert_eq!(bench.screen(), SIGNED_IN);
}

#[test]
fn sign_out_of_other_account_leaves_the_current_one() {
    let mut bench = two();
    bench.step(Event::SignOutRequested(lorraine().key()));
    assert_eq!(bench.state().current, Some(bob().key().to_string()));
    assert_eq!(bench.state().accounts.len(), 1);
}

#[test]
fn sign_out_of_last_account_is_shown_until_the_next_sign_in() {
    let mut bench = Bench::with_bob();
    bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(bench.screen(), Screen::SignedOut { just_now: true });
    assert_eq!(bench.record(RecordName::Current), None);
    bench.begin();
    bench.step(Event::Cancelled);
    assert_eq!(bench.screen(), SIGNED_OUT);
}

/// Shows check 35.
#[test]
fn sign_out_offline_succeeds() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(effects(&step), [""; 0]);
}

#[test]
fn sign_out_of_unknown_account_is_refused() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::SignOutRequested(lorraine().key()));
    assert_eq!(step.outcome, refused(Code::NotSignedIn));
    assert_nothing_happened(&step);
}

#[test]
fn check_updates_the_identity() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    assert_eq!(
        check.outcome,
        CommandOutcome::Pending(PendingReply::Check(bob().key()))
    );
    bench.advance(SignedDuration::from_hours(1));
    let mut heard = bob();
    heard.user.name = "Robert Gale".to_owned();
    heard.user.is_disabled = true;
    heard.role = None;
    let step = bench.checked(&check, Ok(heard));
    assert_eq!(check_answer(&step), Some(Ok(())));
    let account = bench.account(bob().key());
    assert_eq!(account.name, "Robert Gale");
    assert!(account.is_disabled);
    assert_eq!(account.as_of, bench.now);
    // What could not be requested stays as it was.
    assert_eq!(account.role, bob().role);
}

#[test]
fn failed_check_keeps_the_last_known_identity() {
    for (transient, code, offline) in [
        (Transient::Offline, Code::Offline, true),
        (Transient::ServerError, Code::ServerError, false),
        (Transient::Busy(None), Code::AmiqusBusy, false),
        (
            Transient::UnexpectedResponse,
            Code::UnexpectedResponse,
            false,
        ),
        (Transient::NotPermitted, Code::NotPermitted, false),
    ] {
        let mut bench = Bench::with_bob();
        bench.advance(SignedDuration::from_hours(1));
        let check = bench.step(Event::CheckRequested(bob().key()));
        let step = bench.checked(&check, Err(ApiError::Transient(transient)));
        assert_eq!(check_answer(&step), Some(Err(code)));
        assert_nothing_happened(&step);
        let account = bench.account(bob().key());
        assert_eq!(account.name, "Bob Gale");
        assert_eq!(account.as_of, now());
        assert_eq!(account.offline, offline);
        assert_eq!(bench.screen(), SIGNED_IN);
    }
}

/// Shows check 36.
#[test]
fn unknown_team_that_is_already_present_is_merged() {
    let mut bench = Bench::with_bob();
    let mut unknown = bob();
    unknown.team = None;
    bench.sign_in(unknown.clone(), "2");
    assert_eq!(bench.state().accounts.len(), 2);
    let check = bench.step(Event::CheckRequested(unknown.key()));
    bench.checked(&check, Ok(bob()));
    assert_eq!(bench.state().accounts.len(), 1);
    assert_eq!(bench.state().current, Some(bob().key().to_string()));
    let record = bench.record(RecordName::Account(bob().key())).unwrap();
    assert!(record.contains("hush-refresh-2"));
}

#[test]
fn late_team_of_earlier_tokens_is_ignored() {
    let mut bench = Bench::with_bob();
    let mut unknown = bob();
    unknown.team = None;
    bench.sign_in(unknown.clone(), "2");
    let check = bench.step(Event::CheckRequested(unknown.key()));
    bench.step(Event::SignOutRequested(unknown.key()));
    bench.sign_in(unknown.clone(), "3");
    // It is about the earlier tokens: the team of the new ones may differ.
    bench.checked(&check, Ok(bob()));
    assert_eq!(bench.state().accounts.len(), 2);
    let record = bench.record(RecordName::Account(unknown.key())).unwrap();
    assert!(record.contains("hush-refresh-3"));
    let record = bench.record(RecordName::Account(bob().key())).unwrap();
    assert!(!record.contains("hush-refresh-3"));
}

#[test]
fn rejected_token_starts_one_renewal_and_no_second_soon_after() {
    let mut bench = Bench::with_bob();
    let key = bob().key();
    let generation = bench.generation(key);
    let step = bench.step(Event::TokenRejected(key, generation));
    let waiting = CommandOutcome::Pending(PendingReply::Renewal(key));
    assert_eq!(step.outcome, waiting);
    assert_eq!(effects(&step).len(), 1);
    // While it is under way, callers share it.
    let sharing = bench.step(Event::TokenRejected(key, generation));
    assert_eq!(sharing.outcome, waiting);
    assert!(effects(&sharing).is_empty());

    let step = bench.refreshed(&step, Ok(tokens("newer", now())));
    // That the new tokens work elsewhere says nothing of the resource that rejects them.
    bench.checked(&step, Ok(bob()));
    let late = bench.step(Event::TokenRejected(key, generation));
    assert_eq!(late.outcome, CommandOutcome::Unchanged);
    let newer = bench.generation(key);
    let again = bench.step(Event::TokenRejected(key, newer));
    let refused = CommandOutcome::Refused(Code::ServerError.into());
    assert_eq!(again.outcome, refused);
    bench.now += MINUTE * 16;
    let step = bench.step(Event::TokenRejected(key, newer));
    assert_eq!(step.outcome, waiting);
}
