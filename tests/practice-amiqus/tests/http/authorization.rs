//! The authorization endpoint, without a login.

use practice_amiqus::{Answer, ControlError, Generation, Practice, Settings};

use crate::client::*;

async fn get_authorize(practice: &Practice, parameters: &[(&str, String)]) -> reqwest::Response {
    http_client()
        .get(authorization_url(practice, parameters))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn unknown_client_or_redirect_url_shows_an_error_page() {
    let practice = start().await;
    for (name, value) in [
        ("client_id", Some("nobody")),
        ("client_id", None),
        ("redirect_uri", Some("co.amiqus.signin://oauth/callback/")),
    ] {
        let response = get_authorize(
            &practice,
            &with_parameter(authorization_parameters(&practice), name, value),
        )
        .await;
        assert_eq!(response.status(), 401, "{name}");
        assert!(
            response
                .text()
                .await
                .unwrap()
                .contains("This link does not work")
        );
    }
    let duplicated = [
        authorization_parameters(&practice),
        authorization_parameters(&practice),
    ]
    .concat();
    assert_eq!(get_authorize(&practice, &duplicated).await.status(), 401);
}

#[tokio::test]
async fn only_redirect_url_of_a_client_can_be_omitted() {
    let practice = start().await;
    let parameters = with_parameter(authorization_parameters(&practice), "redirect_uri", None);
    assert!(answer(&practice, &parameters, Answer::Allow).starts_with(REDIRECT_URL));
}

#[tokio::test]
async fn other_invalid_parameter_redirects_with_error() {
    let practice = start().await;
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
    ] {
        let response = get_authorize(
            &practice,
            &with_parameter(authorization_parameters(&practice), name, value),
        )
        .await;
        assert_eq!(response.status(), 302, "{name}");
        let url = location(&response);
        assert!(
            url.starts_with("co.amiqus.signin://oauth/callback?error="),
            "{url}"
        );
        assert_eq!(parameter(&url, "error").unwrap(), error, "{name}");
        assert_eq!(parameter(&url, "state").unwrap(), "s t+a&te");
    }
}

#[tokio::test]
async fn allowed_request_redirects_with_state_and_valid_code() {
    let practice = start().await;
    let mut parameters = authorization_parameters(&practice);
    parameters.push(("prompt", "unknown parameter".to_owned()));
    let url = answer(&practice, &parameters, Answer::Allow);
    assert_eq!(parameter(&url, "state").unwrap(), "s t+a&te");
    let code = parameter(&url, "code").unwrap();
    assert_eq!(code.len(), 860);
    token_set(token_request(&practice, &code_exchange_form(&practice, &code)).await).await;
}

#[tokio::test]
async fn denied_request_redirects_with_access_denied() {
    let practice = start().await;
    let url = answer(
        &practice,
        &authorization_parameters(&practice),
        Answer::Deny,
    );
    assert_eq!(parameter(&url, "error").unwrap(), "access_denied");
    assert!(parameter(&url, "error_description").is_some());
    assert_eq!(
        parameter(&url, "hint").unwrap(),
        "The user denied the request"
    );
    assert_eq!(parameter(&url, "state").unwrap(), "s t+a&te");
    assert_eq!(parameter(&url, "message"), None);
    assert_eq!(parameter(&url, "code"), None);

    practice.set_generation(Generation::League8);
    let url = answer(
        &practice,
        &authorization_parameters(&practice),
        Answer::Deny,
    );
    assert_eq!(
        parameter(&url, "message"),
        parameter(&url, "error_description")
    );
}

#[tokio::test]
async fn redirect_url_keeps_its_query() {
    let url = "co.amiqus.signin://oauth/callback?from=amiqus";
    let settings = Settings {
        redirect_urls: vec![url.to_owned()],
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let parameters = with_parameter(
        authorization_parameters(&practice),
        "redirect_uri",
        Some(url),
    );
    let url = answer(&practice, &parameters, Answer::Allow);
    assert!(url.starts_with("co.amiqus.signin://oauth/callback?from=amiqus&code="));
}

#[tokio::test]
async fn answer_of_a_user_outside_the_team_is_rejected() {
    let practice = start().await;
    let url = authorization_url(&practice, &authorization_parameters(&practice));
    let answer = |person, team| practice.answer(&url, person, team, Answer::Allow);
    assert_eq!(
        answer("lorraine@example.com", FUSION_INDUSTRIES),
        Err(ControlError::UnknownTeam(FUSION_INDUSTRIES.to_owned()))
    );
    assert!(matches!(
        answer("biff@example.com", FUSION_INDUSTRIES),
        Err(ControlError::UnknownPerson(_))
    ));
    assert!(answer("lorraine@example.com", HILL_VALLEY_LEGAL).is_ok());
}

#[tokio::test]
async fn scope_is_accepted_with_a_complaint() {
    let practice = start().await;
    let mut parameters = authorization_parameters(&practice);
    parameters.push(("scope", "*".to_owned()));
    let response = get_authorize(&practice, &parameters).await;
    assert!(location(&response).starts_with("/login?return_to="));
    assert_eq!(practice.complaints(), ["`scope` is not needed"]);
}
