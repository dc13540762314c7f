//! Requests that other programs have this app make.

use std::sync::Arc;

use amiqus_core::clock::Clock;
use amiqus_core::error::Code;
use amiqus_core::forward::{ForwardMethod, ForwardTarget};
use amiqus_core::http::{Clients, Timeouts};
use amiqus_core::runtime::{ForwardError, ForwardedBody, Forwarder};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use practice_amiqus::{Endpoint, Fault};

use crate::app::*;

fn forwarder(computer: &Computer, app: &App) -> Forwarder {
    let clock = Arc::clone(&computer.clock) as Arc<dyn Clock>;
    Forwarder::new(
        app.session.clone(),
        Clients::new(Timeouts::default()),
        clock,
    )
}

fn request(method: Method, body: &'static str) -> Request<Full<bytes::Bytes>> {
    Request::builder()
        .method(method)
        .header("authorization", "Bearer of-the-program")
        .header("cookie", "session=of-the-program")
        .header("x-request-id", "7")
        .body(Full::from(body))
        .unwrap()
}

async fn forward(
    forwarder: &Forwarder,
    method: Method,
    target: &str,
) -> Result<Response<ForwardedBody>, ForwardError> {
    let target = ForwardTarget::parse(target).unwrap();
    let account = key(BOB, FUSION);
    let parsed = ForwardMethod::parse(&method).unwrap();
    forwarder
        .forward(account, parsed, &target, request(method, "{}"))
        .await
}

#[tokio::test]
async fn response_is_that_of_the_account_whichever_is_current() {
    let (computer, bobs) = Computer::with_bob().await;
    computer.add(LORRAINE, HILL_VALLEY, false);
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer.amiqus.clear_requests();
    let forwarder = forwarder(&computer, &app);
    let response = forward(&forwarder, Method::GET, "/api/v2/me?a=b%20c")
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-ratelimit-limit"], "200");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["email"], BOB);
    let [sent] = &computer.amiqus.requests_to("/api/v2/me")[..] else {
        panic!("one request was to be sent");
    };
    assert_eq!(sent.query, [("a".to_owned(), "b c".to_owned())]);
    let bearer = format!("Bearer {}", bobs.access.expose());
    assert_eq!(sent.header("authorization"), Some(bearer.as_str()));
    assert_eq!(sent.header("cookie"), None);
    assert_eq!(sent.header("x-request-id"), Some("7"));
    assert!(sent.body.is_empty(), "a GET has no body here");
}

#[tokio::test]
async fn rejected_token_is_replaced_for_a_get_and_a_post_is_sent_once() {
    let (computer, bobs) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let forwarder = forwarder(&computer, &app);
    let reject = || Fault::Unauthenticated.at(Endpoint::Me).times(1);
    computer.amiqus.set_fault(reject());
    computer.amiqus.clear_requests();
    let response = forward(&forwarder, Method::GET, "/api/v2/me")
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(computer.posts(), 1);
    let newer = app.session.token_of(key(BOB, FUSION)).await.unwrap();
    assert_ne!(newer.access.expose(), bobs.access.expose());

    // The new token's own check must not meet the fault.
    app.session.me().await.unwrap();
    computer.amiqus.set_fault(reject());
    computer.amiqus.clear_requests();
    let response = forward(&forwarder, Method::POST, "/api/v2/me")
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(computer.amiqus.requests_to("/api/v2/me").len(), 1);
}

#[tokio::test]
async fn lost_response_is_not_asked_for_again() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let forwarder = forwarder(&computer, &app);
    computer
        .amiqus
        .set_fault(Fault::LoseAnswer.at(Endpoint::Me));
    computer.amiqus.clear_requests();
    let lost = forward(&forwarder, Method::POST, "/api/v2/me").await;
    assert!(
        matches!(lost, Err(ForwardError::ResponseLost(_))),
        "{lost:?}"
    );
    assert_eq!(computer.amiqus.requests_to("/api/v2/me").len(), 1);
}

#[tokio::test]
async fn wait_that_amiqus_asks_for_binds_the_next_program() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    let forwarder = forwarder(&computer, &app);
    let busy = Fault::TooManyRequests { retry_after: None };
    computer.amiqus.set_fault(busy.at(Endpoint::Me));
    let response = forward(&forwarder, Method::GET, "/api/v2/me")
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    computer.amiqus.clear_faults();
    computer.amiqus.clear_requests();
    let refused = forward(&forwarder, Method::GET, "/api/v2/me").await;
    assert!(matches!(refused, Err(ForwardError::RateLimited { .. })));
    assert!(computer.amiqus.requests().is_empty());
}

#[tokio::test]
async fn account_that_signed_out_has_no_token_for_a_program() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    let state = app.checked(&computer.clock).await;
    let forwarder = forwarder(&computer, &app);
    app.session
        .sign_out(&account(&state, BOB).id)
        .await
        .unwrap();
    let refused = forward(&forwarder, Method::GET, "/api/v2/me").await;
    let Err(ForwardError::NoToken(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(problem.code, Code::NotSignedIn);
}
