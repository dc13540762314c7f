//! The token endpoint, `/oauth/token`: exchanges authorization codes and refresh tokens for token
//! sets.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::database::{CodeRecord, Database, Grant, TokenSetRecord};
use crate::form::{Form, duplicate_name, is_form, parameter};
use crate::negotiation::json_rejection;
use crate::oauth_error::OAuthError;
use crate::pkce;
use crate::random;
use crate::request_log::RequestId;
use crate::server::Connection;
use crate::service::Service;
use crate::settings::{Generation, Settings};

/// A successful response of `/oauth/token`, with its members in the order of the real service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSet {
    /// Always `Bearer`.
    pub token_type: String,
    /// The lifetime of the access token in seconds.
    pub expires_in: u64,
    /// A JWT of about a thousand characters.
    pub access_token: String,
    /// 790 hexadecimal digits.
    pub refresh_token: String,
}

const AUTHORIZATION_CODE_PARAMETERS: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
];
const REFRESH_TOKEN_PARAMETERS: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "refresh_token",
    "redirect_uri",
];

/// `POST /oauth/token`.
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    Extension(connection): Extension<Connection>,
    Extension(request_id): Extension<RequestId>,
    Extension(Form(form)): Extension<Form>,
    headers: HeaderMap,
) -> Response {
    let now = service.clock.now();
    let rate_limit = service.rate_limiter.count(
        format!("token {}", connection.peer_ip()),
        service.settings.token_requests_per_minute,
        now,
    );
    if rate_limit.exceeded.is_some() {
        return rate_limit.to_response();
    }
    if let Some(rejection) = json_rejection(&service, request_id, &headers) {
        return rejection;
    }
    for complaint in complaints(&headers, &form) {
        service.request_log.add_complaint(request_id, complaint);
    }
    let generation = service.generation();
    let result = validate_form(&headers, &form).and_then(|()| {
        service.update(|db| {
            TokenRequest {
                db,
                form: &form,
                now,
                settings: &service.settings,
                generation,
            }
            .process()
        })
    });
    match result {
        Ok(token_set) => {
            let mut response = Json(token_set).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
            response
        }
        Err(error) => error.to_response(generation),
    }
}

/// The complaints about a token request, whether or not it is rejected because of them.
fn complaints(headers: &HeaderMap, form: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    if headers.contains_key(header::AUTHORIZATION) {
        complaints.push("client credentials belong in the body, not in `Authorization`".to_owned());
    }
    if !is_form(headers) {
        complaints.push("the body is not application/x-www-form-urlencoded".to_owned());
    }
    if let Some(name) = duplicate_name(form) {
        complaints.push(format!("`{name}` occurs more than once"));
    }
    if let Some(name) = unexpected_parameter(form) {
        complaints.push(format!("`{name}` does not belong to this grant"));
    }
    complaints
}

/// Validates the parts of a token request that need no data of the service.
fn validate_form(headers: &HeaderMap, form: &[(String, String)]) -> Result<(), OAuthError> {
    if !is_form(headers) {
        return Err(OAuthError::invalid_request(
            "The content type must be application/x-www-form-urlencoded",
        ));
    }
    if let Some(name) = duplicate_name(form) {
        return Err(OAuthError::invalid_parameter(name));
    }
    if let Some(name) = unexpected_parameter(form) {
        return Err(OAuthError::invalid_request(format!(
            "The `{name}` parameter does not belong to this grant"
        )));
    }
    let has = |name| parameter(form, name).is_some();
    if !has("client_id") {
        return Err(if headers.contains_key(header::AUTHORIZATION) {
            OAuthError::invalid_client()
        } else {
            OAuthError::invalid_parameter("client_id")
        });
    }
    if !has("client_secret") {
        return Err(OAuthError::invalid_client());
    }
    Ok(())
}

/// The first parameter that does not belong to the grant type.
fn unexpected_parameter(form: &[(String, String)]) -> Option<&str> {
    let expected = match parameter(form, "grant_type") {
        Some("authorization_code") => AUTHORIZATION_CODE_PARAMETERS,
        Some("refresh_token") => REFRESH_TOKEN_PARAMETERS,
        _ => return None,
    };
    form.iter()
        .map(|(name, _)| name.as_str())
        .find(|name| !expected.contains(name))
}

/// A token request while it is processed. It borrows the data exclusively, so that no other request
/// changes it in between.
struct TokenRequest<'a> {
    db: &'a mut Database,
    form: &'a [(String, String)],
    now: Timestamp,
    settings: &'a Settings,
    generation: Generation,
}

impl TokenRequest<'_> {
    fn process(mut self) -> Result<TokenSet, OAuthError> {
        match parameter(self.form, "grant_type") {
            Some("authorization_code") => {
                let client_id = self.authenticate()?;
                self.exchange_code(&client_id)
            }
            Some("refresh_token") => {
                let client_id = self.authenticate()?;
                self.refresh(&client_id)
            }
            _ => Err(OAuthError::unsupported_grant_type()),
        }
    }

    fn required_parameter(&self, name: &str) -> Result<&str, OAuthError> {
        parameter(self.form, name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| OAuthError::invalid_parameter(name))
    }

    fn authenticate(&self) -> Result<String, OAuthError> {
        let secret = parameter(self.form, "client_secret");
        self.db
            .client(self.required_parameter("client_id")?)
            .filter(|client| Some(client.secret.as_str()) == secret)
            // league/oauth2-server also responds with `invalid_client` to an unregistered redirect URL.
            .filter(|client| {
                parameter(self.form, "redirect_uri").is_none_or(|url| client.has_redirect_url(url))
            })
            .map(|client| client.id.clone())
            .ok_or_else(OAuthError::invalid_client)
    }

    fn exchange_code(&mut self, client_id: &str) -> Result<TokenSet, OAuthError> {
        let invalid = |hint| OAuthError::invalid_code(self.generation, hint);
        let code = self
            .db
            .find_code(self.required_parameter("code")?)
            .cloned()
            .ok_or_else(|| OAuthError::invalid_request("Cannot decrypt the authorization code"))?;
        if self.now >= code.expires_at {
            return Err(invalid("Authorization code has expired"));
        }
        if code.is_used {
            let error = invalid("Authorization code has been revoked");
            // A second use means that the code may have been stolen (RFC 6749 §4.1.2).
            self.db.revoke(|set| set.code_hash == code.code_hash);
            return Err(error);
        }
        if code.grant.client_id != client_id {
            return Err(invalid("Authorization code was not issued to this client"));
        }
        if self.required_parameter("redirect_uri")? != code.grant.redirect_uri {
            return Err(OAuthError::invalid_request("Invalid redirect URI"));
        }
        self.verify_pkce(&code)?;
        for record in self
            .db
            .codes
            .iter_mut()
            .filter(|record| record.code_hash == code.code_hash)
        {
            record.is_used = true;
        }
        Ok(self.issue_token_set(code.grant, code.code_hash))
    }

    fn verify_pkce(&self, code: &CodeRecord) -> Result<(), OAuthError> {
        match (&code.code_challenge, parameter(self.form, "code_verifier")) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(OAuthError::invalid_request(
                "code_verifier received when no code_challenge is present",
            )),
            (Some(_), None) => Err(OAuthError::invalid_parameter("code_verifier")),
            (Some(_), Some(verifier)) if !pkce::is_valid_value(verifier) => {
                Err(OAuthError::invalid_request(
                    "Code Verifier must follow the specifications of RFC-7636.",
                ))
            }
            (Some(challenge), Some(verifier)) if pkce::s256_challenge(verifier) == *challenge => {
                Ok(())
            }
            (Some(_), Some(_)) => Err(OAuthError::invalid_code_verifier()),
        }
    }

    fn refresh(&mut self, client_id: &str) -> Result<TokenSet, OAuthError> {
        let invalid = |hint| OAuthError::invalid_refresh_token(self.generation, hint);
        let refresh_token = self.required_parameter("refresh_token")?;
        let redirect_uri = self.required_parameter("redirect_uri")?;
        let set = self
            .db
            .find_by_refresh_token(refresh_token)
            .cloned()
            .ok_or_else(|| invalid("Cannot decrypt the refresh token"))?;
        if set.grant.client_id != client_id {
            return Err(invalid("Token is not linked to client"));
        }
        if self.now >= set.refresh_token_expires_at {
            return Err(invalid("Token has expired"));
        }
        if set.is_revoked {
            return Err(invalid("Token has been revoked"));
        }
        if redirect_uri != set.grant.redirect_uri {
            return Err(OAuthError::invalid_request("Invalid redirect URI"));
        }
        self.db
            .revoke(|other| other.refresh_token_hash == set.refresh_token_hash);
        Ok(self.issue_token_set(set.grant, set.code_hash))
    }

    fn issue_token_set(&mut self, grant: Grant, code_hash: String) -> TokenSet {
        issue_token_set(self.db, grant, code_hash, self.now, self.settings)
    }
}

/// Issues a token set and stores it.
pub(crate) fn issue_token_set(
    db: &mut Database,
    grant: Grant,
    code_hash: String,
    now: Timestamp,
    settings: &Settings,
) -> TokenSet {
    let access_token_expires_at = clock::saturating_add(now, settings.access_token_lifetime);
    let token_set = TokenSet {
        token_type: "Bearer".to_owned(),
        expires_in: settings.access_token_lifetime.as_secs(),
        access_token: random::access_token(
            &grant.client_id,
            grant.person_id,
            now.as_second(),
            access_token_expires_at.as_second(),
        ),
        refresh_token: random::refresh_token(),
    };
    db.token_sets.push(TokenSetRecord {
        access_token_hash: random::sha256_hex(&token_set.access_token),
        refresh_token_hash: random::sha256_hex(&token_set.refresh_token),
        grant,
        code_hash,
        access_token_expires_at,
        refresh_token_expires_at: clock::saturating_add(now, settings.refresh_token_lifetime),
        is_revoked: false,
    });
    token_set
}
