//! The redirect back from the browser: hostile input until proven otherwise.
//!
//! Any page and any program on the computer can send one. So nothing is repaired or guessed here:
//! what isn't exactly an answer to this app is [`Refusal`], and a refusal costs a pending attempt
//! nothing. What a person pastes is cleaned first, in [`pasted`].

use url::form_urlencoded;

use crate::authorization::State;
use crate::registration::{BaseUrl, RedirectUrl};
use crate::secret::secret_text;

pub mod pasted;

#[cfg(test)]
mod tests;

/// No answer of Amiqus's is longer, in bytes: a real one is about 1 kB.
pub const MAX_REDIRECT_BYTES: usize = 8 * 1024;

secret_text! {
    /// An address as it arrived, by link, argument, listener or paste. It may hold a code.
    ReceivedLink
}

secret_text! {
    /// An authorization code: ten minutes, one use (RFC 6749 §4.1.2; Amiqus guide).
    AuthorizationCode
}

/// An error that the authorization endpoint reports (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationError {
    /// `access_denied`: the person chose Deny.
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
    /// One that the RFC doesn't know.
    Other,
}

impl AuthorizationError {
    fn from_name(name: &str) -> Self {
        match name {
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

/// A well-formed answer. Whether it answers *our* attempt, its `state` tells.
#[derive(Debug)]
pub enum Redirect {
    /// The person allowed it.
    Granted {
        /// To be exchanged, once.
        code: AuthorizationCode,
        /// The attempt it answers.
        state: State,
    },
    /// The person denied it, or Amiqus would not.
    Denied {
        /// Why.
        error: AuthorizationError,
        /// The attempt it answers.
        state: State,
    },
}

impl Redirect {
    /// The attempt it claims to answer.
    #[must_use]
    pub fn state(&self) -> &State {
        match self {
            Self::Granted { state, .. } | Self::Denied { state, .. } => state,
        }
    }
}

/// Why an address is not an answer. The text goes into the log and holds none of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than [`MAX_REDIRECT_BYTES`].
    #[error("it is too long")]
    TooLong,
    /// Its scheme, host, port, user or path is not exactly the redirect URL's.
    #[error("it does not begin with the redirect URL")]
    NotOurs,
    /// It has bytes that no address has: controls, spaces, or anything beyond ASCII.
    #[error("it has characters that no address has")]
    OddCharacters,
    /// `code`, `state`, `error` or `iss` stands twice (RFC 6749 §3.1).
    #[error("it has a parameter twice")]
    Duplicate,
    /// `code` and `error` at once.
    #[error("it has a code and an error at once")]
    CodeAndError,
    /// Neither `code` nor `error`.
    #[error("it has neither a code nor an error")]
    NeitherCodeNorError,
    /// No `state`, or an empty one.
    #[error("it has no state")]
    NoState,
    /// An error without a `state`: a server that leaves it out, or anybody else.
    #[error("it has an error and no state")]
    DeniedWithoutState(AuthorizationError),
    /// `iss` names another service (RFC 9207 §2.4).
    #[error("it names another issuer")]
    OtherIssuer,
}

/// Reads an address strictly. A fragment is left out: browsers hand over the one that the page before
/// had (RFC 9110 §10.2.2), and no answer has anything in it.
///
/// # Errors
/// The [`Refusal`] for anything that isn't an answer to `redirect_url`.
pub fn parse(
    received: &ReceivedLink,
    redirect_url: &RedirectUrl,
    issuer: &BaseUrl,
) -> Result<Redirect, Refusal> {
    let text = received.expose();
    if text.len() > MAX_REDIRECT_BYTES {
        return Err(Refusal::TooLong);
    }
    let text = without_fragment(text);
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Refusal::OddCharacters);
    }
    // Byte for byte: no other spelling of scheme, host or path, no user, no port.
    let rest = text
        .strip_prefix(redirect_url.as_str())
        .ok_or(Refusal::NotOurs)?;
    let query = match rest.strip_prefix('?') {
        Some(query) => query,
        None if rest.is_empty() => return Err(Refusal::NeitherCodeNorError),
        None => return Err(Refusal::NotOurs),
    };
    let answer = Answer::read(query)?;
    if answer
        .issuer
        .is_some_and(|claimed| claimed.strip_suffix('/').unwrap_or(&claimed) != issuer.as_str())
    {
        return Err(Refusal::OtherIssuer);
    }
    let Some(state) = answer.state else {
        return Err(match (answer.code, answer.error) {
            (None, Some(error)) => {
                Refusal::DeniedWithoutState(AuthorizationError::from_name(&error))
            }
            _ => Refusal::NoState,
        });
    };
    match (answer.code, answer.error) {
        (Some(_), Some(_)) => Err(Refusal::CodeAndError),
        (None, None) => Err(Refusal::NeitherCodeNorError),
        (Some(code), None) => Ok(Redirect::Granted {
            code: AuthorizationCode::new(code),
            state: State::new(state),
        }),
        (None, Some(error)) => Ok(Redirect::Denied {
            error: AuthorizationError::from_name(&error),
            state: State::new(state),
        }),
    }
}

fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(text, _)| text)
}

/// Whether an address carries this `state` to the redirect URL, whatever else is wrong with it: then
/// whoever sent it knows the pending attempt, as the browser's answer does and a stranger doesn't.
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

/// The parameters that mean something; unknown ones are ignored (RFC 6749 §4.1.2).
#[derive(Default)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "code" => &mut answer.code,
                "state" => &mut answer.state,
                "error" => &mut answer.error,
                "iss" => &mut answer.issuer,
                _ => continue,
            };
            // VSCHAR (RFC 6749 appendix A.5, A.7, A.11); a decoded control or a replaced byte of
            // broken UTF-8 falls out here.
            if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                return Err(Refusal::OddCharacters);
            }
            if place.replace(value.into_owned()).is_some() {
                return Err(Refusal::Duplicate);
            }
        }
        for place in [&mut answer.code, &mut answer.state, &mut answer.error] {
            if place.as_deref() == Some("") {
                *place = None;
            }
        }
        Ok(answer)
    }
}
