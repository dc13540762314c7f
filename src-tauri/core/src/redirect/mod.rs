//! The redirect back from the browser, which is hostile input until proven otherwise.
//!
//! Any web page and any program on the computer can send one, so nothing is repaired or guessed here:
//! what isn't exactly an authorization response to this app is a [`RedirectError`], and leaves a pending
//! attempt unaffected. Pasted text is cleaned first, by [`pasted`].

use url::form_urlencoded;

use crate::authorization::State;
use crate::registration::{BaseUrl, RedirectUrl};
use crate::secret::secret_text;

pub mod pasted;

#[cfg(test)]
mod tests;

/// The maximum length of an authorization response, in bytes. Amiqus's have about 1 kB.
pub const MAX_REDIRECT_BYTES: usize = 8 * 1024;

secret_text! {
    /// An address as received by link, argument, listener or paste. It may contain a code.
    ReceivedLink
}

secret_text! {
    /// An authorization code, valid for ten minutes and one use (RFC 6749 §4.1.2; Amiqus guide).
    AuthorizationCode
}

/// An error of the authorization endpoint (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationError {
    /// `access_denied`: the user chose Deny.
    AccessDenied,
    /// `invalid_request`.
    InvalidRequest,
    /// `unauthorized_client`.
    UnauthorizedClient,
    /// `unsupported_response_type`.
    UnsupportedResponseType,
    /// `invalid_scope`.
    InvalidScope,
    /// `server_error`.
    ServerError,
    /// `temporarily_unavailable`.
    TemporarilyUnavailable,
    /// An error that the RFC does not define.
    Other,
}

impl AuthorizationError {
    fn from_code(code: &str) -> Self {
        match code {
            "access_denied" => Self::AccessDenied,
            "invalid_request" => Self::InvalidRequest,
            "unauthorized_client" => Self::UnauthorizedClient,
            "unsupported_response_type" => Self::UnsupportedResponseType,
            "invalid_scope" => Self::InvalidScope,
            "server_error" => Self::ServerError,
            "temporarily_unavailable" => Self::TemporarilyUnavailable,
            _ => Self::Other,
        }
    }
}

/// A well-formed authorization response. Its `state` tells which attempt it belongs to.
#[derive(Debug)]
pub enum AuthorizationResponse {
    /// The user allowed the access.
    Granted {
        /// The code to exchange, once.
        code: AuthorizationCode,
        /// The state of the attempt.
        state: State,
    },
    /// The user denied the access, or Amiqus did.
    Denied {
        /// The reason.
        error: AuthorizationError,
        /// The state of the attempt.
        state: State,
    },
}

impl AuthorizationResponse {
    /// The `state`, which the response claims to have from an attempt.
    #[must_use]
    pub fn state(&self) -> &State {
        match self {
            Self::Granted { state, .. } | Self::Denied { state, .. } => state,
        }
    }
}

/// Why an address is not an authorization response to this app. The text contains nothing of the
/// address, so that it can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// The address is longer than [`MAX_REDIRECT_BYTES`].
    #[error("the address is too long")]
    TooLong,
    /// Its scheme, user, host, port or path is not exactly the redirect URL's.
    #[error("the address does not begin with the redirect URL")]
    OtherRedirectUrl,
    /// It has control characters, spaces or non-ASCII characters, plain or percent-encoded.
    #[error("the address has invalid characters")]
    InvalidCharacters,
    /// `code`, `state`, `error` or `iss` occurs more than once (RFC 6749 §3.1).
    #[error("the address has a duplicate parameter")]
    Duplicate,
    /// It has both `code` and `error`.
    #[error("the address has both a code and an error")]
    CodeAndError,
    /// It has neither `code` nor `error`.
    #[error("the address has neither a code nor an error")]
    NeitherCodeNorError,
    /// It has no `state`, or an empty one.
    #[error("the address has no state")]
    MissingState,
    /// It has an error and no `state`: from a server that omits it, or from anyone else.
    #[error("the address has an error and no state")]
    DeniedWithoutState(AuthorizationError),
    /// `iss` names another service (RFC 9207 §2.4).
    #[error("the address names another issuer")]
    OtherIssuer,
}

/// Parses an authorization response strictly. A fragment is ignored: browsers keep the fragment of the
/// page before (RFC 9110 §10.2.2), and no response has parameters in it.
///
/// # Errors
/// [`RedirectError`] for anything that isn't an authorization response to `redirect_url`.
///
/// ```
/// use amiqus_core::redirect::{self, AuthorizationResponse, ReceivedLink, RedirectError};
/// use amiqus_core::registration::{BaseUrl, DEFAULT_BASE_URL, DEFAULT_REDIRECT_URL, RedirectUrl};
///
/// let redirect_url = RedirectUrl::parse(DEFAULT_REDIRECT_URL)?;
/// let issuer = BaseUrl::parse(DEFAULT_BASE_URL)?;
/// let parse = |link| redirect::parse(&ReceivedLink::new(link), &redirect_url, &issuer);
///
/// let response = parse("co.amiqus.signin://oauth/callback?code=c0de&state=st4te");
/// assert!(matches!(response, Ok(AuthorizationResponse::Granted { code, .. }) if code.expose() == "c0de"));
///
/// let response = parse("co.amiqus.signin://oauth/callback?error=access_denied&state=st4te");
/// assert!(matches!(response, Ok(AuthorizationResponse::Denied { .. })));
///
/// let response = parse("co.amiqus.signin://oauth/callback?code=c0de");
/// assert_eq!(response.unwrap_err(), RedirectError::MissingState);
/// # Ok::<(), amiqus_core::registration::Reason>(())
/// ```
pub fn parse(
    received: &ReceivedLink,
    redirect_url: &RedirectUrl,
    issuer: &BaseUrl,
) -> Result<AuthorizationResponse, RedirectError> {
    let text = received.expose();
    if text.len() > MAX_REDIRECT_BYTES {
        return Err(RedirectError::TooLong);
    }
    let text = without_fragment(text);
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(RedirectError::InvalidCharacters);
    }
    // Compared byte by byte, because a URL parser would accept other spellings.
    let rest = text
        .strip_prefix(redirect_url.as_str())
        .ok_or(RedirectError::OtherRedirectUrl)?;
    let query = match rest.strip_prefix('?') {
        Some(query) => query,
        None if rest.is_empty() => return Err(RedirectError::NeitherCodeNorError),
        None => return Err(RedirectError::OtherRedirectUrl),
    };
    let parameters = Parameters::parse(query)?;
    if parameters
        .issuer
        .is_some_and(|claimed| claimed.strip_suffix('/').unwrap_or(&claimed) != issuer.as_str())
    {
        return Err(RedirectError::OtherIssuer);
    }
    let Some(state) = parameters.state else {
        return Err(match (parameters.code, parameters.error) {
            (None, Some(error)) => {
                RedirectError::DeniedWithoutState(AuthorizationError::from_code(&error))
            }
            _ => RedirectError::MissingState,
        });
    };
    match (parameters.code, parameters.error) {
        (Some(_), Some(_)) => Err(RedirectError::CodeAndError),
        (None, None) => Err(RedirectError::NeitherCodeNorError),
        (Some(code), None) => Ok(AuthorizationResponse::Granted {
            code: AuthorizationCode::new(code),
            state: State::new(state),
        }),
        (None, Some(error)) => Ok(AuthorizationResponse::Denied {
            error: AuthorizationError::from_code(&error),
            state: State::new(state),
        }),
    }
}

fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(text, _)| text)
}

/// Whether an address carries this `state` to the redirect URL, whatever else is wrong with it: then
/// its sender knows the pending attempt, as the browser does and a stranger doesn't.
#[must_use]
pub fn carries_state(received: &ReceivedLink, redirect_url: &RedirectUrl, state: &State) -> bool {
    let query = without_fragment(received.expose())
        .strip_prefix(redirect_url.as_str())
        .and_then(|rest| rest.strip_prefix('?'));
    query.is_some_and(|query| {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "state")
            .any(|(_, value)| state.matches(&State::new(value)))
    })
}

/// The parameters of an authorization response; unknown ones are ignored (RFC 6749 §4.1.2).
#[derive(Default)]
struct Parameters {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, RedirectError> {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let parameter = match &*name {
                "code" => &mut parameters.code,
                "state" => &mut parameters.state,
                "error" => &mut parameters.error,
                "iss" => &mut parameters.issuer,
                _ => continue,
            };
            // VSCHAR (RFC 6749 appendix A.5, A.7, A.11). Decoded control characters and the replacement
            // characters of invalid UTF-8 fail here.
            if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                return Err(RedirectError::InvalidCharacters);
            }
            if parameter.replace(value.into_owned()).is_some() {
                return Err(RedirectError::Duplicate);
            }
        }
        for parameter in [
            &mut parameters.code,
            &mut parameters.state,
            &mut parameters.error,
        ] {
            if parameter.as_deref() == Some("") {
                *parameter = None;
            }
        }
        Ok(parameters)
    }
}
