//! Requests to the token endpoint.

use jiff::Timestamp;
use reqwest::Client;

use super::error::TokenError;
use super::response::{self, Grant};
use super::token_set::{RefreshToken, TokenSet};
use crate::authorization::CodeVerifier;
use crate::error::chain;
use crate::http::{self, PartialResponse};
use crate::lenient_json as json;
use crate::redirect::AuthorizationCode;
use crate::registration::{RedirectUrl, Registration};

/// Exchanges an authorization code for tokens. Takes the code by value: it is sent at most once, even
/// after a timeout (RFC 6749 §4.1.2).
///
/// # Errors
/// [`TokenError`] when the request fails or the endpoint issues no tokens.
pub async fn exchange(
    client: &Client,
    registration: &Registration,
    redirect_url: &RedirectUrl,
    code: AuthorizationCode,
    verifier: Option<CodeVerifier>,
    now: impl Fn() -> Timestamp,
) -> Result<TokenSet, TokenError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", registration.client_id.as_str()),
        ("client_secret", registration.client_secret.expose()),
        ("code", code.expose()),
        ("redirect_uri", redirect_url.as_str()),
    ];
    if let Some(verifier) = &verifier {
        fields.push(("code_verifier", verifier.expose()));
    }
    post(
        client,
        registration,
        redirect_url,
        Grant::Code,
        None,
        &fields,
        now,
    )
    .await
}

/// Refreshes tokens. Sends the refresh token once; the caller has saved in its journal that it will.
///
/// # Errors
/// [`TokenError`] when the request fails or the endpoint issues no tokens.
pub async fn refresh(
    client: &Client,
    registration: &Registration,
    refresh: &RefreshToken,
    redirect_url: &RedirectUrl,
    now: impl Fn() -> Timestamp,
) -> Result<TokenSet, TokenError> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", registration.client_id.as_str()),
        ("client_secret", registration.client_secret.expose()),
        ("refresh_token", refresh.expose()),
        ("redirect_uri", redirect_url.as_str()),
    ];
    post(
        client,
        registration,
        redirect_url,
        Grant::Refresh,
        Some(refresh),
        &fields,
        now,
    )
    .await
}

/// Posts a made-up code and returns how the endpoint rejects it; `None` if it was accepted.
pub(crate) async fn probe(
    client: &Client,
    registration: &Registration,
    redirect_url: Option<&RedirectUrl>,
    made_up: &AuthorizationCode,
    now: impl Fn() -> Timestamp,
) -> Option<TokenError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", registration.client_id.as_str()),
        ("client_secret", registration.client_secret.expose()),
        ("code", made_up.expose()),
    ];
    fields.extend(redirect_url.map(|redirect_url| ("redirect_uri", redirect_url.as_str())));
    let redirect_url = &registration.redirect_url;
    post(
        client,
        registration,
        redirect_url,
        Grant::Code,
        None,
        &fields,
        now,
    )
    .await
    .err()
}

async fn post(
    client: &Client,
    registration: &Registration,
    redirect_url: &RedirectUrl,
    grant: Grant,
    current: Option<&RefreshToken>,
    fields: &[(&str, &str)],
    now: impl Fn() -> Timestamp,
) -> Result<TokenSet, TokenError> {
    let request = client
        .post(registration.base_url.token_endpoint())
        .form(fields);
    let received = http::send_keeping_part(request).await;
    let PartialResponse { response, error } = received.map_err(|error| {
        tracing::warn!(?grant, error = %chain(&error), "token request: failed");
        TokenError::from(error)
    })?;
    let Some(error) = error else {
        return response::read(grant, &response, current, redirect_url, now());
    };
    tracing::warn!(?grant, error = %chain(&error), "token request: response incomplete");
    // Tokens that arrived are valid whatever is missing after them. Anything else in a part of a
    // response means nothing.
    let text = json::decode(&response.body);
    let tokens = response::read_pair(&response, &text, current, redirect_url, now());
    tokens.ok_or_else(|| error.into())
}
