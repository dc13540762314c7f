//! `/oauth/authorize`, before anybody has logged in.

use practice_amiqus::{Answer, Generation, Practice, Settings, Unable};

use crate::caller::*;

async fn opened(practice: &Practice, fields: &[(&str, String)]) -> reqwest::Response {
    http()
        .get(authorization_url(practice, fields))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn an_unknown_client_or_redirect_url_never_comes_back() {
    let practice = started().await;
    for (name, value) in [
        ("client_id", Some("nobody")),
        ("client_id", None),
        ("redirect_uri", Some("co.amiqus.signin://oauth/callback/")),
    ] {
        let response = opened(&practice, &replaced(request(&practice), name, value)).await;
        assert_eq!(response.status(), 401, "{name}");
        assert!(
            response
                .text()
                .await
                .unwrap()
                .contains("This link does not work")
        );
    }
    let twice = [request(&practice), request(&practice)].concat();
    assert_eq!(opened(&practice, &twice).await.status(), 401);
}

#[tokio::test]
async fn the_only_redirect_url_can_be_left_out() {
    let practice = started().await;
    let fields = replaced(request(&practice), "redirect_uri", None);
    assert!(answered(&practice, &fields, Answer::Allow).starts_with(REDIRECT));
}

#[tokio::test]
async fn other_mistakes_are_told_to_the_application() {
    let practice = started().await;
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
    ] {
        let response = opened(&practice, &replaced(request(&practice), name, value)).await;
        assert_eq!(response.status(), 302, "{name}");
        let address = location(&response);
        assert!(
            address.starts_with("co.amiqus.signin://oauth/callback?error="),
            "{address}"
        );
        assert_eq!(parameter(&address, "error").unwrap(), error, "{name}");
        assert_eq!(parameter(&address, "state").unwrap(), "s t+a&te");
    }
}

#[tokio::test]
async fn a_granted_code_comes_with_the_state_and_can_be_redeemed() {
    let practice = started().await;
    let mut fields = request(&practice);
    fields.push(("prompt", "nobody knows this parameter".to_owned()));
    let address = answered(&practice, &fields, Answer::Allow);
    assert_eq!(parameter(&address, "state").unwrap(), "s t+a&te");
    let code = parameter(&address, "code").unwrap();
    assert_eq!(code.len(), 860);
    token_set(token(&practice, &exchange(&practice, &code)).await).await;
}

#[tokio::test]
async fn a_denied_request_comes_back_with_access_denied() {
    let practice = started().await;
    let address = answered(&practice, &request(&practice), Answer::Deny);
    assert_eq!(parameter(&address, "error").unwrap(), "access_denied");
    assert!(parameter(&address, "error_description").is_some());
    assert_eq!(
        parameter(&address, "hint").unwrap(),
        "The user denied the request"
    );
    assert_eq!(parameter(&address, "state").unwrap(), "s t+a&te");
    assert_eq!(parameter(&address, "message"), None);
    assert_eq!(parameter(&address, "code"), None);

    practice.set_generation(Generation::League8);
    let address = answered(&practice, &request(&practice), Answer::Deny);
    assert_eq!(
        parameter(&address, "message"),
        parameter(&address, "error_description")
    );
}

#[tokio::test]
async fn a_redirect_url_keeps_its_own_query() {
    let url = "co.amiqus.signin://oauth/callback?from=amiqus";
    let settings = Settings {
        redirect_urls: vec![url.to_owned()],
        ..Settings::default()
    };
    let practice = Practice::start(settings).await.unwrap();
    let fields = replaced(request(&practice), "redirect_uri", Some(url));
    let address = answered(&practice, &fields, Answer::Allow);
    assert!(address.starts_with("co.amiqus.signin://oauth/callback?from=amiqus&code="));
}

#[tokio::test]
async fn an_answer_needs_somebody_who_works_in_the_team() {
    let practice = started().await;
    let url = authorization_url(&practice, &request(&practice));
    let answer = |person, team| practice.answer(&url, person, team, Answer::Allow);
    assert_eq!(
        answer("lorraine@example.com", FUSION),
        Err(Unable::NotInTeam(FUSION.to_owned()))
    );
    assert!(matches!(
        answer("biff@example.com", FUSION),
        Err(Unable::NoSuchPerson(_))
    ));
    assert!(answer("lorraine@example.com", HILL_VALLEY).is_ok());
}

#[tokio::test]
async fn a_scope_is_accepted_and_noted() {
    let practice = started().await;
    let mut fields = request(&practice);
    fields.push(("scope", "*".to_owned()));
    let response = opened(&practice, &fields).await;
    assert!(location(&response).starts_with("/login?return_to="));
    assert_eq!(practice.complaints(), ["`scope` is not needed"]);
}
