//! Checks that Amiqus answers with 401.

use super::*;

#[test]
fn check_with_401_leads_to_one_renewal() {
    let mut bench = Bench::with_bob();
    let check = bench.step(Event::CheckRequested(bob().key()));
    let step = bench.checked(&check, Err(ApiError::Unauthenticated));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert!(has_intent(&bench));
    // The caller gets the result later.
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
    bench.advance(MINUTE);
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
    bench.advance(MINUTE);
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
