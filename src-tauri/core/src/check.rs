//! Checks a registration without a sign-in: posts a made-up authorization code to the token endpoint.
//! A service that rejects only the code has recognised the client.

use jiff::Timestamp;
use reqwest::Client;
use serde::Serialize;
use specta::Type;

use crate::authorization::random_text;
use crate::entropy::EntropySource;
use crate::error::{Code, Problem, chain};
use crate::http::RequestError;
use crate::redirect::AuthorizationCode;
use crate::registration::{Field, FieldProblem, Reason, Registration};
use crate::token::{self, RejectedPart, TokenError};

#[cfg(test)]
mod tests;

/// The prefix of each made-up code, which marks it as one in the service's log.
const MADE_UP_PREFIX: &str = "made-up-to-check-the-set-up-";

/// Why a registration could not be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CheckError {
    /// These fields must be changed.
    Fields(Vec<FieldProblem>),
    /// The check could not be completed.
    Problem(Problem),
}

impl From<Code> for CheckError {
    fn from(code: Code) -> Self {
        Self::Problem(code.into())
    }
}

impl From<RequestError> for CheckError {
    fn from(error: RequestError) -> Self {
        judge_without_redirect_url(error.into())
    }
}

impl CheckError {
    fn field(field: Field, reason: Reason) -> Self {
        Self::Fields(vec![FieldProblem { field, reason }])
    }
}

/// What the response to a made-up code says about the registration.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The service recognises the client and rejects only the code.
    Valid,
    /// The service rejects the client. league/oauth2-server says the same about an unregistered redirect
    /// URL, so this points to the client ID and secret only if the request had no redirect URL.
    ClientRejected,
    /// Anything else.
    Invalid(CheckError),
}

fn judge(error: TokenError) -> Verdict {
    match error {
        TokenError::InvalidGrant { .. } | TokenError::Rejected(RejectedPart::Request) => {
            Verdict::Valid
        }
        TokenError::InvalidClient => Verdict::ClientRejected,
        TokenError::Rejected(RejectedPart::RedirectUrl) => {
            Verdict::Invalid(CheckError::field(Field::RedirectUrl, Reason::NotRegistered))
        }
        TokenError::Rejected(RejectedPart::Client) => {
            Verdict::Invalid(Code::RequestNotAccepted.into())
        }
        TokenError::NotProcessed(transient) | TokenError::PerhapsProcessed(transient) => {
            Verdict::Invalid(Code::from(transient).into())
        }
    }
}

/// Determines what is wrong with a rejected client from the response to the same request without a
/// redirect URL.
fn judge_without_redirect_url(error: TokenError) -> CheckError {
    match judge(error) {
        Verdict::ClientRejected => CheckError::field(Field::ClientSecret, Reason::NotRecognised),
        Verdict::Valid => CheckError::field(Field::RedirectUrl, Reason::NotRegistered),
        Verdict::Invalid(error) => error,
    }
}

/// Checks a registration. Stores nothing and affects no account.
///
/// # Errors
/// [`CheckError::Fields`] when the service rejects the registration, [`CheckError::Problem`] when the
/// check could not be completed.
pub(crate) async fn check(
    client: &Client,
    registration: &Registration,
    entropy: &dyn EntropySource,
    now: impl Fn() -> Timestamp,
) -> Result<(), CheckError> {
    let probe = async |redirect_url| {
        let code = made_up_code(entropy)?;
        token::probe(client, registration, redirect_url, &code, &now)
            .await
            // A service that issues tokens for a made-up code can't be trusted.
            .ok_or_else(|| CheckError::from(Code::UnexpectedResponse))
    };
    match judge(probe(Some(&registration.redirect_url)).await?) {
        Verdict::Valid => Ok(()),
        Verdict::Invalid(error) => Err(error),
        Verdict::ClientRejected => Err(judge_without_redirect_url(probe(None).await?)),
    }
}

fn made_up_code(entropy: &dyn EntropySource) -> Result<AuthorizationCode, CheckError> {
    match random_text(entropy) {
        Ok(random) => Ok(AuthorizationCode::new(format!("{MADE_UP_PREFIX}{random}"))),
        Err(error) => {
            tracing::error!(error = %chain(&error), "set-up check: failed to generate a code");
            Err(Code::Internal.into())
        }
    }
}
