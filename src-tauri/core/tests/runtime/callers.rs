//! What callers within the process are given: an access token that works.

use std::time::{Duration, Instant};

use amiqus_core::error::Code;
use jiff::SignedDuration;
use practice_amiqus::{Endpoint, Fault};
use tokio::task::JoinSet;

use crate::app::*;

#[tokio::test]
async fn caller_with_valid_token_gets_it_without_a_request() {
    let (computer, pair) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer.amiqus.clear_requests();
    let access = app.session.access_token().await.unwrap();
    assert_eq!(access.expose(), pair.access.expose());
    assert!(computer.amiqus.requests().is_empty());
}

/// Shows check 27.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_with_expired_token_share_one_refresh() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    // Only the wall clock is set; timers by other clocks aren't due.
    computer
        .clock
        .set_ahead(SignedDuration::from_hours(366 * 24));
    let slow = Fault::DelayAfterProcessing { ms: 400 };
    computer.amiqus.set_fault(slow.at(Endpoint::TokenRefresh));
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let session = app.session.clone();
        callers.spawn(async move { session.access_token().await });
    }
    for access in callers.join_all().await {
        let access = access.unwrap();
        assert_ne!(access.expose(), old.access.expose());
        assert!(computer.amiqus.is_access_token_live(access.expose()));
    }
    assert_eq!(computer.posts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caller_during_a_refresh_waits_for_the_new_token() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let renewing = app.renewing(&computer).await;
    let access = app.session.access_token().await.unwrap();
    assert_ne!(access.expose(), old.access.expose());
    assert!(computer.amiqus.is_access_token_live(access.expose()));
    renewing.await.unwrap().unwrap();
    assert_eq!(computer.posts(), 1);
}

#[tokio::test]
async fn caller_after_unprocessed_refresh_gets_the_old_token() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let busy = Fault::ServiceUnavailable { retry_after: None };
    computer.amiqus.set_fault(busy.at(Endpoint::TokenRefresh));
    assert!(app.session.refresh().await.is_err());
    let access = app.session.access_token().await.unwrap();
    assert_eq!(access.expose(), old.access.expose());
}

#[tokio::test]
async fn caller_with_expired_token_gets_the_refresh_error() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer
        .clock
        .set_ahead(SignedDuration::from_hours(366 * 24));
    let busy = Fault::ServiceUnavailable { retry_after: None };
    computer.amiqus.set_fault(busy.at(Endpoint::TokenRefresh));
    let refused = app.session.access_token().await.unwrap_err();
    assert_eq!(refused.code, Code::AmiqusBusy);
    computer.amiqus.clear_faults();
    let access = app.session.access_token().await.unwrap();
    assert!(computer.amiqus.is_access_token_live(access.expose()));
}

#[tokio::test]
async fn caller_does_not_wait_for_the_next_probe() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    for (fault, endpoint) in [
        (Fault::LoseAnswer, Endpoint::TokenRefresh),
        (Fault::DropBeforeProcessing, Endpoint::Status),
    ] {
        computer.amiqus.set_fault(fault.at(endpoint));
    }
    assert!(app.session.refresh().await.is_err());
    let begun = Instant::now();
    assert!(app.session.access_token().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(computer.posts(), 1);
}

#[tokio::test]
async fn caller_after_sign_out_gets_no_token() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    let state = app.checked(&computer.clock).await;
    app.session
        .sign_out(&account(&state, BOB).id)
        .await
        .unwrap();
    let refused = app.session.access_token().await.unwrap_err();
    assert_eq!(refused.code, Code::NotSignedIn);
}

#[tokio::test]
async fn caller_after_a_switch_gets_the_other_accounts_token() {
    let (computer, bobs) = Computer::with_bob().await;
    let lorraines = computer.add(LORRAINE, HILL_VALLEY, false);
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let before = app.session.access_token().await.unwrap();
    assert_eq!(before.expose(), lorraines.access.expose());
    let other = key(BOB, FUSION).to_string();
    app.session.switch_account(&other).await.unwrap();
    let after = app.session.access_token().await.unwrap();
    assert_eq!(after.expose(), bobs.access.expose());
}
