//! The redirect URL and the base URL of a registration.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use specta::Type;
use url::{Host, Url};

use super::validation::{Reason, printable_ascii};

/// The custom scheme that this app registers with the operating system (RFC 7595 §3.8, RFC 8252
/// §7.1: a reverse domain name that its maker controls).
pub const SCHEME: &str = brand::SCHEME;

/// The redirect URL of a registration that names no other.
pub const DEFAULT_REDIRECT_URL: &str = brand::REDIRECT_URL;

/// The base URL of Amiqus (Amiqus guide), unless a registration names another service.
pub const DEFAULT_BASE_URL: &str = brand::BASE_URL;

/// The lowest port that an unprivileged program may listen on.
const MIN_PORT: u16 = 1024;

/// How the redirect reaches this app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum RedirectKind {
    /// By the custom scheme that this app registers with the operating system (RFC 8252 §7.1).
    Scheme,
    /// By a listener on a loopback address (RFC 8252 §7.3).
    Loopback,
}

/// A redirect URL exactly as it is registered at Amiqus: the authorization request, the exchange and
/// each refresh send the same bytes (RFC 6749 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUrl {
    exact: String,
    listen_address: Option<SocketAddr>,
}

impl RedirectUrl {
    /// Validates a redirect URL that an administrator enters or provisions: one, where Amiqus's form takes
    /// several, separated by commas.
    ///
    /// # Errors
    /// The [`Reason`] why Amiqus or this app can't use it.
    pub fn parse_entered(text: &str) -> Result<Self, Reason> {
        // Before the rest: a list of addresses may be no address itself.
        if printable_ascii(text)?.contains(',') {
            return Err(Reason::HasComma);
        }
        Self::parse(text)
    }

    /// Validates a redirect URL. It may have a comma: earlier versions took it, and what they stored stays
    /// usable.
    ///
    /// # Errors
    /// The [`Reason`] why this app can't use it.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        printable_ascii(text)?;
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
        let listen_address = match url.scheme() {
            SCHEME => {
                if url.host_str().is_none_or(str::is_empty) {
                    return Err(Reason::SchemeWithoutHost);
                }
                None
            }
            "http" => Some(loopback_address(&url)?),
            "https" => return Err(Reason::WrongKind),
            other if !other.contains('.') => return Err(Reason::SchemeNotReverseDomain),
            _ => return Err(Reason::WrongKind),
        };
        // No URL contains a backslash (RFC 3986 §2), and programs on the way to this app may turn it
        // into a slash.
        if text.contains('\\') {
            return Err(Reason::NotAnAddress);
        }
        // A browser returns the normalised form, so only a URL that is already normalised can be
        // compared byte by byte.
        if url.as_str() != text {
            let lacks_path = url.as_str().strip_suffix('/') == Some(text);
            return Err(if listen_address.is_some() && lacks_path {
                Reason::LoopbackIncomplete
            } else {
                Reason::NotAnAddress
            });
        }
        Ok(Self {
            exact: text.to_owned(),
            listen_address,
        })
    }

    /// The text as it is registered, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.exact
    }

    /// How the redirect reaches this app.
    #[must_use]
    pub fn kind(&self) -> RedirectKind {
        match self.listen_address {
            None => RedirectKind::Scheme,
            Some(_) => RedirectKind::Loopback,
        }
    }

    /// The address to listen on for a loopback redirect; `None` for a custom scheme.
    #[must_use]
    pub fn listen_address(&self) -> Option<SocketAddr> {
        self.listen_address
    }
}

/// The address to listen on. A server should allow any port (RFC 8252 §7.3), but Amiqus's form
/// probably compares the whole text, so the registered port is used. It must not need privileges.
fn loopback_address(url: &Url) -> Result<SocketAddr, Reason> {
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

/// The base URL of Amiqus: https, or http on a loopback address for a practice service. A host name
/// such as `localhost` is not accepted with http, because a resolver may point it anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A page of Amiqus that the window may open. It can open nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// The service's start page.
    Amiqus,
    /// The page where an administrator registers API clients.
    DeveloperSettings,
    /// The page where a user removes this app's access.
    TeamApps,
}

impl BaseUrl {
    /// Validates a base URL.
    ///
    /// # Errors
    /// The [`Reason`] why a client secret must not be sent there (RFC 6749 §2.3.1).
    pub fn parse(text: &str) -> Result<Self, Reason> {
        printable_ascii(text)?;
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
        // Exactly one slash at the end, so that the stored text leads to the same endpoints.
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The URL as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The URL without its path.
    #[must_use]
    pub fn origin(&self) -> Url {
        let mut origin = self.0.clone();
        origin.set_path("/");
        origin
    }

    /// Whether this is a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        // Other addresses are https.
        self.0.scheme() == "http"
    }

    /// Whether a URL belongs to this service: it has the same scheme, host and port, a path below this
    /// one, and no user name.
    #[must_use]
    pub fn contains(&self, url: &Url) -> bool {
        url.origin() == self.0.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().starts_with(self.0.path())
    }

    /// The authorization endpoint (RFC 6749 §3.1; Amiqus guide).
    #[must_use]
    pub fn authorization_endpoint(&self) -> Url {
        self.join("oauth/authorize")
    }

    /// The token endpoint (RFC 6749 §3.2; Amiqus guide).
    #[must_use]
    pub fn token_endpoint(&self) -> Url {
        self.join("oauth/token")
    }

    /// The URL of a resource of the API, version 2 (Amiqus API reference 2.0).
    #[must_use]
    pub fn api(&self, resource: &str) -> Url {
        self.join(&format!("api/v2/{resource}"))
    }

    /// The URL of a web page. Amiqus does not publish the addresses of its inner pages, so for the real
    /// service this is always the start page, which has the menu that the window's words name. A
    /// service on a loopback address has the pages of the practice service.
    #[must_use]
    pub fn page(&self, page: Page) -> Url {
        match page {
            _ if !self.is_loopback() => self.0.clone(),
            Page::Amiqus => self.0.clone(),
            Page::DeveloperSettings => self.join("developer-settings"),
            Page::TeamApps => self.join("team-apps"),
        }
    }

    fn join(&self, path: &str) -> Url {
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
