//! The computer woke, its clock was set, a network came, the disk has room again.

use super::super::RenewalReason;
use super::*;
use crate::fixtures::{DAY, YEAR, connected, lorraine};
use crate::token::Transient;
use crate::vault::{LockReason, OpenError, Unlock};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn on_environment_change(bench: &mut Bench) -> Step {
    bench.step(Event::EnvironmentChanged)
}

fn fail(bench: &mut Bench, failure: TokenError) -> Step {
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    bench.refreshed(&step, Err(failure))
}

#[test]
fn nothing_is_renewed_before_its_time() {
    let mut bench = Bench::with_bob();
    assert_nothing_happened(&on_environment_change(&mut bench));
}

/// Shows check 41.
#[test]
fn what_is_planned_keeps_its_timers_however_the_clock_is_set() {
    // A plan made anew would count a pair's whole time again.
    for turned in [YEAR - DAY, -YEAR * 3, YEAR * 5] {
        let mut bench = Bench::with_bob();
        bench.wait(turned);
        let step = on_environment_change(&mut bench);
        assert_eq!(effects(&step), ["check hush-access-1"]);
        assert_eq!(changed(&step), [""; 0]);
    }
}

#[test]
fn a_renewal_that_found_no_network_goes_on_when_one_comes() {
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
fn what_amiqus_asked_for_is_kept_to() {
    let mut bench = Bench::with_bob();
    let busy = Transient::Busy(Some(MINUTE * 40));
    fail(&mut bench, TokenError::NotProcessed(busy));
    bench.wait(MINUTE);
    assert_nothing_happened(&on_environment_change(&mut bench));
    // Nor does a person's click send anything: they are told.
    let asked = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    assert_nothing_happened(&asked);
    assert_eq!(asked.outcome, refused(Code::AmiqusBusy));
    assert_eq!(bench.problem(), Some(Code::AmiqusBusy));
    // A clock that was turned back by a year doesn't make a year of it.
    bench.wait(-YEAR);
    let asked = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    assert_eq!(effects(&asked), ["refresh hush-refresh-1"]);
}

/// Shows check 25.
#[test]
fn what_amiqus_asked_for_is_kept_to_also_when_a_look_finds_that_the_pair_has_run_out() {
    let mut bench = Bench::with_bob();
    bench.wait(YEAR);
    let busy = Transient::Busy(Some(MINUTE * 40));
    fail(&mut bench, TokenError::NotProcessed(busy));
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["check hush-access-1"]);
    let step = bench.checked(&step, Err(ApiError::Unauthenticated));
    assert_nothing_happened(&step);
    assert_eq!(check_answer(&step), Some(Err(Code::AmiqusBusy)));
    bench.wait(MINUTE * 40);
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
}

#[test]
fn a_lost_answer_is_asked_after_when_a_network_comes() {
    let mut bench = Bench::with_bob();
    let step = fail(&mut bench, TokenError::PerhapsProcessed(Transient::Offline));
    // The probe is under way: once is enough.
    assert_nothing_happened(&on_environment_change(&mut bench));
    let offline = ApiError::Transient(Transient::Offline);
    let later = bench.probed(&step, Err(offline));
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    // The one that was planned is not asked as well.
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
fn a_clock_that_was_turned_back_before_a_start_puts_no_renewal_off() {
    let pair = connected(bob(), tokens("1", now() + YEAR * 3));
    let (_, step) = Bench::with(vec![pair]);
    assert_eq!(planned(&step, now()), YEAR - DAY * 30);
}

#[test]
fn whoever_was_shown_from_memory_is_asked_for_when_a_network_comes() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let offline = ApiError::Transient(Transient::Offline);
    bench.checked(&check, Err(offline));
    assert!(bench.account(bob().key()).offline);
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["check hush-access-1"]);
    // The same question is not asked twice at once.
    assert_nothing_happened(&on_environment_change(&mut bench));
    bench.checked(&step, Ok(bob()));
    assert!(!bench.account(bob().key()).offline);
}

#[test]
fn the_current_account_is_asked_for_once_a_day_at_most() {
    let (mut bench, step) = Bench::with(vec![
        connected(bob(), tokens("1", now())),
        connected(lorraine(), tokens("lorraine", now())),
    ]);
    bench.checked(&step, Ok(bob()));
    bench.wait(DAY);
    assert_nothing_happened(&on_environment_change(&mut bench));
    bench.wait(MINUTE);
    let step = on_environment_change(&mut bench);
    assert_eq!(effects(&step), ["check hush-access-1"]);
}

#[test]
fn an_attempt_whose_ten_minutes_went_by_in_sleep_is_over() {
    let mut bench = Bench::set_up();
    bench.begin();
    bench.wait(MINUTE * 5);
    assert_nothing_happened(&on_environment_change(&mut bench));
    bench.wait(MINUTE * 6);
    let step = on_environment_change(&mut bench);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(bench.problem(), Some(Code::AttemptExpired));
}

#[test]
fn a_vault_that_another_process_has_is_waited_for() {
    let mut bench = Bench {
        session: Session::default(),
        now: now(),
        entropy: Counting::default(),
    };
    let why = LockReason::InUseElsewhere;
    let step = bench.step(Event::NotOpened(OpenError::Locked(why)));
    assert_eq!(effects(&step), ["await the vault"]);
    assert_eq!(bench.screen(), Screen::Locked { why });
    let step = bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_eq!(effects(&step), ["open the vault"]);
}

#[test]
fn a_renewal_that_the_full_disk_kept_back_goes_on_once_there_is_room() {
    let mut bench = Bench::with_bob();
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    bench.not_saved(step);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    let step = bench.step(Event::Saved);
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert_eq!(bench.problem(), None);
}

#[test]
fn a_secret_that_was_put_right_lets_renewals_go_on() {
    let mut bench = Bench::with_bob();
    bench.wait(YEAR - DAY);
    fail(&mut bench, TokenError::InvalidClient);
    let mut draft = crate::fixtures::draft();
    draft.client_secret = "hush-another".to_owned();
    let right = draft.validate(crate::registration::Provenance::ByHand);
    let step = bench.step(Event::RegistrationEntered(Box::new(right.unwrap())));
    assert!(planned(&step, bench.now).is_negative());
}
