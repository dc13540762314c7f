//! Links that arrive before the vault is open.

use super::*;
use crate::fixtures::REDIRECT;
use crate::vault::{LockReason, OpenError, Unlock};

#[test]
fn link_that_starts_the_app_completes_the_sign_in() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    assert_nothing_happened(&bench.link(&link));
    let step = bench.open(records);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(
        effects(&step),
        [
            "arm the deadline",
            "warm up TLS",
            "bring to front",
            "exchange hush-code"
        ]
    );
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn link_waits_while_the_vault_is_locked() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    bench.link(&link);
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.step(Event::OpenFailed(OpenError::Locked(
        LockReason::KeychainLocked,
    )));
    bench.step(Event::UnlockRequested(Unlock::Keychain));
    bench.open(records);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

/// Shows checks 11 and 17.
#[test]
fn hostile_link_does_not_replace_the_waiting_one() {
    for order in [[0, 1], [1, 0]] {
        let (records, link) = pending_records();
        let links = [link, format!("{REDIRECT}?code=evil&state=evil")];
        let mut bench = closed();
        for which in order {
            bench.link(&links[which]);
        }
        let step = bench.open(records);
        assert!(effects(&step).contains(&"exchange hush-code".to_owned()));
        assert_eq!(bench.screen(), Screen::ExchangingCode);
    }
}

#[test]
fn flood_of_links_with_one_state_is_one_entry() {
    let mut bench = closed();
    for _ in 0..100_000 {
        bench.link("co.amiqus.signin://oauth/callback?code=evil&state=evil");
    }
    let crate::session::Phase::Opening { pending_links, .. } = &bench.session.phase else {
        panic!("not opening");
    };
    assert_eq!(pending_links.len(), 1, "the newest of each state");
}

/// Shows checks 11 and 17.
#[test]
fn flood_of_links_does_not_push_out_the_genuine_one() {
    let hostile = |number: u32| format!("{REDIRECT}?code=evil&state=evil-{number}");
    for (before, after) in [(0, 100_000), (16, 16), (40, 100_000), (100_000, 40)] {
        let (records, link) = pending_records();
        let mut bench = closed();
        for number in 0..before {
            bench.link(&hostile(number));
        }
        bench.link(&link);
        for number in 0..after {
            bench.link(&hostile(before + number));
        }
        let crate::session::Phase::Opening { pending_links, .. } = &bench.session.phase else {
            panic!("not opening");
        };
        assert!(pending_links.len() <= 128);
        let step = bench.open(records);
        assert!(effects(&step).contains(&"exchange hush-code".to_owned()));
    }
}

#[test]
fn overlong_link_is_not_stored_before_the_vault_opens() {
    let mut bench = closed();
    let long = "x".repeat(crate::redirect::MAX_REDIRECT_BYTES);
    bench.link(&format!("{REDIRECT}?code=1&state={long}"));
    let crate::session::Phase::Opening { pending_links, .. } = &bench.session.phase else {
        panic!("not opening");
    };
    assert_eq!(pending_links.len(), 0);
}

#[test]
fn pending_attempt_outlives_a_restart() {
    let (records, link) = pending_records();
    let (mut bench, step) = Bench::opened(records);
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(effects(&step), ["arm the deadline", "warm up TLS"]);
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    bench.link(&link);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn expired_attempt_is_removed_at_the_next_start() {
    let (records, link) = pending_records();
    let mut bench = closed();
    bench.advance(SignedDuration::from_mins(10));
    bench.link(&link);
    let step = bench.open(records);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(bench.record(RecordName::Attempt), None);
    assert_eq!(effects(&step), [""; 0]);
    assert_eq!(bench.screen(), SIGNED_OUT);
}
