//! The HTTP client of the tests, and the requests that they share.

use practice_amiqus::{Answer, Practice, Settings, TokenSet};
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use url::Url;

pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const LORRAINE: &str = "lorraine@example.com";
pub(crate) const FUSION_INDUSTRIES: &str = "Fusion Industries";
pub(crate) const HILL_VALLEY_LEGAL: &str = "Hill Valley Legal";
pub(crate) const REDIRECT_URL: &str = "co.amiqus.signin://oauth/callback";

/// The example of RFC 7636, appendix B.
pub(crate) const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An HTTP client that follows no redirects and uses no proxy.
pub(crate) fn http_client() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// A practice service with the default settings.
pub(crate) async fn start() -> Practice {
    Practice::start(Settings::default()).await.unwrap()
}

/// The parameters of a valid authorization request.
pub(crate) fn authorization_parameters(practice: &Practice) -> Vec<(&'static str, String)> {
    vec![
        ("client_id", practice.client_id().to_owned()),
        ("redirect_uri", REDIRECT_URL.to_owned()),
        ("response_type", "code".to_owned()),
        ("state", "s t+a&te".to_owned()),
        ("code_challenge", CODE_CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

pub(crate) fn authorization_url(practice: &Practice, parameters: &[(&str, String)]) -> String {
    let url = format!("{}/oauth/authorize", practice.base_url());
    Url::parse_with_params(&url, parameters).unwrap().into()
}

/// Replaces a parameter, or removes it if the value is `None`.
pub(crate) fn with_parameter(
    mut parameters: Vec<(&'static str, String)>,
    name: &'static str,
    value: Option<&str>,
) -> Vec<(&'static str, String)> {
    parameters.retain(|(other, _)| *other != name);
    parameters.extend(value.map(|value| (name, value.to_owned())));
    parameters
}

/// An authorization code for Bob at Fusion Industries, with PKCE.
pub(crate) fn issue_code(practice: &Practice) -> String {
    practice
        .grant(BOB, FUSION_INDUSTRIES, REDIRECT_URL, Some(CODE_CHALLENGE))
        .unwrap()
}

/// The form of a token request with an authorization code.
pub(crate) fn code_exchange_form(practice: &Practice, code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", practice.client_id().to_owned()),
        ("client_secret", practice.client_secret().to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT_URL.to_owned()),
        ("code_verifier", CODE_VERIFIER.to_owned()),
    ]
}

/// The form of a token request with a refresh token.
pub(crate) fn refresh_form(
    practice: &Practice,
    refresh_token: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", practice.client_id().to_owned()),
        ("client_secret", practice.client_secret().to_owned()),
        ("refresh_token", refresh_token.to_owned()),
        ("redirect_uri", REDIRECT_URL.to_owned()),
    ]
}

pub(crate) async fn try_token_request(
    practice: &Practice,
    form: &[(&str, String)],
) -> reqwest::Result<Response> {
    http_client()
        .post(format!("{}/oauth/token", practice.base_url()))
        .header(ACCEPT, "application/json")
        .form(form)
        .send()
        .await
}

pub(crate) async fn token_request(practice: &Practice, form: &[(&str, String)]) -> Response {
    try_token_request(practice, form).await.unwrap()
}

/// The token set of a response that must be successful.
pub(crate) async fn token_set(response: Response) -> TokenSet {
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

/// The status, `error` and `hint` of an error response.
pub(crate) async fn error_of(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (status, text("error"), text("hint"))
}

pub(crate) async fn try_get(
    practice: &Practice,
    path: &str,
    access_token: &str,
) -> reqwest::Result<Response> {
    http_client()
        .get(format!("{}/api/v2/{path}", practice.base_url()))
        .header(ACCEPT, "application/json")
        .bearer_auth(access_token)
        .send()
        .await
}

pub(crate) async fn get(practice: &Practice, path: &str, access_token: &str) -> Response {
    try_get(practice, path, access_token).await.unwrap()
}

/// The JSON of a response that must be successful.
pub(crate) async fn get_json(practice: &Practice, path: &str, access_token: &str) -> Value {
    let response = get(practice, path, access_token).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

/// A request to the API with a JSON body.
pub(crate) async fn send_json(
    practice: &Practice,
    method: Method,
    path: &str,
    access_token: &str,
    body: &Value,
) -> Response {
    let url = format!("{}/api/v2/{path}", practice.base_url());
    http_client()
        .request(method, url)
        .header(ACCEPT, "application/json")
        .bearer_auth(access_token)
        .json(body)
        .send()
        .await
        .unwrap()
}

/// The status and the JSON of a response.
pub(crate) async fn status_and_json(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

/// An access token for a user in a team.
pub(crate) fn access_token(practice: &Practice, email: &str, team: &str) -> String {
    let set = practice.grant_tokens(email, team, REDIRECT_URL).unwrap();
    set.access_token
}

/// The items of a page of a list.
pub(crate) fn items(page: &Value) -> &Vec<Value> {
    page["data"].as_array().unwrap()
}

/// A token set for Bob at Fusion Industries.
pub(crate) fn grant_tokens(practice: &Practice) -> TokenSet {
    practice
        .grant_tokens(BOB, FUSION_INDUSTRIES, REDIRECT_URL)
        .unwrap()
}

/// The `Location` header.
pub(crate) fn location(response: &Response) -> String {
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// A query parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Answers an authorization request as Bob at Fusion Industries; returns the URL of the redirect.
pub(crate) fn answer(practice: &Practice, parameters: &[(&str, String)], answer: Answer) -> String {
    practice
        .answer(
            &authorization_url(practice, parameters),
            BOB,
            FUSION_INDUSTRIES,
            answer,
        )
        .unwrap()
}
