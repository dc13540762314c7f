//! `/api/v2`.

use std::time::Duration;

use practice_amiqus::{Practice, Settings};
use serde_json::{Value, json};

use crate::caller::*;

async fn json_of(practice: &Practice, path: &str, access_token: &str) -> Value {
    let response = get(practice, path, access_token).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_token_says_who_and_in_which_team() {
    let practice = started().await;
    let token = granted_tokens(&practice).access_token;
    assert_eq!(
        json_of(&practice, "me", &token).await,
        json!({
            "object": "user",
            "id": 345_789,
            "name": "Bob Gale",
            "email": "bob@example.com",
            "is_verified": true,
            "is_disabled": false,
            "created_at": "2019-08-24T14:15:22Z",
            "updated_at": "2019-08-24T14:15:22Z",
        })
    );
    let team = json_of(&practice, "team", &token).await;
    assert_eq!(team["uuid"], "6b9c8323-4b54-4bb3-a1c8-68de534368a5");
    assert_eq!(team["identifier"], "fusion-industries");
    assert_eq!(team["telephone"], Value::Null);
    assert_eq!(team.as_object().unwrap().len(), 13);
    assert_eq!(
        json_of(&practice, "team/me", &token).await,
        json!({
            "object": "team_member",
            "id": 121,
            "name": "Bob Gale",
            "email": "bob@example.com",
            "role": "owner",
        })
    );
    let other = practice
        .grant_tokens(BOB, HILL_VALLEY, REDIRECT)
        .unwrap()
        .access_token;
    assert_eq!(
        json_of(&practice, "team/me", &other).await["role"],
        "read-only"
    );
    assert_eq!(json_of(&practice, "team", &other).await["id"], 89);
    practice.set_disabled(BOB, true).unwrap();
    assert_eq!(json_of(&practice, "me", &other).await["is_disabled"], true);
}

#[tokio::test]
async fn a_token_that_is_dead_or_unknown_opens_nothing() {
    let practice = started().await;
    let token = granted_tokens(&practice).access_token;
    assert_eq!(get(&practice, "status", &token).await.status(), 204);
    assert_eq!(practice.revoke_everything(BOB, FUSION), Ok(1));
    let expired = granted_tokens(&practice).access_token;
    practice.advance(Duration::from_hours(365 * 24));
    for token in ["eyJ0", &token, &expired] {
        for path in ["me", "team", "team/me", "status"] {
            let response = get(&practice, path, token).await;
            assert_eq!(response.status(), 401);
            let body: Value = response.json().await.unwrap();
            assert_eq!(body, json!({"error": "Unauthenticated."}));
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let practice = started().await;
    let response = get(&practice, "nowhere", "eyJ0").await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        json!({"error": "Not Found."})
    );
}

#[tokio::test]
async fn without_asking_for_json_one_is_sent_to_log_in() {
    let practice = started().await;
    let response = http()
        .get(format!("{}/api/v2/me", practice.base_url()))
        .bearer_auth(granted_tokens(&practice).access_token)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), location(&response).as_str()),
        (302, "/login")
    );
}

#[tokio::test]
async fn all_tokens_of_one_person_in_one_team_share_a_limit() {
    let settings = Settings {
        api_requests_per_minute: 2,
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let [one, two] = [granted_tokens(&practice), granted_tokens(&practice)];
    let other = practice.grant_tokens(BOB, HILL_VALLEY, REDIRECT).unwrap();
    let first = get(&practice, "me", &one.access_token).await;
    assert_eq!(first.headers()["x-ratelimit-limit"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "1");
    assert_eq!(get(&practice, "me", &two.access_token).await.status(), 200);
    let third = get(&practice, "me", &one.access_token).await;
    assert_eq!(third.status(), 429);
    assert!(third.headers().contains_key("retry-after"));
    assert!(third.headers().contains_key("x-ratelimit-reset"));
    assert_eq!(
        get(&practice, "me", &other.access_token).await.status(),
        200
    );
}
