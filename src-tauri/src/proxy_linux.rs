//! The desktop's proxy settings on Linux (GNOME, KDE, PAC files), from the portal's `ProxyResolver`.
//! Environment variables override them, as on the other systems.

use std::env;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use amiqus_core::error::chain;
use amiqus_core::http::{self, Clients, DesktopProxy, Timeouts};
use tokio::sync::Mutex;
use url::Url;
use zbus::Connection;

/// The environment variables from which reqwest reads a proxy for https.
const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// How long the portal may take. A portal that hangs must not delay a sign-in for longer.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an answer is cached: settings change, and so do networks.
const MAX_CACHE_AGE: Duration = Duration::from_secs(30);

/// Creates clients that use the desktop's proxy, unless environment variables name another.
pub(crate) fn clients(timeouts: Timeouts) -> Clients {
    let clients = http::Clients::new(timeouts);
    if is_set_by_environment() {
        clients
    } else {
        clients.with_desktop_proxy(Arc::new(Portal::default()))
    }
}

/// Whether an environment variable names the proxy.
pub(crate) fn is_set_by_environment() -> bool {
    VARIABLES
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Asks the desktop for the proxy to an address; `None` for a direct connection.
pub(crate) async fn look_up(address: &Url) -> Option<Url> {
    look_up_on(Connection::session(), address).await
}

async fn look_up_on(
    bus: impl Future<Output = zbus::Result<Connection>>,
    address: &Url,
) -> Option<Url> {
    match tokio::time::timeout(LOOKUP_TIMEOUT, call_portal(bus, address)).await {
        Ok(Ok(answers)) => {
            // The first usable one: the desktop lists them by preference.
            match answers.iter().find_map(|answer| Route::parse(answer))? {
                Route::Direct => None,
                Route::Through(proxy) => Some(proxy),
            }
        }
        Ok(Err(error)) => {
            tracing::debug!(error = %chain(&error), "proxy: lookup failed");
            None
        }
        Err(_) => {
            tracing::warn!("proxy: lookup timed out");
            None
        }
    }
}

async fn call_portal(
    bus: impl Future<Output = zbus::Result<Connection>>,
    address: &Url,
) -> zbus::Result<Vec<String>> {
    bus.await?
        .call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.portal.ProxyResolver"),
            "Lookup",
            &(address.as_str(),),
        )
        .await?
        .body()
        .deserialize()
}

/// A route to a server.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Direct,
    Through(Url),
}

impl Route {
    /// Parses one of the portal's answers; `None` for a scheme that is not supported.
    fn parse(answer: &str) -> Option<Self> {
        let (scheme, place) = answer.split_once("://")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "direct" => return Some(Self::Direct),
            "http" => "http",
            "https" => "https",
            "socks4" => "socks4",
            "socks4a" => "socks4a",
            // The proxy resolves names: a computer behind one often can't.
            "socks" | "socks5" | "socks5h" => "socks5h",
            _ => return None,
        };
        let proxy = Url::parse(&format!("{scheme}://{place}")).ok()?;
        proxy.has_host().then_some(Self::Through(proxy))
    }
}

/// The portal, with a cache of its last answer.
#[derive(Debug, Default)]
struct Portal {
    cache: Mutex<Option<(Url, Instant, Option<Url>)>>,
}

impl DesktopProxy for Portal {
    fn look_up<'a>(
        &'a self,
        address: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Option<Url>> + Send + 'a>> {
        Box::pin(async move {
            let mut cache = self.cache.lock().await;
            if let Some((cached_address, at, answer)) = &*cache
                && cached_address == address
                && at.elapsed() < MAX_CACHE_AGE
            {
                return answer.clone();
            }
            let answer = look_up(address).await;
            *cache = Some((address.clone(), Instant::now(), answer.clone()));
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};

    use zbus::connection::Builder;

    use super::*;

    /// A session bus for the test.
    struct Bus {
        daemon: Child,
        address: String,
    }

    impl Bus {
        fn start() -> Self {
            let mut daemon = Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut address = String::new();
            BufReader::new(daemon.stdout.take().unwrap())
                .read_line(&mut address)
                .unwrap();
            let address = address.trim().to_owned();
            Self { daemon, address }
        }

        async fn look_up(&self) -> Option<Url> {
            let address = "https://id.amiqus.co/".parse().unwrap();
            let bus = Builder::address(self.address.as_str()).unwrap().build();
            look_up_on(bus, &address).await
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }

    /// A portal with fixed answers.
    struct FakePortal(Vec<&'static str>);

    #[zbus::interface(name = "org.freedesktop.portal.ProxyResolver")]
    impl FakePortal {
        fn lookup(&self, uri: &str) -> Vec<String> {
            assert_eq!(uri, "https://id.amiqus.co/");
            self.0.iter().map(ToString::to_string).collect()
        }
    }

    #[tokio::test]
    async fn first_usable_answer_of_the_portal_is_the_proxy() {
        let bus = Bus::start();
        assert_eq!(bus.look_up().await, None, "a desktop without a portal");
        for (answers, expected) in [
            (
                vec!["http://proxy.example:3128"],
                Some("http://proxy.example:3128/"),
            ),
            (
                vec!["socks://10.0.0.1:1080"],
                Some("socks5h://10.0.0.1:1080"),
            ),
            (
                vec!["ftp://a.example:1", "https://b.example:2"],
                Some("https://b.example:2/"),
            ),
            (vec!["direct://", "http://proxy.example:3128"], None),
            (vec!["direct://"], None),
            (vec![], None),
        ] {
            let shown = answers.join(", ");
            let portal = Builder::address(bus.address.as_str())
                .unwrap()
                .name("org.freedesktop.portal.Desktop")
                .unwrap()
                .serve_at("/org/freedesktop/portal/desktop", FakePortal(answers))
                .unwrap()
                .build()
                .await
                .unwrap();
            let proxy = bus.look_up().await.map(String::from);
            assert_eq!(proxy.as_deref(), expected, "{shown}");
            portal.close().await.unwrap();
        }
    }

    #[test]
    fn answers_of_each_scheme_are_parsed() {
        for (written, expected) in [
            (
                "http://proxy.example:3128",
                Some(Some("http://proxy.example:3128/")),
            ),
            (
                "https://proxy.example:443/",
                Some(Some("https://proxy.example/")),
            ),
            ("HTTP://[::1]:8080", Some(Some("http://[::1]:8080/"))),
            (
                "socks://10.0.0.1:1080",
                Some(Some("socks5h://10.0.0.1:1080")),
            ),
            (
                "socks5://10.0.0.1:1080",
                Some(Some("socks5h://10.0.0.1:1080")),
            ),
            (
                "socks4://10.0.0.1:1080",
                Some(Some("socks4://10.0.0.1:1080")),
            ),
            ("direct://", Some(None)),
            ("ftp://proxy.example:21", None),
            ("http://", None),
            ("proxy.example:3128", None),
            ("", None),
        ] {
            let expected = expected.map(|proxy| {
                proxy.map_or(Route::Direct, |proxy: &str| {
                    Route::Through(proxy.parse().unwrap())
                })
            });
            assert_eq!(Route::parse(written), expected, "{written}");
        }
    }
}
