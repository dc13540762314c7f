//! The API below `/api/v2`.

use std::time::Duration;

use practice_amiqus::{Practice, Settings};
use serde_json::{Value, json};

use crate::client::*;

async fn get_json(practice: &Practice, path: &str, access_token: &str) -> Value {
    let response = get(practice, path, access_token).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn teams_of_the_user_are_listed_in_pages() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let all = get_json(&practice, "me/teams", &token).await;
    let names = |list: &Value| -> Vec<String> {
        let teams = list["data"].as_array().unwrap().iter();
        teams
            .map(|team| team["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&all), ["Fusion Industries", "Hill Valley Legal"]);
    let second = get_json(&practice, "me/teams?page=2&limit=1", &token).await;
    assert_eq!(names(&second), ["Hill Valley Legal"]);
    assert_eq!(second["total_pages"], 2);
}

#[tokio::test]
async fn access_token_identifies_its_user_and_team() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    assert_eq!(
        get_json(&practice, "me", &token).await,
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
    let team = get_json(&practice, "team", &token).await;
    assert_eq!(team["uuid"], "6b9c8323-4b54-4bb3-a1c8-68de534368a5");
    assert_eq!(team["identifier"], "fusion-industries");
    assert_eq!(team["telephone"], Value::Null);
    assert_eq!(team.as_object().unwrap().len(), 13);
    assert_eq!(
        get_json(&practice, "team/me", &token).await,
        json!({
            "object": "team_member",
            "id": 121,
            "name": "Bob Gale",
            "email": "bob@example.com",
            "role": "owner",
        })
    );
    let other_team = practice
        .grant_tokens(BOB, HILL_VALLEY_LEGAL, REDIRECT_URL)
        .unwrap()
        .access_token;
    assert_eq!(
        get_json(&practice, "team/me", &other_team).await["role"],
        "read-only"
    );
    assert_eq!(get_json(&practice, "team", &other_team).await["id"], 89);
    practice.set_disabled(BOB, true).unwrap();
    assert_eq!(
        get_json(&practice, "me", &other_team).await["is_disabled"],
        true
    );
}

#[tokio::test]
async fn access_token_that_is_not_live_is_unauthenticated() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    assert_eq!(get(&practice, "status", &token).await.status(), 204);
    assert_eq!(practice.revoke_everything(BOB, FUSION_INDUSTRIES), Ok(1));
    let expired = grant_tokens(&practice).access_token;
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
async fn unknown_api_path_is_not_found() {
    let practice = start().await;
    let response = get(&practice, "nowhere", "eyJ0").await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        json!({"error": "Not Found."})
    );
}

#[tokio::test]
async fn request_without_json_accept_redirects_to_login() {
    let practice = start().await;
    let response = http_client()
        .get(format!("{}/api/v2/me", practice.base_url()))
        .bearer_auth(grant_tokens(&practice).access_token)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), location(&response).as_str()),
        (302, "/login")
    );
}

#[tokio::test]
async fn tokens_of_one_user_in_one_team_share_a_rate_limit() {
    let settings = Settings {
        api_requests_per_minute: 2,
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let [one, two] = [grant_tokens(&practice), grant_tokens(&practice)];
    let other_team = practice
        .grant_tokens(BOB, HILL_VALLEY_LEGAL, REDIRECT_URL)
        .unwrap();
    let first = get(&practice, "me", &one.access_token).await;
    assert_eq!(first.headers()["x-ratelimit-limit"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "1");
    assert_eq!(get(&practice, "me", &two.access_token).await.status(), 200);
    let third = get(&practice, "me", &one.access_token).await;
    assert_eq!(third.status(), 429);
    assert!(third.headers().contains_key("retry-after"));
    assert!(third.headers().contains_key("x-ratelimit-reset"));
    assert_eq!(
        get(&practice, "me", &other_team.access_token)
            .await
            .status(),
        200
    );
}
