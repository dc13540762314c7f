//! `/oauth/token`, in both generations.

use std::time::Duration;

use practice_amiqus::{Generation, Practice, Settings};
use serde_json::Value;

use crate::caller::*;

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let practice = started().await;
    let form = exchange(&practice, &code(&practice));

    let response = token(&practice, &form).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let text = response.text().await.unwrap();
    assert!(
        text.starts_with(r#"{"token_type":"Bearer","expires_in":31536000,"access_token":"eyJ0"#)
    );
    let set: practice_amiqus::TokenSet = serde_json::from_str(&text).unwrap();
    assert!(
        (900..1_100).contains(&set.access_token.len()),
        "{}",
        set.access_token.len()
    );
    assert_eq!(set.refresh_token.len(), 790);
    assert!(set.refresh_token.starts_with("def502"));
    assert!(practice.is_access_token_live(&set.access_token));

    assert_eq!(
        refusal(token(&practice, &form).await).await,
        (
            400,
            "invalid_grant".to_owned(),
            "Authorization code has been revoked".to_owned()
        )
    );
    // What came from the code is dead as well.
    assert!(!practice.is_access_token_live(&set.access_token));
    assert!(!practice.is_refresh_token_live(&set.refresh_token));
}

#[tokio::test]
async fn the_older_generation_calls_a_dead_code_an_invalid_request() {
    let practice = started().await;
    practice.set_generation(Generation::League8);
    let form = exchange(&practice, &code(&practice));
    token_set(token(&practice, &form).await).await;
    let body: Value = token(&practice, &form).await.json().await.unwrap();
    assert_eq!(body["error"], "invalid_request");
    assert_eq!(body["hint"], "Authorization code has been revoked");
    assert_eq!(body["message"], body["error_description"]);
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let practice = started().await;
    let young = code(&practice);
    practice.advance(Duration::from_secs(590));
    token_set(token(&practice, &exchange(&practice, &young)).await).await;

    let old = code(&practice);
    practice.advance(Duration::from_mins(10));
    assert_eq!(
        refusal(token(&practice, &exchange(&practice, &old)).await).await,
        (
            400,
            "invalid_grant".to_owned(),
            "Authorization code has expired".to_owned()
        )
    );
}

#[tokio::test]
async fn a_refresh_replaces_both_tokens_at_once() {
    let practice = started().await;
    let old = granted_tokens(&practice);
    let new = token_set(token(&practice, &refresh(&practice, &old.refresh_token)).await).await;
    assert_eq!(
        get(&practice, "status", &old.access_token).await.status(),
        401
    );
    assert_eq!(
        get(&practice, "status", &new.access_token).await.status(),
        204
    );
    assert!(practice.is_refresh_token_live(&new.refresh_token));
    assert!(practice.complaints().is_empty());
}

#[tokio::test]
async fn a_dead_refresh_token_looks_different_in_each_generation() {
    let practice = started().await;
    let used = granted_tokens(&practice).refresh_token;
    token_set(token(&practice, &refresh(&practice, &used)).await).await;
    let expired = granted_tokens(&practice).refresh_token;
    practice.advance(Duration::from_hours(365 * 24));
    for (generation, status, error) in [
        (Generation::League8, 401, "invalid_request"),
        (Generation::League9, 400, "invalid_grant"),
    ] {
        practice.set_generation(generation);
        for (refresh_token, hint) in [
            ("def50200", "Cannot decrypt the refresh token"),
            (&expired, "Token has expired"),
        ] {
            let response = token(&practice, &refresh(&practice, refresh_token)).await;
            assert_eq!(
                refusal(response).await,
                (status, error.to_owned(), hint.to_owned())
            );
        }
    }
    practice.reset();
    let used = granted_tokens(&practice).refresh_token;
    token_set(token(&practice, &refresh(&practice, &used)).await).await;
    let response = token(&practice, &refresh(&practice, &used)).await;
    let hint = "Token has been revoked".to_owned();
    assert_eq!(
        refusal(response).await,
        (400, "invalid_grant".to_owned(), hint)
    );
}

#[tokio::test]
async fn the_redirect_uri_must_be_the_one_of_the_authorization_request() {
    let settings = Settings {
        redirect_urls: vec![
            REDIRECT.to_owned(),
            "http://127.0.0.1:4180/callback".to_owned(),
        ],
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let other = Some("http://127.0.0.1:4180/callback");
    let refresh_token = granted_tokens(&practice).refresh_token;
    for form in [
        exchange(&practice, &code(&practice)),
        refresh(&practice, &refresh_token),
    ] {
        let response = token(&practice, &replaced(form.clone(), "redirect_uri", other)).await;
        let hint = "Invalid redirect URI".to_owned();
        assert_eq!(
            refusal(response).await,
            (400, "invalid_request".to_owned(), hint)
        );
        let response = token(&practice, &replaced(form.clone(), "redirect_uri", None)).await;
        let hint = "Check the `redirect_uri` parameter".to_owned();
        assert_eq!(
            refusal(response).await,
            (400, "invalid_request".to_owned(), hint)
        );
        // A request that was refused for that can be made again.
        token_set(token(&practice, &form).await).await;
    }
}

#[tokio::test]
async fn a_verifier_is_needed_exactly_when_there_was_a_challenge() {
    let practice = started().await;
    let refused = async |code: &str, verifier: Option<&str>| {
        let form = replaced(exchange(&practice, code), "code_verifier", verifier);
        refusal(token(&practice, &form).await).await.1
    };
    let with = code(&practice);
    assert_eq!(refused(&with, None).await, "invalid_request");
    assert_eq!(refused(&with, Some("short")).await, "invalid_request");
    assert_eq!(refused(&with, Some(CHALLENGE)).await, "invalid_grant");
    let without = practice.grant(BOB, FUSION, REDIRECT, None).unwrap();
    assert_eq!(refused(&without, Some(VERIFIER)).await, "invalid_request");
    let form = replaced(exchange(&practice, &without), "code_verifier", None);
    token_set(token(&practice, &form).await).await;
}

#[tokio::test]
async fn wrong_credentials_are_an_invalid_client() {
    let practice = started().await;
    let code = code(&practice);
    for (name, value) in [
        ("client_id", Some("nobody")),
        ("client_secret", Some("wrong")),
        ("client_secret", None),
    ] {
        let form = replaced(exchange(&practice, &code), name, value);
        let (status, error, _) = refusal(token(&practice, &form).await).await;
        assert_eq!((status, error.as_str()), (401, "invalid_client"), "{name}");
    }
}

#[tokio::test]
async fn credentials_in_a_header_do_not_count() {
    let practice = started().await;
    let form = exchange(&practice, &code(&practice));
    let form = replaced(replaced(form, "client_id", None), "client_secret", None);
    let response = http()
        .post(format!("{}/oauth/token", practice.base_url()))
        .header("accept", "application/json")
        .basic_auth(practice.client_id(), Some(practice.client_secret()))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(response).await.1, "invalid_client");
    assert_eq!(practice.complaints().len(), 1);
}

#[tokio::test]
async fn a_form_has_each_field_once_and_no_field_of_another_grant() {
    let practice = started().await;
    let form = exchange(&practice, &code(&practice));
    let also = |name, value: &str| {
        let mut form = form.clone();
        form.push((name, value.to_owned()));
        form
    };
    for form in [
        also("redirect_uri", REDIRECT),
        also("scope", "*"),
        also("refresh_token", "def502"),
    ] {
        assert_eq!(
            refusal(token(&practice, &form).await).await.1,
            "invalid_request"
        );
    }
    assert_eq!(practice.complaints().len(), 3);
    let form = replaced(form, "grant_type", Some("password"));
    assert_eq!(
        refusal(token(&practice, &form).await).await.1,
        "unsupported_grant_type"
    );
}

#[tokio::test]
async fn a_request_must_be_a_form_and_ask_for_json() {
    let practice = started().await;
    let url = format!("{}/oauth/token", practice.base_url());
    let form = exchange(&practice, &code(&practice));

    let response = http().post(&url).form(&form).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), location(&response).as_str()),
        (302, "/login")
    );

    let json = http()
        .post(&url)
        .header("accept", "application/json")
        .json(&form);
    assert_eq!(
        refusal(json.send().await.unwrap()).await.1,
        "invalid_request"
    );

    let get = http().get(&url).header("accept", "application/json");
    assert_eq!(get.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn too_many_requests_are_turned_away_for_a_minute() {
    let settings = Settings {
        token_requests_per_minute: 2,
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let form = refresh(&practice, "def502");
    for _ in 0..2 {
        assert_eq!(token(&practice, &form).await.status(), 400);
    }
    let response = token(&practice, &form).await;
    assert_eq!(response.status(), 429);
    let seconds: u64 = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds));
    assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
    practice.advance(Duration::from_secs(seconds));
    assert_eq!(token(&practice, &form).await.status(), 400);
}
