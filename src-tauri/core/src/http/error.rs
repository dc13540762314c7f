//! Why a request failed.

use std::error::Error;

use crate::error::Cause;

/// What prevented a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is no network, the host name is unknown, no server answers, or the connection timed out.
    #[error("the server can't be reached")]
    Unreachable,
    /// The proxy requires a user name and a password (407, RFC 9110 §15.5.8).
    #[error("the proxy requires a password")]
    ProxyNeedsPassword,
    /// The server's certificate isn't trusted by this computer.
    #[error("the server's certificate isn't trusted")]
    CertificateNotTrusted,
}

/// Why there is no complete response.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The request was not sent: no connection was established.
    #[error("no connection: {0}")]
    NotSent(ConnectError, #[source] Cause),
    /// The request may have been processed, but no response arrived, or only a part of one.
    #[error("the response was lost")]
    ResponseLost(#[source] reqwest::Error),
    /// The response is larger than the limit.
    #[error("the response is too large")]
    TooLarge,
}

impl From<reqwest::Error> for RequestError {
    fn from(error: reqwest::Error) -> Self {
        // An authorization code or a `state` in a URL must not reach the log.
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Self::NotSent(ConnectError::from_cause(&error), error.into())
        } else {
            Self::ResponseLost(error)
        }
    }
}

impl ConnectError {
    /// Determines what prevented a connection from an error and its causes.
    fn from_cause(error: &(dyn Error + 'static)) -> Self {
        std::iter::successors(Some(error), |error| cause(*error))
            .find_map(|error| {
                if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
                    Some(Self::CertificateNotTrusted)
                } else if is_proxy_authentication(error) {
                    Some(Self::ProxyNeedsPassword)
                } else {
                    None
                }
            })
            .unwrap_or(Self::Unreachable)
    }
}

/// An error's cause. `source` of an [`std::io::Error`] skips the error that it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Whether a proxy refused the tunnel with 407. hyper-util doesn't export the error's type, so this
/// compares its `Debug` output; a test over a real socket notices when that changes.
fn is_proxy_authentication(error: &(dyn Error + 'static)) -> bool {
    format!("{error:?}") == "ProxyAuthRequired"
}
