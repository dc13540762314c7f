//! Temporary failures: what may work at the next attempt.

use jiff::SignedDuration;
use reqwest::StatusCode;

use crate::error::Code;
use crate::http::{ConnectError, HttpResponse};
use crate::lenient_json as json;

/// Why a request to Amiqus failed this time. The account itself is not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// There is no network, no connection, or no response in time.
    Offline,
    /// The network's proxy requires a user name and a password.
    ProxyNeedsPassword,
    /// The server's certificate isn't trusted by this computer.
    CertificateNotTrusted,
    /// The network answered in place of Amiqus, with a login page or a filter's page.
    CaptivePortal,
    /// Amiqus failed to process the request (5xx).
    ServerError,
    /// 429 or 503, with the time to wait if `Retry-After` gave one.
    Busy(Option<SignedDuration>),
    /// The response is incomplete, too large or not in Amiqus's format.
    UnexpectedResponse,
    /// Amiqus itself answered 403.
    NotPermitted,
}

impl Transient {
    /// Whether the network is at fault, and not Amiqus: then the request may work on another network, or
    /// a moment later.
    #[must_use]
    pub fn is_network_problem(self) -> bool {
        matches!(
            self,
            Self::Offline
                | Self::ProxyNeedsPassword
                | Self::CertificateNotTrusted
                | Self::CaptivePortal
        )
    }

    /// Classifies a response that has no meaning of its own for the request.
    pub(crate) fn from_unexpected(response: &HttpResponse) -> Self {
        match response.status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Self::ProxyNeedsPassword,
            _ if response.is_from_a_portal() => Self::CaptivePortal,
            _ if response.is_server_error() => Self::ServerError,
            StatusCode::FORBIDDEN if has_error_message(response) => Self::NotPermitted,
            _ => Self::UnexpectedResponse,
        }
    }
}

/// Whether a response has the format of Amiqus's errors.
fn has_error_message(response: &HttpResponse) -> bool {
    let text = json::decode(&response.body);
    json::objects(&text)
        .any(|object| object.string("message").is_some() || object.string("error").is_some())
}

impl From<ConnectError> for Transient {
    fn from(connect_error: ConnectError) -> Self {
        match connect_error {
            ConnectError::Unreachable => Self::Offline,
            ConnectError::ProxyNeedsPassword => Self::ProxyNeedsPassword,
            ConnectError::CertificateNotTrusted => Self::CertificateNotTrusted,
        }
    }
}

impl From<Transient> for Code {
    fn from(transient: Transient) -> Self {
        match transient {
            Transient::Offline => Self::Offline,
            Transient::ProxyNeedsPassword => Self::ProxyNeedsPassword,
            Transient::CertificateNotTrusted => Self::CertificateNotTrusted,
            Transient::CaptivePortal => Self::CaptivePortal,
            Transient::ServerError => Self::ServerError,
            Transient::Busy(_) => Self::AmiqusBusy,
            Transient::UnexpectedResponse => Self::UnexpectedResponse,
            Transient::NotPermitted => Self::NotPermitted,
        }
    }
}
