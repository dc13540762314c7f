//! Whether Amiqus can be reached from here: what answers, through which proxy, with which
//! certificate.

use std::time::{Duration, Instant};

use amiqus_core::error::chain;
use amiqus_core::http::{self, ConnectError, RequestError, Timeouts};
use amiqus_core::registration::BaseUrl;
use hyper_util::client::proxy::matcher::Matcher;

use super::Report;
#[cfg(target_os = "linux")]
use crate::proxy_linux;

/// A person waits for it.
const LIMITS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(10),
};

/// Asks for a resource of the API without a token; Amiqus answers 401.
pub(super) async fn look(report: &mut Report, base_url: &BaseUrl) {
    report.section("Amiqus");
    report.says("address", base_url.as_str());
    let address = base_url.api("status");
    let proxy = proxy_for(base_url, address.as_str());
    #[cfg(target_os = "linux")]
    let (proxy, clients) = (
        match proxy {
            None => desktops_proxy(base_url).await,
            proxy => proxy,
        },
        proxy_linux::clients(LIMITS),
    );
    #[cfg(not(target_os = "linux"))]
    let clients = http::Clients::new(LIMITS);
    report.says("proxy", proxy.as_deref().unwrap_or("none"));
    let client = match clients.for_service(base_url).await {
        Ok(client) => client,
        Err(problem) => {
            report.says("reachable", &format!("not tried: {}", chain(&problem)));
            return;
        }
    };
    let begun = Instant::now();
    let answer = http::send(client.get(address)).await;
    let milliseconds = begun.elapsed().as_millis();
    let (reachable, certificate) = match answer {
        Ok(answer) => {
            let meaning = match answer.status.as_u16() {
                204 | 401 => "as Amiqus does",
                300..=399 => "it leads elsewhere, as a network's login page does",
                407 => "the proxy wants a password",
                500..=599 => "Amiqus, or a proxy before it, is unwell",
                _ => "not as Amiqus does",
            };
            (
                format!("yes, {} in {milliseconds} ms: {meaning}", answer.status),
                Some("accepted"),
            )
        }
        Err(RequestError::NotSent(reason, cause)) => (
            format!("no: {}", chain(&*cause)),
            (reason == ConnectError::CertificateNotTrusted).then_some("not accepted"),
        ),
        Err(problem) => (format!("no: {}", chain(&problem)), None),
    };
    report.says("reachable", &reachable);
    let certificate = if base_url.is_loopback() {
        "none: this computer's own address"
    } else {
        certificate.unwrap_or("not seen")
    };
    report.says("certificate", certificate);
}

/// The proxy that the desktop has for the service, where no variables go before it.
#[cfg(target_os = "linux")]
async fn desktops_proxy(base_url: &BaseUrl) -> Option<String> {
    if base_url.is_loopback() || proxy_linux::is_named_by_variables() {
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

/// The proxy that a request goes through: its host and port, never its password.
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
