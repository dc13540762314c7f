//! What the tests call the service with.

use practice_amiqus::{Answer, Practice, Settings, TokenSet};
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;
use url::Url;

pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const FUSION: &str = "Fusion Industries";
pub(crate) const HILL_VALLEY: &str = "Hill Valley Legal";
pub(crate) const REDIRECT: &str = "co.amiqus.signin://oauth/callback";

/// From RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client without opinions: it follows no redirect and knows no proxy.
pub(crate) fn http() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub(crate) async fn started() -> Practice {
    Practice::start(Settings::default()).await.unwrap()
}

/// The fields of an authorization request that is in order.
pub(crate) fn request(practice: &Practice) -> Vec<(&'static str, String)> {
    vec![
        ("client_id", practice.client_id().to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("response_type", "code".to_owned()),
        ("state", "s t+a&te".to_owned()),
        ("code_challenge", CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

pub(crate) fn authorization_url(practice: &Practice, fields: &[(&str, String)]) -> String {
    let url = format!("{}/oauth/authorize", practice.base_url());
    Url::parse_with_params(&url, fields).unwrap().into()
}

/// The fields with one of them replaced, or removed.
pub(crate) fn replaced(
    mut fields: Vec<(&'static str, String)>,
    name: &'static str,
    value: Option<&str>,
) -> Vec<(&'static str, String)> {
    fields.retain(|(other, _)| *other != name);
    fields.extend(value.map(|value| (name, value.to_owned())));
    fields
}

/// A code for Bob at Fusion Industries, with PKCE.
pub(crate) fn code(practice: &Practice) -> String {
    practice
        .grant(BOB, FUSION, REDIRECT, Some(CHALLENGE))
        .unwrap()
}

pub(crate) fn exchange(practice: &Practice, code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", practice.client_id().to_owned()),
        ("client_secret", practice.client_secret().to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ]
}

pub(crate) fn refresh(practice: &Practice, refresh_token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", practice.client_id().to_owned()),
        ("client_secret", practice.client_secret().to_owned()),
        ("refresh_token", refresh_token.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
    ]
}

pub(crate) async fn try_token(
    practice: &Practice,
    form: &[(&str, String)],
) -> reqwest::Result<Response> {
    http()
        .post(format!("{}/oauth/token", practice.base_url()))
        .header(ACCEPT, "application/json")
        .form(form)
        .send()
        .await
}

pub(crate) async fn token(practice: &Practice, form: &[(&str, String)]) -> Response {
    try_token(practice, form).await.unwrap()
}

/// The token set of an answer that must be one.
pub(crate) async fn token_set(response: Response) -> TokenSet {
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

/// Status, `error` and `hint` of an answer that must be an error.
pub(crate) async fn refusal(response: Response) -> (u16, String, String) {
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
    http()
        .get(format!("{}/api/v2/{path}", practice.base_url()))
        .header(ACCEPT, "application/json")
        .bearer_auth(access_token)
        .send()
        .await
}

pub(crate) async fn get(practice: &Practice, path: &str, access_token: &str) -> Response {
    try_get(practice, path, access_token).await.unwrap()
}

pub(crate) fn granted_tokens(practice: &Practice) -> TokenSet {
    practice.grant_tokens(BOB, FUSION, REDIRECT).unwrap()
}

pub(crate) fn location(response: &Response) -> String {
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// A field in the query of an address.
pub(crate) fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(crate) fn answered(practice: &Practice, fields: &[(&str, String)], answer: Answer) -> String {
    practice
        .answer(&authorization_url(practice, fields), BOB, FUSION, answer)
        .unwrap()
}
