//! Renewing: what each answer means, and what is done when there is none.

use super::super::RenewalReason;
use super::*;
use crate::account::SignInAgainReason;
use crate::app_state::AccountStatusView::{Connected, SignInAgain};
use crate::fixtures::{DAY, YEAR, connected, draft, interrupted, lorraine};
use crate::registration::Provenance;
use crate::token::Transient;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

const DEAD: TokenError = TokenError::Dead { expired: false };
const LOST: TokenError = TokenError::PerhapsProcessed(Transient::Offline);

fn renew(bench: &mut Bench, why: RenewalReason) -> Step {
    bench.step(Event::RenewalRequested(bob().key(), why))
}

fn record(bench: &Bench) -> String {
    bench.record(RecordName::Account(bob().key())).unwrap()
}

fn has_intent(bench: &Bench) -> bool {
    !record(bench).contains(r#""open_since":null"#)
}

/// The end of the step's wait before the next probe.
fn probe_due(step: &Step) -> Event {
    let [Effect::ProbeLater(key, generation, due, _)] = step.effects.as_slice() else {
        panic!("not one wait: {step:?}");
    };
    Event::ProbeDue(*key, *generation, *due)
}

/// A renewal that Amiqus calls dead, and the vault holds nothing newer.
fn dead(bench: &mut Bench, step: &Step, failure: TokenError) -> Step {
    let step = bench.refreshed(step, Err(failure));
    bench.reloaded(&step, None)
}

/// A renewal that a person asked for, whose answer was lost.
fn lost(bench: &mut Bench) -> Step {
    let step = renew(bench, RenewalReason::Asked);
    bench.refreshed(&step, Err(LOST))
}

/// The same, and the old access token is dead as well: the last try is on its way.
fn last_try(bench: &mut Bench) -> Step {
    let step = lost(bench);
    bench.probed(&step, Err(ApiError::Unauthenticated))
}

/// Shows check 27.
#[test]
fn caller_right_after_new_tokens_causes_no_second_refresh() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Needed);
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_nothing_happened(&step);
}

/// Shows check 28.
#[test]
fn journal_is_opened_before_the_refresh_is_sent() {
    let mut bench = Bench::with_bob();
    assert!(!has_intent(&bench));
    let step = renew(&mut bench, RenewalReason::Due);
    assert_eq!(changed(&step), [format!("account/{}", bob().key())]);
    assert!(has_intent(&bench));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert_eq!(
        step.outcome,
        CommandOutcome::Pending(PendingReply::Renewal(bob().key()))
    );
    assert!(bench.account(bob().key()).renewing);
}

/// Shows check 27.
#[test]
fn concurrent_requests_lead_to_one_refresh() {
    let mut bench = Bench::with_bob();
    let first = renew(&mut bench, RenewalReason::Due);
    for why in [
        RenewalReason::Due,
        RenewalReason::Asked,
        RenewalReason::Asked,
    ] {
        let step = renew(&mut bench, why);
        assert_nothing_happened(&step);
        assert_eq!(
            step.outcome,
            CommandOutcome::Pending(PendingReply::Renewal(bob().key()))
        );
    }
    let step = bench.refreshed(&first, Ok(tokens("2", now())));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
}

/// Shows check 26.
#[test]
fn new_tokens_replace_the_old_ones_in_one_step() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    bench.wait(MINUTE);
    let step = bench.refreshed(&step, Ok(tokens("2", bench.now)));
    assert_eq!(changed(&step), [format!("account/{}", bob().key())]);
    let record = record(&bench);
    assert!(record.contains("hush-access-2") && record.contains("hush-refresh-2"));
    assert!(!record.contains("hush-access-1") && !record.contains("hush-refresh-1"));
    assert!(!has_intent(&bench));
    assert_eq!(effects(&step), ["plan the renewal", "check hush-access-2"]);
    assert_eq!(planned(&step, bench.now), YEAR - DAY * 30);
    assert_eq!(bench.status(bob().key()), Connected);
    assert!(!bench.account(bob().key()).renewing);
}

/// Shows check 23.
#[test]
fn rejected_refresh_token_asks_to_sign_in_again() {
    for (expired, why) in [
        (false, SignInAgainReason::AccessRemoved),
        (true, SignInAgainReason::TooLongAway),
    ] {
        let mut bench = Bench::with_bob();
        let step = renew(&mut bench, RenewalReason::Due);
        let step = dead(&mut bench, &step, TokenError::Dead { expired });
        assert_eq!(changed(&step), [format!("account/{}", bob().key())]);
        assert_eq!(effects(&step), [""; 0]);
        assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
        assert_eq!(bench.screen(), Screen::SignInAgain { why });
        let account = bench.account(bob().key());
        assert_eq!(account.name, "Bob Gale");
        assert_eq!(account.status, SignInAgain { why });
        assert_eq!(account.renews_by, None);
        assert!(!record(&bench).contains("hush-"));
    }
}

/// Shows check 24.
#[test]
fn transient_failure_keeps_the_account() {
    let retry = SignedDuration::from_mins(15);
    for (transient, code, wait) in [
        (Transient::Offline, Code::Offline, MINUTE),
        (
            Transient::ProxyNeedsPassword,
            Code::ProxyNeedsPassword,
            MINUTE,
        ),
        (
            Transient::CertificateNotTrusted,
            Code::CertificateNotTrusted,
            MINUTE,
        ),
        (Transient::CaptivePortal, Code::CaptivePortal, MINUTE),
        (Transient::ServerError, Code::ServerError, retry),
        (Transient::Busy(None), Code::AmiqusBusy, retry),
        (
            Transient::Busy(Some(MINUTE * 40)),
            Code::AmiqusBusy,
            MINUTE * 40,
        ),
        (
            Transient::UnexpectedResponse,
            Code::UnexpectedResponse,
            retry,
        ),
        (Transient::NotPermitted, Code::NotPermitted, retry),
    ] {
        for (why, said) in [
            (RenewalReason::Asked, Some(code)),
            (RenewalReason::Due, None),
        ] {
            let mut bench = Bench::with_bob();
            let step = renew(&mut bench, why);
            let step = bench.refreshed(&step, Err(TokenError::NotProcessed(transient)));
            assert_eq!(renewal_answer(&step), Some(Err(code)));
            assert_eq!(effects(&step), ["plan the renewal"]);
            assert_eq!(planned(&step, now()), wait);
            assert!(!has_intent(&bench));
            assert!(record(&bench).contains("hush-refresh-1"));
            assert_eq!(bench.status(bob().key()), Connected);
            assert_eq!(bench.problem(), said);
            let offline = transient.is_the_networks();
            assert_eq!(bench.account(bob().key()).offline, offline);
        }
    }
}

#[test]
fn retry_after_zero_still_waits_a_little() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    let busy = Transient::Busy(Some(SignedDuration::ZERO));
    let step = bench.refreshed(&step, Err(TokenError::NotProcessed(busy)));
    assert!(planned(&step, now()) >= SignedDuration::from_secs(5));
}

/// Shows check 22.
#[test]
fn wrong_setup_keeps_the_account_and_is_shown() {
    for (failure, code) in [
        (TokenError::SetUpWrong, Code::SetUpWrong),
        (
            TokenError::Refused(Refused::Request),
            Code::RequestNotAccepted,
        ),
    ] {
        for why in [RenewalReason::Asked, RenewalReason::Due] {
            let mut bench = Bench::with_bob();
            let step = renew(&mut bench, why);
            let step = bench.refreshed(&step, Err(failure));
            assert_eq!(renewal_answer(&step), Some(Err(code)));
            assert_eq!(effects(&step), ["plan the renewal"]);
            assert_eq!(bench.problem(), Some(code));
            assert_eq!(bench.status(bob().key()), Connected);
            assert!(!has_intent(&bench));
        }
    }
}

#[test]
fn successful_renewal_clears_the_service_problem() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    bench.refreshed(&step, Err(TokenError::SetUpWrong));
    let step = renew(&mut bench, RenewalReason::Due);
    assert_eq!(bench.problem(), Some(Code::SetUpWrong));
    bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(bench.problem(), None);
}

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
        // Meanwhile nobody makes it send anything.
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
        bench.wait(waits);
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
    bench.wait(YEAR - DAY);
    let step = lost(&mut bench);
    let step = bench.probed(&step, Ok(()));
    assert_eq!(planned(&step, bench.now), MINUTE * 15);
}

#[test]
fn lost_answer_with_invalid_tokens_leads_to_a_last_attempt() {
    let mut bench = Bench::with_bob();
    let step = last_try(&mut bench);
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
    let step = last_try(&mut bench);
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    assert!(record(&bench).contains("hush-refresh-2"));
    assert!(!has_intent(&bench));
}

#[test]
fn last_attempt_that_is_lost_waits_before_the_next_probe() {
    let mut bench = Bench::with_bob();
    let mut waits = Vec::new();
    let mut step = last_try(&mut bench);
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
        TokenError::SetUpWrong,
        TokenError::Refused(Refused::Request),
    ] {
        let mut bench = Bench::with_bob();
        let step = last_try(&mut bench);
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

#[test]
fn check_with_401_leads_to_one_renewal() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert!(has_intent(&bench));
    // Whoever asked hears how that ends.
    assert_eq!(check_answer(&step), None);
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(check_answer(&step), None);
    let step = bench.checked(&step, Ok(bob()));
    assert_eq!(check_answer(&step), Some(Ok(())));
}

#[test]
fn check_with_401_gets_the_error_of_its_renewal() {
    for (failure, code) in [
        (TokenError::NotProcessed(Transient::Offline), Code::Offline),
        (TokenError::SetUpWrong, Code::SetUpWrong),
    ] {
        let mut bench = Bench::with_bob();
        let check = bench.step(Event::CheckRequested(bob().key()));
        let step = bench.checked(&check, Err(ApiError::Unauthenticated));
        let step = bench.refreshed(&step, Err(failure));
        assert_eq!(check_answer(&step), Some(Err(code)));
    }
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    let step = dead(&mut bench, &step, DEAD);
    assert_eq!(check_answer(&step), Some(Err(Code::NotSignedIn)));
}

#[test]
fn second_401_after_a_renewal_is_a_server_error() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    let step = bench.checked(&step, Err(ApiError::Unauthenticated));
    assert_nothing_happened(&step);
    assert_eq!(bench.problem(), Some(Code::ServerError));
    assert_eq!(bench.status(bob().key()), Connected);
}

#[test]
fn check_with_401_after_a_successful_one_renews_again() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    bench.checked(&step, Ok(bob()));
    bench.wait(MINUTE);
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    assert_eq!(effects(&step), ["refresh hush-refresh-2"]);
}

#[test]
fn access_removed_after_a_renewal_is_noticed_at_the_next_use() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    bench.checked(&step, Ok(bob()));
    bench.wait(MINUTE);
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    assert_eq!(effects(&step), ["refresh hush-refresh-2"]);
    dead(&mut bench, &step, DEAD);
    let why = SignInAgainReason::AccessRemoved;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
}

#[test]
fn check_with_401_for_older_tokens_is_ignored() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let renewal = renew(&mut bench, RenewalReason::Due);
    bench.refreshed(&renewal, Ok(tokens("2", now())));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    assert_nothing_happened(&step);
    assert_eq!(bench.status(bob().key()), Connected);
}

#[test]
fn late_answer_leaves_an_account_that_signed_in_again() {
    for late in [Ok(tokens("late", now())), Err(DEAD), Err(LOST)] {
        let mut bench = Bench::with_bob();
        let renewal = renew(&mut bench, RenewalReason::Asked);
        let check = bench.step(Event::CheckRequested(bob().key()));
        bench.step(Event::SignOutRequested(bob().key()));
        bench.sign_in(bob(), "2");
        let before = record(&bench);
        assert_nothing_happened(&bench.refreshed(&renewal, late));
        assert_nothing_happened(&bench.checked(&check, Err(ApiError::Unauthenticated)));
        assert_eq!(record(&bench), before);
        assert_eq!(bench.screen(), Screen::SignedIn);
    }
}

#[test]
fn late_answer_after_sign_out_is_dropped() {
    let mut bench = Bench::with_bob();
    let renewal = renew(&mut bench, RenewalReason::Asked);
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
    assert_nothing_happened(&bench.refreshed(&renewal, Ok(tokens("late", now()))));
    assert_eq!(bench.state().accounts, []);
}

#[test]
fn sign_in_during_a_renewal_answers_waiting_callers() {
    let mut bench = Bench::with_bob();
    let renewal = renew(&mut bench, RenewalReason::Asked);
    let step = bench.sign_in(bob(), "2");
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    assert_nothing_happened(&bench.refreshed(&renewal, Err(DEAD)));
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn late_tokens_of_another_api_client_are_dropped() {
    let mut bench = Bench::with_bob();
    let renewal = renew(&mut bench, RenewalReason::Asked);
    let mut other = draft();
    other.client_id = "another".to_owned();
    let other = other.validate(Provenance::ByHand).unwrap();
    let step = bench.step(Event::RegistrationEntered(Box::new(other)));
    assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
    assert_nothing_happened(&bench.refreshed(&renewal, Ok(tokens("late", now()))));
    let why = SignInAgainReason::SetUpChanged;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
}

/// Shows check 6.
#[test]
fn refresh_names_the_redirect_url_of_its_grant() {
    let mut bench = Bench::with_bob();
    let mut moved = draft();
    moved.redirect_url = Some("co.amiqus.signin://oauth/elsewhere".to_owned());
    let moved = moved.validate(Provenance::ByHand).unwrap();
    bench.step(Event::RegistrationEntered(Box::new(moved)));
    let step = renew(&mut bench, RenewalReason::Due);
    let [Effect::Refresh(_, _, _, redirect_url)] = step.effects.as_slice() else {
        panic!("not one refresh: {step:?}");
    };
    assert_eq!(redirect_url.as_str(), crate::fixtures::REDIRECT);
}

#[test]
fn account_without_tokens_is_not_renewed() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    dead(&mut bench, &step, DEAD);
    for why in [RenewalReason::Due, RenewalReason::Asked] {
        let step = renew(&mut bench, why);
        assert_eq!(step.outcome, refused(Code::NotSignedIn));
        assert_nothing_happened(&step);
    }
    let step = bench.step(Event::CheckRequested(bob().key()));
    assert_eq!(step.outcome, refused(Code::NotSignedIn));
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
    assert_eq!(bench.screen(), Screen::SignedIn);
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
fn start_with_valid_tokens_does_not_renew() {
    let (_, step) = Bench::with(vec![connected(bob(), tokens("1", now()))]);
    assert_eq!(effects(&step), ["plan the renewal", "check hush-access-1"]);
    assert_eq!(planned(&step, now()), YEAR - DAY * 30);
}

#[test]
fn start_checks_only_the_current_account() {
    let accounts = vec![
        connected(bob(), tokens("1", now())),
        connected(lorraine(), tokens("2", now())),
    ];
    let (_, step) = Bench::with(accounts);
    assert_eq!(
        effects(&step),
        [
            "plan the renewal",
            "check hush-access-1",
            "plan the renewal"
        ]
    );
}

/// Shows check 41.
#[test]
fn clock_set_back_neither_renews_nor_disconnects() {
    for back in [DAY, YEAR, YEAR * 20] {
        let (mut bench, step) = Bench::with(vec![connected(bob(), tokens("1", now() + back))]);
        assert_eq!(effects(&step), ["plan the renewal", "check hush-access-1"]);
        assert!(planned(&step, now()) >= YEAR - DAY * 30);
        bench.checked(&step, Ok(bob()));
        assert_eq!(bench.screen(), Screen::SignedIn);
    }
}

/// Shows check 41.
#[test]
fn clock_set_ahead_leads_to_one_renewal() {
    for ahead in [YEAR, YEAR * 20] {
        let (mut bench, step) = Bench::with(vec![connected(bob(), tokens("1", now() - ahead))]);
        assert!(planned(&step, now()) <= SignedDuration::ZERO);
        let step = renew(&mut bench, RenewalReason::Due);
        let step = bench.refreshed(&step, Ok(tokens("2", bench.now)));
        assert_eq!(planned(&step, bench.now), YEAR - DAY * 30);
        bench.wait(-ahead);
        let step = bench.checked(&step, Ok(bob()));
        assert_eq!(effects(&step), [""; 0]);
        assert_eq!(bench.status(bob().key()), Connected);
    }
}

#[test]
fn backoff_doubles_with_each_failure_up_to_an_hour() {
    for (transient, waits) in [
        (Transient::Offline, [1, 2, 4, 8, 16, 32, 60, 60]),
        (Transient::ServerError, [15, 30, 60, 60, 60, 60, 60, 60]),
    ] {
        let mut bench = Bench::with_bob();
        for wait in waits {
            let step = renew(&mut bench, RenewalReason::Due);
            let step = bench.refreshed(&step, Err(TokenError::NotProcessed(transient)));
            assert_eq!(planned(&step, now()), MINUTE * wait);
        }
        let step = renew(&mut bench, RenewalReason::Due);
        bench.refreshed(&step, Ok(tokens("2", now())));
        let step = renew(&mut bench, RenewalReason::Due);
        let step = bench.refreshed(&step, Err(TokenError::NotProcessed(transient)));
        assert_eq!(planned(&step, now()), MINUTE * waits[0]);
    }
}

#[test]
fn short_lived_tokens_are_retried_before_they_expire() {
    let mut pair = tokens("1", now());
    pair.lifetime = SignedDuration::from_hours(1);
    let (mut bench, _) = Bench::with(vec![connected(bob(), pair)]);
    for _ in 0..4 {
        let step = renew(&mut bench, RenewalReason::Due);
        let failure = TokenError::NotProcessed(Transient::ServerError);
        let step = bench.refreshed(&step, Err(failure));
        assert!(planned(&step, now()) <= MINUTE * 2);
    }
}

#[test]
fn expiring_tokens_are_retried_before_they_expire() {
    for (left, expected) in [
        (MINUTE * 120, MINUTE * 60),
        (MINUTE * 50, MINUTE * 45),
        (MINUTE * 10, MINUTE * 9),
        (MINUTE, MINUTE),
        (SignedDuration::from_secs(1), MINUTE),
        // It has run out: there is nothing left to hurry for.
        (SignedDuration::ZERO, MINUTE * 60),
        (-DAY, MINUTE * 60),
    ] {
        let mut bench = Bench::with_bob();
        bench.wait(YEAR - left);
        let unwell = TokenError::NotProcessed(Transient::ServerError);
        let mut waits = Vec::new();
        for _ in 0..4 {
            let step = renew(&mut bench, RenewalReason::Due);
            let step = bench.refreshed(&step, Err(unwell));
            waits.push(planned(&step, bench.now));
        }
        assert_eq!(waits.last(), Some(&expected), "{left:#}");
    }
}

/// Shows check 29.
#[test]
fn rejected_tokens_are_compared_with_the_vault_first() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    assert_eq!(effects(&step), ["read the vault again"]);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(renewal_answer(&step), None);
    assert_eq!(bench.status(bob().key()), Connected);
    assert!(bench.account(bob().key()).renewing);
}

/// Shows check 29.
#[test]
fn newer_tokens_in_the_vault_replace_rejected_ones() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    let step = bench.reloaded(&step, Some(connected(bob(), tokens("other", now()))));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    assert_eq!(
        effects(&step),
        ["plan the renewal", "check hush-access-other"]
    );
    assert_eq!(bench.status(bob().key()), Connected);
    assert!(record(&bench).contains("hush-refresh-other"));
    // And when that one is dead as well, the vault holds nothing newer.
    let step = renew(&mut bench, RenewalReason::Asked);
    assert_eq!(effects(&step), ["refresh hush-refresh-other"]);
    let step = bench.refreshed(&step, Err(DEAD));
    let step = bench.reloaded(&step, Some(connected(bob(), tokens("other", now()))));
    assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
    assert!(matches!(bench.screen(), Screen::SignInAgain { .. }));
}

#[test]
fn newer_tokens_with_open_journal_are_probed_first() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    let step = bench.reloaded(&step, Some(interrupted(bob(), tokens("other", now()))));
    assert_eq!(effects(&step), ["probe hush-access-other"]);
    assert!(has_intent(&bench));
}

#[test]
fn late_reload_of_a_replaced_account_is_ignored() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    bench.sign_in(bob(), "2");
    let step = bench.reloaded(&step, None);
    assert_nothing_happened(&step);
    assert_eq!(bench.status(bob().key()), Connected);
}

#[test]
fn refresh_processed_after_a_good_probe_is_a_lost_answer() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    bench.probed(&step, Ok(()));
    assert!(record(&bench).contains(r#""unanswered_since":"2026"#));
    // Days later; failures in between change nothing about it.
    bench.wait(DAY);
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
