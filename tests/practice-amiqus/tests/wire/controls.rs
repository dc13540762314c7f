//! The controls below `/practice/`, and what the log shows.

use practice_amiqus::{Fault, Practice};
use reqwest::Response;
use serde_json::{Value, json};

use crate::caller::*;

async fn post(practice: &Practice, control: &str, body: Value) -> Response {
    let url = format!("{}/practice/{control}", practice.base_url());
    http().post(url).json(&body).send().await.unwrap()
}

async fn read(practice: &Practice, control: &str) -> Value {
    let url = format!("{}/practice/{control}", practice.base_url());
    http().get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn faults_are_listed_planned_and_cleared() {
    let practice = started().await;
    let listed = read(&practice, "faults").await;
    assert_eq!(
        listed["faults"].as_array().unwrap().len(),
        Fault::all().len()
    );
    assert_eq!(listed["endpoints"][2], "token_refresh");

    let plan = json!({"endpoints": ["me"], "fault": "not_found", "times": 1});
    assert_eq!(post(&practice, "faults", plan).await.status(), 204);
    assert_eq!(
        read(&practice, "faults").await["planned"][0]["fault"],
        "not_found"
    );
    let token = granted_tokens(&practice).access_token;
    assert_eq!(get(&practice, "me", &token).await.status(), 404);
    assert_eq!(read(&practice, "faults").await["planned"], json!([]));
    assert_eq!(get(&practice, "me", &token).await.status(), 200);

    let unknown = json!({"endpoints": ["me"], "fault": "earthquake"});
    assert_eq!(post(&practice, "faults", unknown).await.status(), 422);
}

#[tokio::test]
async fn the_log_over_http_has_no_secrets() {
    let practice = started().await;
    let code = code(&practice);
    let set = token_set(token(&practice, &exchange(&practice, &code)).await).await;
    get(&practice, "me", &set.access_token).await;

    let log = read(&practice, "requests").await;
    assert_eq!(log[0]["path"], "/oauth/token");
    assert_eq!(log[0]["form"][3], json!({"name": "code", "length": 860}));
    assert_eq!(log[0]["form"][0]["value"], "authorization_code");
    assert_eq!(log[1]["status"], 200);
    let text = log.to_string();
    for secret in [practice.client_secret(), VERIFIER, &code, &set.access_token] {
        assert!(!text.contains(secret));
    }
    // In the process there is nothing to hide.
    assert_eq!(practice.requests()[0].field("code"), Some(code.as_str()));
    assert_eq!(
        practice.requests_to("/api/v2/me")[0].header("accept"),
        Some("application/json")
    );
}

#[tokio::test]
async fn time_access_and_settings_are_controlled() {
    let practice = started().await;
    let token = granted_tokens(&practice).access_token;
    let person = json!({"email": BOB, "team": FUSION});
    let revoked: Value = post(&practice, "revoke", person)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(revoked, json!({"revoked": 1}));
    assert!(!practice.is_access_token_live(&token));
    let nobody = json!({"email": "biff@example.com", "team": FUSION});
    assert_eq!(post(&practice, "revoke", nobody).await.status(), 400);

    let token = granted_tokens(&practice).access_token;
    post(&practice, "advance", json!({"seconds": 31_536_000})).await;
    assert!(!practice.is_access_token_live(&token));

    post(&practice, "settings", json!({"generation": "league8"})).await;
    let form = refresh(&practice, "def502");
    assert_eq!(crate::caller::token(&practice, &form).await.status(), 401);

    post(&practice, "reset", json!({})).await;
    assert!(practice.requests().is_empty());
    assert_eq!(crate::caller::token(&practice, &form).await.status(), 400);
}

#[tokio::test]
async fn a_test_without_a_browser_can_answer_for_a_person() {
    let practice = started().await;
    let url = authorization_url(&practice, &request(&practice));
    let asked = json!({"url": url, "email": BOB, "team": HILL_VALLEY, "allow": true});
    let answer: Value = post(&practice, "authorize", asked)
        .await
        .json()
        .await
        .unwrap();
    assert!(answer["location"].as_str().unwrap().starts_with(REDIRECT));
}
