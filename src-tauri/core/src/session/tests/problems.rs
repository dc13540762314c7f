//! Dismissing the problem that is shown.

use super::*;
use crate::vault::{LockReason, OpenError};

#[test]
fn dismissed_problem_is_shown_no_more_and_nothing_else_changes() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.step(Event::BrowserDidNotOpen(pending.id));
    assert_eq!(bench.problem(), Some(Code::BrowserDidNotOpen));
    let before = bench.screen();
    let step = bench.step(Event::ProblemDismissed);
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_nothing_happened(&step);
    assert_eq!(bench.problem(), None);
    assert_eq!(bench.screen(), before);
    assert_nothing_happened(&bench.step(Event::ProblemDismissed));
}

#[test]
fn problem_is_dismissed_while_the_vault_is_locked() {
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::WrongPassphrase));
    assert_eq!(bench.problem(), Some(Code::WrongPassphrase));
    let step = bench.step(Event::ProblemDismissed);
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_eq!(bench.problem(), None);
    let why = LockReason::PassphraseNeeded;
    assert_eq!(bench.screen(), Screen::Locked { why });
}

#[test]
fn unsaved_changes_stay_shown_until_they_are_saved() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.denied("access_denied"));
    bench.not_saved(step);
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
    bench.step(Event::ProblemDismissed);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    bench.step(Event::ProblemDismissed);
    assert_eq!(bench.problem(), Some(Code::CannotSave));
    bench.step(Event::Saved);
    assert_eq!(bench.problem(), None);
}
