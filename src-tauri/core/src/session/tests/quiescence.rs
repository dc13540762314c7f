//! What a new process would not know.

use super::*;
use crate::fixtures::connected;
use crate::token::Transient;
use crate::vault::{LockReason, OpenError, Unlock};

fn renew(bench: &mut Bench, why: RenewalReason) -> Step {
    bench.step(Event::RenewalRequested(bob().key(), why))
}

#[test]
fn signed_in_session_is_quiescent() {
    let signed_out = Bench::set_up();
    assert!(signed_out.session.is_quiescent(), "no account");
    let mut bench = Bench::with_bob();
    assert!(bench.session.is_quiescent(), "a pair from the vault");
    let step = renew(&mut bench, RenewalReason::Due);
    assert!(!bench.session.is_quiescent(), "a refresh is on its way");
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    bench.checked(&step, Ok(bob()));
    assert!(bench.session.is_quiescent(), "a pair that has just arrived");
}

#[test]
fn session_during_a_sign_in_is_not_quiescent() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    assert!(!bench.session.is_quiescent(), "the browser has the floor");
    bench.link(&pending.granted());
    assert!(!bench.session.is_quiescent(), "the code is on its way");
    let pair = tokens("1", bench.now);
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(pair)));
    assert!(!bench.session.is_quiescent(), "whose tokens it is is asked");
    bench.identified(&step, Ok(bob()));
    assert!(bench.session.is_quiescent());
}

/// Shows check 25.
#[test]
fn session_during_retry_after_is_not_quiescent() {
    let mut bench = Bench::with_bob();
    let step = renew(&mut bench, RenewalReason::Due);
    let busy = Transient::Busy(Some(SignedDuration::from_mins(40)));
    bench.refreshed(&step, Err(TokenError::NotProcessed(busy)));
    assert!(!bench.session.is_quiescent());
    bench.advance(SignedDuration::from_mins(41));
    let step = renew(&mut bench, RenewalReason::Due);
    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    bench.checked(&step, Ok(bob()));
    assert!(bench.session.is_quiescent());
}

#[test]
fn session_with_unsaved_knowledge_is_not_quiescent() {
    type Happening = fn(&mut Bench);
    let happenings: [(&str, Happening); 11] = [
        ("no network", |bench| {
            let step = renew(bench, RenewalReason::Due);
            bench.refreshed(&step, Err(TokenError::NotProcessed(Transient::Offline)));
        }),
        ("a lost answer", |bench| {
            let step = renew(bench, RenewalReason::Due);
            bench.refreshed(&step, Err(TokenError::PerhapsProcessed(Transient::Offline)));
        }),
        ("a refused access token", |bench| {
            let step = bench.step(Event::CheckRequested(bob().key()));
            let step = bench.checked(&step, Err(ApiError::Unauthenticated));
            let step = bench.refreshed(&step, Ok(tokens("2", now())));
            bench.checked(
                &step,
                Err(ApiError::Transient(Transient::UnexpectedResponse)),
            );
        }),
        ("a check under way", |bench| {
            bench.step(Event::CheckRequested(bob().key()));
        }),
        ("no network for a check", |bench| {
            let step = bench.step(Event::CheckRequested(bob().key()));
            bench.checked(&step, Err(ApiError::Transient(Transient::Offline)));
        }),
        ("a new pair that is not saved", |bench| {
            let step = renew(bench, RenewalReason::Due);
            let arrived = bench.refreshed(&step, Ok(tokens("2", now())));
            let step = bench.not_saved(arrived);
            bench.checked(&step, Ok(bob()));
        }),
        ("an account that needs the user", |bench| {
            let step = renew(bench, RenewalReason::Due);
            let dead = TokenError::InvalidGrant { expired: false };
            let step = bench.refreshed(&step, Err(dead));
            assert!(!bench.session.is_quiescent(), "the vault is read again");
            let found = connected(bob(), tokens("1", now()));
            bench.reloaded(&step, Some(found));
        }),
        ("a problem that is shown", |bench| {
            let (pending, _) = bench.begin();
            bench.link(&pending.denied("access_denied"));
        }),
        ("the user has just signed out", |bench| {
            bench.step(Event::SignOutRequested(bob().key()));
        }),
        ("the set-up is being changed", |bench| {
            bench.step(Event::SetupChangeRequested);
        }),
        ("the vault is locked", |bench| {
            bench.session = Session::default();
            bench.step(Event::UnlockRequested(Unlock::Keychain));
            assert!(!bench.session.is_quiescent(), "it is being opened");
            let locked = OpenError::Locked(LockReason::KeychainLocked);
            bench.step(Event::OpenFailed(locked));
        }),
    ];
    for (what, happen) in happenings {
        let mut bench = Bench::with_bob();
        happen(&mut bench);
        assert!(!bench.session.is_quiescent(), "{what}");
    }
}
