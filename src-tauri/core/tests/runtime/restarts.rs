//! What a new run of the app does with what the last one left.

use amiqus_core::account::SignInAgainReason;
use amiqus_core::app_state::{AccountStatusView, Screen};
use amiqus_core::error::Code;
use amiqus_core::registration::Provenance;
use amiqus_core::runtime::SaveError;
use amiqus_core::session::Provisioning;
use jiff::SignedDuration;
use practice_amiqus::{Answer, Endpoint, Fault, Settings};

use crate::app::*;

#[tokio::test]
async fn start_checks_after_painting_and_probes_before() {
    let (computer, _) = Computer::with_bob().await;
    computer.add(LORRAINE, HILL_VALLEY, true);
    computer.painted.send_replace(false);
    let app = computer.start().await;
    // Lorraine's refresh was about to be sent when the app was killed: that can't wait.
    app.until(|state| {
        computer.amiqus.requests_to("/api/v2/status").len() == 1
            && !account(state, LORRAINE).renewing
    })
    .await;
    app.session
        .switch_account(&key(BOB, FUSION).to_string())
        .await
        .unwrap();
    // Longer than a check that didn't wait would take.
    app.session.refresh().await.unwrap();
    assert!(computer.amiqus.requests_to("/api/v2/me").is_empty());
    computer.painted.send_replace(true);
    app.checked(&computer.clock).await;
    assert!(!computer.amiqus.requests_to("/api/v2/me").is_empty());
}

#[tokio::test]
async fn signed_in_user_stays_signed_in_without_a_renewal() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.sign_in(&computer, BOB, FUSION).await;
    drop(app);
    for _ in 0..5 {
        let app = computer.start().await;
        let state = app.session.state().await.unwrap();
        assert_eq!(state.screen, SIGNED_IN);
        assert_eq!(account(&state, BOB).name, "Bob Gale");
        app.session.me().await.unwrap();
    }
    assert_eq!(computer.posts(), 1);
}

/// Shows check 28.
#[tokio::test]
async fn session_stops_for_a_new_process_only_when_quiescent() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let renewing = app.renewing(&computer).await;
    assert!(
        !app.session.stop_if_quiescent().await,
        "its answer would be lost"
    );
    renewing.await.unwrap().unwrap();
    computer.amiqus.clear_faults();

    let mut states = app.session.states();
    while !app.session.stop_if_quiescent().await {
        states.changed().await.unwrap();
    }
    // The process that is about to exit does nothing more.
    let refused = app.session.refresh().await.unwrap_err();
    assert_eq!(refused.code, Code::Internal);
    assert_eq!(computer.posts(), 1);
    drop(app);

    let app = computer.start().await;
    app.checked(&computer.clock).await;
    app.session.refresh().await.unwrap();
    assert_eq!(computer.posts(), 2);
    assert!(!computer.store.text().contains(old.refresh.expose()));
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// Shows check 17.
#[tokio::test]
async fn link_that_starts_the_app_completes_the_sign_in() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    drop(app);
    assert!(computer.store.names().contains(&"attempt".to_owned()));
    let app = computer.launch(|| Provisioning::Absent);
    // Before the vault was opened.
    app.session
        .receive(computer.answer(&url, BOB, FUSION, Answer::Allow));
    let state = app
        .until(|state| matches!(state.screen, Screen::SignedIn { .. }))
        .await;
    assert_eq!(account(&state, BOB).name, "Bob Gale");
    assert!(!computer.store.names().contains(&"attempt".to_owned()));
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// Shows check 20.
#[tokio::test]
async fn posted_code_is_not_posted_by_the_next_run() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let link = computer.answer(&url, BOB, FUSION, Answer::Allow);
    computer
        .amiqus
        .set_fault(Fault::LoseAnswer.at(Endpoint::TokenExchange));
    app.session.receive(link.clone());
    app.end_of_sign_in().await;
    drop(app);
    let app = computer.start().await;
    app.session.receive(link);
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(computer.posts(), 1);
}

/// Shows check 28.
#[tokio::test]
async fn interrupted_unprocessed_refresh_sends_nothing() {
    let computer = Computer::set_up().await;
    let pair = computer.add(BOB, FUSION, true);
    let app = computer.start().await;
    app.until(|_| computer.amiqus.requests_to("/api/v2/status").len() == 1)
        .await;
    app.until(|_| computer.store.text().contains(r#""open_since":null"#))
        .await;
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, SIGNED_IN);
    assert_eq!(computer.posts(), 0);
    assert!(computer.amiqus.is_refresh_token_live(pair.refresh.expose()));
    assert!(computer.store.text().contains(pair.refresh.expose()));
}

/// Shows check 28.
#[tokio::test]
async fn interrupted_processed_refresh_asks_to_sign_in_again() {
    let computer = Computer::set_up().await;
    let other = computer.add(LORRAINE, HILL_VALLEY, false);
    let pair = computer.add(BOB, FUSION, true);
    // The service had rotated the tokens when the app was killed.
    rotate(&computer, pair.refresh.expose()).await;
    let app = computer.start().await;
    let why = SignInAgainReason::AnswerLost;
    let state = app
        .until(|state| state.screen == Screen::SignInAgain { why })
        .await;
    assert_eq!(account(&state, BOB).name, "Bob Gale");
    let lorraine = account(&state, LORRAINE);
    assert_eq!(lorraine.status, AccountStatusView::Connected);
    let text = computer.store.text();
    assert!(text.contains(other.refresh.expose()));
    assert!(!text.contains(pair.refresh.expose()));
    drop(app);

    // It outlives a restart, and a new sign-in ends it.
    let mut app = computer.start().await;
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignInAgain { why });
    let state = app.sign_in(&computer, BOB, FUSION).await;
    assert_eq!(code(&state), None);
    assert_eq!(state.accounts.len(), 2);
}

/// Shows check 24.
#[tokio::test]
async fn interrupted_refresh_offline_keeps_the_account() {
    let computer = Computer::set_up().await;
    computer.add(BOB, FUSION, true);
    computer
        .amiqus
        .set_fault(Fault::DropBeforeProcessing.at(Endpoint::Any));
    let app = computer.start().await;
    let state = app
        .until(|state| state.accounts.iter().any(|account| account.offline))
        .await;
    assert_eq!(state.screen, SIGNED_IN);
    assert_eq!(computer.posts(), 0);
    computer.amiqus.clear_faults();
    // A request of the user does not wait for the next attempt.
    let problem = app.session.refresh().await.unwrap_err();
    assert_eq!(problem.code, Code::ServerError);
    app.session.refresh().await.unwrap();
    assert_eq!(computer.posts(), 1);
}

#[tokio::test]
async fn access_removed_at_amiqus_is_noticed_on_use() {
    let (computer, _) = Computer::with_bob().await;
    computer.add(LORRAINE, HILL_VALLEY, false);
    let app = computer.start().await;
    app.session
        .switch_account(&key(BOB, FUSION).to_string())
        .await
        .unwrap();
    computer.amiqus.revoke_everything(BOB, FUSION).unwrap();
    let problem = app.session.me().await.unwrap_err();
    assert_eq!(problem.code, Code::NotSignedIn);
    let why = SignInAgainReason::AccessRemoved;
    let state = app
        .until(|state| state.screen == Screen::SignInAgain { why })
        .await;
    assert_eq!(account(&state, BOB).name, "Bob Gale");
    assert_eq!(
        account(&state, LORRAINE).status,
        AccountStatusView::Connected
    );
    assert_eq!(computer.posts(), 1);
    drop(app);
    let app = computer.start().await;
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignInAgain { why });
}

#[tokio::test]
async fn access_removed_while_closed_is_noticed_at_the_start() {
    let (computer, _) = Computer::with_bob().await;
    computer.amiqus.revoke_everything(BOB, FUSION).unwrap();
    let app = computer.start().await;
    let why = SignInAgainReason::AccessRemoved;
    app.until(|state| state.screen == Screen::SignInAgain { why })
        .await;
}

/// Shows check 24.
#[tokio::test]
async fn offline_start_shows_the_last_known_identity() {
    let (computer, _) = Computer::with_bob().await;
    computer
        .amiqus
        .set_fault(Fault::DropBeforeProcessing.at(Endpoint::Any));
    let app = computer.start().await;
    let state = app
        .until(|state| state.accounts.iter().any(|account| account.offline))
        .await;
    assert_eq!(state.screen, SIGNED_IN);
    let bob = account(&state, BOB);
    assert_eq!(
        (bob.name.as_str(), bob.team.as_deref()),
        ("Bob Gale", Some(FUSION))
    );
    let hours_ago = SignedDuration::from_hours(23);
    assert!(bob.as_of < amiqus_core::clock::Clock::now(&*computer.clock) - hours_ago);
    computer.amiqus.clear_faults();
    app.session.me().await.unwrap();
    let state = app.session.state().await.unwrap();
    assert!(!account(&state, BOB).offline);
}

/// Shows check 30.
#[tokio::test]
async fn unclaimed_tokens_outlive_a_restart() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let unwell = Fault::InternalServerError { retry_after: None };
    computer.amiqus.set_fault(unwell.at(Endpoint::Me));
    app.go(&computer, BOB, FUSION).await;
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::ServerError));
    drop(app);
    computer.amiqus.clear_faults();
    let app = computer.start().await;
    let state = app
        .until(|state| matches!(state.screen, Screen::SignedIn { .. }))
        .await;
    assert_eq!(account(&state, BOB).name, "Bob Gale");
    assert_eq!(computer.posts(), 1);
}

#[tokio::test]
async fn managed_setup_is_applied_at_start_and_read_only() {
    let computer = Computer::bare(Settings::default()).await;
    let registration = computer.draft().validate(Provenance::Provisioned).unwrap();
    let mut app = computer.launch(move || Provisioning::Valid(Box::new(registration.clone())));
    let state = app.session.state().await.unwrap();
    assert!(state.setup.managed);
    let problem = app.session.change_setup().await.unwrap_err();
    assert_eq!(problem.code, Code::SetupManaged);
    assert_eq!(
        app.session.save_registration(computer.draft()).await,
        Err(SaveError::Problem(Code::SetupManaged.into()))
    );
    app.sign_in(&computer, BOB, FUSION).await;
}

/// Shows check 34.
#[tokio::test]
async fn vault_of_newer_version_is_set_aside_and_shown() {
    let (computer, _) = Computer::with_bob().await;
    computer.store.make_newer();
    let app = computer.start().await;
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::NeedsSetup);
    assert_eq!(code(&state), Some(Code::VaultNewer));
    assert_eq!(
        state.problem.as_ref().unwrap().file.as_deref(),
        Some("aside")
    );
    assert!(computer.store.aside().contains("\"version\":2"));
    assert_eq!(computer.store.names(), [""; 0]);
}

/// Shows check 41.
#[tokio::test]
async fn clock_off_by_years_neither_disconnects_nor_loops() {
    let year = SignedDuration::from_hours(366 * 24);
    for (turned, posts) in [(-year, 0), (year, 1), (year * 5, 1)] {
        let (computer, _) = Computer::with_bob().await;
        computer.clock.set_ahead(turned);
        let app = computer.start().await;
        if posts > 0 {
            app.until(|state| {
                state.accounts.iter().any(|bob| {
                    bob.renews_by
                        .is_some_and(|at| at > amiqus_core::clock::Clock::now(&*computer.clock))
                })
            })
            .await;
        }
        app.session.me().await.unwrap();
        let state = app.session.state().await.unwrap();
        assert_eq!(state.screen, SIGNED_IN);
        assert_eq!(computer.posts(), posts);
    }
}

/// Uses up a refresh token, like a process that was killed before the answer arrived.
async fn rotate(computer: &Computer, refresh_token: &str) {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", computer.amiqus.client_id()),
        ("client_secret", computer.amiqus.client_secret()),
        ("refresh_token", refresh_token),
        ("redirect_uri", REDIRECT),
    ];
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}/oauth/token", computer.amiqus.base_url()))
        .header("accept", "application/json")
        .form(&fields)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}
