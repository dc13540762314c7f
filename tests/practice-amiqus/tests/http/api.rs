//! The API below `/api/v2`: who the token is for, and what holds for all of its paths.

use std::time::Duration;

use practice_amiqus::{Practice, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::*;

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
async fn teams_of_a_person_are_listed_in_pages() {
    let practice = start().await;
    let token = practice
        .grant_tokens(BOB, HILL_VALLEY_LEGAL, REDIRECT_URL)
        .unwrap()
        .access_token;
    let all = get_json(&practice, "me/teams?limit=100", &token).await;
    assert_eq!(all["object"], "paginated_list");
    assert_eq!(names(&all), [FUSION_INDUSTRIES, HILL_VALLEY_LEGAL]);
    assert_eq!(all["data"][1], get_json(&practice, "team", &token).await);
    assert_eq!(
        (&all["total"], &all["count"], &all["limit"]),
        (&json!(2), &json!(2), &json!(100))
    );
    assert_eq!(
        (&all["current_page"], &all["total_pages"], &all["links"]),
        (&json!(1), &json!(1), &Value::Null)
    );

    let first = get_json(&practice, "me/teams?limit=1", &token).await;
    assert_eq!(names(&first), [FUSION_INDUSTRIES]);
    assert_eq!((&first["total"], &first["count"]), (&json!(2), &json!(1)));
    assert_eq!(first["links"]["previous"], Value::Null);
    let next = first["links"]["next"].as_str().unwrap();
    let path = next.strip_prefix(&format!("{}/api/v2/", practice.base_url()));
    let second = get_json(&practice, path.unwrap(), &token).await;
    assert_eq!(names(&second), [HILL_VALLEY_LEGAL]);
    assert_eq!(second["links"]["next"], Value::Null);
    assert!(second["links"]["previous"].is_string());

    let beyond = get_json(&practice, "me/teams?limit=1&page=3", &token).await;
    assert_eq!(names(&beyond), [""; 0]);
    let of_lorraine = practice
        .grant_tokens("lorraine@example.com", HILL_VALLEY_LEGAL, REDIRECT_URL)
        .unwrap()
        .access_token;
    let all = get_json(&practice, "me/teams", &of_lorraine).await;
    assert_eq!(names(&all), [HILL_VALLEY_LEGAL]);
    assert_eq!(practice.complaints(), [""; 0]);
}

#[tokio::test]
async fn page_that_does_not_exist_is_complained_about() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    for query in ["limit=0", "limit=101", "limit=all", "page=0", "page=-1"] {
        let response = get(&practice, &format!("me/teams?{query}"), &token).await;
        assert!(response.headers().contains_key("x-ratelimit-remaining"));
        let (status, body) = status_and_json(response).await;
        let name = query.split('=').next().unwrap();
        assert_eq!(status, 422, "{query}");
        assert!(body[name][0].is_string(), "{query}: {body}");
    }
    assert_eq!(practice.complaints().len(), 5);
}

fn names(list: &Value) -> Vec<&str> {
    let teams = list["data"].as_array().unwrap().iter();
    teams.map(|team| team["name"].as_str().unwrap()).collect()
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
        for path in [
            "me",
            "me/teams",
            "team",
            "team/me",
            "team/members",
            "status",
            "clients",
            "clients/88001/files/880013/download",
            "records/1",
            "cases",
        ] {
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
async fn method_of_no_route_is_not_allowed() {
    let practice = start().await;
    let url = format!("{}/api/v2/clients", practice.base_url());
    let request = http_client().delete(url);
    let response = request
        .header("accept", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD,POST");
    let (status, body) = status_and_json(response).await;
    assert_eq!(status, 405);
    assert!(body["message"].is_string());
}

#[tokio::test]
async fn body_over_10_megabytes_is_too_large() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let post = async |megabytes: usize| {
        let body = json!({"reference": "x".repeat(megabytes * 1024 * 1024)});
        send_json(&practice, Method::POST, "clients", &token, &body).await
    };
    assert_eq!(post(9).await.status(), 422);
    let response = post(11).await;
    assert_eq!(response.status(), 413);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(response.text().await.unwrap().contains("413"));
    assert_eq!(practice.api_requests()[1].status, Some(413));
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
