//! One renewal at a time, when it is due.

use std::time::Duration;

use amiqus_core::account::SignInAgainReason;
use amiqus_core::app_state::{AccountStatusView, Screen};
use amiqus_core::error::Code;
use practice_amiqus::{Endpoint, Fault, Generation, RetryAfter, Settings};
use tokio::task::JoinSet;

use crate::app::*;

/// Shows check 27.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_refresh_callers_share_one_result() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    // Long enough for all of them to have asked before the answer comes.
    let slow = Fault::DelayAfterProcessing { ms: 400 };
    computer.amiqus.set_fault(slow.at(Endpoint::TokenRefresh));
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let session = app.session.clone();
        callers.spawn(async move { session.refresh().await });
    }
    let outcomes = callers.join_all().await;
    assert_eq!(outcomes.len(), 1_000);
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(computer.posts(), 1);
    assert!(!computer.amiqus.is_refresh_token_live(old.refresh.expose()));
    assert!(!computer.store.text().contains(old.refresh.expose()));
}

/// Shows check 27.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_me_callers_with_expired_token_share_one_refresh() {
    let hour = Duration::from_hours(1);
    let settings = Settings {
        access_token_lifetime: hour,
        ..Settings::default()
    };
    let computer = Computer::set_up_with(settings, |_| ()).await;
    computer.add(BOB, FUSION, false);
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    // The access token expires at Amiqus earlier than planned; the refresh token stays valid.
    computer.amiqus.advance(hour * 2);
    // Long enough for all of them to have asked before the answer comes.
    let slow = Fault::DelayBeforeProcessing { ms: 800 };
    computer.amiqus.set_fault(slow.at(Endpoint::Me));
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let session = app.session.clone();
        callers.spawn(async move { session.me().await });
    }
    let outcomes = callers.join_all().await;
    assert_eq!(outcomes.len(), 1_000);
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(computer.posts(), 1);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// Shows check 22.
#[tokio::test]
async fn thousand_refresh_callers_share_a_failure() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer
        .amiqus
        .set_fault(Fault::InvalidClient.at(Endpoint::TokenRefresh));
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let session = app.session.clone();
        callers.spawn(async move { session.refresh().await });
    }
    for outcome in callers.join_all().await {
        assert_eq!(outcome.unwrap_err().code, Code::SetUpWrong);
    }
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, SIGNED_IN);
}

/// Shows check 26.
#[tokio::test]
async fn new_tokens_are_saved_before_they_are_published() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.session.refresh().await.unwrap();
    let text = computer.store.text();
    assert!(!text.contains(old.refresh.expose()));
    assert!(!text.contains(old.access.expose()));
    drop(app);
    let app = computer.start().await;
    app.session.refresh().await.unwrap();
    assert_eq!(computer.posts(), 2);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// Shows check 30.
#[tokio::test]
async fn failed_check_after_a_refresh_keeps_the_new_tokens() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let unwell = Fault::InternalServerError { retry_after: None };
    computer.amiqus.set_fault(unwell.at(Endpoint::Me));
    app.session.refresh().await.unwrap();
    assert!(app.session.me().await.is_err());
    assert!(!computer.store.text().contains(old.refresh.expose()));
    drop(app);
    computer.amiqus.clear_faults();
    let app = computer.start().await;
    app.session.refresh().await.unwrap();
    assert_eq!(computer.posts(), 2);
}

/// Shows check 25.
#[tokio::test]
async fn retry_after_is_honoured_and_capped() {
    let second = Duration::from_secs(1);
    let minute = second * 60;
    for (retry_after, not_within, but_soon_after) in [
        (Some(RetryAfter::Seconds(30)), second * 29, second * 5),
        (Some(RetryAfter::HttpDateIn(30)), second * 26, second * 8),
        (Some(RetryAfter::Seconds(86_400)), minute * 59, minute * 8),
        (Some(RetryAfter::Absurd), minute * 59, minute * 8),
        (Some(RetryAfter::Nonsense), minute * 14, minute * 3),
        (None, minute * 14, minute * 3),
    ] {
        let (computer, _) = Computer::with_bob().await;
        let app = computer.start().await;
        app.checked(&computer.clock).await;
        let busy = Fault::TooManyRequests { retry_after };
        computer
            .amiqus
            .set_fault(busy.at(Endpoint::TokenRefresh).times(1));
        let problem = app.session.refresh().await.unwrap_err();
        assert_eq!(problem.code, Code::AmiqusBusy);
        let state = app.session.state().await.unwrap();
        assert_eq!(account(&state, BOB).status, AccountStatusView::Connected);

        skip(not_within).await;
        app.session.me().await.unwrap();
        assert_eq!(computer.posts(), 1, "{retry_after:?}");

        let before = account(&app.session.state().await.unwrap(), BOB).renews_by;
        skip(but_soon_after).await;
        app.until(|state| account(state, BOB).renews_by > before)
            .await;
        assert_eq!(computer.posts(), 2, "{retry_after:?}");
    }
}

#[tokio::test]
async fn failed_renewal_resumes_when_a_network_comes() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let away = Fault::TooManyRequests { retry_after: None };
    computer.amiqus.set_fault(away.at(Endpoint::TokenRefresh));
    app.session.refresh().await.unwrap_err();
    computer.amiqus.clear_faults();
    app.session.on_environment_change();
    app.until(|_| !computer.store.text().contains(old.refresh.expose()))
        .await;
    assert_eq!(computer.posts(), 2);
    // Nothing is due any more: no environment change sends anything.
    for _ in 0..10 {
        app.session.on_environment_change();
    }
    app.session.me().await.unwrap();
    assert_eq!(computer.posts(), 2);
}

/// Two computers with one home folder, on a file system whose locks don't reach from one to the
/// other.
/// Shows check 29.
#[tokio::test]
async fn tokens_renewed_by_another_process_are_taken_over() {
    let (computer, _) = Computer::with_bob().await;
    let here = computer.start().await;
    let there = computer.start().await;
    here.checked(&computer.clock).await;
    there.checked(&computer.clock).await;
    there.session.refresh().await.unwrap();
    here.session.refresh().await.unwrap();
    // The second one used the rejected token and then found the valid one in the vault.
    assert_eq!(computer.posts(), 2);
    here.session.me().await.unwrap();
    there.session.me().await.unwrap();
    let state = here.session.state().await.unwrap();
    assert_eq!(state.screen, SIGNED_IN);
}

/// Shows check 23.
#[tokio::test]
async fn rejected_refresh_token_is_recognised_in_both_generations() {
    for generation in [Generation::League8, Generation::League9] {
        let settings = Settings {
            generation,
            ..Settings::default()
        };
        let computer = Computer::set_up_with(settings, |_| ()).await;
        computer.add(BOB, FUSION, false);
        let app = computer.start().await;
        app.checked(&computer.clock).await;
        computer.amiqus.revoke_everything(BOB, FUSION).unwrap();
        let problem = app.session.refresh().await.unwrap_err();
        assert_eq!(problem.code, Code::NotSignedIn, "{generation:?}");
        let why = SignInAgainReason::AccessRemoved;
        let state = app.session.state().await.unwrap();
        assert_eq!(state.screen, Screen::SignInAgain { why }, "{generation:?}");
        assert_eq!(computer.posts(), 1);
    }
}

/// Lets all timers fire, and real time continue afterwards.
async fn skip(span: Duration) {
    tokio::time::pause();
    tokio::time::advance(span).await;
    tokio::time::resume();
}
