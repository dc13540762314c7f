//! Pasted authorization responses: an address as a mail, a chat, a terminal or a form changed it.
//!
//! Only what can't be part of an address is removed. Where that leaves more than one candidate, each is
//! parsed as strictly as a link; a wrong one would have to carry the pending attempt's `state` by chance.
//! If the code comes after the `state`, several candidates of different lengths may carry it: then none
//! is accepted, unless lines that a mail wrapped at one width show where the address ends.

mod candidates;
mod cleaned_text;

#[cfg(test)]
mod tests;

pub use self::candidates::candidates;
use self::candidates::{CLOSING_MARKS, EMPHASIS_MARKS, End, candidates_by_start};
use super::{
    AuthorizationCode, AuthorizationResponse, ReceivedLink, RedirectError, carries_state, parse,
};
use crate::authorization::{STATE_LENGTH, State};
use crate::registration::{BaseUrl, RedirectUrl};

/// Why pasted text is not the response to the pending attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// Nothing in it is an authorization response to this app.
    #[error("the text has no authorization response")]
    NotFound,
    /// It is the address of one of the service's pages: the user has not been sent back yet.
    #[error("the text is the address of a page of the service")]
    ServicePage,
    /// A part of the response is missing.
    #[error("the response is incomplete")]
    Incomplete,
    /// It is the response to another attempt.
    #[error("the response belongs to another attempt")]
    AnotherAttempt,
    /// It is a denial without a `state`.
    #[error("the response is a denial without a state")]
    DeniedWithoutState,
    /// It carries the pending attempt's `state` but is not valid.
    #[error("the response is not valid: {0}")]
    Unusable(RedirectError),
}

/// Finds the response to the pending attempt in pasted text.
///
/// # Errors
/// [`PasteError`] when it isn't there; of several reasons, the most helpful one.
pub fn find_response(
    pasted: &ReceivedLink,
    redirect_url: &RedirectUrl,
    issuer: &BaseUrl,
    expected: &State,
) -> Result<AuthorizationResponse, PasteError> {
    let mut reason = PasteError::NotFound;
    if is_service_page(pasted.expose(), issuer) {
        reason = PasteError::ServicePage;
    }
    for candidates in candidates_by_start(pasted, redirect_url) {
        let mut responses = Vec::new();
        for candidate in candidates {
            let error = match parse(&candidate.address, redirect_url, issuer) {
                Ok(response) if expected.matches(response.state()) => {
                    responses.push((response, candidate.end));
                    continue;
                }
                Ok(response) if is_truncated(response.state()) => PasteError::Incomplete,
                Ok(_) => PasteError::AnotherAttempt,
                Err(RedirectError::DeniedWithoutState(_)) => PasteError::DeniedWithoutState,
                Err(RedirectError::MissingState | RedirectError::NeitherCodeNorError) => {
                    PasteError::Incomplete
                }
                Err(error) if carries_state(&candidate.address, redirect_url, expected) => {
                    PasteError::Unusable(error)
                }
                Err(_) => continue,
            };
            if error.rank() > reason.rank() {
                reason = error;
            }
        }
        if !responses.is_empty() {
            return select(responses).ok_or(PasteError::Incomplete);
        }
    }
    Err(reason)
}

/// Selects among responses that start at the same place: the first, if all bring the same code. `None`
/// if that is uncertain, because a wrong code would use up the attempt.
fn select(responses: Vec<(AuthorizationResponse, End)>) -> Option<AuthorizationResponse> {
    let (first, _) = responses.first()?;
    let is_certain = responses
        .iter()
        .all(|(other, end)| *end == End::AfterWords || is_same(first, other));
    let mut responses = responses.into_iter();
    if is_certain {
        responses.next().map(|(response, _)| response)
    } else {
        responses.find_map(|(response, end)| (end == End::WrappedLines).then_some(response))
    }
}

/// Whether two responses with the same beginning differ only in punctuation at their end.
fn is_same(one: &AuthorizationResponse, other: &AuthorizationResponse) -> bool {
    let trimmed_length = |code: &AuthorizationCode| {
        let code = code.expose();
        code.trim_end_matches(CLOSING_MARKS)
            .trim_end_matches(EMPHASIS_MARKS)
            .len()
    };
    match (one, other) {
        (
            AuthorizationResponse::Granted { code: one, .. },
            AuthorizationResponse::Granted { code: other, .. },
        ) => trimmed_length(one) == trimmed_length(other),
        (AuthorizationResponse::Denied { .. }, AuthorizationResponse::Denied { .. }) => true,
        (AuthorizationResponse::Granted { .. }, AuthorizationResponse::Denied { .. })
        | (AuthorizationResponse::Denied { .. }, AuthorizationResponse::Granted { .. }) => false,
    }
}

impl PasteError {
    /// How close a candidate came to being the response: the closest one is reported.
    fn rank(self) -> u8 {
        match self {
            Self::NotFound => 0,
            Self::ServicePage => 1,
            Self::Incomplete => 2,
            Self::DeniedWithoutState => 3,
            Self::AnotherAttempt => 4,
            Self::Unusable(_) => 5,
        }
    }
}

/// Whether a `state` has the length of one that was cut off. It isn't compared with the pending one: the
/// reply must not reveal how much of that was right.
fn is_truncated(state: &State) -> bool {
    (STATE_LENGTH / 2..STATE_LENGTH).contains(&state.expose().len())
}

/// Whether a text has the address of one of the service's pages.
fn is_service_page(text: &str, issuer: &BaseUrl) -> bool {
    let service = issuer.as_str();
    let host = service.split_once("://").map_or(service, |(_, host)| host);
    let (text, host) = (text.to_ascii_lowercase(), host.to_ascii_lowercase());
    text.match_indices(&host).any(|(index, _)| {
        let before = &text[..index];
        let before = ["https://", "http://"]
            .iter()
            .find_map(|scheme| before.strip_suffix(scheme))
            .unwrap_or(before);
        let is_start = before.is_empty()
            || before.ends_with(|last: char| last.is_whitespace() || "<(\"'“‘".contains(last));
        let after = text[index + host.len()..].chars().next();
        is_start && after.is_none_or(|next| "/?#".contains(next) || next.is_whitespace())
    })
}
