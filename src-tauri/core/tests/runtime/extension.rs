//! *Open the browser again*: the same attempt's page, or a fresh attempt shortly before its end.

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use amiqus_core::runtime::SignInOutcome;
use jiff::SignedDuration;
use practice_amiqus::{Answer, Settings};
use url::Url;

use crate::app::*;

const LOOPBACK: &str = "http://127.0.0.1:8123/callback";

/// Into an attempt's last minute.
const LAST_MINUTE: SignedDuration = SignedDuration::from_secs(9 * 60 + 30);

fn state_of(url: &Url) -> String {
    let state = url.query_pairs().find(|(name, _)| name == "state");
    state.unwrap().1.into_owned()
}

async fn deadline(app: &App) -> jiff::Timestamp {
    match app.session.state().await.unwrap().screen {
        Screen::AwaitingBrowser { deadline, .. } => deadline,
        ref other => panic!("{other:?}"),
    }
}

/// Shows check 4.
#[tokio::test]
async fn sign_in_of_a_slow_user_is_extended() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let first = app.browser().await;
    let old_deadline = deadline(&app).await;
    app.session.open_browser_again().await.unwrap();
    assert_eq!(app.browser().await, first);
    assert_eq!(deadline(&app).await, old_deadline);

    computer.clock.set_ahead(LAST_MINUTE);
    app.session.open_browser_again().await.unwrap();
    let second = app.browser().await;
    assert_ne!(state_of(&second), state_of(&first));
    let gained = deadline(&app).await.duration_since(old_deadline);
    assert!(gained > SignedDuration::from_mins(9), "{gained:#}");
    assert!(computer.store.text().contains(&state_of(&second)));
    assert!(!computer.store.text().contains(&state_of(&first)));

    let late = computer.answer(&first, BOB, FUSION, Answer::Allow);
    let refused = app.session.exchange(late).await.unwrap_err();
    assert_eq!(refused.code, Code::LinkTooLate);
    assert_eq!(computer.posts(), 0);
    // Past the old deadline.
    computer.clock.set_ahead(SignedDuration::from_mins(2));
    app.session
        .receive(computer.answer(&second, BOB, FUSION, Answer::Allow));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, JUST_SIGNED_IN);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

#[tokio::test]
async fn port_is_handed_from_the_old_attempt_to_the_fresh_one() {
    let settings = Settings {
        redirect_urls: vec![LOOPBACK.to_owned()],
        ..Settings::default()
    };
    let computer = Computer::set_up_with(settings, |draft| {
        draft.redirect_url = Some(LOOPBACK.to_owned());
    })
    .await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let first = app.browser().await;
    computer.clock.set_ahead(LAST_MINUTE);
    app.session.open_browser_again().await.unwrap();
    let second = app.browser().await;
    assert_ne!(state_of(&second), state_of(&first));

    let listener = computer.listener().unwrap();
    let late = computer.answer(&first, BOB, FUSION, Answer::Allow);
    assert_eq!(listener.clone().receive(late).await, None);
    let answer = computer.answer(&second, BOB, FUSION, Answer::Allow);
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::SignedIn)
    );
    assert!(computer.listener().is_none());
}

#[tokio::test]
async fn authorization_url_is_that_of_the_open_page() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let refused = app.session.authorization_url().await.unwrap_err();
    assert_eq!(refused.code, Code::LinkTooLate);
    app.session.authorize().await.unwrap();
    let page = app.browser().await;
    let url = app.session.authorization_url().await.unwrap();
    assert_eq!(*url.expose(), page);
    assert!(!app.browser_is_open());
    app.session.cancel().await.unwrap();
    let refused = app.session.authorization_url().await.unwrap_err();
    assert_eq!(refused.code, Code::LinkTooLate);
}

#[tokio::test]
async fn window_that_closes_ends_the_greeting() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let state = app.sign_in(&computer, BOB, FUSION).await;
    assert_eq!(state.screen, JUST_SIGNED_IN);
    app.session.window_closed();
    app.until(|state| state.screen == SIGNED_IN).await;

    app.session.wait_until_idle().await;
    app.sign_in(&computer, BOB, HILL_VALLEY).await;
    drop(app);
    let app = computer.start().await;
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, SIGNED_IN);
}
