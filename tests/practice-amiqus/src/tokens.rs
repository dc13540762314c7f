//! `/oauth/token`: a code becomes a token set, and a refresh token becomes a new one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::grants::{duplicated, field, is_pkce_text};
use crate::limits::Allowance;
use crate::oauth_error::OAuthError;
use crate::pages;
use crate::random;
use crate::records::{CodeRecord, Grant, Records, TokenSetRecord};
use crate::requests::Ticket;
use crate::server::{Connection, Form};
use crate::service::Service;
use crate::settings::{Generation, Settings};

/// The answer of `/oauth/token`, with its fields in the service's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSet {
    /// Always `Bearer`.
    pub token_type: String,
    /// For how many seconds the access token works.
    pub expires_in: u64,
    /// About a thousand characters that look like a JWT.
    pub access_token: String,
    /// About 790 hexadecimal digits.
    pub refresh_token: String,
}

const CODE_FIELDS: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
];
const REFRESH_FIELDS: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "refresh_token",
    "redirect_uri",
];

/// `POST /oauth/token`.
pub(crate) async fn token(
    State(service): State<Arc<Service>>,
    Extension(connection): Extension<Connection>,
    Extension(ticket): Extension<Ticket>,
    Extension(Form(form)): Extension<Form>,
    headers: HeaderMap,
) -> Response {
    let now = service.clock.now();
    let allowance = service.limits.take(
        format!("token {}", connection.peer_address()),
        service.settings.token_requests_per_minute,
        now,
    );
    if allowance.exceeded.is_some() {
        return too_many_attempts(&allowance);
    }
    if !accepts_json(&headers) {
        service
            .log
            .complain(ticket, "`Accept` does not name application/json");
        return pages::to_login();
    }
    for complaint in complaints(&headers, &form) {
        service.log.complain(ticket, complaint);
    }
    let generation = service.generation();
    let answer = check_form(&headers, &form).and_then(|()| {
        service.change(|records| {
            Exchange {
                records,
                form: &form,
                now,
                settings: &service.settings,
                generation,
            }
            .answer()
        })
    });
    match answer {
        Ok(token_set) => {
            let mut response = Json(token_set).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
            response
        }
        Err(error) => error.answer(generation),
    }
}

/// What is wrong with a request, whether or not the service refuses it for that.
fn complaints(headers: &HeaderMap, form: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    if headers.contains_key(header::AUTHORIZATION) {
        complaints.push("credentials belong into the body, not into `Authorization`".to_owned());
    }
    if !is_form(headers) {
        complaints.push("the body is not application/x-www-form-urlencoded".to_owned());
    }
    if let Some(name) = duplicated(form) {
        complaints.push(format!("`{name}` is there more than once"));
    }
    if let Some(name) = unexpected(form) {
        complaints.push(format!("`{name}` does not belong to this grant"));
    }
    complaints
}

/// What can be said about a form without looking into the books.
fn check_form(headers: &HeaderMap, form: &[(String, String)]) -> Result<(), OAuthError> {
    if !is_form(headers) {
        return Err(OAuthError::malformed(
            "The content type must be application/x-www-form-urlencoded",
        ));
    }
    if let Some(name) = duplicated(form) {
        return Err(OAuthError::check(name));
    }
    if let Some(name) = unexpected(form) {
        return Err(OAuthError::malformed(format!(
            "The `{name}` parameter does not belong to this grant"
        )));
    }
    let has = |name| field(form, name).is_some();
    if !has("client_id") {
        return Err(if headers.contains_key(header::AUTHORIZATION) {
            OAuthError::invalid_client()
        } else {
            OAuthError::check("client_id")
        });
    }
    if !has("client_secret") {
        return Err(OAuthError::invalid_client());
    }
    Ok(())
}

/// The first field that does not belong to the grant.
fn unexpected(form: &[(String, String)]) -> Option<&str> {
    let expected = match field(form, "grant_type") {
        Some("authorization_code") => CODE_FIELDS,
        Some("refresh_token") => REFRESH_FIELDS,
        _ => return None,
    };
    form.iter()
        .map(|(name, _)| name.as_str())
        .find(|name| !expected.contains(name))
}

/// One request to `/oauth/token` while the books are open: nobody else changes them before the
/// answer is decided.
struct Exchange<'a> {
    records: &'a mut Records,
    form: &'a [(String, String)],
    now: Timestamp,
    settings: &'a Settings,
    generation: Generation,
}

impl Exchange<'_> {
    fn answer(mut self) -> Result<TokenSet, OAuthError> {
        match field(self.form, "grant_type") {
            Some("authorization_code") => {
                let client_id = self.authenticate()?;
                self.redeem_code(&client_id)
            }
            Some("refresh_token") => {
                let client_id = self.authenticate()?;
                self.refresh(&client_id)
            }
            _ => Err(OAuthError::unsupported_grant_type()),
        }
    }

    fn field(&self, name: &str) -> Result<&str, OAuthError> {
        field(self.form, name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| OAuthError::check(name))
    }

    fn authenticate(&self) -> Result<String, OAuthError> {
        let secret = field(self.form, "client_secret");
        self.records
            .client(self.field("client_id")?)
            .filter(|client| Some(client.secret.as_str()) == secret)
            // league/oauth2-server calls this the client's fault as well.
            .filter(|client| {
                field(self.form, "redirect_uri")
                    .is_none_or(|asked| client.redirect_urls.iter().any(|url| url == asked))
            })
            .map(|client| client.id.clone())
            .ok_or_else(OAuthError::invalid_client)
    }

    fn redeem_code(&mut self, client_id: &str) -> Result<TokenSet, OAuthError> {
        let fingerprint = random::fingerprint(self.field("code")?);
        let dead = |hint| OAuthError::dead_code(self.generation, hint);
        let code = self
            .records
            .codes
            .iter()
            .find(|code| code.fingerprint == fingerprint)
            .cloned()
            .ok_or_else(|| OAuthError::malformed("Cannot decrypt the authorization code"))?;
        if self.now >= code.expires_at {
            return Err(dead("Authorization code has expired"));
        }
        if code.is_used {
            let error = dead("Authorization code has been revoked");
            // Someone else may have it: what came from it must not be trusted any longer.
            self.records.revoke(|set| set.code == fingerprint);
            return Err(error);
        }
        if code.grant.client_id != client_id {
            return Err(dead("Authorization code was not issued to this client"));
        }
        if self.field("redirect_uri")? != code.grant.redirect_uri {
            return Err(OAuthError::malformed("Invalid redirect URI"));
        }
        self.check_verifier(&code)?;
        for code in self
            .records
            .codes
            .iter_mut()
            .filter(|code| code.fingerprint == fingerprint)
        {
            code.is_used = true;
        }
        Ok(self.issue(code.grant, fingerprint))
    }

    fn check_verifier(&self, code: &CodeRecord) -> Result<(), OAuthError> {
        match (&code.code_challenge, field(self.form, "code_verifier")) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(OAuthError::malformed(
                "code_verifier received when no code_challenge is present",
            )),
            (Some(_), None) => Err(OAuthError::check("code_verifier")),
            (Some(_), Some(verifier)) if !is_pkce_text(verifier) => Err(OAuthError::malformed(
                "Code Verifier must follow the specifications of RFC-7636.",
            )),
            (Some(challenge), Some(verifier)) if random::s256(verifier) == *challenge => Ok(()),
            (Some(_), Some(_)) => Err(OAuthError::wrong_verifier()),
        }
    }

    fn refresh(&mut self, client_id: &str) -> Result<TokenSet, OAuthError> {
        let dead = |hint| OAuthError::dead_refresh_token(self.generation, hint);
        let refresh_token = self.field("refresh_token")?;
        let redirect_uri = self.field("redirect_uri")?;
        let set = self
            .records
            .by_refresh_token(refresh_token)
            .cloned()
            .ok_or_else(|| dead("Cannot decrypt the refresh token"))?;
        if set.grant.client_id != client_id {
            return Err(dead("Token is not linked to client"));
        }
        if self.now >= set.refresh_token_expires_at {
            return Err(dead("Token has expired"));
        }
        if set.is_revoked {
            return Err(dead("Token has been revoked"));
        }
        if redirect_uri != set.grant.redirect_uri {
            return Err(OAuthError::malformed("Invalid redirect URI"));
        }
        self.records
            .revoke(|other| other.refresh_token == set.refresh_token);
        Ok(self.issue(set.grant, set.code))
    }

    fn issue(&mut self, grant: Grant, code: String) -> TokenSet {
        issue(self.records, grant, code, self.now, self.settings)
    }
}

/// Gives away a token set.
pub(crate) fn issue(
    records: &mut Records,
    grant: Grant,
    code: String,
    now: Timestamp,
    settings: &Settings,
) -> TokenSet {
    let access_token_expires_at = clock::after(now, settings.access_token_lifetime);
    let token_set = TokenSet {
        token_type: "Bearer".to_owned(),
        expires_in: settings.access_token_lifetime.as_secs(),
        access_token: random::access_token(
            &grant.client_id,
            grant.person,
            now.as_second(),
            access_token_expires_at.as_second(),
        ),
        refresh_token: random::refresh_token(),
    };
    records.token_sets.push(TokenSetRecord {
        access_token: random::fingerprint(&token_set.access_token),
        refresh_token: random::fingerprint(&token_set.refresh_token),
        grant,
        code,
        access_token_expires_at,
        refresh_token_expires_at: clock::after(now, settings.refresh_token_lifetime),
        is_revoked: false,
    });
    token_set
}

/// Whether a request says that it understands JSON. One that does not is taken for a browser's.
pub(crate) fn accepts_json(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("application/json"))
}

/// Whether the body is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// 429, as Laravel's throttle says it.
fn too_many_attempts(allowance: &Allowance) -> Response {
    let body = Json(serde_json::json!({"message": "Too Many Attempts."}));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    allowance.write_to(response.headers_mut());
    response
}
