//! The token endpoint, in both generations of errors.

use std::time::Duration;

use practice_amiqus::{Generation, Practice, Settings};
use serde_json::Value;

use crate::client::*;

#[tokio::test]
async fn second_use_of_a_code_revokes_its_tokens() {
    let practice = start().await;
    let form = code_exchange_form(&practice, &issue_code(&practice));

    let response = token_request(&practice, &form).await;
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
        error_of(token_request(&practice, &form).await).await,
        (
            400,
            "invalid_grant".to_owned(),
            "Authorization code has been revoked".to_owned()
        )
    );
    // The tokens that were issued for the code are revoked.
    assert!(!practice.is_access_token_live(&set.access_token));
    assert!(!practice.is_refresh_token_live(&set.refresh_token));
}

#[tokio::test]
async fn used_code_in_league8_is_an_invalid_request() {
    let practice = start().await;
    practice.set_generation(Generation::League8);
    let form = code_exchange_form(&practice, &issue_code(&practice));
    token_set(token_request(&practice, &form).await).await;
    let body: Value = token_request(&practice, &form).await.json().await.unwrap();
    assert_eq!(body["error"], "invalid_request");
    assert_eq!(body["hint"], "Authorization code has been revoked");
    assert_eq!(body["message"], body["error_description"]);
}

#[tokio::test]
async fn code_older_than_ten_minutes_is_rejected() {
    let practice = start().await;
    let fresh = issue_code(&practice);
    practice.advance(Duration::from_secs(590));
    token_set(token_request(&practice, &code_exchange_form(&practice, &fresh)).await).await;

    let expired = issue_code(&practice);
    practice.advance(Duration::from_mins(10));
    assert_eq!(
        error_of(token_request(&practice, &code_exchange_form(&practice, &expired)).await).await,
        (
            400,
            "invalid_grant".to_owned(),
            "Authorization code has expired".to_owned()
        )
    );
}

#[tokio::test]
async fn refresh_replaces_both_tokens() {
    let practice = start().await;
    let old = grant_tokens(&practice);
    let new =
        token_set(token_request(&practice, &refresh_form(&practice, &old.refresh_token)).await)
            .await;
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
async fn invalid_refresh_token_has_the_error_of_its_generation() {
    let practice = start().await;
    let used = grant_tokens(&practice).refresh_token;
    token_set(token_request(&practice, &refresh_form(&practice, &used)).await).await;
    let expired = grant_tokens(&practice).refresh_token;
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
            let response = token_request(&practice, &refresh_form(&practice, refresh_token)).await;
            assert_eq!(
                error_of(response).await,
                (status, error.to_owned(), hint.to_owned())
            );
        }
    }
    practice.reset();
    let used = grant_tokens(&practice).refresh_token;
    token_set(token_request(&practice, &refresh_form(&practice, &used)).await).await;
    let response = token_request(&practice, &refresh_form(&practice, &used)).await;
    let hint = "Token has been revoked".to_owned();
    assert_eq!(
        error_of(response).await,
        (400, "invalid_grant".to_owned(), hint)
    );
}

#[tokio::test]
async fn redirect_uri_must_match_the_authorization_request() {
    let settings = Settings {
        redirect_urls: vec![
            REDIRECT_URL.to_owned(),
            "http://127.0.0.1:4180/callback".to_owned(),
        ],
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let other = Some("http://127.0.0.1:4180/callback");
    let refresh_token = grant_tokens(&practice).refresh_token;
    for form in [
        code_exchange_form(&practice, &issue_code(&practice)),
        refresh_form(&practice, &refresh_token),
    ] {
        let response = token_request(
            &practice,
            &with_parameter(form.clone(), "redirect_uri", other),
        )
        .await;
        let hint = "Invalid redirect URI".to_owned();
        assert_eq!(
            error_of(response).await,
            (400, "invalid_request".to_owned(), hint)
        );
        let response = token_request(
            &practice,
            &with_parameter(form.clone(), "redirect_uri", None),
        )
        .await;
        let hint = "Check the `redirect_uri` parameter".to_owned();
        assert_eq!(
            error_of(response).await,
            (400, "invalid_request".to_owned(), hint)
        );
        // The rejected request did not use up the code or the refresh token.
        token_set(token_request(&practice, &form).await).await;
    }
}

#[tokio::test]
async fn code_verifier_is_required_only_with_a_challenge() {
    let practice = start().await;
    let error_for = async |code: &str, verifier: Option<&str>| {
        let form = with_parameter(
            code_exchange_form(&practice, code),
            "code_verifier",
            verifier,
        );
        error_of(token_request(&practice, &form).await).await.1
    };
    let with_challenge = issue_code(&practice);
    assert_eq!(error_for(&with_challenge, None).await, "invalid_request");
    assert_eq!(
        error_for(&with_challenge, Some("short")).await,
        "invalid_request"
    );
    assert_eq!(
        error_for(&with_challenge, Some(CODE_CHALLENGE)).await,
        "invalid_grant"
    );
    let without_challenge = practice
        .grant(BOB, FUSION_INDUSTRIES, REDIRECT_URL, None)
        .unwrap();
    assert_eq!(
        error_for(&without_challenge, Some(CODE_VERIFIER)).await,
        "invalid_request"
    );
    let form = with_parameter(
        code_exchange_form(&practice, &without_challenge),
        "code_verifier",
        None,
    );
    token_set(token_request(&practice, &form).await).await;
}

#[tokio::test]
async fn wrong_client_credentials_are_an_invalid_client() {
    let practice = start().await;
    let code = issue_code(&practice);
    for (name, value) in [
        ("client_id", Some("nobody")),
        ("client_secret", Some("wrong")),
        ("client_secret", None),
    ] {
        let form = with_parameter(code_exchange_form(&practice, &code), name, value);
        let (status, error, _) = error_of(token_request(&practice, &form).await).await;
        assert_eq!((status, error.as_str()), (401, "invalid_client"), "{name}");
    }
}

#[tokio::test]
async fn client_credentials_in_a_header_are_rejected() {
    let practice = start().await;
    let form = code_exchange_form(&practice, &issue_code(&practice));
    let form = with_parameter(
        with_parameter(form, "client_id", None),
        "client_secret",
        None,
    );
    let response = http_client()
        .post(format!("{}/oauth/token", practice.base_url()))
        .header("accept", "application/json")
        .basic_auth(practice.client_id(), Some(practice.client_secret()))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(response).await.1, "invalid_client");
    assert_eq!(practice.complaints().len(), 1);
}

#[tokio::test]
async fn duplicate_or_unexpected_parameter_is_rejected() {
    let practice = start().await;
    let form = code_exchange_form(&practice, &issue_code(&practice));
    let with_extra = |name, value: &str| {
        let mut form = form.clone();
        form.push((name, value.to_owned()));
        form
    };
    for form in [
        with_extra("redirect_uri", REDIRECT_URL),
        with_extra("scope", "*"),
        with_extra("refresh_token", "def502"),
    ] {
        assert_eq!(
            error_of(token_request(&practice, &form).await).await.1,
            "invalid_request"
        );
    }
    assert_eq!(practice.complaints().len(), 3);
    let form = with_parameter(form, "grant_type", Some("password"));
    assert_eq!(
        error_of(token_request(&practice, &form).await).await.1,
        "unsupported_grant_type"
    );
}

#[tokio::test]
async fn request_must_be_a_form_and_accept_json() {
    let practice = start().await;
    let url = format!("{}/oauth/token", practice.base_url());
    let form = code_exchange_form(&practice, &issue_code(&practice));

    let response = http_client().post(&url).form(&form).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), location(&response).as_str()),
        (302, "/login")
    );

    let json = http_client()
        .post(&url)
        .header("accept", "application/json")
        .json(&form);
    assert_eq!(
        error_of(json.send().await.unwrap()).await.1,
        "invalid_request"
    );

    let get = http_client().get(&url).header("accept", "application/json");
    assert_eq!(get.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn requests_over_the_rate_limit_wait_for_the_window() {
    let settings = Settings {
        token_requests_per_minute: 2,
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let form = refresh_form(&practice, "def502");
    for _ in 0..2 {
        assert_eq!(token_request(&practice, &form).await.status(), 400);
    }
    let response = token_request(&practice, &form).await;
    assert_eq!(response.status(), 429);
    let seconds: u64 = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds));
    assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
    practice.advance(Duration::from_secs(seconds));
    assert_eq!(token_request(&practice, &form).await.status(), 400);
}
