//! Responses of the token endpoint: the one table of what means what.

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use zeroize::Zeroizing;

use super::error::{RejectedPart, TokenError};
use super::token_set::{AccessToken, RefreshToken, TokenSet};
use crate::http::{self, HttpResponse};
use crate::lenient_json::{self as json, Object};
use crate::registration::RedirectUrl;
use crate::transient::Transient;

/// The lifetime of an access token if the response has none, or an impossible one: a year (Amiqus
/// guide). Rejecting the response would lose its tokens, and the old pair is already invalid.
const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The maximum lifetime that is believed.
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// The minimum lifetime that is believed: with one of a second this app would refresh without
/// pause. A token that really expires sooner is noticed by its 401.
const MIN_LIFETIME: SignedDuration = SignedDuration::from_mins(1);

/// The grant that a response belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// `authorization_code` (RFC 6749 §4.1.3).
    Code,
    /// `refresh_token` (RFC 6749 §6).
    Refresh,
}

/// An error response (RFC 6749 §5.2), with the `hint` that league/oauth2-server adds.
struct ErrorResponse {
    error: Zeroizing<String>,
    error_description: Option<Zeroizing<String>>,
    hint: Option<Zeroizing<String>>,
}

/// Reads a complete response of the token endpoint. `current` is the refresh token that stays in use
/// if the response brings no other (RFC 6749 §6), `redirect_url` is the grant's.
///
/// # Errors
/// [`TokenError`] when the response has no tokens.
///
/// ```
/// use amiqus_core::http::HttpResponse;
/// use amiqus_core::registration::{DEFAULT_REDIRECT_URL, RedirectUrl};
/// use amiqus_core::token::{self, Grant, TokenError};
///
/// let redirect_url = RedirectUrl::parse(DEFAULT_REDIRECT_URL)?;
/// let now = jiff::Timestamp::UNIX_EPOCH;
/// let read = |status, body: &str| {
///     let response = HttpResponse {
///         status,
///         headers: Default::default(),
///         body: body.as_bytes().to_vec().into(),
///     };
///     token::read(Grant::Code, &response, None, &redirect_url, now)
/// };
///
/// let body = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"a","refresh_token":"r"}"#;
/// let tokens = read(reqwest::StatusCode::OK, body).unwrap();
/// assert_eq!(tokens.ends_at().as_second(), 3600);
/// // Debug output has no secrets.
/// assert_eq!(format!("{:?}", tokens.access), "AccessToken(…)");
///
/// let error = read(reqwest::StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#).unwrap_err();
/// assert_eq!(error, TokenError::InvalidGrant { expired: false });
/// # Ok::<(), amiqus_core::registration::Reason>(())
/// ```
pub fn read(
    grant: Grant,
    response: &HttpResponse,
    current: Option<&RefreshToken>,
    redirect_url: &RedirectUrl,
    now: Timestamp,
) -> Result<TokenSet, TokenError> {
    let text = json::decode(&response.body);
    if let Some(tokens) = read_pair(response, &text, current, redirect_url, now) {
        return Ok(tokens);
    }
    let error = read_error(grant, response, &text, now);
    let status = response.status.as_u16();
    tracing::warn!(?grant, status, ?error, "token request: rejected");
    Err(error)
}

/// The pair of tokens in a response, complete or not: two valid tokens with any 2xx.
pub(super) fn read_pair(
    response: &HttpResponse,
    text: &str,
    current: Option<&RefreshToken>,
    redirect_url: &RedirectUrl,
    now: Timestamp,
) -> Option<TokenSet> {
    let mut objects = json::objects(text).filter(|_| response.status.is_success());
    objects.find_map(|object| read_tokens(&object, current, redirect_url, now))
}

/// Reads a token response (RFC 6749 §5.1). The old pair is invalid by now, so no other member, missing
/// or malformed, is a reason to lose the new one.
fn read_tokens(
    object: &Object<'_>,
    current: Option<&RefreshToken>,
    redirect_url: &RedirectUrl,
    now: Timestamp,
) -> Option<TokenSet> {
    let mut types = object
        .strings("token_type")
        .filter(|kind| !kind.is_empty())
        .peekable();
    // These types need a proof of possession; any other name is taken for a bearer token.
    let needs_proof = |kind: &str| {
        ["mac", "dpop"]
            .iter()
            .any(|it| kind.eq_ignore_ascii_case(it))
    };
    let is_bearer = types.peek().is_none() || types.any(|kind| !needs_proof(&kind));
    let is_valid = |token: &Zeroizing<String>| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let token = |name: &str| object.strings(name).rfind(is_valid);
    let access = token("access_token").filter(|_| is_bearer)?;
    let refresh = match token("refresh_token") {
        Some(refresh) => RefreshToken::new(refresh.as_str()),
        // A new token that is unreadable or cut off has replaced the old one all the same.
        None if object.is_complete && is_absent(object, "refresh_token") => current?.clone(),
        None => return None,
    };
    Some(TokenSet {
        access: AccessToken::new(access.as_str()),
        refresh,
        received_at: now,
        lifetime: lifetime(object),
        redirect_url: redirect_url.clone(),
    })
}

fn is_absent(object: &Object<'_>, name: &str) -> bool {
    object
        .literals(name)
        .all(|value| value.is_empty() || *value == "null")
}

fn lifetime(object: &Object<'_>) -> SignedDuration {
    object
        .literals("expires_in")
        .rev()
        .filter_map(|seconds| seconds.parse::<f64>().ok())
        .filter_map(|seconds| SignedDuration::try_from_secs_f64(seconds.trunc()).ok())
        .find(SignedDuration::is_positive)
        .map_or(DEFAULT_LIFETIME, |lifetime| {
            lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME)
        })
}

fn read_error(grant: Grant, response: &HttpResponse, text: &str, now: Timestamp) -> TokenError {
    let status = response.status;
    let busy = || Transient::Busy(http::retry_after(&response.headers, now));
    match status {
        // A rate limiter is in front of what it protects (RFC 6585 §4).
        StatusCode::TOO_MANY_REQUESTS => return TokenError::NotProcessed(busy()),
        // A gateway sends this also for a request that it has passed on.
        StatusCode::SERVICE_UNAVAILABLE => return TokenError::PerhapsProcessed(busy()),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return TokenError::NotProcessed(Transient::ProxyNeedsPassword);
        }
        _ => {}
    }
    let transient = Transient::from_unexpected(response);
    if response.is_server_error() {
        return TokenError::PerhapsProcessed(transient);
    }
    let oauth_error = json::objects(text).find_map(|object| read_error_response(&object));
    if let Some(error) = oauth_error.and_then(|error| classify(grant, status, &error)) {
        return error;
    }
    match transient {
        Transient::NotPermitted => TokenError::NotProcessed(transient),
        // A portal's page or an unknown format does not tell whether Amiqus processed the request.
        _ => TokenError::PerhapsProcessed(transient),
    }
}

fn read_error_response(object: &Object<'_>) -> Option<ErrorResponse> {
    Some(ErrorResponse {
        error: object.string("error")?,
        error_description: object.string("error_description"),
        hint: object.string("hint"),
    })
}

/// Classifies an OAuth error, whatever its status: as both server generations use it, see the table in
/// the service's description. `None` for an error that OAuth does not define.
fn classify(grant: Grant, status: StatusCode, response: &ErrorResponse) -> Option<TokenError> {
    if status.is_redirection() {
        return None;
    }
    let contains = |text: &Option<Zeroizing<String>>, word: &str| {
        text.as_deref()
            .is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    let is_invalid_grant = match (response.error.as_str(), grant) {
        ("invalid_grant", _) => true,
        ("invalid_request", Grant::Refresh) => {
            contains(&response.error_description, "refresh token is invalid")
                || status == StatusCode::UNAUTHORIZED
                    && (contains(&response.error_description, "refresh token")
                        || response.hint.is_some())
        }
        ("invalid_request", Grant::Code) => {
            status != StatusCode::UNAUTHORIZED && contains(&response.hint, "authorization code")
        }
        _ => false,
    };
    if is_invalid_grant {
        return Some(TokenError::InvalidGrant {
            expired: contains(&response.hint, "expired"),
        });
    }
    match response.error.as_str() {
        "invalid_client" => Some(TokenError::InvalidClient),
        "invalid_request" if contains(&response.hint, "redirect") => {
            Some(TokenError::Rejected(RejectedPart::RedirectUrl))
        }
        "invalid_request" => Some(TokenError::Rejected(RejectedPart::Request)),
        "unauthorized_client" | "unsupported_grant_type" | "invalid_scope" => {
            Some(TokenError::Rejected(RejectedPart::Client))
        }
        _ => None,
    }
}
