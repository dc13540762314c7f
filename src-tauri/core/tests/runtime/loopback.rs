//! Answers that arrive at a loopback redirect URL.

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::runtime::{AttemptEnd, SignInOutcome};
use jiff::SignedDuration;
use practice_amiqus::{Answer, Endpoint, Fault, Settings};

use crate::app::*;

const LOOPBACK: &str = "http://127.0.0.1:8123/callback";

async fn set_up() -> Computer {
    let settings = Settings {
        redirect_urls: vec![LOOPBACK.to_owned()],
        ..Settings::default()
    };
    Computer::set_up_with(settings, |draft| {
        draft.redirect_url = Some(LOOPBACK.to_owned());
    })
    .await
}

/// Shows check 8.
#[tokio::test]
async fn sign_in_through_the_listener_frees_the_port() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    assert!(computer.listener().is_none());
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let listener = computer.listener().unwrap();
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    assert!(answer.expose().starts_with(LOOPBACK));
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::SignedIn)
    );
    assert!(computer.listener().is_none());
    assert_eq!(ended(&computer), Some(AttemptEnd::Answered));
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, JUST_SIGNED_IN);
    app.session.refresh().await.unwrap();
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

#[tokio::test]
async fn browser_is_shown_a_denial_and_a_failed_sign_in() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let listener = computer.listener().unwrap();
    let answer = computer.answer(&url, BOB, FUSION, Answer::Deny);
    assert_eq!(listener.receive(answer).await, Some(SignInOutcome::Denied));
    assert!(computer.listener().is_none());

    let fault = Fault::InvalidClient.at(Endpoint::TokenExchange);
    computer.amiqus.set_fault(fault.times(1));
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let listener = computer.listener().unwrap();
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::Otherwise)
    );
    assert_eq!(
        code(&app.session.state().await.unwrap()),
        Some(Code::SetUpWrong)
    );
}

/// Shows checks 8, 11 and 13.
#[tokio::test]
async fn invalid_address_at_the_listener_leaves_the_attempt_pending() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let listener = computer.listener().unwrap();
    for wrong in [
        "http://127.0.0.1:8123/callback".to_owned(),
        format!("{LOOPBACK}?code=stolen"),
        format!("{LOOPBACK}?code=stolen&state=guessed"),
        format!("{LOOPBACK}?error=access_denied&state=guessed"),
        format!("{LOOPBACK}/?code=a&state=b"),
        "http://127.0.0.1:8124/callback?code=a&state=b".to_owned(),
    ] {
        let heard = listener.clone().receive(ReceivedLink::new(wrong)).await;
        assert_eq!(heard, None);
    }
    assert_eq!(computer.posts(), 0);
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::SignedIn)
    );
}

/// Shows check 8.
#[tokio::test]
async fn cancel_frees_the_port_before_the_state_shows_it() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    for _ in 0..20 {
        app.session.authorize().await.unwrap();
        app.browser().await;
        assert!(computer.listener().is_some());
        app.session.cancel().await.unwrap();
        assert!(computer.listener().is_none());
        assert_eq!(ended(&computer), Some(AttemptEnd::Cancelled));
    }
    // A second click makes a new attempt out of a pending one.
    app.session.authorize().await.unwrap();
    app.session.authorize().await.unwrap();
    app.browser().await;
    let url = app.browser().await;
    let listener = computer.listener().unwrap();
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::SignedIn)
    );
}

/// Shows check 8.
#[tokio::test]
async fn expired_attempt_stops_listening() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    computer.clock.set_ahead(SignedDuration::from_mins(11));
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    let listener = computer.listener().unwrap();
    assert_eq!(listener.receive(answer).await, None);
    assert!(computer.listener().is_none());
    let state = app.session.state().await.unwrap();
    assert_eq!(code(&state), Some(Code::AttemptExpired));
}

#[tokio::test]
async fn restart_listens_again_without_a_second_page() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    drop(app);
    until_free(&computer).await;

    let mut app = computer.start().await;
    let listener = computer.listener().unwrap();
    assert!(!app.browser_is_open());
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::SignedIn)
    );
}

#[tokio::test]
async fn taken_port_ends_the_attempt_before_a_browser_opens() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    computer.port.lock().unwrap().is_taken = true;
    app.session.authorize().await.unwrap();
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::PortTaken));
    assert!(!app.browser_is_open());

    computer.port.lock().unwrap().is_taken = false;
    app.session.authorize().await.unwrap();
    app.browser().await;
    assert_eq!(code(&app.session.state().await.unwrap()), None);
}

#[tokio::test]
async fn scheme_link_is_no_answer_to_a_loopback_attempt() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    let by_scheme = answer.expose().replace(LOOPBACK, REDIRECT);
    let pasted = app.session.exchange(ReceivedLink::new(by_scheme)).await;
    assert_eq!(pasted.unwrap_err().code, Code::LinkNotOurs);
    // Pasting the true one still works, and ends the listening.
    app.session.exchange(answer).await.unwrap();
    assert!(computer.listener().is_none());
    app.until(|state| matches!(state.screen, Screen::SignedIn { .. }))
        .await;
}

/// Shows checks 13 and 15.
#[tokio::test]
async fn unusable_answer_is_shown_and_the_attempt_stays() {
    let computer = set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    let listener = computer.listener().unwrap();
    for (wrong, expected) in [
        (
            format!("{LOOPBACK}?error=access_denied"),
            Code::DeniedWithoutState,
        ),
        (
            format!("{}&iss=https://evil.example", answer.expose()),
            Code::AnswerNotUsable,
        ),
    ] {
        let heard = listener.clone().receive(ReceivedLink::new(wrong)).await;
        assert_eq!(heard, Some(SignInOutcome::NotUsable));
        let state = app.session.state().await.unwrap();
        assert_eq!(code(&state), Some(expected));
        assert!(matches!(state.screen, Screen::AwaitingBrowser { .. }));
    }
    assert_eq!(computer.posts(), 0);
    assert_eq!(
        listener.receive(answer).await,
        Some(SignInOutcome::SignedIn)
    );
}

fn ended(computer: &Computer) -> Option<AttemptEnd> {
    computer.port.lock().unwrap().ended
}

async fn until_free(computer: &Computer) {
    while computer.listener().is_some() {
        tokio::task::yield_now().await;
    }
}
