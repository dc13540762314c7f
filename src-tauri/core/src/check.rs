//! Whether a registration works, found out without anybody signing in: the token endpoint is shown a
//! code that nobody was given. A service that objects to the code knows the client.

use jiff::Timestamp;
use reqwest::Client;
use serde::Serialize;
use specta::Type;

use crate::authorization::random_text;
use crate::entropy::EntropySource;
use crate::error::{Code, Problem};
use crate::http::RequestError;
use crate::redirect::AuthorizationCode;
use crate::registration::{Field, FieldProblem, Reason, Registration};
use crate::token::{self, Refused, TokenError};

#[cfg(test)]
mod tests;

/// Begins every made-up code, so that it is plainly none in anybody's log.
const MADE_UP: &str = "made-up-to-check-the-set-up-";

/// Why a registration could not be called right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CheckError {
    /// What to change in it.
    Fields(Vec<FieldProblem>),
    /// It could not be told this time.
    Problem(Problem),
}

impl From<Code> for CheckError {
    fn from(code: Code) -> Self {
        Self::Problem(code.into())
    }
}

impl From<RequestError> for CheckError {
    fn from(problem: RequestError) -> Self {
        judge_without_redirect_url(problem.into())
    }
}

impl CheckError {
    fn field(field: Field, reason: Reason) -> Self {
        Self::Fields(vec![FieldProblem { field, reason }])
    }
}

/// What the service's answer to a made-up code says of the registration.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It knows the client and objects to the code alone.
    Right,
    /// It doesn't take the client. league/oauth2-server says the same of a redirect URL that isn't
    /// registered, so this means the ID and the secret only where no redirect URL was named.
    ClientRefused,
    /// Something else.
    Wrong(CheckError),
}

/// Reads the table of failures for what it says of a registration.
fn judge(failure: TokenError) -> Verdict {
    match failure {
        TokenError::Dead { .. } | TokenError::Refused(Refused::Request) => Verdict::Right,
        TokenError::SetUpWrong => Verdict::ClientRefused,
        TokenError::Refused(Refused::RedirectUrl) => {
            Verdict::Wrong(CheckError::field(Field::RedirectUrl, Reason::NotRegistered))
        }
        TokenError::Refused(Refused::Client) => Verdict::Wrong(Code::RequestNotAccepted.into()),
        TokenError::NotProcessed(transient) | TokenError::PerhapsProcessed(transient) => {
            Verdict::Wrong(Code::from(transient).into())
        }
    }
}

/// Says which of the two is wrong, when the client was refused, from the answer to the same request
/// without a redirect URL.
fn judge_without_redirect_url(failure: TokenError) -> CheckError {
    match judge(failure) {
        Verdict::ClientRefused => CheckError::field(Field::ClientSecret, Reason::NotRecognised),
        Verdict::Right => CheckError::field(Field::RedirectUrl, Reason::NotRegistered),
        Verdict::Wrong(refusal) => refusal,
    }
}

/// Checks a registration. Nothing is kept, and nobody's access is touched.
///
/// # Errors
/// What to change, or why it can't be told just now.
pub(crate) async fn check(
    client: &Client,
    registration: &Registration,
    entropy: &dyn EntropySource,
    now: impl Fn() -> Timestamp,
) -> Result<(), CheckError> {
    let show = async |redirect_url| {
        let code = made_up_code(entropy)?;
        token::probe(client, registration, redirect_url, &code, &now)
            .await
            // A service that gives tokens for it is none that this app should be set up with.
            .ok_or_else(|| CheckError::from(Code::UnexpectedResponse))
    };
    match judge(show(Some(&registration.redirect_url)).await?) {
        Verdict::Right => Ok(()),
        Verdict::Wrong(refusal) => Err(refusal),
        Verdict::ClientRefused => Err(judge_without_redirect_url(show(None).await?)),
    }
}

fn made_up_code(entropy: &dyn EntropySource) -> Result<AuthorizationCode, CheckError> {
    match random_text(entropy) {
        Ok(random) => Ok(AuthorizationCode::new(format!("{MADE_UP}{random}"))),
        Err(problem) => {
            tracing::error!(%problem, "no code can be made up");
            Err(Code::Internal.into())
        }
    }
}
