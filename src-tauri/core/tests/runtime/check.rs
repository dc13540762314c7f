//! Checking a set-up without a sign-in.

use amiqus_core::app_state::Screen;
use amiqus_core::check::CheckError;
use amiqus_core::error::Code;
use amiqus_core::registration::{Field, FieldProblem, Provenance, Reason};
use amiqus_core::runtime::SaveError;
use amiqus_core::session::Provisioning;
use practice_amiqus::{Endpoint, Fault, Generation, RetryAfter, Settings};

use crate::app::*;

fn wrong(field: Field, reason: Reason) -> Result<(), CheckError> {
    Err(CheckError::Fields(vec![FieldProblem { field, reason }]))
}

#[tokio::test]
async fn setup_check_works_in_both_server_generations() {
    for generation in [Generation::League8, Generation::League9] {
        let computer = Computer::bare(Settings {
            generation,
            ..Settings::default()
        })
        .await;
        let app = computer.start().await;
        let check = |draft| app.session.check_registration(draft);

        assert_eq!(check(computer.draft()).await, Ok(()));
        assert_eq!(computer.posts(), 1);

        let mut draft = computer.draft();
        draft.client_secret = "not-this-one".to_owned();
        let not_recognised = wrong(Field::ClientSecret, Reason::NotRecognised);
        assert_eq!(check(draft).await, not_recognised);

        let mut draft = computer.draft();
        draft.client_id = "not-this-one".to_owned();
        assert_eq!(check(draft).await, not_recognised);

        let mut draft = computer.draft();
        draft.redirect_url = Some("co.amiqus.signin://oauth/elsewhere".to_owned());
        assert_eq!(
            check(draft).await,
            wrong(Field::RedirectUrl, Reason::NotRegistered)
        );

        let mut draft = computer.draft();
        draft.client_secret = String::new();
        let posts = computer.posts();
        assert_eq!(
            check(draft).await,
            wrong(Field::ClientSecret, Reason::Missing)
        );
        assert_eq!(computer.posts(), posts, "what is plainly wrong is not sent");
        assert_eq!(computer.amiqus.complaints(), [""; 0]);
    }
}

#[tokio::test]
async fn setup_check_saves_and_changes_nothing() {
    let computer = Computer::bare(Settings::default()).await;
    let app = computer.start().await;
    app.session
        .check_registration(computer.draft())
        .await
        .unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::NeedsSetup);
    assert_eq!(state.setup.client_id, None);
    assert_eq!(computer.store.names(), [""; 0]);
    let [post] = &computer.amiqus.requests_to("/oauth/token")[..] else {
        panic!("not one post");
    };
    let code = post.field("code").unwrap();
    assert!(code.starts_with("made-up-"), "{code}");
}

#[tokio::test]
async fn setup_check_leaves_a_signed_in_account() {
    let (computer, pair) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let mut draft = computer.draft();
    draft.client_secret = "not-this-one".to_owned();
    app.session.check_registration(draft).await.unwrap_err();
    app.session
        .check_registration(computer.draft())
        .await
        .unwrap();
    assert!(computer.amiqus.is_refresh_token_live(pair.refresh.expose()));
    app.session.refresh().await.unwrap();
}

#[tokio::test]
async fn setup_check_reports_transient_failures() {
    let retry_after = Some(RetryAfter::Seconds(1));
    for (fault, code) in [
        (Fault::DropBeforeProcessing, Code::Offline),
        (Fault::HtmlWith200, Code::CaptivePortal),
        (Fault::TooManyRequests { retry_after }, Code::AmiqusBusy),
        (Fault::BadGateway { retry_after }, Code::ServerError),
        (Fault::JsonArray, Code::UnexpectedResponse),
    ] {
        let computer = Computer::bare(Settings::default()).await;
        let app = computer.start().await;
        computer.amiqus.set_fault(fault.at(Endpoint::TokenExchange));
        let refusal = app.session.check_registration(computer.draft()).await;
        assert_eq!(refusal, Err(CheckError::Problem(code.into())));
    }
}

#[tokio::test]
async fn empty_secret_keeps_the_old_one_for_the_same_client_only() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let left_out = || {
        let mut draft = computer.draft();
        draft.client_secret = " ".to_owned();
        draft
    };
    app.session.check_registration(left_out()).await.unwrap();
    app.session.save_registration(left_out()).await.unwrap();
    app.sign_in(&computer, BOB, FUSION).await;

    let missing = [FieldProblem {
        field: Field::ClientSecret,
        reason: Reason::Missing,
    }];
    let mut draft = left_out();
    draft.client_id = "another".to_owned();
    assert_eq!(
        app.session.save_registration(draft).await,
        Err(SaveError::Fields(missing.to_vec()))
    );
    let mut draft = left_out();
    draft.base_url = Some("https://amiqus.example.com".to_owned());
    let refusal = app.session.check_registration(draft).await;
    assert_eq!(refusal, Err(CheckError::Fields(missing.to_vec())));
}

#[tokio::test]
async fn managed_setup_is_not_checked_and_sends_no_request() {
    let computer = Computer::bare(Settings::default()).await;
    let registration = computer.draft().validate(Provenance::Provisioned).unwrap();
    let app = computer.launch(move || Provisioning::Valid(Box::new(registration.clone())));
    app.session.state().await.unwrap();
    assert_eq!(
        app.session.check_registration(computer.draft()).await,
        Err(CheckError::Problem(Code::SetupManaged.into()))
    );
    assert_eq!(computer.posts(), 0);
}
