//! Refreshes whose answer was lost.

use super::*;

#[test]
fn lost_answer_is_probed_before_another_refresh() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(renewal_answer(&step), None);
    assert!(has_intent(&bench));
}

/// Shows checks 24 and 25.
#[test]
fn busy_answer_is_probed_after_its_retry_after() {
    for (asked_for, waits) in [
        (SignedDuration::ZERO, SignedDuration::from_secs(5)),
        (MINUTE * 40, MINUTE * 40),
    ] {
        let mut bench = Bench::with_bob();
        let step = renew(&mut bench, RenewalReason::Asked);
        let busy = TokenError::PerhapsProcessed(Transient::Busy(Some(asked_for)));
        let step = bench.refreshed(&step, Err(busy));
        assert_eq!(renewal_answer(&step), Some(Err(Code::AmiqusBusy)));
        assert_eq!(bench.problem(), Some(Code::AmiqusBusy));
        let [Effect::ProbeLater(_, _, _, wait)] = step.effects.as_slice() else {
            panic!("not one wait: {step:?}");
        };
        assert_eq!(*wait, waits);
        assert!(has_intent(&bench));
        // Until then no request makes it send anything.
        for why in [
            RenewalReason::Asked,
            RenewalReason::Refused,
            RenewalReason::Needed,
        ] {
            let asked = renew(&mut bench, why);
            assert_nothing_happened(&asked);
            assert_eq!(asked.outcome, refused(Code::AmiqusBusy), "{why:?}");
        }
        let due = probe_due(&step);
        bench.advance(waits);
        let step = bench.step(due);
        assert_eq!(effects(&step), ["probe hush-access-1"]);
        let step = bench.probed(&step, Err(ApiError::Unauthenticated));
        assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
        dead(&mut bench, &step, DEAD);
        let why = SignInAgainReason::AnswerLost;
        assert_eq!(bench.screen(), Screen::SignInAgain { why });
    }
}

#[test]
fn busy_answer_without_retry_after_is_probed_at_once() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    let busy = TokenError::PerhapsProcessed(Transient::Busy(None));
    let step = bench.refreshed(&step, Err(busy));
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    assert!(has_intent(&bench));
}

#[test]
fn lost_answer_with_valid_tokens_changes_nothing() {
    for (transient, code) in [
        (Transient::Offline, Code::Offline),
        (Transient::ServerError, Code::ServerError),
        (Transient::UnexpectedResponse, Code::UnexpectedResponse),
    ] {
        let mut bench = Bench::with_bob();
        let step = renew(&mut bench, RenewalReason::Asked);
        let step = bench.refreshed(&step, Err(TokenError::PerhapsProcessed(transient)));
        let step = bench.probed(&step, Ok(()));
        assert_eq!(renewal_answer(&step), Some(Err(code)));
        assert_eq!(effects(&step), ["plan the renewal"]);
        assert!(!has_intent(&bench));
        assert!(record(&bench).contains("hush-refresh-1"));
        assert_eq!(bench.status(bob().key()), Connected);
        assert_eq!(bench.problem(), Some(code));
    }
}

#[test]
fn lost_answer_with_valid_due_tokens_is_retried_later() {
    let mut bench = Bench::with_bob();
    bench.advance(YEAR - DAY);
    let step = lost(&mut bench);
    let step = bench.probed(&step, Ok(()));
    assert_eq!(planned(&step, bench.now), MINUTE * 15);
}

#[test]
fn lost_answer_with_invalid_tokens_leads_to_a_last_attempt() {
    let mut bench = Bench::with_bob();
    let step = last_attempt(&mut bench);
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert!(has_intent(&bench));
    let step = dead(&mut bench, &step, DEAD);
    assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
    let why = SignInAgainReason::AnswerLost;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
}

#[test]
fn last_attempt_that_succeeds_brings_new_tokens() {
    let mut bench = Bench::with_bob();
    let step = last_attempt(&mut bench);
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    assert!(record(&bench).contains("hush-refresh-2"));
    assert!(!has_intent(&bench));
}

#[test]
fn last_attempt_that_is_lost_waits_before_the_next_probe() {
    let mut bench = Bench::with_bob();
    let mut waits = Vec::new();
    let mut step = last_attempt(&mut bench);
    for _ in 0..12 {
        step = bench.refreshed(&step, Err(LOST));
        assert!(has_intent(&bench));
        let [Effect::ProbeLater(key, generation, due, wait)] = step.effects.as_slice() else {
            panic!("not one wait: {step:?}");
        };
        waits.push(wait.as_secs());
        let due = Event::ProbeDue(*key, *generation, *due);
        step = bench.step(due);
        step = bench.probed(&step, Err(ApiError::Unauthenticated));
        assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    }
    assert_eq!(waits[..4], [5, 10, 20, 40]);
    assert_eq!(waits.last(), Some(&900));
}

#[test]
fn rejection_after_a_failed_last_attempt_is_a_lost_answer() {
    for failure in [
        LOST,
        TokenError::NotProcessed(Transient::Offline),
        TokenError::NotProcessed(Transient::Busy(None)),
        TokenError::InvalidClient,
        TokenError::Rejected(RejectedPart::Request),
    ] {
        let mut bench = Bench::with_bob();
        let step = last_attempt(&mut bench);
        let step = bench.refreshed(&step, Err(failure));
        assert!(renewal_answer(&step).unwrap().is_err());
        assert!(has_intent(&bench), "{failure:?}");
        let step = bench.step(probe_due(&step));
        let step = bench.probed(&step, Err(ApiError::Unauthenticated));
        dead(&mut bench, &step, DEAD);
        let why = SignInAgainReason::AnswerLost;
        assert_eq!(bench.screen(), Screen::SignInAgain { why }, "{failure:?}");
    }
}

#[test]
fn probe_without_answer_is_repeated_with_growing_waits() {
    let mut bench = Bench::with_bob();
    let mut step = lost(&mut bench);
    let mut waits = Vec::new();
    for _ in 0..14 {
        let failure = ApiError::Transient(Transient::Offline);
        step = bench.probed(&step, Err(failure));
        let [Effect::ProbeLater(key, generation, due, wait)] = step.effects.as_slice() else {
            panic!("not one wait: {step:?}");
        };
        waits.push(wait.as_secs());
        let due = Event::ProbeDue(*key, *generation, *due);
        step = bench.step(due);
        assert_eq!(effects(&step), ["probe hush-access-1"]);
    }
    assert_eq!(waits[..9], [5, 10, 20, 40, 80, 160, 320, 640, 900]);
    assert_eq!(waits.last(), Some(&900));
    assert!(has_intent(&bench));
    assert!(bench.account(bob().key()).offline);
}

#[test]
fn waiting_caller_is_answered_at_the_first_failed_probe() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    let failure = ApiError::Transient(Transient::ServerError);
    let step = bench.probed(&step, Err(failure));
    assert_eq!(renewal_answer(&step), Some(Err(Code::ServerError)));
    assert_eq!(bench.problem(), Some(Code::ServerError));
}

#[test]
fn user_request_during_a_probe_wait_probes_at_once() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    bench.probed(&step, Err(ApiError::Transient(Transient::Offline)));
    let step = renew(&mut bench, RenewalReason::Asked);
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    let again = renew(&mut bench, RenewalReason::Asked);
    assert_nothing_happened(&again);
    let step = bench.probed(&step, Ok(()));
    assert!(renewal_answer(&step).is_some());
}

#[test]
fn obsolete_probe_sends_nothing() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    let (key, generation) = probe_of(&step);
    let later = bench.probed(&step, Err(ApiError::Transient(Transient::Offline)));
    let step = renew(&mut bench, RenewalReason::Asked);
    bench.probed(&step, Ok(()));
    assert_nothing_happened(&bench.step(probe_due(&later)));
    assert_nothing_happened(&bench.step(Event::Probed(
        key,
        generation,
        Err(ApiError::Unauthenticated),
    )));
    assert_eq!(bench.status(bob().key()), Connected);
}

/// Shows check 28.
#[test]
fn start_with_open_journal_probes_the_tokens() {
    let accounts = vec![
        interrupted(bob(), tokens("1", now())),
        connected(lorraine(), tokens("other", now())),
    ];
    let (mut bench, step) = Bench::with(accounts);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(effects(&step), ["probe hush-access-1", "plan the renewal"]);
    let probe = bench.probed(&step, Ok(()));
    assert_eq!(effects(&probe), ["plan the renewal"]);
    assert!(!has_intent(&bench));
    assert_eq!(bench.screen(), SIGNED_IN);
}

#[test]
fn lost_answer_of_one_account_leaves_the_others() {
    let accounts = vec![
        interrupted(bob(), tokens("1", now())),
        connected(lorraine(), tokens("other", now())),
    ];
    let (mut bench, step) = Bench::with(accounts);
    let other = RecordName::Account(lorraine().key());
    let before = bench.record(other);
    let step = bench.probed(&step, Err(ApiError::Unauthenticated));
    dead(&mut bench, &step, DEAD);
    let why = SignInAgainReason::AnswerLost;
    assert_eq!(bench.status(bob().key()), SignInAgain { why });
    assert_eq!(bench.status(lorraine().key()), Connected);
    assert_eq!(bench.record(other), before);
}

#[test]
fn refresh_processed_after_a_good_probe_is_a_lost_answer() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    bench.probed(&step, Ok(()));
    assert!(record(&bench).contains(r#""unanswered_since":"2026"#));
    // Days later; failures in between change nothing about it.
    bench.advance(DAY);
    let step = renew(&mut bench, RenewalReason::Due);
    bench.refreshed(&step, Err(TokenError::NotProcessed(Transient::Offline)));
    let step = renew(&mut bench, RenewalReason::Due);
    dead(&mut bench, &step, DEAD);
    let why = SignInAgainReason::AnswerLost;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
}

#[test]
fn new_tokens_clear_the_unanswered_mark() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    bench.probed(&step, Ok(()));
    let step = renew(&mut bench, RenewalReason::Due);
    bench.refreshed(&step, Ok(tokens("2", now())));
    let step = renew(&mut bench, RenewalReason::Due);
    dead(&mut bench, &step, DEAD);
    let why = SignInAgainReason::AccessRemoved;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
}
