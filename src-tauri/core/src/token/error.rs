//! Why the token endpoint issued no tokens.

use crate::http::RequestError;
use crate::transient::Transient;

/// Why the token endpoint issued no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// The grant is no longer valid: a code that was used or has expired; a refresh token that was
    /// used or revoked, has expired or is another client's.
    InvalidGrant {
        /// Whether Amiqus said that it has expired.
        expired: bool,
    },
    /// `invalid_client`: the client ID or secret is wrong. Accounts are kept.
    InvalidClient,
    /// The request itself was rejected.
    Rejected(RejectedPart),
    /// A temporary failure, and the request was certainly not processed: it may be sent again.
    NotProcessed(Transient),
    /// A temporary failure, and the request may have been processed: the code or the refresh token may
    /// be used up.
    PerhapsProcessed(Transient),
}

impl From<RequestError> for TokenError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NotSent(connect_error, _) => Self::NotProcessed(connect_error.into()),
            RequestError::ResponseLost(_) => Self::PerhapsProcessed(Transient::Offline),
            RequestError::TooLarge => Self::PerhapsProcessed(Transient::UnexpectedResponse),
        }
    }
}

/// The part of a request that was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedPart {
    /// Something in the request: an unexpected field, or a code that was never issued.
    Request,
    /// The redirect URL.
    RedirectUrl,
    /// The client, which may not use this grant (`unauthorized_client`, `unsupported_grant_type`,
    /// `invalid_scope`; RFC 6749 §5.2).
    Client,
}
