//! When a renewal is planned, and how long a failed one waits.

use super::*;

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
            let offline = transient.is_network_problem();
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
        assert_eq!(bench.screen(), SIGNED_IN);
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
        bench.advance(-ahead);
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
        // They have expired already.
        (SignedDuration::ZERO, MINUTE * 60),
        (-DAY, MINUTE * 60),
    ] {
        let mut bench = Bench::with_bob();
        bench.advance(YEAR - left);
        let server_error = TokenError::NotProcessed(Transient::ServerError);
        let mut waits = Vec::new();
        for _ in 0..4 {
            let step = renew(&mut bench, RenewalReason::Due);
            let step = bench.refreshed(&step, Err(server_error));
            waits.push(planned(&step, bench.now));
        }
        assert_eq!(waits.last(), Some(&expected), "{left:#}");
    }
}
