//! Renewing: what each answer means, and what is done when there is none.

use super::super::RenewalReason;
use super::*;
use crate::account::SignInAgainReason;
use crate::app_state::AccountStatusView::{Connected, SignInAgain};
use crate::fixtures::{DAY, YEAR, connected, draft, interrupted, lorraine};
use crate::registration::Provenance;
use crate::token::Transient;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

const DEAD: TokenError = TokenError::InvalidGrant { expired: false };
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
    bench.read_again(&step, None)
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
fn a_caller_who_comes_as_the_new_pair_does_leads_to_no_second_refresh() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Needed);
    assert_eq!(step.outcome, Outcome::Taken);
    assert_nothing_happened(&step);
}

/// Shows check 28.
#[test]
fn the_intent_to_refresh_is_written_before_the_refresh_is_sent() {
    let mut bench = Bench::with_bob();
    assert!(!has_intent(&bench));
    let step = renew(&mut bench, RenewalReason::Due);
    assert_eq!(changed(&step), [format!("account/{}", bob().key())]);
    assert!(has_intent(&bench));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert_eq!(
        step.outcome,
        Outcome::Later(PendingReply::Renewal(bob().key()))
    );
    assert!(bench.account(bob().key()).renewing);
}

/// Shows check 27.
#[test]
fn any_number_of_requests_lead_to_one_refresh() {
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
            Outcome::Later(PendingReply::Renewal(bob().key()))
        );
    }
    let step = bench.refreshed(&first, Ok(tokens("2", now())));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
}

/// Shows check 26.
#[test]
fn a_new_pair_replaces_the_old_one_in_one_step() {
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
fn a_dead_refresh_token_leads_to_sign_in_again_and_the_name_stays() {
    for (expired, why) in [
        (false, SignInAgainReason::AccessRemoved),
        (true, SignInAgainReason::TooLongAway),
    ] {
        let mut bench = Bench::with_bob();
        let step = renew(&mut bench, RenewalReason::Due);
        let step = dead(&mut bench, &step, TokenError::InvalidGrant { expired });
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
fn a_failure_that_passes_keeps_the_account() {
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
            let offline = transient.is_network_problem();
            assert_eq!(bench.account(bob().key()).offline, offline);
        }
    }
}

#[test]
fn a_server_that_says_come_back_at_once_is_not_hammered() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    let busy = Transient::Busy(Some(SignedDuration::ZERO));
    let step = bench.refreshed(&step, Err(TokenError::NotProcessed(busy)));
    assert!(planned(&step, now()) >= SignedDuration::from_secs(5));
}

/// Shows check 22.
#[test]
fn a_wrong_set_up_keeps_the_account_and_is_said() {
    for (failure, code) in [
        (TokenError::InvalidClient, Code::SetUpWrong),
        (
            TokenError::Rejected(RejectedPart::Request),
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
fn what_was_said_of_a_failure_is_over_once_a_renewal_works() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    bench.refreshed(&step, Err(TokenError::InvalidClient));
    let step = renew(&mut bench, RenewalReason::Due);
    assert_eq!(bench.problem(), Some(Code::SetUpWrong));
    bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(bench.problem(), None);
}

#[test]
fn a_lost_answer_is_not_followed_by_a_blind_second_send() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(renewal_answer(&step), None);
    assert!(has_intent(&bench));
}

/// Shows checks 24 and 25.
#[test]
fn a_busy_answer_to_what_may_have_been_processed_is_asked_after_once_amiqus_wants_that() {
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
fn a_busy_answer_without_a_time_is_asked_after_at_once() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    let busy = TokenError::PerhapsProcessed(Transient::Busy(None));
    let step = bench.refreshed(&step, Err(busy));
    assert_eq!(effects(&step), ["probe hush-access-1"]);
    assert!(has_intent(&bench));
}

#[test]
fn a_lost_answer_with_the_old_pair_alive_changes_nothing() {
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
fn a_lost_answer_with_the_old_pair_alive_is_renewed_later_even_when_it_was_due() {
    let mut bench = Bench::with_bob();
    bench.wait(YEAR - DAY);
    let step = lost(&mut bench);
    let step = bench.probed(&step, Ok(()));
    assert_eq!(planned(&step, bench.now), MINUTE * 15);
}

#[test]
fn a_lost_answer_with_the_old_pair_dead_leads_to_one_last_try() {
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
fn a_last_try_that_works_brings_the_new_pair() {
    let mut bench = Bench::with_bob();
    let step = last_try(&mut bench);
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    assert!(record(&bench).contains("hush-refresh-2"));
    assert!(!has_intent(&bench));
}

#[test]
fn a_last_try_that_is_lost_as_well_waits_before_anything_is_asked_again() {
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
fn after_an_unlucky_last_try_the_words_for_a_lost_answer_are_still_the_right_ones() {
    for failure in [
        LOST,
        TokenError::NotProcessed(Transient::Offline),
        TokenError::NotProcessed(Transient::Busy(None)),
        TokenError::InvalidClient,
        TokenError::Rejected(RejectedPart::Request),
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
fn a_probe_without_an_answer_is_tried_again_with_growing_waits() {
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
fn whoever_waits_for_a_renewal_is_told_at_the_first_probe_without_an_answer() {
    let mut bench = Bench::with_bob();
    let step = lost(&mut bench);
    let failure = ApiError::Transient(Transient::ServerError);
    let step = bench.probed(&step, Err(failure));
    assert_eq!(renewal_answer(&step), Some(Err(Code::ServerError)));
    assert_eq!(bench.problem(), Some(Code::ServerError));
}

#[test]
fn a_person_who_asks_while_a_probe_is_minutes_away_does_not_wait_for_it() {
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
fn a_probe_that_is_due_when_all_is_known_asks_nothing() {
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
fn a_401_on_use_leads_to_one_renewal() {
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
fn whoever_met_a_401_is_told_when_its_renewal_fails() {
    for (failure, code) in [
        (TokenError::NotProcessed(Transient::Offline), Code::Offline),
        (TokenError::InvalidClient, Code::SetUpWrong),
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
fn a_second_401_after_the_renewal_is_amiqus_at_fault_and_no_loop() {
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
fn a_401_after_a_check_that_went_well_leads_to_a_renewal_of_its_own() {
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
fn access_removed_soon_after_a_renewal_is_noticed_at_the_next_use() {
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
fn a_401_about_an_older_pair_says_nothing_about_the_pair_in_use() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let renewal = renew(&mut bench, RenewalReason::Due);
    bench.refreshed(&renewal, Ok(tokens("2", now())));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    assert_nothing_happened(&step);
    assert_eq!(bench.status(bob().key()), Connected);
}

#[test]
fn a_late_answer_does_not_touch_an_account_that_signed_in_anew() {
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
fn a_late_answer_after_signing_out_brings_nobody_back() {
    let mut bench = Bench::with_bob();
    let renewal = renew(&mut bench, RenewalReason::Asked);
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
    assert_nothing_happened(&bench.refreshed(&renewal, Ok(tokens("late", now()))));
    assert_eq!(bench.state().accounts, []);
}

#[test]
fn signing_in_again_during_a_renewal_answers_those_who_wait_for_it() {
    let mut bench = Bench::with_bob();
    let renewal = renew(&mut bench, RenewalReason::Asked);
    let step = bench.sign_in(bob(), "2");
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    assert_nothing_happened(&bench.refreshed(&renewal, Err(DEAD)));
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn tokens_of_another_api_client_that_come_late_are_dropped() {
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
fn each_refresh_names_the_redirect_url_of_its_own_grant() {
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
fn an_account_without_tokens_is_not_renewed() {
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
fn a_start_with_an_unfinished_journal_asks_whether_the_old_pair_lives() {
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
fn a_lost_answer_of_one_account_leaves_the_others_alone() {
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
fn starting_the_app_is_no_reason_to_renew() {
    let (_, step) = Bench::with(vec![connected(bob(), tokens("1", now()))]);
    assert_eq!(effects(&step), ["plan the renewal", "check hush-access-1"]);
    assert_eq!(planned(&step, now()), YEAR - DAY * 30);
}

#[test]
fn only_the_current_account_is_checked_at_the_start() {
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
fn a_clock_that_was_turned_back_neither_renews_nor_ends_anything() {
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
fn a_clock_that_jumped_ahead_leads_to_one_renewal_and_no_loop() {
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
fn the_more_often_a_renewal_fails_the_longer_the_pause_up_to_an_hour() {
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
fn a_short_lived_pair_is_tried_again_while_it_lives() {
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
fn a_pair_that_is_about_to_run_out_is_tried_again_while_it_lives() {
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
fn nobody_is_called_dead_before_the_vault_was_read_again() {
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
fn a_newer_pair_in_the_vault_is_used_in_place_of_the_dead_one() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    let step = bench.read_again(&step, Some(connected(bob(), tokens("other", now()))));
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
    let step = bench.read_again(&step, Some(connected(bob(), tokens("other", now()))));
    assert_eq!(renewal_answer(&step), Some(Err(Code::NotSignedIn)));
    assert!(matches!(bench.screen(), Screen::SignInAgain { .. }));
}

#[test]
fn a_newer_pair_whose_own_refresh_is_open_is_asked_for_first() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    let step = bench.read_again(&step, Some(interrupted(bob(), tokens("other", now()))));
    assert_eq!(effects(&step), ["probe hush-access-other"]);
    assert!(has_intent(&bench));
}

#[test]
fn the_vault_of_an_account_that_is_gone_meanwhile_says_nothing() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    bench.sign_in(bob(), "2");
    let step = bench.read_again(&step, None);
    assert_nothing_happened(&step);
    assert_eq!(bench.status(bob().key()), Connected);
}

#[test]
fn a_refresh_that_is_processed_after_the_pair_was_found_alive_is_a_lost_answer() {
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
fn a_new_pair_carries_no_doubt() {
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
