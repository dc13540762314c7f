//! The control endpoints below `/practice/`.

use practice_amiqus::{Fault, Practice};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::client::*;

async fn post_control(practice: &Practice, control: &str, body: Value) -> Response {
    let url = format!("{}/practice/{control}", practice.base_url());
    http_client().post(url).json(&body).send().await.unwrap()
}

async fn get_control(practice: &Practice, control: &str) -> Value {
    let url = format!("{}/practice/{control}", practice.base_url());
    http_client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test]
async fn faults_endpoint_lists_and_adds_plans() {
    let practice = start().await;
    let list = get_control(&practice, "faults").await;
    assert_eq!(list["faults"].as_array().unwrap().len(), Fault::all().len());
    assert_eq!(list["endpoints"][2], "token_refresh");

    let plan = json!({"endpoints": ["me"], "fault": "not_found", "times": 1});
    assert_eq!(post_control(&practice, "faults", plan).await.status(), 204);
    assert_eq!(
        get_control(&practice, "faults").await["planned"][0]["fault"],
        "not_found"
    );
    let token = grant_tokens(&practice).access_token;
    assert_eq!(get(&practice, "me", &token).await.status(), 404);
    assert_eq!(get_control(&practice, "faults").await["planned"], json!([]));
    assert_eq!(get(&practice, "me", &token).await.status(), 200);

    let unknown = json!({"endpoints": ["me"], "fault": "earthquake"});
    assert_eq!(
        post_control(&practice, "faults", unknown).await.status(),
        422
    );
}

#[tokio::test]
async fn request_log_over_http_contains_no_secrets() {
    let practice = start().await;
    let code = issue_code(&practice);
    let set =
        token_set(token_request(&practice, &code_exchange_form(&practice, &code)).await).await;
    get(&practice, "me", &set.access_token).await;

    let log = get_control(&practice, "requests").await;
    assert_eq!(log[0]["path"], "/oauth/token");
    assert_eq!(log[0]["form"][3], json!({"name": "code", "length": 860}));
    assert_eq!(log[0]["form"][0]["value"], "authorization_code");
    assert_eq!(log[1]["status"], 200);
    let text = log.to_string();
    for secret in [
        practice.client_secret(),
        CODE_VERIFIER,
        &code,
        &set.access_token,
    ] {
        assert!(!text.contains(secret));
    }
    // The Rust API returns the full values.
    assert_eq!(practice.requests()[0].field("code"), Some(code.as_str()));
    assert_eq!(
        practice.requests_to("/api/v2/me")[0].header("accept"),
        Some("application/json")
    );
}

#[tokio::test]
async fn clock_tokens_and_settings_are_controlled_over_http() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let member = json!({"email": BOB, "team": FUSION_INDUSTRIES});
    let revoked: Value = post_control(&practice, "revoke", member)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(revoked, json!({"revoked": 1}));
    assert!(!practice.is_access_token_live(&token));
    let unknown = json!({"email": "biff@example.com", "team": FUSION_INDUSTRIES});
    assert_eq!(
        post_control(&practice, "revoke", unknown).await.status(),
        400
    );

    let token = grant_tokens(&practice).access_token;
    post_control(&practice, "advance", json!({"seconds": 31_536_000})).await;
    assert!(!practice.is_access_token_live(&token));

    post_control(&practice, "settings", json!({"generation": "league8"})).await;
    let form = refresh_form(&practice, "def502");
    assert_eq!(token_request(&practice, &form).await.status(), 401);

    post_control(&practice, "reset", json!({})).await;
    assert!(practice.requests().is_empty());
    assert_eq!(token_request(&practice, &form).await.status(), 400);
}

#[tokio::test]
async fn authorize_control_answers_without_a_browser() {
    let practice = start().await;
    let url = authorization_url(&practice, &authorization_parameters(&practice));
    let body = json!({"url": url, "email": BOB, "team": HILL_VALLEY_LEGAL, "allow": true});
    let response: Value = post_control(&practice, "authorize", body)
        .await
        .json()
        .await
        .unwrap();
    assert!(
        response["location"]
            .as_str()
            .unwrap()
            .starts_with(REDIRECT_URL)
    );
}

#[tokio::test]
async fn requests_and_changes_of_the_api_are_listed() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    get(&practice, "clients?search=o%27hara&page=1", &token).await;
    get(&practice, "me", "eyJ0").await;
    let name = json!({"first_name": "Zoë", "last_name": "O’Hara"});
    let client = json!({"name": name, "email": "zoe@example.com"});
    send_json(&practice, Method::POST, "clients", &token, &client).await;
    assert_eq!(
        get_control(&practice, "api-requests").await,
        json!([
            {
                "method": "GET",
                "target": "/api/v2/clients?search=o%27hara&page=1",
                "status": 200,
                "person": BOB,
                "team": FUSION_INDUSTRIES,
            },
            {
                "method": "GET",
                "target": "/api/v2/me",
                "status": 401,
                "person": null,
                "team": null,
            },
            {
                "method": "POST",
                "target": "/api/v2/clients",
                "status": 201,
                "person": BOB,
                "team": FUSION_INDUSTRIES,
            },
        ])
    );
    assert_eq!(
        get_control(&practice, "changes").await,
        json!([{
            "method": "POST",
            "path": "/api/v2/clients/88043",
            "person": BOB,
            "team": FUSION_INDUSTRIES,
        }])
    );
}

#[tokio::test]
async fn role_and_file_size_are_controlled_over_http() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let role = json!({"email": BOB, "team": FUSION_INDUSTRIES, "role": "read-only"});
    assert_eq!(post_control(&practice, "role", role).await.status(), 204);
    let member = get_json(&practice, "team/me", &token).await;
    assert_eq!(member["role"], "read-only");
    let unknown = json!({"email": BOB, "team": "Nowhere", "role": null});
    assert_eq!(post_control(&practice, "role", unknown).await.status(), 400);

    post_control(&practice, "settings", json!({"large_file_bytes": 7})).await;
    let files = get_json(&practice, "clients/88001/files", &token).await;
    assert_eq!(items(&files)[3]["attachment"]["size"], 7);
}
