//! The sign-in from end to end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{Field, FieldProblem, Page, Reason};
use amiqus_core::runtime::SaveError;
use jiff::SignedDuration;
use practice_amiqus::{Answer, Endpoint, Fault, Generation, RequestRecord, RetryAfter, Settings};

use crate::app::*;

fn names(request: &RequestRecord) -> Vec<&str> {
    let mut names: Vec<_> = request.form.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

fn is_plain_post(request: &RequestRecord) {
    assert_eq!(request.method, "POST");
    assert_eq!(request.query, []);
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(request.header("cookie"), None);
    assert_eq!(request.header("referer"), None);
}

#[tokio::test]
async fn sign_in_succeeds_in_both_server_generations() {
    for generation in [Generation::League8, Generation::League9] {
        let settings = Settings {
            generation,
            ..Settings::default()
        };
        let computer = Computer::set_up_with(settings, |_| ()).await;
        let mut app = computer.start().await;
        let state = app.sign_in(&computer, BOB, FUSION).await;
        let bob = account(&state, BOB);
        assert_eq!(bob.name, "Bob Gale");
        assert!(bob.is_verified);
        assert_eq!(state.current.as_ref(), Some(&bob.id));
        assert_eq!(code(&state), None);
        app.session.refresh().await.unwrap();
        app.session.me().await.unwrap();
        assert_eq!(computer.posts(), 2);
        assert_eq!(computer.amiqus.complaints(), [""; 0]);
    }
}

/// Shows checks 3, 5, 9, 18 and 19.
#[tokio::test]
async fn requests_have_exactly_the_fields_of_the_guide() {
    for pkce in [true, false] {
        let computer = Computer::set_up_with(Settings::default(), |draft| {
            draft.pkce = Some(pkce);
        })
        .await;
        let mut app = computer.start().await;
        app.sign_in(&computer, BOB, FUSION).await;
        app.session.refresh().await.unwrap();

        let posts = computer.amiqus.requests_to("/oauth/token");
        let [exchange, refresh] = posts.as_slice() else {
            panic!("not two posts: {posts:?}");
        };
        let mut fields = vec!["client_id", "client_secret", "code"];
        if pkce {
            fields.push("code_verifier");
        }
        fields.extend(["grant_type", "redirect_uri"]);
        assert_eq!(names(exchange), fields);
        assert_eq!(exchange.field("grant_type"), Some("authorization_code"));
        assert_eq!(
            names(refresh),
            [
                "client_id",
                "client_secret",
                "grant_type",
                "redirect_uri",
                "refresh_token"
            ]
        );
        assert_eq!(refresh.field("grant_type"), Some("refresh_token"));
        for post in [exchange, refresh] {
            is_plain_post(post);
            assert_eq!(post.field("client_id"), Some(computer.amiqus.client_id()));
            let secret = computer.amiqus.client_secret();
            assert_eq!(post.field("client_secret"), Some(secret));
            assert_eq!(post.field("redirect_uri"), Some(REDIRECT));
        }
        for request in computer.amiqus.requests() {
            if request.path.starts_with("/api/v2") {
                assert_eq!(request.method, "GET");
                let is_list = request.path == "/api/v2/me/teams";
                let query: &[(&str, &str)] = if is_list { &[("limit", "100")] } else { &[] };
                let sent = request.query.iter();
                let sent: Vec<_> = sent.map(|(name, value)| (&**name, &**value)).collect();
                assert_eq!(sent, query);
                assert_eq!(request.header("accept"), Some("application/json"));
                assert!(
                    request
                        .header("authorization")
                        .unwrap()
                        .starts_with("Bearer ")
                );
            }
        }
        assert_eq!(computer.amiqus.complaints(), [""; 0]);
    }
}

/// Shows check 6.
#[tokio::test]
async fn redirect_url_is_identical_in_all_requests_of_a_grant() {
    let moved = "co.amiqus.signin://oauth/elsewhere";
    let settings = Settings {
        redirect_urls: vec![REDIRECT.to_owned(), moved.to_owned()],
        ..Settings::default()
    };
    let computer = Computer::set_up_with(settings, |_| ()).await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let asked = url.query_pairs().find(|(name, _)| name == "redirect_uri");
    assert_eq!(asked.unwrap().1, REDIRECT);
    app.session
        .receive(computer.answer(&url, BOB, FUSION, Answer::Allow));
    app.until(|state| state.screen == Screen::SignedIn).await;
    let mut draft = computer.draft();
    draft.redirect_url = Some(moved.to_owned());
    app.session.save_registration(draft).await.unwrap();
    app.session.refresh().await.unwrap();
    for post in computer.amiqus.requests_to("/oauth/token") {
        assert_eq!(post.field("redirect_uri"), Some(REDIRECT));
    }
}

#[tokio::test]
async fn deny_ends_signed_out_and_the_next_attempt_succeeds() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    app.session
        .receive(computer.answer(&url, BOB, FUSION, Answer::Deny));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::AccessDenied));
    assert_eq!(computer.posts(), 0);
    assert!(app.fronts.load(Ordering::SeqCst) > 0);
    assert_eq!(computer.store.names(), ["registration"]);
    let state = app.sign_in(&computer, BOB, FUSION).await;
    assert_eq!(code(&state), None);
}

/// Shows check 11.
#[tokio::test]
async fn pasted_address_signs_in_and_a_wrong_one_is_refused() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    for (pasted, expected) in [
        ("https://example.com", Code::LinkNotOurs),
        (REDIRECT, Code::LinkIncomplete),
        ("?code=c&state=s", Code::LinkTooLate),
    ] {
        let problem = app
            .session
            .exchange(ReceivedLink::new(pasted))
            .await
            .unwrap_err();
        assert_eq!(problem.code, expected, "{pasted}");
    }
    assert_eq!(computer.posts(), 0);
    let address = computer.answer(&url, BOB, FUSION, Answer::Allow);
    app.session.exchange(address).await.unwrap();
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedIn);
}

#[tokio::test]
async fn browser_that_does_not_open_can_be_opened_again() {
    let computer = Computer::set_up().await;
    computer.no_browser.store(true, Ordering::SeqCst);
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let state = app.until(|state| state.problem.is_some()).await;
    assert_eq!(code(&state), Some(Code::BrowserDidNotOpen));
    computer.no_browser.store(false, Ordering::SeqCst);
    app.session.open_browser_again().await.unwrap();
    let url = app.browser().await;
    app.session
        .receive(computer.answer(&url, BOB, FUSION, Answer::Allow));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedIn);
}

/// Shows checks 17 and 20.
#[tokio::test]
async fn repeated_link_posts_one_code() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let link = computer.answer(&url, BOB, FUSION, Answer::Allow);
    for _ in 0..100 {
        app.session.receive(ReceivedLink::new(
            "co.amiqus.signin://oauth/callback?code=c&state=s",
        ));
        app.session.receive(link.clone());
    }
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedIn);
    assert_eq!(computer.posts(), 1);
}

#[tokio::test]
async fn app_removed_during_sign_in_is_code_not_accepted() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let link = computer.answer(&url, BOB, FUSION, Answer::Allow);
    computer.amiqus.advance(Duration::from_mins(11));
    app.session.receive(link);
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::CodeNotAccepted));
}

/// Shows check 36.
#[tokio::test]
async fn several_users_and_teams_are_separate_accounts() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.sign_in(&computer, BOB, FUSION).await;
    app.sign_in(&computer, BOB, HILL_VALLEY).await;
    let state = app.sign_in(&computer, LORRAINE, HILL_VALLEY).await;
    assert_eq!(state.accounts.len(), 3);

    app.go(&computer, BOB, FUSION).await;
    let state = app.until(|state| state.problem.is_some()).await;
    assert_eq!(code(&state), Some(Code::AlreadyHere));
    assert_eq!(state.accounts.len(), 3);

    let lorraine = key(LORRAINE, HILL_VALLEY).to_string();
    app.session.switch_account(&lorraine).await.unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(state.current.as_ref(), Some(&lorraine));
    app.session.sign_out(&lorraine).await.unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(state.accounts.len(), 2);
    assert_eq!(state.screen, Screen::SignedIn);
    for id in ["", "nobody", "1.unknown", &lorraine] {
        let problem = app.session.sign_out(id).await.unwrap_err();
        assert_eq!(problem.code, Code::NotSignedIn);
        let problem = app.session.switch_account(id).await.unwrap_err();
        assert_eq!(problem.code, Code::NotSignedIn);
    }
}

#[tokio::test]
async fn unknown_team_is_learnt_at_the_next_check() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let unwell = Fault::InternalServerError { retry_after: None };
    computer
        .amiqus
        .set_fault(unwell.at(Endpoint::Team).and_at(Endpoint::TeamMe));
    app.go(&computer, BOB, FUSION).await;
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedIn);
    assert_eq!(account(&state, BOB).team, None);
    computer.amiqus.clear_faults();
    app.session.me().await.unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(account(&state, BOB).team.as_deref(), Some(FUSION));
    assert_eq!(state.current, Some(key(BOB, FUSION).to_string()));
    assert_eq!(state.accounts.len(), 1);
    app.session.refresh().await.unwrap();
}

/// Shows check 25.
#[tokio::test]
async fn identify_honours_only_a_short_retry_after() {
    for (seconds, asked, expected) in [(1, 2, None), (30, 1, Some(Code::AmiqusBusy))] {
        let computer = Computer::set_up().await;
        let mut app = computer.start().await;
        let retry_after = Some(RetryAfter::Seconds(seconds));
        let busy = Fault::TooManyRequests { retry_after };
        computer.amiqus.set_fault(busy.at(Endpoint::Me).times(1));
        app.go(&computer, BOB, FUSION).await;
        let state = app.end_of_sign_in().await;
        assert_eq!(code(&state), expected);
        let requests = computer.amiqus.requests_to("/api/v2/me");
        assert_eq!(requests.len(), asked);
        if let [first, second] = requests.as_slice() {
            let waited = second.received_at.duration_since(first.received_at);
            assert!(waited.as_secs() >= 1);
        }
    }
}

/// Shows check 18.
#[tokio::test]
async fn entered_registration_is_validated_and_saved() {
    let computer = Computer::bare(Settings::default()).await;
    let mut app = computer.start().await;
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::NeedsSetup);
    let not_set_up = Err(Code::NotSetUp.into());
    assert_eq!(app.session.authorize().await, not_set_up);
    assert_eq!(app.session.me().await, not_set_up);
    assert_eq!(app.session.refresh().await, not_set_up);
    assert_eq!(app.session.sign_out("nobody").await, not_set_up);
    let token = app.session.access_token().await.map(|_| ());
    assert_eq!(token, not_set_up);
    let mut wrong = computer.draft();
    wrong.base_url = Some("http://example.com".to_owned());
    let problems = vec![FieldProblem {
        field: Field::BaseUrl,
        reason: Reason::NotHttps,
    }];
    assert_eq!(
        app.session.save_registration(wrong).await,
        Err(SaveError::Fields(problems))
    );
    computer.store.set_full(true);
    assert_eq!(
        app.session.save_registration(computer.draft()).await,
        Err(SaveError::Problem(Code::CannotSave.into()))
    );
    computer.store.set_full(false);
    app.session
        .save_registration(computer.draft())
        .await
        .unwrap();
    let page = app.session.page_address(Page::TeamApps).await.unwrap();
    assert!(page.url.as_str().starts_with(computer.amiqus.base_url()));
    assert!(page.service.contains(&page.url));
    app.sign_in(&computer, BOB, FUSION).await;
}

/// Shows check 22.
#[tokio::test]
async fn wrong_client_secret_is_set_up_wrong() {
    let computer = Computer::set_up_with(Settings::default(), |draft| {
        draft.client_secret = "another".to_owned();
    })
    .await;
    let mut app = computer.start().await;
    app.go(&computer, BOB, FUSION).await;
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), Some(Code::SetUpWrong));
}

/// Shows check 4.
#[tokio::test(start_paused = true)]
async fn attempt_without_answer_ends_after_ten_minutes() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    app.browser().await;
    let before = tokio::time::Instant::now();
    let mut states = app.session.states();
    let ended = states.wait_for(|state| state.as_deref().is_some_and(|it| it.problem.is_some()));
    let ended = tokio::time::timeout(Duration::from_hours(1), ended).await;
    let state = ended.expect("never ended").unwrap().clone().unwrap();
    assert_eq!(code(&state), Some(Code::AttemptExpired));
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    let waited = before.elapsed().as_secs();
    assert!((590..=601).contains(&waited), "{waited}");
    assert_eq!(computer.store.names(), ["registration"]);
}

#[tokio::test]
async fn browser_that_is_opened_again_in_the_last_minute_gets_a_fresh_attempt() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let first = app.browser().await;

    computer.clock.set_ahead(SignedDuration::from_mins(8));
    app.session.open_browser_again().await.unwrap();
    assert_eq!(app.browser().await, first);

    computer.clock.set_ahead(SignedDuration::from_secs(90));
    app.session.open_browser_again().await.unwrap();
    let second = app.browser().await;
    assert_ne!(second, first);
    let url = app.session.authorization_url().await.unwrap();
    assert_eq!(url.expose(), &second);

    // The earlier page's answer is late, and changes nothing.
    let late = computer.answer(&first, BOB, FUSION, Answer::Allow);
    assert_eq!(
        app.session.exchange(late).await.unwrap_err().code,
        Code::LinkTooLate
    );
    computer.clock.set_ahead(SignedDuration::from_mins(5));
    app.session
        .receive(computer.answer(&second, BOB, FUSION, Answer::Allow));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedIn);
    assert!(state.just_signed_in);
    app.session.window_closed();
    app.until(|state| !state.just_signed_in).await;
}

#[tokio::test]
async fn teams_without_an_account_are_named_after_a_sign_in() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let state = app.sign_in(&computer, BOB, FUSION).await;
    assert_eq!(state.other_teams, [HILL_VALLEY]);
    let state = app.sign_in(&computer, BOB, HILL_VALLEY).await;
    assert_eq!(state.other_teams, [""; 0]);
}
