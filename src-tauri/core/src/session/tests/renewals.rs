//! Renewals: what starts one and what each answer means.

mod probing;
mod schedule;
mod unauthenticated;

use super::*;
use crate::account::SignInAgainReason;
use crate::app_state::AccountStatusView::{Connected, SignInAgain};
use crate::fixtures::{DAY, YEAR, connected, draft, interrupted, lorraine};
use crate::registration::Provenance;
use crate::token::Transient;

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

/// Amiqus rejects the refresh token, and the vault holds no newer one.
fn dead(bench: &mut Bench, step: &Step, error: TokenError) -> Step {
    let step = bench.refreshed(step, Err(error));
    bench.reloaded(&step, None)
}

/// A renewal that the user asked for, whose answer was lost.
fn lost(bench: &mut Bench) -> Step {
    let step = renew(bench, RenewalReason::Asked);
    bench.refreshed(&step, Err(LOST))
}

/// The same, and the access token is invalid too: the last attempt is in flight.
fn last_attempt(bench: &mut Bench) -> Step {
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
    bench.advance(MINUTE);
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

/// Shows check 22.
#[test]
fn wrong_setup_keeps_the_account_and_is_shown() {
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
fn successful_renewal_clears_the_service_problem() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    bench.refreshed(&step, Err(TokenError::InvalidClient));
    let step = renew(&mut bench, RenewalReason::Due);
    assert_eq!(bench.problem(), Some(Code::SetUpWrong));
    bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(bench.problem(), None);
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
        assert_eq!(bench.screen(), JUST_SIGNED_IN);
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
    assert_eq!(bench.screen(), SIGNED_IN);
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

/// Shows check 29.
#[test]
fn rejected_tokens_are_compared_with_the_vault_first() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Asked);
    let step = bench.refreshed(&step, Err(DEAD));
    assert_eq!(effects(&step), ["reload the account"]);
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
    // When those are rejected as well, the vault holds nothing newer.
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
