//! Whether Amiqus can be reached from here: what answers, through which proxy, with which
//! certificate.

use std::time::{Duration, Instant};

use amiqus_core::http::{self, Limits, NoAnswer, Obstacle};
use amiqus_core::registration::BaseUrl;
use hyper_util::client::proxy::matcher::Matcher;

use super::Report;

/// A person waits for it.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(10),
};

/// Asks for a resource of the API without a token; Amiqus answers 401.
pub(super) async fn look(report: &mut Report, base_url: &BaseUrl) {
    report.section("Amiqus");
    report.says("address", base_url.as_str());
    let address = base_url.api("status");
    let proxy = proxy_for(base_url, address.as_str());
    report.says("proxy", proxy.as_deref().unwrap_or("none"));
    let clients = http::clients(LIMITS);
    let client = match clients.for_service(base_url).await {
        Ok(client) => client,
        Err(problem) => {
            report.says("reachable", &format!("not tried: {problem}"));
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
        Err(NoAnswer::NotSent(Obstacle::CertificateNotTrusted, why)) => {
            (format!("no: {why}"), Some("not accepted"))
        }
        Err(NoAnswer::NotSent(_, why)) => (format!("no: {why}"), None),
        Err(problem) => (format!("no: {problem}"), None),
    };
    report.says("reachable", &reachable);
    let certificate = if base_url.is_on_this_computer() {
        "none: this computer's own address"
    } else {
        certificate.unwrap_or("not seen")
    };
    report.says("certificate", certificate);
}

/// The proxy that a request goes through: its host and port, never its password.
fn proxy_for(base_url: &BaseUrl, address: &str) -> Option<String> {
    if base_url.is_on_this_computer() {
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
