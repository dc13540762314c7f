//! What starts, replaces and ends a pending attempt.

use super::*;

#[test]
fn commands_before_the_setup_are_refused() {
    let (mut bench, _) = Bench::opened(Records::default());
    let attempt = crate::fixtures::attempt(&bench.entropy);
    for event in [
        Event::SignInRequested(Box::new(attempt)),
        Event::FinishRequested,
        Event::CheckRequested(bob().key()),
        Event::RenewalRequested(bob().key(), RenewalReason::Asked),
        Event::SignOutRequested(bob().key()),
        Event::SwitchRequested(bob().key()),
    ] {
        let step = bench.step(event);
        assert_eq!(step.outcome, refused(Code::NotSetUp));
        assert_nothing_happened(&step);
    }
    assert_eq!(bench.screen(), Screen::NeedsSetup);
}

#[test]
fn denied_attempt_ends_signed_out_with_a_problem() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.denied("access_denied"));
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(effects(&step), ["bring to front"]);
    assert_eq!(bench.record(RecordName::Attempt), None);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
}

/// Shows check 12.
#[test]
fn authorization_error_ends_signed_out_with_its_code() {
    for (error, code) in [
        ("access_denied", Code::AccessDenied),
        ("invalid_request", Code::RequestNotAccepted),
        ("unauthorized_client", Code::RequestNotAccepted),
        ("unsupported_response_type", Code::RequestNotAccepted),
        ("invalid_scope", Code::RequestNotAccepted),
        ("server_error", Code::ServerError),
        ("temporarily_unavailable", Code::AmiqusBusy),
        ("Access_Denied", Code::RequestNotAccepted),
        ("something_new", Code::RequestNotAccepted),
    ] {
        let mut bench = Bench::set_up();
        let (pending, _) = bench.begin();
        let step = bench.link(&pending.denied(error));
        assert_eq!(effects(&step), ["bring to front"], "{error}");
        assert_eq!(bench.record(RecordName::Attempt), None, "{error}");
        assert_eq!(bench.screen(), SIGNED_OUT, "{error}");
        assert_eq!(bench.problem(), Some(code), "{error}");
    }
}

#[test]
fn sign_in_after_a_denial_clears_the_problem() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.denied("access_denied"));
    bench.sign_in(bob(), "1");
    assert_eq!(bench.screen(), Screen::SignedIn);
    assert_eq!(bench.problem(), None);
}

#[test]
fn denied_second_account_leaves_the_first_signed_in() {
    let mut bench = Bench::with_bob();
    let (pending, _) = bench.begin();
    bench.link(&pending.denied("access_denied"));
    assert_eq!(bench.screen(), Screen::SignedIn);
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
}

#[test]
fn cancelled_attempt_ends_signed_out_without_a_problem() {
    let mut bench = Bench::set_up();
    bench.begin();
    let step = bench.step(Event::Cancelled);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(effects(&step), [""; 0]);
    assert_eq!(bench.record(RecordName::Attempt), None);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), None);
}

/// Shows check 11.
#[test]
fn link_of_cancelled_attempt_is_refused() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.step(Event::Cancelled);
    let step = bench.link(&pending.granted());
    assert_eq!(step.outcome, refused(Code::LinkTooLate));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn tokens_after_cancelled_sign_in_are_dropped() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    assert_nothing_happened(&bench.step(Event::Cancelled));
    assert_eq!(bench.screen(), SIGNED_OUT);
    let late = Event::CodeExchanged(pending.id, Ok(tokens("1", now())));
    assert_nothing_happened(&bench.step(late));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.record(RecordName::Unclaimed), None);
}

/// Shows check 35.
#[test]
fn sign_out_ends_any_sign_in_in_progress() {
    // The user is in the browser.
    let mut bench = Bench::with_bob();
    let (pending, _) = bench.begin();
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert!(step.changed.contains(&RecordName::Attempt));
    assert_eq!(bench.record(RecordName::Attempt), None);
    assert_eq!(bench.screen(), Screen::SignedOut { just_now: true });
    let step = bench.link(&pending.granted());
    assert_eq!(step.outcome, refused(Code::LinkTooLate));
    // The code was posted.
    let mut bench = Bench::with_bob();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(bench.screen(), Screen::SignedOut { just_now: true });
    let late = Event::CodeExchanged(pending.id, Ok(tokens("2", now())));
    assert_nothing_happened(&bench.step(late));
    assert_eq!(bench.record(RecordName::Unclaimed), None);
}

#[test]
fn attempt_without_answer_expires() {
    let mut bench = Bench::set_up();
    let (pending, step) = bench.begin();
    let Some(Effect::ArmDeadline(id, at)) = step.effects.first() else {
        panic!("no deadline: {step:?}");
    };
    assert_eq!(
        (*id, *at),
        (pending.id, now() + SignedDuration::from_mins(10))
    );
    let step = bench.step(Event::DeadlinePassed(pending.id));
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::AttemptExpired));
}

#[test]
fn deadline_of_earlier_attempt_leaves_the_later_one() {
    let mut bench = Bench::set_up();
    let (first, _) = bench.begin();
    let (second, _) = bench.begin();
    assert_nothing_happened(&bench.step(Event::DeadlinePassed(first.id)));
    let step = bench.link(&second.granted());
    assert_eq!(effects(&step), ["bring to front", "exchange hush-code"]);
    assert_nothing_happened(&bench.step(Event::DeadlinePassed(second.id)));
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

/// Shows checks 4 and 11.
#[test]
fn link_after_ten_minutes_is_refused_before_the_timer_fires() {
    for (minutes, seconds, exchanged) in [(9, 59, true), (10, 0, false), (14_400, 0, false)] {
        let mut bench = Bench::set_up();
        let (pending, _) = bench.begin();
        bench.advance(SignedDuration::from_secs(minutes * 60 + seconds));
        let step = bench.link(&pending.granted());
        if exchanged {
            assert_eq!(bench.screen(), Screen::ExchangingCode);
        } else {
            assert_eq!(step.outcome, refused(Code::LinkTooLate));
            assert_eq!(effects(&step), [""; 0]);
            assert_eq!(bench.record(RecordName::Attempt), None);
            assert_eq!(bench.problem(), Some(Code::AttemptExpired));
        }
    }
}

/// Shows checks 4, 11 and 20.
#[test]
fn repeated_link_leads_to_one_exchange() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let step = bench.link(&pending.granted());
    assert_eq!(step.outcome, refused(Code::LinkTooLate));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn browser_opens_again_with_the_same_attempt() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.step(Event::BrowserRequestedAgain);
    assert_eq!(changed(&step), [""; 0]);
    let [Effect::OpenBrowser(id, url)] = step.effects.as_slice() else {
        panic!("not one browser: {step:?}");
    };
    assert_eq!(*id, pending.id);
    assert_eq!(*url.expose(), pending.url);
}

#[test]
fn browser_without_pending_attempt_is_not_opened_again() {
    let mut bench = Bench::set_up();
    let step = bench.step(Event::BrowserRequestedAgain);
    assert_eq!(step.outcome, refused(Code::LinkTooLate));
    assert_nothing_happened(&step);
}

#[test]
fn browser_that_did_not_open_leaves_the_attempt_pending() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    assert_nothing_happened(&bench.step(Event::BrowserDidNotOpen(pending.id)));
    assert_eq!(bench.problem(), Some(Code::BrowserDidNotOpen));
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    bench.step(Event::BrowserRequestedAgain);
    assert_eq!(bench.problem(), None);
    bench.link(&pending.granted());
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn late_browser_error_of_earlier_attempt_is_ignored() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.step(Event::Cancelled);
    bench.step(Event::BrowserDidNotOpen(pending.id));
    assert_eq!(bench.problem(), None);
}

/// Shows check 4.
#[test]
fn second_sign_in_replaces_the_first() {
    let mut bench = Bench::set_up();
    let (first, _) = bench.begin();
    let (second, step) = bench.begin();
    assert_eq!(
        effects(&step),
        ["arm the deadline", "warm up TLS", "open the browser"]
    );
    assert_ne!(first.state, second.state);
    let late = bench.link(&first.granted());
    assert_eq!(late.outcome, refused(Code::LinkTooLate));
    assert_nothing_happened(&late);
    bench.link(&second.granted());
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn second_sign_in_during_an_exchange_is_ignored() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let attempt = crate::fixtures::attempt(&bench.entropy);
    let step = bench.step(Event::SignInRequested(Box::new(attempt)));
    assert_nothing_happened(&step);
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("1", now()))));
    bench.identified(&step, Ok(bob()));
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn attempt_in_its_last_minute_gives_way_to_a_fresh_one() {
    let mut bench = Bench::set_up();
    let (first, _) = bench.begin();
    bench.advance(SignedDuration::from_mins(9) - SignedDuration::from_secs(1));
    assert!(!bench.session.is_extendable(bench.now));
    bench.advance(SignedDuration::from_secs(1));
    assert!(bench.session.is_extendable(bench.now));

    let (second, _) = bench.begin();
    assert_ne!(first.state, second.state);
    assert!(!bench.session.is_extendable(bench.now));
    // The deadline of the first attempt says nothing about the second.
    bench.step(Event::DeadlinePassed(first.id));
    assert_eq!(
        bench.link(&first.granted()).outcome,
        refused(Code::LinkTooLate)
    );
    bench.advance(SignedDuration::from_mins(8));
    assert_eq!(
        bench.link(&second.granted()).outcome,
        CommandOutcome::Accepted
    );
}

#[test]
fn authorization_url_is_that_of_the_pending_attempt() {
    let mut bench = Bench::set_up();
    assert_eq!(
        bench.session.authorization_url().err(),
        Some(Code::LinkTooLate)
    );
    let (pending, _) = bench.begin();
    let url = bench.session.authorization_url().unwrap();
    assert_eq!(url.expose(), &pending.url);
    bench.step(Event::Cancelled);
    assert!(bench.session.authorization_url().is_err());
}
