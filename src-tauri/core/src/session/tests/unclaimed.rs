//! Tokens whose owner isn't known yet: identified, finished, dropped.

use super::*;
use crate::fixtures::{DAY, lorraine};
use crate::registration::Provenance;
use crate::token::Transient;

/// Signs in up to the tokens; the request for their owner fails.
fn fail(bench: &mut Bench, pair: &str, failure: ApiError) -> Step {
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let pair = tokens(pair, bench.now);
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(pair)));
    bench.identified(&step, Err(failure))
}

fn unfinished() -> Bench {
    let mut bench = Bench::set_up();
    fail(&mut bench, "2", SERVER_ERROR);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().unfinished);
    bench
}

/// Opened with tokens of this age, whose owner an earlier run didn't learn.
fn left_behind(age: SignedDuration) -> (Bench, Step) {
    Bench::opened(Records {
        registration: Some(registration()),
        unclaimed: Some(tokens("2", now() - age)),
        ..Records::default()
    })
}

fn unclaimed(bench: &Bench) -> bool {
    bench.record(RecordName::Unclaimed).is_some()
}

fn opens_browser(step: &Step) -> bool {
    effects(step).contains(&"open the browser".to_owned())
}

#[test]
fn retryable_me_failure_is_retried_by_one_click() {
    for transient in [
        Transient::Offline,
        Transient::ProxyNeedsPassword,
        Transient::CertificateNotTrusted,
        Transient::CaptivePortal,
        Transient::ServerError,
        Transient::Busy(None),
        Transient::Busy(Some(MINUTE)),
    ] {
        let mut bench = Bench::set_up();
        let failure = ApiError::Transient(transient);
        let step = fail(&mut bench, "2", failure);
        assert_eq!(changed(&step), [""; 0], "{transient:?}");
        assert_eq!(bench.problem(), Some(Code::from(transient)));
        let step = bench.press();
        assert_eq!(effects(&step), ["identify hush-access-2"], "{transient:?}");
        assert_eq!(bench.screen(), Screen::ExchangingCode);
        assert!(!bench.state().unfinished);
        bench.identified(&step, Err(failure));
        assert!(opens_browser(&bench.press()), "{transient:?}");
        // The sign-in in the browser may fail: the unfinished one stays.
        assert!(unclaimed(&bench), "{transient:?}");
    }
}

#[test]
fn lasting_me_failure_lets_the_next_click_open_the_browser() {
    for (failure, is_kept) in [
        (ApiError::Unauthenticated, false),
        (ApiError::Transient(Transient::NotPermitted), false),
        (ApiError::Transient(Transient::UnexpectedResponse), true),
    ] {
        let mut bench = Bench::set_up();
        fail(&mut bench, "2", failure);
        assert_eq!(unclaimed(&bench), is_kept, "{failure:?}");
        assert_eq!(bench.state().unfinished, is_kept, "{failure:?}");
        assert!(opens_browser(&bench.press()), "{failure:?}");
    }
}

#[test]
fn click_after_an_attempt_lifetime_opens_the_browser() {
    for wait in [MINUTE * 11, DAY * 400, -DAY] {
        let mut bench = unfinished();
        bench.advance(wait);
        assert!(opens_browser(&bench.press()), "{wait}");
    }
}

#[test]
fn click_within_an_attempt_lifetime_claims_the_tokens() {
    let mut bench = unfinished();
    bench.advance(MINUTE * 9);
    let step = bench.press();
    let step = bench.identified(&step, Ok(bob()));
    assert_eq!(effects(&step), ["bring to front", "plan the renewal"]);
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
    assert!(!unclaimed(&bench));
}

#[test]
fn finish_requests_the_owner_each_time() {
    let mut bench = unfinished();
    for _ in 0..3 {
        bench.advance(DAY);
        let step = bench.step(Event::FinishRequested);
        assert_eq!(effects(&step), ["identify hush-access-2"]);
        assert_eq!(bench.problem(), None);
        assert_eq!(bench.screen(), Screen::ExchangingCode);
        // A second click is the same request.
        assert_nothing_happened(&bench.step(Event::FinishRequested));
        bench.identified(&step, Err(SERVER_ERROR));
        assert_eq!(bench.problem(), Some(Code::ServerError));
    }
    let step = bench.step(Event::FinishRequested);
    bench.identified(&step, Ok(bob()));
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
    let step = bench.step(Event::FinishRequested);
    assert_eq!(step.outcome, refused(Code::NotSignedIn));
}

#[test]
fn forget_drops_the_tokens_and_the_problem() {
    let mut bench = unfinished();
    let step = bench.step(Event::ForgetRequested);
    assert_eq!(changed(&step), ["unclaimed"]);
    assert_eq!(bench.problem(), None);
    assert!(!bench.state().unfinished);
    assert_nothing_happened(&bench.step(Event::ForgetRequested));
}

#[test]
fn sign_out_drops_unclaimed_tokens() {
    for asked in [
        None,
        Some(Event::EnvironmentChanged),
        Some(Event::FinishRequested),
    ] {
        let name = format!("{asked:?}");
        let mut bench = Bench::with_bob();
        fail(&mut bench, "2", SERVER_ERROR);
        let asking = asked.map(|event| bench.step(event));
        let step = bench.step(Event::SignOutRequested(bob().key()));
        assert!(step.changed.contains(&RecordName::Unclaimed), "{name}");
        assert_eq!(bench.screen(), Screen::SignedOut { just_now: true });
        if let Some(asking) = asking {
            let late = bench.identified(&asking, Ok(lorraine()));
            assert_nothing_happened(&late);
        }
        assert_eq!(bench.state().accounts, []);
        assert!(opens_browser(&bench.press()), "{name}");
    }
}

#[test]
fn new_tokens_replace_the_unclaimed_ones() {
    let mut bench = unfinished();
    let asking = bench.step(Event::EnvironmentChanged);
    bench.advance(MINUTE * 20);
    bench.sign_in(lorraine(), "3");
    assert!(!unclaimed(&bench));
    assert_nothing_happened(&bench.identified(&asking, Ok(bob())));
    assert_eq!(bench.state().accounts.len(), 1);
}

#[test]
fn late_answer_about_dropped_tokens_claims_nothing() {
    let (mut bench, asked) = left_behind(MINUTE);
    let mut draft = crate::fixtures::draft();
    draft.client_id = "another".to_owned();
    let other = draft.validate(Provenance::ByHand).unwrap();
    let step = bench.step(Event::RegistrationEntered(Box::new(other)));
    assert!(step.changed.contains(&RecordName::Unclaimed));
    fail(&mut bench, "new", SERVER_ERROR);
    bench.step(Event::EnvironmentChanged);
    // Both requests are unattended.
    assert_nothing_happened(&bench.identified(&asked, Ok(bob())));
    assert_eq!(bench.state().accounts, []);
    assert!(unclaimed(&bench));
}

#[test]
fn unattended_request_changes_no_screen() {
    for (result, is_kept) in [
        (Ok(bob()), false),
        (Err(SERVER_ERROR), true),
        (Err(ApiError::Unauthenticated), true),
        (Err(ApiError::Transient(Transient::NotPermitted)), true),
        (
            Err(ApiError::Transient(Transient::UnexpectedResponse)),
            true,
        ),
    ] {
        let mut bench = unfinished();
        bench.step(Event::SetupChangeRequested);
        let step = bench.step(Event::EnvironmentChanged);
        assert_eq!(effects(&step), ["identify hush-access-2"]);
        assert_eq!(bench.screen(), Screen::NeedsSetup);
        // However many changes a network brings, it is one question.
        assert_nothing_happened(&bench.step(Event::EnvironmentChanged));
        let step = bench.identified(&step, result);
        assert!(!effects(&step).contains(&"bring to front".to_owned()));
        assert_eq!(bench.screen(), Screen::NeedsSetup);
        assert_eq!(bench.problem(), None);
        assert_eq!(unclaimed(&bench), is_kept);
    }
}

#[test]
fn unattended_rejection_drops_nothing_until_a_user_asks() {
    for failure in [
        ApiError::Unauthenticated,
        ApiError::Transient(Transient::NotPermitted),
    ] {
        let mut bench = unfinished();
        let step = bench.step(Event::EnvironmentChanged);
        bench.identified(&step, Err(failure));
        assert!(bench.state().unfinished, "{failure:?}");
        let step = bench.step(Event::FinishRequested);
        let step = bench.identified(&step, Err(failure));
        assert_eq!(changed(&step), ["unclaimed"]);
        assert!(!bench.state().unfinished, "{failure:?}");
        assert!(bench.problem().is_some(), "{failure:?}");
        // A click after that opens the browser at once.
        let mut bench = unfinished();
        let step = bench.step(Event::EnvironmentChanged);
        bench.identified(&step, Err(failure));
        assert!(opens_browser(&bench.press()), "{failure:?}");
    }
}

#[test]
fn cancel_stops_waiting_and_the_next_request_is_new() {
    let mut bench = unfinished();
    let step = bench.step(Event::FinishRequested);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    assert_nothing_happened(&bench.step(Event::Cancelled));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().unfinished);
    let next = bench.step(Event::FinishRequested);
    assert_eq!(effects(&next), ["identify hush-access-2"]);
    for late in [Err(SERVER_ERROR), Ok(bob())] {
        assert_nothing_happened(&bench.identified(&step, late));
        assert_eq!(bench.screen(), Screen::ExchangingCode);
    }
    bench.identified(&next, Ok(bob()));
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
}

#[test]
fn unattended_request_leaves_a_pending_attempt() {
    let mut bench = unfinished();
    bench.advance(MINUTE * 11);
    let asking = bench.step(Event::EnvironmentChanged);
    let (pending, _) = bench.begin();
    bench.identified(&asking, Ok(bob()));
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    let step = bench.link(&pending.granted());
    assert_eq!(effects(&step), ["bring to front", "exchange hush-code"]);
}

#[test]
fn user_takes_over_a_request_in_progress() {
    let mut bench = unfinished();
    let asking = bench.step(Event::EnvironmentChanged);
    assert_nothing_happened(&bench.step(Event::FinishRequested));
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    let step = bench.identified(&asking, Ok(bob()));
    assert_eq!(effects(&step), ["bring to front", "plan the renewal"]);
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
}

#[test]
fn unattended_request_switches_no_account() {
    let mut bench = Bench::with_bob();
    fail(&mut bench, "2", SERVER_ERROR);
    let step = bench.step(Event::EnvironmentChanged);
    bench.identified(&step, Ok(lorraine()));
    assert_eq!(bench.state().accounts.len(), 2);
    assert_eq!(bench.state().current, Some(bob().key().to_string()));
}

#[test]
fn start_identifies_recent_tokens_without_a_window() {
    let (mut bench, step) = left_behind(MINUTE * 30);
    assert_eq!(effects(&step), ["identify hush-access-2"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    let step = bench.identified(&step, Ok(bob()));
    assert_eq!(effects(&step), ["plan the renewal"]);
    assert_eq!(bench.screen(), SIGNED_IN);
}

#[test]
fn start_shows_old_tokens_without_a_request() {
    let (mut bench, step) = left_behind(DAY * 2);
    assert_nothing_happened(&step);
    assert_nothing_happened(&bench.step(Event::EnvironmentChanged));
    assert!(bench.state().unfinished);
    assert!(opens_browser(&bench.press()));
}

#[test]
fn unclaimed_tokens_without_registration_are_not_awaited() {
    let (bench, step) = Bench::opened(Records {
        unclaimed: Some(tokens("2", now())),
        ..Records::default()
    });
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
}

#[test]
fn attempt_beside_unclaimed_tokens_outlives_a_restart() {
    let entropy = Counting::default();
    let (bench, step) = Bench::opened(Records {
        registration: Some(registration()),
        attempt: Some(crate::fixtures::attempt(&entropy)),
        unclaimed: Some(tokens("1", now())),
        ..Records::default()
    });
    assert_eq!(changed(&step), [""; 0]);
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    assert!(effects(&step).contains(&"identify hush-access-1".to_owned()));
}
