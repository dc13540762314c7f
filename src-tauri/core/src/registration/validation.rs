//! What can be wrong with a value of a registration.

use serde::Serialize;
use specta::Type;

/// The maximum length of a value, in bytes.
pub(super) const MAX_VALUE_BYTES: usize = 2048;

/// A field of a registration or of the provisioning file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `client_id`.
    ClientId,
    /// `client_secret`.
    ClientSecret,
    /// `redirect_url`.
    RedirectUrl,
    /// `base_url`.
    BaseUrl,
    /// `organisation`.
    Organisation,
    /// `pkce`.
    Pkce,
    /// `autostart`.
    Autostart,
    /// `updates`.
    Updates,
    /// The vault's passphrase.
    Passphrase,
}

/// Why a value can't be used. For each reason the window has words that say what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Type, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The value is empty.
    #[error("is missing")]
    Missing,
    /// The value has a space, a line break or another character outside printable ASCII.
    #[error("has spaces or invisible characters in it")]
    HasSpaces,
    /// The value is longer than any real one.
    #[error("is too long")]
    TooLong,
    /// The value is not a URL of a usable form.
    #[error("is not an address")]
    NotAnAddress,
    /// The URL is not https, so a secret would be sent unencrypted.
    #[error("is not https")]
    NotHttps,
    /// A custom scheme must be a reverse domain name (RFC 8252 §7.1).
    #[error("has a scheme that is not a reverse domain name")]
    SchemeNotReverseDomain,
    /// The URL is `scheme:/path` in place of `scheme://host/path`.
    #[error("lacks the two slashes and the host after its scheme")]
    SchemeWithoutHost,
    /// The host is `localhost` or another name in place of `127.0.0.1` or `[::1]` (RFC 8252 §8.3).
    #[error("is http, but not on 127.0.0.1 or [::1]")]
    LoopbackNotLiteral,
    /// The loopback redirect URL has no path, or no port that the app may listen on.
    #[error("is on this computer's own address without a port from 1024 up and a path")]
    LoopbackIncomplete,
    /// The service does not recognise the client ID with this secret.
    #[error("is not known to the service together with the other")]
    NotRecognised,
    /// The service recognises the API client, but not with this redirect URL.
    #[error("is not registered for that API client")]
    NotRegistered,
    /// A redirect URL must not have a fragment (RFC 6749 §3.1.2).
    #[error("has a # in it")]
    HasFragment,
    /// This app's redirect URLs have no query.
    #[error("has a ? in it")]
    HasQuery,
    /// The URL must not have a user name or a password.
    #[error("has a user name in it")]
    HasUserInfo,
    /// A redirect URL must not have a comma: Amiqus's form takes several, separated by commas, and this
    /// app uses one.
    #[error("has a comma in it")]
    HasComma,
    /// The redirect would not reach this app.
    #[error("would not come back to this app")]
    WrongKind,
}

/// A field that must be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
pub struct FieldProblem {
    /// The field.
    pub field: Field,
    /// Why its value can't be used.
    pub reason: Reason,
}

/// Accepts printable ASCII without spaces (RFC 6749 appendix A.1, A.2) up to [`MAX_VALUE_BYTES`].
pub(super) fn printable_ascii(text: &str) -> Result<&str, Reason> {
    if text.is_empty() {
        Err(Reason::Missing)
    } else if text.len() > MAX_VALUE_BYTES {
        Err(Reason::TooLong)
    } else if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        Err(Reason::HasSpaces)
    } else {
        Ok(text)
    }
}
