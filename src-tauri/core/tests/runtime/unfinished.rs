//! Sign-ins whose tokens were issued and whose owner isn't known: finished, dropped, or replaced,
//! and never an obstacle to signing in with the browser.

use std::sync::atomic::Ordering;

use amiqus_core::app_state::Screen;
use amiqus_core::clock::Clock as _;
use amiqus_core::error::Code;
use amiqus_core::registration::RedirectUrl;
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{RecordName, encode_unclaimed};
use jiff::SignedDuration;
use practice_amiqus::{Endpoint, Fault};
use tokio::task::JoinSet;

use crate::app::*;

const SIGNED_OUT: Screen = Screen::SignedOut { just_now: false };

/// Answers to `/me` that no repetition changes.
fn lasting() -> Vec<(Fault, Code)> {
    vec![
        (Fault::Unauthenticated, Code::CodeNotAccepted),
        (Fault::Forbidden, Code::NotPermitted),
        (Fault::NotFound, Code::UnexpectedResponse),
        (Fault::UnprocessableContent, Code::UnexpectedResponse),
        (Fault::LongErrorDescription, Code::UnexpectedResponse),
        (Fault::EmptyBody, Code::UnexpectedResponse),
        (Fault::JsonArray, Code::UnexpectedResponse),
        (Fault::JsonNull, Code::UnexpectedResponse),
        (Fault::JsonString, Code::UnexpectedResponse),
        (Fault::HugeBody, Code::UnexpectedResponse),
    ]
}

/// Temporary failures of `/me`.
fn passing() -> Vec<(Fault, Code)> {
    let retry_after = None;
    vec![
        (
            Fault::InternalServerError { retry_after },
            Code::ServerError,
        ),
        (Fault::ServiceUnavailable { retry_after }, Code::AmiqusBusy),
        (Fault::TooManyRequests { retry_after }, Code::AmiqusBusy),
        (Fault::DropBeforeProcessing, Code::Offline),
        (Fault::HtmlWith200, Code::CaptivePortal),
    ]
}

fn unwell() -> Fault {
    Fault::InternalServerError { retry_after: None }
}

/// Puts tokens into the vault whose owner an earlier run didn't learn.
fn leave_unclaimed(computer: &Computer, user: &str, team: &str, age: SignedDuration) -> TokenSet {
    let granted = computer.amiqus.grant_tokens(user, team, REDIRECT).unwrap();
    let pair = TokenSet {
        access: AccessToken::new(granted.access_token),
        refresh: RefreshToken::new(granted.refresh_token),
        received_at: computer.clock.now() - age,
        lifetime: SignedDuration::from_hours(365 * 24),
        redirect_url: RedirectUrl::parse(REDIRECT).unwrap(),
    };
    let record = encode_unclaimed(&pair);
    computer.store.put(RecordName::Unclaimed, &record);
    pair
}

fn has_unclaimed(computer: &Computer) -> bool {
    computer.store.names().contains(&"unclaimed".to_owned())
}

/// Clicks *Sign in with Amiqus* and returns the immediate result.
async fn press(app: &App) -> Screen {
    app.session.authorize().await.unwrap();
    app.session.state().await.unwrap().screen.clone()
}

/// A sign-in that ended without its owner's name; the screen is the one from before.
async fn fail_to_identify(computer: &Computer, app: &mut App, user: &str, team: &str) {
    computer.amiqus.set_fault(unwell().at(Endpoint::Me));
    app.go(computer, user, team).await;
    app.end_of_sign_in().await;
    computer.amiqus.clear_faults();
    assert!(has_unclaimed(computer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lasting_me_failure_lets_the_next_click_open_the_browser() {
    let mut all = JoinSet::new();
    for (fault, expected) in lasting() {
        all.spawn(async move {
            let name = format!("{fault:?}");
            let computer = Computer::set_up().await;
            let mut app = computer.start().await;
            computer.amiqus.set_fault(fault.at(Endpoint::Me));
            app.go(&computer, BOB, FUSION).await;
            let state = app.end_of_sign_in().await;
            assert_eq!(state.screen, SIGNED_OUT, "{name}");
            assert_eq!(code(&state), Some(expected), "{name}");
            let screen = press(&app).await;
            assert!(
                matches!(screen, Screen::AwaitingBrowser { .. }),
                "{name}: {screen:?}"
            );
            app.browser().await;
        });
    }
    all.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retryable_me_failure_is_retried_by_one_click_only() {
    let mut all = JoinSet::new();
    for (fault, expected) in passing() {
        all.spawn(async move {
            let name = format!("{fault:?}");
            let computer = Computer::set_up().await;
            let mut app = computer.start().await;
            computer.amiqus.set_fault(fault.at(Endpoint::Me));
            app.go(&computer, BOB, FUSION).await;
            let state = app.end_of_sign_in().await;
            assert_eq!(state.screen, SIGNED_OUT, "{name}");
            assert_eq!(code(&state), Some(expected), "{name}");
            assert_eq!(press(&app).await, Screen::ExchangingCode, "{name}");
            let state = app.end_of_sign_in().await;
            assert_eq!(code(&state), Some(expected), "{name}");
            let screen = press(&app).await;
            assert!(
                matches!(screen, Screen::AwaitingBrowser { .. }),
                "{name}: {screen:?}"
            );
            computer.amiqus.clear_faults();
            let url = app.browser().await;
            let answer = computer.answer(&url, BOB, FUSION, practice_amiqus::Answer::Allow);
            app.session.receive(answer);
            let state = app
                .until(|state| matches!(state.screen, Screen::SignedIn { .. }))
                .await;
            assert_eq!(code(&state), None, "{name}");
            assert!(!has_unclaimed(&computer), "{name}");
        });
    }
    all.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vault_with_rejected_unclaimed_tokens_recovers() {
    for (fault, _) in [
        (Fault::Forbidden, Code::NotPermitted),
        (Fault::NotFound, Code::UnexpectedResponse),
        (unwell(), Code::ServerError),
    ] {
        let name = format!("{fault:?}");
        let computer = Computer::set_up().await;
        leave_unclaimed(&computer, BOB, FUSION, SignedDuration::from_hours(2));
        computer.amiqus.set_fault(fault.at(Endpoint::Me));
        let mut app = computer.start().await;
        app.end_of_sign_in().await;
        let screen = press(&app).await;
        assert!(
            matches!(screen, Screen::AwaitingBrowser { .. }),
            "{name}: {screen:?}"
        );
        app.browser().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_out_drops_an_unfinished_sign_in() {
    let (computer, _) = Computer::with_bob().await;
    let mut app = computer.start().await;
    app.checked(&computer.clock).await;
    fail_to_identify(&computer, &mut app, LORRAINE, HILL_VALLEY).await;
    let bob = key(BOB, FUSION).to_string();
    app.session.sign_out(&bob).await.unwrap();
    assert!(!has_unclaimed(&computer));
    assert!(!computer.store.text().contains("refresh"));
    app.session.wait_until_idle().await;
    drop(app);
    computer.amiqus.clear_requests();
    let mut app = computer.start().await;
    // The next user of this computer is asked who they are.
    let screen = press(&app).await;
    assert!(
        matches!(screen, Screen::AwaitingBrowser { .. }),
        "{screen:?}"
    );
    app.browser().await;
    assert_eq!(computer.amiqus.requests_to("/api/v2/me").len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unattended_request_leaves_the_setup_screen() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    fail_to_identify(&computer, &mut app, BOB, FUSION).await;
    app.session.change_setup().await.unwrap();
    let fronts = app.fronts.load(Ordering::SeqCst);
    // As after the shell's report of a network; every state on the way is examined.
    let mut states = app.session.follow();
    app.session.on_environment_change();
    loop {
        let state = states.next().await.unwrap();
        assert_eq!(state.screen, Screen::NeedsSetup);
        if !state.accounts.is_empty() {
            break;
        }
    }
    app.session.wait_until_idle().await;
    assert_eq!(app.fronts.load(Ordering::SeqCst), fronts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unattended_request_leaves_the_current_account() {
    let (computer, _) = Computer::with_bob().await;
    let mut app = computer.start().await;
    app.checked(&computer.clock).await;
    fail_to_identify(&computer, &mut app, LORRAINE, HILL_VALLEY).await;
    app.session.on_environment_change();
    let state = app.until(|state| state.accounts.len() == 2).await;
    assert_eq!(state.current, Some(key(BOB, FUSION).to_string()));
}

/// Shows check 36.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_unknown_teams_of_one_user_are_two_accounts() {
    let computer = Computer::set_up().await;
    computer
        .amiqus
        .set_fault(Fault::NotFound.at(Endpoint::Team));
    let mut app = computer.start().await;
    app.go(&computer, BOB, FUSION).await;
    app.until(|state| matches!(state.screen, Screen::SignedIn { .. }))
        .await;
    app.go(&computer, BOB, HILL_VALLEY).await;
    let state = app.until(|state| state.accounts.len() == 2).await;
    assert_eq!(code(&state), None);
    app.session.wait_until_idle().await;
    drop(app);
    computer.amiqus.clear_faults();
    let app = computer.start().await;
    app.until(|state| {
        let team = |name: &str| {
            let mut accounts = state.accounts.iter();
            accounts.any(|account| account.team.as_deref() == Some(name))
        };
        team(FUSION) && team(HILL_VALLEY)
    })
    .await;
    app.session.wait_until_idle().await;
    let names = computer.store.names();
    let names: Vec<_> = names
        .iter()
        .filter(|it| it.starts_with("account/"))
        .collect();
    let mut expected =
        [key(BOB, FUSION), key(BOB, HILL_VALLEY)].map(|key| RecordName::Account(key).to_string());
    expected.sort();
    assert_eq!(names, expected.each_ref().to_vec());
    assert_eq!(computer.store.text().matches("\"refresh\"").count(), 2);
}
