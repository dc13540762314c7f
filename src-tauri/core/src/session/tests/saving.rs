//! What happens when the vault can't be written.

use super::*;
use crate::fixtures::{DAY, YEAR, connected};

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
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    // The record is ready to be written once there is space.
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
    assert_eq!(bench.screen(), SIGNED_IN);
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
