//! A disk that is full.

use std::pin::pin;

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use practice_amiqus::Answer;

use crate::app::*;

#[tokio::test]
async fn full_disk_blocks_the_browser_until_there_is_space() {
    let computer = Computer::set_up().await;
    computer.store.set_full(true);
    let mut app = computer.start().await;
    let problem = app.session.authorize().await.unwrap_err();
    assert_eq!(problem.code, Code::CannotSave);
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::CannotSave));
    assert!(!app.browser_is_open());
    computer.store.set_full(false);
    let state = app.sign_in(&computer, BOB, FUSION).await;
    assert_eq!(code(&state), None);
}

#[tokio::test]
async fn full_disk_blocks_the_refresh_until_there_is_space() {
    let (computer, pair) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer.store.set_full(true);
    for _ in 0..3 {
        let problem = app.session.refresh().await.unwrap_err();
        assert_eq!(problem.code, Code::CannotSave);
    }
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, SIGNED_IN);
    assert_eq!(code(&state), Some(Code::CannotSave));
    assert_eq!(computer.posts(), 0);
    assert!(computer.amiqus.is_refresh_token_live(pair.refresh.expose()));
    computer.store.set_full(false);
    app.session.refresh().await.unwrap();
    assert_eq!(computer.posts(), 1);
    let state = app.session.state().await.unwrap();
    assert_eq!(code(&state), None);
}

#[tokio::test]
async fn full_disk_blocks_the_exchange() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    computer.store.set_full(true);
    app.session
        .receive(computer.answer(&url, BOB, FUSION, Answer::Allow));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::CannotSave));
    assert_eq!(computer.posts(), 0);
    computer.store.set_full(false);
    app.sign_in(&computer, BOB, FUSION).await;
}

#[tokio::test]
async fn tokens_during_full_disk_are_saved_with_space() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    // The disk fills up between the intent and the answer.
    let slow = practice_amiqus::Fault::DelayAfterProcessing { ms: 200 };
    let at = practice_amiqus::Endpoint::TokenRefresh;
    computer.amiqus.set_fault(slow.at(at).times(1));
    let session = app.session.clone();
    let refresh = tokio::spawn(async move { session.refresh().await });
    app.until(|state| account(state, BOB).renewing).await;
    while computer.posts() == 0 {
        tokio::task::yield_now().await;
    }
    computer.store.set_full(true);
    refresh.await.unwrap().unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, SIGNED_IN);
    assert_eq!(code(&state), Some(Code::CannotSave));
    app.session.me().await.unwrap();
    computer.store.set_full(false);
    app.until(|state| code(state).is_none()).await;
    drop(app);
    let app = computer.start().await;
    app.session.me().await.unwrap();
    app.session.refresh().await.unwrap();
    assert_eq!(computer.posts(), 2);
}

/// Shows check 35.
#[tokio::test(start_paused = true)]
async fn unsaved_sign_out_is_saved_later_and_clears_the_problem() {
    let (computer, pair) = Computer::with_bob().await;
    let app = computer.start().await;
    app.session.state().await.unwrap();
    computer.store.set_full(true);
    let bob = key(BOB, FUSION).to_string();
    let problem = app.session.sign_out(&bob).await.unwrap_err();
    assert_eq!(problem.code, Code::CannotSave);
    assert!(computer.store.text().contains(pair.refresh.expose()));
    tokio::time::advance(std::time::Duration::from_hours(1)).await;
    computer.store.set_full(false);
    let mut states = app.session.states();
    let saved = states.wait_for(|state| state.as_deref().is_some_and(|it| it.problem.is_none()));
    let saved = tokio::time::timeout(std::time::Duration::from_hours(1), saved).await;
    saved.expect("never saved").unwrap();
    assert!(!computer.store.text().contains(pair.refresh.expose()));
    assert_eq!(computer.store.names(), ["registration"]);
}

/// Shows check 35.
#[tokio::test]
async fn sign_out_right_before_quitting_is_saved() {
    let (computer, pair) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let bob = key(BOB, FUSION).to_string();
    let mut asked = pin!(app.session.sign_out(&bob));
    tokio::select! {
        biased;
        _ = &mut asked => panic!("nothing was done in between"),
        () = std::future::ready(()) => {}
    }
    app.session.wait_until_idle().await;
    assert!(!computer.store.text().contains(pair.refresh.expose()));
}
