//! Whether Amiqus can be reached from this computer: what answers, through which proxy, with which
//! certificate.

use std::time::{Duration, Instant};

use amiqus_core::error::chain;
use amiqus_core::http::{self, ConnectError, RequestError, Timeouts};
use amiqus_core::registration::BaseUrl;
use hyper_util::client::proxy::matcher::Matcher;

use super::Report;
#[cfg(target_os = "linux")]
use crate::proxy_linux;

/// Shorter than elsewhere, because a user waits for the report.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(10),
};

/// Requests a resource of the API without a token, which Amiqus answers with 401, and reports what came.
pub(super) async fn probe(report: &mut Report, base_url: &BaseUrl) {
    report.section("Amiqus");
    report.text("address", base_url.as_str());
    let address = base_url.api("status");
    let proxy = proxy_for(base_url, address.as_str());
    #[cfg(target_os = "linux")]
    let (proxy, clients) = (
        match proxy {
            None => desktop_proxy(base_url).await,
            proxy => proxy,
        },
        proxy_linux::clients(TIMEOUTS),
    );
    #[cfg(not(target_os = "linux"))]
    let clients = http::Clients::new(TIMEOUTS);
    report.text("proxy", proxy.as_deref().unwrap_or("none"));
    let client = match clients.for_service(base_url).await {
        Ok(client) => client,
        Err(error) => {
            report.text("reachable", &format!("not tried: {}", chain(&error)));
            return;
        }
    };
    let started = Instant::now();
    let answer = http::send(client.get(address)).await;
    let milliseconds = started.elapsed().as_millis();
    let (reachable, certificate) = match answer {
        Ok(answer) => {
            let meaning = match answer.status.as_u16() {
                204 | 401 => "as expected of Amiqus",
                300..=399 => "redirected, as by a network's login page",
                407 => "the proxy asks for a password",
                500..=599 => "an error of Amiqus, or of a proxy in front of it",
                _ => "not as expected of Amiqus",
            };
            (
                format!("yes, {} in {milliseconds} ms: {meaning}", answer.status),
                Some("accepted"),
            )
        }
        Err(RequestError::NotSent(ConnectError::CertificateNotTrusted, cause)) => (
            format!("no: {}", chain(cause.as_ref())),
            Some("not accepted"),
        ),
        Err(RequestError::NotSent(_, cause)) => (format!("no: {}", chain(cause.as_ref())), None),
        Err(error) => (format!("no: {}", chain(&error)), None),
    };
    report.text("reachable", &reachable);
    let certificate = if base_url.is_loopback() {
        "none: an address of this computer"
    } else {
        certificate.unwrap_or("not seen")
    };
    report.text("certificate", certificate);
}

/// The desktop's proxy for the service, where no environment variable overrides it.
#[cfg(target_os = "linux")]
async fn desktop_proxy(base_url: &BaseUrl) -> Option<String> {
    if base_url.is_loopback() || proxy_linux::is_set_by_environment() {
        return None;
    }
    let proxy = proxy_linux::look_up(&base_url.origin()).await?;
    let port = proxy.port().map(|port| format!(":{port}"));
    Some(format!(
        "{}{}, {}, from the desktop's settings",
        proxy.host_str().unwrap_or("without a name"),
        port.unwrap_or_default(),
        proxy.scheme(),
    ))
}

/// The host and port of the proxy that a request uses, without its password.
fn proxy_for(base_url: &BaseUrl, address: &str) -> Option<String> {
    if base_url.is_loopback() {
        return None;
    }
    let proxy = Matcher::from_system().intercept(&address.parse().ok()?)?;
    let uri = proxy.uri();
    let password = if proxy.basic_auth().is_some() || proxy.raw_auth().is_some() {
        ", with a password"
    } else {
        ""
    };
    let port = uri.port_u16().map(|port| format!(":{port}"));
    Some(format!(
        "{}{}{password}",
        uri.host().unwrap_or("without a name"),
        port.unwrap_or_default()
    ))
}
