//! The computer woke, its clock was set, a network came, the disk has room again.

use super::*;
use crate::fixtures::{DAY, YEAR, connected, lorraine};
use crate::token::Transient;
use crate::vault::{LockReason, OpenError, Unlock};

fn on_environment_change(bench: &mut Bench) -> Step {
    bench.step(Event::EnvironmentChanged)
}

fn fail(bench: &mut Bench, failure: TokenError) -> Step {
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    bench.refreshed(&step, Err(failure))
}

#[test]
fn environment_change_renews_nothing_early() {
    let mut bench = Bench::with_bob();
    assert_nothing_happened(&on_environment_change(&mut bench));
}

/// Shows check 41.
#[test]
fn planned_renewal_keeps_its_timer_when_the_clock_is_set() {
    // A second plan would count the tokens' whole lifetime again.
    for turned in [YEAR - DAY, -YEAR * 3, YEAR * 5] {
        let mut bench = Bench::with_bob();
        bench.advance(turned);
        let step = on_environment_change(&mut bench);
        assert_eq!(effects(&step), ["check hush-access-1"]);
        assert_eq!(changed(&step), [""; 0]);
    }
}

#[test]
fn renewal_that_failed_offline_resumes_with_a_network() {
    let mut bench = Bench::with_bob();
    fail(&mut bench, TokenError::NotProcessed(Transient::Offline));
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert_eq!(changed(&step), [format!("account/{}", bob().key())]);
    // However many changes a network brings, it is one renewal.
    assert_nothing_happened(&on_environment_change(&mut bench));
}

/// Shows check 25.
#[test]
fn retry_after_outlives_an_environment_change() {
    let mut bench = Bench::with_bob();
    let busy = Transient::Busy(Some(MINUTE * 40));
    fail(&mut bench, TokenError::NotProcessed(busy));
    bench.advance(MINUTE);
    assert_nothing_happened(&on_environment_change(&mut bench));
    // A click of the user sends nothing either, and is refused.
    let asked = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    assert_nothing_happened(&asked);
    assert_eq!(asked.outcome, refused(Code::AmiqusBusy));
    assert_eq!(bench.problem(), Some(Code::AmiqusBusy));
    // A clock that was set back by a year doesn't add a year to the wait.
    bench.advance(-YEAR);
    let asked = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    assert_eq!(effects(&asked), ["refresh hush-refresh-1"]);
}

/// Shows check 25.
#[test]
fn retry_after_is_waited_out_for_expired_tokens() {
    let mut bench = Bench::with_bob();
    bench.advance(YEAR);
    let busy = Transient::Busy(Some(MINUTE * 40));
    fail(&mut bench, TokenError::NotProcessed(busy));
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["check hush-access-1"]);
    let step = bench.checked(&step, Err(ApiError::Unauthenticated));
    assert_nothing_happened(&step);
    assert_eq!(check_answer(&step), Some(Err(Code::AmiqusBusy)));
    bench.advance(MINUTE * 40);
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
}

#[test]
fn lost_answer_is_probed_when_a_network_comes() {
    let mut bench = Bench::with_bob();
    let step = fail(&mut bench, TokenError::PerhapsProcessed(Transient::Offline));
    // The probe is in flight already.
    assert_nothing_happened(&on_environment_change(&mut bench));
    let offline = ApiError::Transient(Transient::Offline);
    let later = bench.probed(&step, Err(offline));
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    // The scheduled probe is obsolete.
    let [Effect::ProbeLater(key, generation, due, _)] = later.effects.as_slice() else {
        panic!("not one wait: {later:?}");
    };
    assert_nothing_happened(&bench.step(Event::ProbeDue(*key, *generation, *due)));
    let busy = ApiError::Transient(Transient::Busy(Some(MINUTE)));
    bench.probed(&step, Err(busy));
    assert_nothing_happened(&on_environment_change(&mut bench));
}

/// Shows check 41.
#[test]
fn clock_set_back_before_a_start_delays_no_renewal() {
    let pair = connected(bob(), tokens("1", now() + YEAR * 3));
    let (_, step) = Bench::with(vec![pair]);
    assert_eq!(planned(&step, now()), YEAR - DAY * 30);
}

#[test]
fn offline_account_is_checked_when_a_network_comes() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let offline = ApiError::Transient(Transient::Offline);
    bench.checked(&check, Err(offline));
    assert!(bench.account(bob().key()).offline);
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["check hush-access-1"]);
    // A check in flight is not repeated.
    assert_nothing_happened(&on_environment_change(&mut bench));
    bench.checked(&step, Ok(bob()));
    assert!(!bench.account(bob().key()).offline);
}

#[test]
fn current_account_is_checked_once_a_day_at_most() {
    let (mut bench, step) = Bench::with(vec![
        connected(bob(), tokens("1", now())),
        connected(lorraine(), tokens("lorraine", now())),
    ]);
    bench.checked(&step, Ok(bob()));
    bench.advance(DAY);
    assert_nothing_happened(&on_environment_change(&mut bench));
    bench.advance(MINUTE);
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["check hush-access-1"]);
}

#[test]
fn attempt_that_expired_during_sleep_ends() {
    let mut bench = Bench::set_up();
    bench.begin();
    bench.advance(MINUTE * 5);
    assert_nothing_happened(&on_environment_change(&mut bench));
    bench.advance(MINUTE * 6);
    let step = on_environment_change(&mut bench);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(bench.problem(), Some(Code::AttemptExpired));
}

#[test]
fn vault_in_use_elsewhere_is_awaited() {
    let mut bench = Bench {
        session: Session::default(),
        now: now(),
        entropy: Counting::default(),
    };
    let why = LockReason::InUseElsewhere;
    let step = bench.step(Event::OpenFailed(OpenError::Locked(why)));
    assert_eq!(effects(&step), ["await the vault"]);
    assert_eq!(bench.screen(), Screen::Locked { why });
    let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_eq!(effects(&step), ["open the vault"]);
}

#[test]
fn renewal_blocked_by_full_disk_resumes_with_space() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    bench.not_saved(step);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    let step = bench.step(Event::Saved);
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert_eq!(bench.problem(), None);
}

#[test]
fn corrected_secret_resumes_renewals() {
    let mut bench = Bench::with_bob();
    bench.advance(YEAR - DAY);
    fail(&mut bench, TokenError::InvalidClient);
    let mut draft = crate::fixtures::draft();
    draft.client_secret = "hush-another".to_owned();
    let right = draft.validate(crate::registration::Provenance::ByHand);
    let step = bench.step(Event::RegistrationEntered(Box::new(right.unwrap())));
    assert!(planned(&step, bench.now).is_negative());
}
