//! The API client that an administrator registered with Amiqus, and what is valid in it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use specta::Type;
use url::{Host, Url};

use crate::secret::secret_text;

pub mod provisioning;

#[cfg(test)]
mod tests;

/// The scheme that this app registers with the operating system (RFC 7595 §3.8, RFC 8252 §7.1:
/// a reverse domain name under its maker's control).
pub const SCHEME: &str = brand::SCHEME;

/// The redirect URL that an administrator enters at Amiqus unless they choose another.
pub const DEFAULT_REDIRECT_URL: &str = brand::REDIRECT_URL;

/// Where Amiqus is (Amiqus guide), unless an administrator says otherwise.
pub const DEFAULT_BASE_URL: &str = brand::BASE_URL;

/// The lowest port that a program of a person's own may listen on.
const MIN_PORT: u16 = 1024;

/// No value of a registration is longer than this, in bytes.
const LONGEST_VALUE: usize = 2048;

/// The public name of the API client (RFC 6749 §2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// The text as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

secret_text! {
    /// The API client's secret (RFC 6749 §2.3.1). It belongs to the customer's organisation and is
    /// never part of an installer.
    ClientSecret
}

/// How the browser's answer finds the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum RedirectKind {
    /// By the scheme that this app registered with the operating system (RFC 8252 §7.1).
    Scheme,
    /// By a listener on this computer's own loopback address (RFC 8252 §7.3).
    Loopback,
}

/// The redirect URL exactly as it is registered at Amiqus: the same bytes go into the
/// authorization request, the exchange and each refresh (RFC 6749 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUrl {
    exact: String,
    listens_at: Option<SocketAddr>,
}

impl RedirectUrl {
    /// Checks a redirect URL that somebody entered.
    ///
    /// # Errors
    /// The [`Reason`] why Amiqus or this app could not use it.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        plain(text)?;
        let url = Url::parse(text).map_err(|_| Reason::NotAnAddress)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Reason::HasUserInfo);
        }
        if text.contains('#') {
            return Err(Reason::HasFragment);
        }
        if text.contains('?') {
            return Err(Reason::HasQuery);
        }
        let listens_at = match url.scheme() {
            SCHEME => {
                if url.host_str().is_none_or(str::is_empty) {
                    return Err(Reason::SchemeWithoutHost);
                }
                None
            }
            "http" => Some(loopback(&url)?),
            "https" => return Err(Reason::WrongKind),
            other if !other.contains('.') => return Err(Reason::SchemeNotReverseDomain),
            _ => return Err(Reason::WrongKind),
        };
        // No address has one (RFC 3986 §2), and what is on its way to this app may turn it into a
        // slash.
        if text.contains('\\') {
            return Err(Reason::NotAnAddress);
        }
        // A browser hands back the normalised form; only a URL that is its own normal form can be
        // compared byte by byte on its way back.
        if url.as_str() != text {
            let lacks_path = url.as_str().strip_suffix('/') == Some(text);
            return Err(if listens_at.is_some() && lacks_path {
                Reason::LoopbackIncomplete
            } else {
                Reason::NotAnAddress
            });
        }
        Ok(Self {
            exact: text.to_owned(),
            listens_at,
        })
    }

    /// The text as it is registered, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.exact
    }

    /// How the answer comes back.
    #[must_use]
    pub fn kind(&self) -> RedirectKind {
        match self.listens_at {
            None => RedirectKind::Scheme,
            Some(_) => RedirectKind::Loopback,
        }
    }

    /// Where this computer listens for the answer, when it comes back to its own address.
    #[must_use]
    pub fn listens_at(&self) -> Option<SocketAddr> {
        self.listens_at
    }
}

/// Where to listen for a loopback redirect. A server should allow any port (RFC 8252 §7.3), but
/// Amiqus's form is likely to compare the whole text: so the port is the registered one, and must be
/// one that a person's own program may listen on.
fn loopback(url: &Url) -> Result<SocketAddr, Reason> {
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(Ipv4Addr::LOCALHOST)) => Ipv4Addr::LOCALHOST.into(),
        Some(Host::Ipv6(Ipv6Addr::LOCALHOST)) => Ipv6Addr::LOCALHOST.into(),
        _ => return Err(Reason::LoopbackNotLiteral),
    };
    match url.port() {
        Some(port) if port >= MIN_PORT => Ok((address, port).into()),
        _ => Err(Reason::LoopbackIncomplete),
    }
}

/// Where Amiqus is: https, or http on a loopback address for a practice service. A name as `localhost` is
/// none: a resolver may lead it anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A page of Amiqus that the window may ask to open; nothing else can be opened from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// The service's first page.
    Amiqus,
    /// Where an administrator registers API clients.
    DeveloperSettings,
    /// Where a person removes this app's access.
    TeamApps,
}

impl BaseUrl {
    /// Checks a base URL that somebody entered.
    ///
    /// # Errors
    /// The [`Reason`] why a client secret may not be sent there (RFC 6749 §2.3.1).
    pub fn parse(text: &str) -> Result<Self, Reason> {
        plain(text)?;
        let mut url = Url::parse(text).map_err(|_| Reason::NotAnAddress)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Reason::HasUserInfo);
        }
        if url.fragment().is_some() {
            return Err(Reason::HasFragment);
        }
        if url.query().is_some() {
            return Err(Reason::HasQuery);
        }
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => {}
            ("http", Some(Host::Ipv4(address))) if address.is_loopback() => {}
            ("http", Some(Host::Ipv6(address))) if address.is_loopback() => {}
            ("http", _) => return Err(Reason::NotHttps),
            _ => return Err(Reason::NotAnAddress),
        }
        // One slash at its end, so that what is kept of it as text leads to the same endpoints.
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Where the service is, without its paths.
    #[must_use]
    pub fn origin(&self) -> Url {
        let mut origin = self.0.clone();
        origin.set_path("/");
        origin
    }

    /// Whether it is this computer's own address.
    #[must_use]
    pub fn is_on_this_computer(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether an address is one of this service's own: the same scheme, host and port, nobody's name
    /// in it, and below the same path.
    #[must_use]
    pub fn holds(&self, url: &Url) -> bool {
        url.origin() == self.0.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().starts_with(self.0.path())
    }

    /// The authorization endpoint (RFC 6749 §3.1; Amiqus guide).
    #[must_use]
    pub fn authorization_endpoint(&self) -> Url {
        self.below("oauth/authorize")
    }

    /// The token endpoint (RFC 6749 §3.2; Amiqus guide).
    #[must_use]
    pub fn token_endpoint(&self) -> Url {
        self.below("oauth/token")
    }

    /// A resource of the API, version 2 (Amiqus API reference 2.0).
    #[must_use]
    pub fn api(&self, resource: &str) -> Url {
        self.below(&format!("api/v2/{resource}"))
    }

    /// The address of a page for people. Amiqus publishes no addresses of its inner pages, so at
    /// the real service each leads to the first page, where the menu named in the window's words
    /// is; a service on this computer has them where the practice service has them.
    #[must_use]
    pub fn page(&self, page: Page) -> Url {
        match page {
            _ if self.0.scheme() == "https" => self.0.clone(),
            Page::Amiqus => self.0.clone(),
            Page::DeveloperSettings => self.below("developer-settings"),
            Page::TeamApps => self.below("team-apps"),
        }
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let path = format!("{}{path}", self.0.path());
        url.set_path(&path);
        url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Who set the app up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// An administrator, in the window.
    ByHand,
    /// IT, with a provisioning file. The window shows it as managed and can't change it.
    Provisioned,
}

/// A valid registration.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The API client's public name.
    pub client_id: ClientId,
    /// The API client's secret.
    pub client_secret: ClientSecret,
    /// Where the browser brings its answer.
    pub redirect_url: RedirectUrl,
    /// Where Amiqus is.
    pub base_url: BaseUrl,
    /// The organisation's name, to greet its people with.
    pub organisation: Option<String>,
    /// Whether S256 PKCE is sent. Always, unless a service refuses what it doesn't know.
    pub pkce: bool,
    /// Who set it up.
    pub provenance: Provenance,
}

/// What somebody entered, before it is checked. The window sends it up once; it never comes down.
#[derive(Deserialize, Type)]
pub struct RegistrationDraft {
    /// As pasted from Amiqus's overview of API clients.
    pub client_id: String,
    /// As pasted from the API client's page.
    pub client_secret: String,
    /// Another redirect URL than [`DEFAULT_REDIRECT_URL`].
    pub redirect_url: Option<String>,
    /// Another service than [`DEFAULT_BASE_URL`].
    pub base_url: Option<String>,
    /// The organisation's name.
    pub organisation: Option<String>,
    /// Whether to send PKCE; on unless said otherwise.
    pub pkce: Option<bool>,
}

impl fmt::Debug for RegistrationDraft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RegistrationDraft(…)")
    }
}

impl Drop for RegistrationDraft {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.client_secret);
    }
}

/// A field of a registration.
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

/// Why a value can't be used; the window has words for each that say what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Type, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing was entered.
    #[error("is missing")]
    Missing,
    /// There is a space, a line break or another invisible character in it.
    #[error("has spaces or invisible characters in it")]
    HasSpaces,
    /// It is longer than any real value.
    #[error("is too long")]
    TooLong,
    /// It can't be read as an address.
    #[error("is not an address")]
    NotAnAddress,
    /// A secret would travel unencrypted.
    #[error("is not https")]
    NotHttps,
    /// A custom scheme must be a reverse domain name (RFC 8252 §7.1).
    #[error("has a scheme that is not a reverse domain name")]
    SchemeNotReverseDomain,
    /// `scheme:/path` in place of `scheme://host/path`.
    #[error("lacks the two slashes and the host after its scheme")]
    SchemeWithoutHost,
    /// `localhost` or another name in place of `127.0.0.1` or `[::1]` (RFC 8252 §8.3).
    #[error("is http, but not on 127.0.0.1 or [::1]")]
    LoopbackNotLiteral,
    /// A loopback redirect without a path, or without a port that the app may listen on.
    #[error("is on this computer's own address without a port from 1024 up and a path")]
    LoopbackIncomplete,
    /// The service doesn't know this client ID with this secret.
    #[error("is not known to the service together with the other")]
    NotRecognised,
    /// The service knows the API client, and this redirect URL is none of its.
    #[error("is not registered for that API client")]
    NotRegistered,
    /// A redirect URL may have no fragment (RFC 6749 §3.1.2).
    #[error("has a # in it")]
    HasFragment,
    /// This app's redirect URLs have no query.
    #[error("has a ? in it")]
    HasQuery,
    /// An address may name no user.
    #[error("has a user name in it")]
    HasUserInfo,
    /// An address that would not come back to this app.
    #[error("would not come back to this app")]
    WrongKind,
}

/// One thing to change in what was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
pub struct FieldProblem {
    /// Where.
    pub field: Field,
    /// Why.
    pub reason: Reason,
}

impl RegistrationDraft {
    /// The same, with the secret of the registration in force where none was entered: it is never
    /// shown, and need not be pasted again to change something else. Not for another API client, not for
    /// another service, which would be told a secret that isn't its own, and not where the code would come
    /// back another way or unprotected: whoever is at the window would have it without the secret.
    #[must_use]
    pub fn with_secret_of(mut self, in_force: Option<&Registration>) -> Self {
        let blank = self.client_secret.trim().is_empty();
        if let Some(in_force) = in_force.filter(|_| blank) {
            let same_client = self.client_id.trim() == in_force.client_id.as_str();
            let keeps_pkce = self.pkce.unwrap_or(true) || !in_force.pkce;
            if same_client
                && keeps_pkce
                && self.base_url().as_ref() == Ok(&in_force.base_url)
                && self.redirect_url().as_ref() == Ok(&in_force.redirect_url)
            {
                in_force
                    .client_secret
                    .expose()
                    .clone_into(&mut self.client_secret);
            }
        }
        self
    }

    /// The service that was entered, or the default.
    ///
    /// # Errors
    /// The [`Reason`] why it can't be used.
    pub(crate) fn base_url(&self) -> Result<BaseUrl, Reason> {
        BaseUrl::parse(entered(self.base_url.as_deref(), DEFAULT_BASE_URL))
    }

    fn redirect_url(&self) -> Result<RedirectUrl, Reason> {
        RedirectUrl::parse(entered(self.redirect_url.as_deref(), DEFAULT_REDIRECT_URL))
    }

    /// Checks all fields. White space around a pasted value is not the person's fault and is
    /// taken off; inside a value it is refused.
    ///
    /// # Errors
    /// Everything that must be changed, in the order of the form.
    pub fn validate(&self, provenance: Provenance) -> Result<Registration, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let note = |field: Field| move |reason: Reason| FieldProblem { field, reason };
        let client_id = plain(self.client_id.trim()).map_err(note(Field::ClientId));
        let client_secret = plain(self.client_secret.trim()).map_err(note(Field::ClientSecret));
        let redirect_url = self.redirect_url().map_err(note(Field::RedirectUrl));
        let base_url = self.base_url().map_err(note(Field::BaseUrl));
        let organisation = match self.organisation.as_deref().map(str::trim) {
            Some(name) if name.len() > LONGEST_VALUE => {
                Err(note(Field::Organisation)(Reason::TooLong))
            }
            name => Ok(name
                .map(crate::account::plain_text)
                .filter(|name| !name.is_empty())),
        };
        match (
            client_id,
            client_secret,
            redirect_url,
            base_url,
            organisation,
        ) {
            (
                Ok(client_id),
                Ok(client_secret),
                Ok(redirect_url),
                Ok(base_url),
                Ok(organisation),
            ) => Ok(Registration {
                client_id: ClientId(client_id.to_owned()),
                client_secret: ClientSecret::new(client_secret),
                redirect_url,
                base_url,
                organisation,
                pkce: self.pkce.unwrap_or(true),
                provenance,
            }),
            (client_id, client_secret, redirect_url, base_url, organisation) => {
                problems.extend(client_id.err());
                problems.extend(client_secret.err());
                problems.extend(redirect_url.err());
                problems.extend(base_url.err());
                problems.extend(organisation.err());
                Err(problems)
            }
        }
    }
}

/// What was entered, or the default where nothing was.
fn entered<'a>(text: Option<&'a str>, default: &'a str) -> &'a str {
    match text.map(str::trim) {
        None | Some("") => default,
        Some(text) => text,
    }
}

/// Printable ASCII without spaces, neither empty nor absurdly long (RFC 6749 appendix A.1, A.2).
fn plain(text: &str) -> Result<&str, Reason> {
    if text.is_empty() {
        Err(Reason::Missing)
    } else if text.len() > LONGEST_VALUE {
        Err(Reason::TooLong)
    } else if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        Err(Reason::HasSpaces)
    } else {
        Ok(text)
    }
}
