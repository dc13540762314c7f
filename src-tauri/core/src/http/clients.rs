//! The HTTP clients: one for services on the network, one for this computer.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, Proxy, redirect};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use url::Url;

use super::error::{ConnectError, RequestError};
use crate::registration::BaseUrl;

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// The maximum time until the connection is established.
    pub connect: Duration,
    /// The maximum time until the response is complete.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
        }
    }
}

/// HTTP clients that verify certificates against the operating system's trust store, send `Accept:
/// application/json` (without it Amiqus answers with a login page), follow no redirects and keep no
/// cookies.
#[derive(Debug, Clone)]
pub struct Clients {
    timeouts: Timeouts,
    desktop: Option<Desktop>,
    remote: Arc<OnceCell<Client>>,
    loopback: Arc<OnceCell<Client>>,
}

/// Looks up the proxy in the desktop's settings, on a system whose proxy is not set by environment
/// variables.
pub trait DesktopProxy: fmt::Debug + Send + Sync {
    /// The proxy for an address; `None` for a direct connection, or if the proxy is unknown. Each
    /// request waits for this.
    fn look_up<'a>(
        &'a self,
        address: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Option<Url>> + Send + 'a>>;
}

/// The desktop's proxies as last looked up, by the service's origin: reqwest asks for them in a place
/// that can't wait.
#[derive(Debug, Clone)]
struct Desktop {
    settings: Arc<dyn DesktopProxy>,
    proxies: Arc<Mutex<BTreeMap<String, Url>>>,
}

impl Desktop {
    async fn look_up(&self, address: &Url) {
        let proxy = self.settings.look_up(address).await;
        let origin = address.origin().ascii_serialization();
        let mut proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        match proxy {
            Some(proxy) => proxies.insert(origin, proxy),
            None => proxies.remove(&origin),
        };
    }

    fn last_proxy(&self, address: &Url) -> Option<Url> {
        let proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        proxies
            .get(&address.origin().ascii_serialization())
            .cloned()
    }
}

impl Clients {
    /// Prepares the clients, which are built on first use. Services on the network are reached through
    /// the system's proxy.
    #[must_use]
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            desktop: None,
            remote: Arc::default(),
            loopback: Arc::default(),
        }
    }

    /// Uses the proxy from the desktop's settings in place of environment variables, looked up before
    /// each use of a client.
    #[must_use]
    pub fn with_desktop_proxy(mut self, settings: Arc<dyn DesktopProxy>) -> Self {
        self.desktop = Some(Desktop {
            settings,
            proxies: Arc::default(),
        });
        self
    }

    /// The client for a service. A loopback address is always reached directly: a proxy would receive
    /// the client secret unencrypted. The first call waits until the system's trust store has been
    /// read. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`RequestError::NotSent`] when the trust store can't be used. The next call tries again.
    pub async fn for_service(&self, base_url: &BaseUrl) -> Result<&Client, RequestError> {
        let (client, is_proxied) = if base_url.is_loopback() {
            (&self.loopback, false)
        } else {
            (&self.remote, true)
        };
        let timeouts = self.timeouts;
        let desktop = self.desktop.as_ref().filter(|_| is_proxied);
        if let Some(desktop) = desktop {
            desktop.look_up(&base_url.origin()).await;
        }
        let desktop = desktop.cloned();
        client
            .get_or_try_init(|| async move {
                let no_trust_store =
                    |error| RequestError::NotSent(ConnectError::CertificateNotTrusted, error);
                let built = spawn_blocking(move || build(timeouts, is_proxied, desktop)).await;
                built
                    .map_err(|error| no_trust_store(error.into()))?
                    .map_err(|error| no_trust_store(error.into()))
            })
            .await
    }
}

fn build(
    timeouts: Timeouts,
    is_proxied: bool,
    desktop: Option<Desktop>,
) -> reqwest::Result<Client> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // Without this header any coding is acceptable (RFC 9110 §12.5.3).
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let builder = Client::builder()
        .user_agent(concat!("sign-in-with-amiqus/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.request);
    match desktop {
        _ if !is_proxied => builder.no_proxy().build(),
        // The proxy may change during the client's life.
        Some(desktop) => builder
            .proxy(Proxy::custom(move |address| desktop.last_proxy(address)))
            .build(),
        None => builder.build(),
    }
}
