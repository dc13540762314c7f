//! What callers within the process are given: an access token that works.

use std::time::{Duration, Instant};

use amiqus_core::error::Code;
use jiff::SignedDuration;
use practice_amiqus::{Endpoint, Fault};
use tokio::task::JoinSet;

use crate::app::*;

/// Sets the clock past the tokens' end, and makes refreshes slow enough for callers to meet. Only the wall clock is set:
/// timers by other clocks aren't due.
fn expire_tokens(computer: &Computer) {
    computer
        .clock
        .set_ahead(SignedDuration::from_hours(366 * 24));
    let slow = Fault::DelayAfterProcessing { ms: 400 };
    computer.amiqus.set_fault(slow.at(Endpoint::TokenRefresh));
}

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
    expire_tokens(&computer);
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

/// Three accounts of two users: the teams make the difference.
const ACCOUNTS: [(&str, &str); 3] = [(BOB, FUSION), (BOB, HILL_VALLEY), (LORRAINE, HILL_VALLEY)];

/// Each caller is given the token of its account alone, also while the user switches between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_three_accounts_share_three_refreshes() {
    let computer = Computer::set_up().await;
    let old = ACCOUNTS.map(|(user, team)| computer.add(user, team, false));
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    expire_tokens(&computer);
    let keys = ACCOUNTS.map(|(user, team)| key(user, team));
    let mut callers = JoinSet::new();
    for number in 0..3_000 {
        let session = app.session.clone();
        let account = keys[number % 3];
        callers.spawn(async move { session.token_of(account).await });
    }
    for account in keys.iter().cycle().take(9) {
        app.session
            .switch_account(&account.to_string())
            .await
            .unwrap();
    }
    let mut given = std::collections::BTreeMap::new();
    for token in callers.join_all().await {
        let token = token.unwrap();
        assert!(computer.amiqus.is_access_token_live(token.access.expose()));
        let access = token.access.expose().to_owned();
        assert_eq!(
            given.entry(token.account).or_insert(access.clone()),
            &access
        );
    }
    assert_eq!(given.len(), ACCOUNTS.len());
    for ((user, team), old) in ACCOUNTS.into_iter().zip(old) {
        let access = &given[&key(user, team)];
        assert_ne!(access, old.access.expose());
        let holder = computer.amiqus.holder(access).unwrap();
        assert_eq!((holder.person.as_str(), holder.team.as_str()), (user, team));
    }
    assert_eq!(computer.posts(), 3);
}

#[tokio::test]
async fn caller_of_an_account_keeps_it_after_a_switch() {
    let (computer, bobs) = Computer::with_bob().await;
    computer.add(LORRAINE, HILL_VALLEY, false);
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let bob = key(BOB, FUSION);
    for current in [bob, key(LORRAINE, HILL_VALLEY)] {
        app.session
            .switch_account(&current.to_string())
            .await
            .unwrap();
        let token = app.session.token_of(bob).await.unwrap();
        assert_eq!(token.access.expose(), bobs.access.expose());
    }
    let unknown = key(LORRAINE, FUSION);
    let refused = app.session.token_of(unknown).await.unwrap_err();
    assert_eq!(refused.code, Code::NotSignedIn);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_with_a_rejected_token_share_one_refresh() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let token = app.session.token_of(key(BOB, FUSION)).await.unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let (session, token) = (app.session.clone(), token.clone());
        callers.spawn(async move { session.replace_rejected(&token).await });
    }
    for replaced in callers.join_all().await {
        let replaced = replaced.unwrap();
        assert_ne!(replaced.access.expose(), old.access.expose());
        assert_eq!(replaced.account, token.account);
    }
    assert_eq!(computer.posts(), 1);
}

/// A service that rejects every token isn't answered with one refresh after the other.
#[tokio::test]
async fn caller_whose_new_token_is_rejected_too_gets_no_third_one() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let down = Fault::ServiceUnavailable { retry_after: None };
    // The check of the new token would show that it works.
    computer.amiqus.set_fault(down.at(Endpoint::Me));
    let token = app.session.token_of(key(BOB, FUSION)).await.unwrap();
    let newer = app.session.replace_rejected(&token).await.unwrap();
    let refused = app.session.replace_rejected(&newer).await.unwrap_err();
    assert_eq!(refused.code, Code::ServerError);
    assert_eq!(computer.posts(), 1);
}

#[tokio::test]
async fn caller_whose_access_was_removed_is_told_so() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let token = app.session.token_of(key(BOB, FUSION)).await.unwrap();
    computer.amiqus.revoke_everything(BOB, FUSION).unwrap();
    let refused = app.session.replace_rejected(&token).await.unwrap_err();
    assert_eq!(refused.code, Code::NotSignedIn);
    let refused = app.session.token_of(token.account).await.unwrap_err();
    assert_eq!(refused.code, Code::NotSignedIn);
}
