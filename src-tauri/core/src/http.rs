//! HTTP as this product speaks it: encrypted, no redirects, bounded in time and in memory.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io::Read;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use jiff::{SignedDuration, Timestamp};
pub use reqwest::Client;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER,
};
use reqwest::{Proxy, RequestBuilder, Response, StatusCode, redirect};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use url::Url;
use zeroize::Zeroizing;

use crate::lenient_json as json;
use crate::registration::BaseUrl;

#[cfg(test)]
mod tests;

/// No answer of Amiqus's is larger, in bytes; what comes after is not read.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long Amiqus may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a connection to come about.
    pub connect: Duration,
    /// For a request in all.
    pub request: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
        }
    }
}

/// No wait that a server asks for is longer than this.
pub const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Speaks HTTP: certificates against the operating system's trust store, `Accept:
/// application/json` (without it Amiqus answers with a login page), no redirects, no cookies.
#[derive(Debug, Clone)]
pub struct Clients {
    limits: Limits,
    desktop: Option<Desktop>,
    outside: Arc<OnceCell<Client>>,
    this_computer: Arc<OnceCell<Client>>,
}

/// Tells which proxy the desktop has for an address, where the system's own settings are no matter of
/// environment variables.
pub trait DesktopProxy: fmt::Debug + Send + Sync {
    /// The proxy's address; `None` for a direct connection, and where it can't be told. A request
    /// waits for it.
    fn look_up<'a>(
        &'a self,
        address: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Option<Url>> + Send + 'a>>;
}

/// A desktop, and what it said last of each service.
#[derive(Debug, Clone)]
struct Desktop {
    asked: Arc<dyn DesktopProxy>,
    answers: Arc<Mutex<BTreeMap<String, Url>>>,
}

impl Desktop {
    async fn look_up(&self, address: &Url) {
        let proxy = self.asked.look_up(address).await;
        let origin = address.origin().ascii_serialization();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match proxy {
            Some(proxy) => answers.insert(origin, proxy),
            None => answers.remove(&origin),
        };
    }

    fn said(&self, address: &Url) -> Option<Url> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .get(&address.origin().ascii_serialization())
            .cloned()
    }
}

impl Clients {
    /// Has the desktop asked for the proxy before each use, in place of environment variables.
    #[must_use]
    pub fn behind(mut self, asked: Arc<dyn DesktopProxy>) -> Self {
        self.desktop = Some(Desktop {
            asked,
            answers: Arc::default(),
        });
        self
    }

    /// The client for a service. What goes to this computer's own address goes there directly: a
    /// proxy would be shown the client secret, unencrypted. The first one who asks waits until the
    /// system's trust store was read. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`RequestError::NotSent`] when that can't be used; the next one who asks tries again.
    pub async fn for_service(&self, base_url: &BaseUrl) -> Result<&Client, RequestError> {
        let (client, is_proxied) = if base_url.is_on_this_computer() {
            (&self.this_computer, false)
        } else {
            (&self.outside, true)
        };
        let limits = self.limits;
        let desktop = self.desktop.as_ref().filter(|_| is_proxied);
        if let Some(desktop) = desktop {
            desktop.look_up(&base_url.origin()).await;
        }
        let desktop = desktop.cloned();
        client
            .get_or_try_init(|| async move {
                let no_trust_store =
                    |why| RequestError::NotSent(ConnectError::CertificateNotTrusted, why);
                let built = spawn_blocking(move || build(limits, is_proxied, desktop)).await;
                built
                    .map_err(|problem| no_trust_store(problem.to_string()))?
                    .map_err(|problem| no_trust_store(chain(&problem)))
            })
            .await
    }
}

/// Makes the clients: the system's proxy for services outside, none for this computer. Nothing is read
/// until somebody has something to send.
#[must_use]
pub fn clients(limits: Limits) -> Clients {
    Clients {
        limits,
        desktop: None,
        outside: Arc::default(),
        this_computer: Arc::default(),
    }
}

fn build(limits: Limits, is_proxied: bool, desktop: Option<Desktop>) -> reqwest::Result<Client> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // Not to be asked at all would allow any of them (RFC 9110 §12.5.3).
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let builder = Client::builder()
        .user_agent(concat!("sign-in-with-amiqus/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        .connect_timeout(limits.connect)
        .timeout(limits.request);
    match desktop {
        _ if !is_proxied => builder.no_proxy().build(),
        // The answers may change while the client lives.
        Some(desktop) => builder
            .proxy(Proxy::custom(move |address| desktop.said(address)))
            .build(),
        None => builder.build(),
    }
}

/// A whole answer, within bounds. Its body may hold tokens and is wiped when dropped.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// What kept a connection from coming about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectError {
    /// No network, no name, nobody there, or no time left.
    Unreachable,
    /// The proxy wants a name and a password (407, RFC 9110 §15.5.8).
    ProxyNeedsPassword,
    /// Whoever answered has a certificate that this computer doesn't trust.
    CertificateNotTrusted,
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The request never left: no connection came about.
    #[error("no connection: {1}")]
    NotSent(ConnectError, String),
    /// The request may have been processed, but no answer, or only a part of one, arrived.
    #[error("the answer was lost: {0}")]
    Lost(String),
    /// The answer is larger than it may be.
    #[error("the answer is larger than it may be")]
    TooLarge,
}

/// Sends a request, once, and reads its answer within bounds.
///
/// # Errors
/// [`RequestError`], which tells whether the request can have been processed.
pub async fn send(request: RequestBuilder) -> Result<Answer, RequestError> {
    let mut answer = send_for(MAX_BODY_BYTES, request).await?;
    decompress(&mut answer)?;
    Ok(answer)
}

/// How much of a compressed body is looked at at once, in bytes.
const BUFFER: usize = 4096;

/// How often a body may have been compressed on its way.
const MAX_CODINGS: usize = 3;

/// Undoes a compression that nobody asked for. A body that only claims to be compressed stays as it
/// is, and of one that was cut off its beginning is left.
///
/// # Errors
/// [`RequestError::TooLarge`] when it is larger than an answer may be.
pub fn decompress(answer: &mut Answer) -> Result<(), RequestError> {
    let names = |headers: &HeaderMap, coding: &str| {
        headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|codings| codings.split(','))
            .any(|named| named.trim().eq_ignore_ascii_case(coding))
    };
    // Neither begins with anything that would tell.
    let is_deflate = names(&answer.headers, "deflate");
    let is_brotli = names(&answer.headers, "br");
    for _ in 0..MAX_CODINGS {
        let body = answer.body.as_slice();
        let inflated = match body {
            [0x1f, 0x8b, ..] => inflate(GzDecoder::new(body))?,
            // A zlib header (RFC 1950 §2.2), and no beginning of JSON.
            [first @ (0x58 | 0x68 | 0x78), second, ..]
                if (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0 =>
            {
                inflate(ZlibDecoder::new(body))?
            }
            _ if json::begins_an_object(&json::decode(body)) => return Ok(()),
            _ if is_deflate => inflate(DeflateDecoder::new(body))?,
            _ if is_brotli => inflate(brotli_decompressor::Decompressor::new(body, BUFFER))?,
            _ => return Ok(()),
        };
        if inflated.is_empty() {
            return Ok(());
        }
        answer.body = inflated;
    }
    Ok(())
}

fn inflate(decoder: impl Read) -> Result<Zeroizing<Vec<u8>>, RequestError> {
    // With the room there from the start, no half-filled copy is left behind by growing.
    let mut body = Zeroizing::new(Vec::with_capacity(MAX_BODY_BYTES + 1));
    let mut bounded = decoder.take(MAX_BODY_BYTES as u64 + 1);
    if let Err(problem) = bounded.read_to_end(&mut body) {
        tracing::debug!(%problem, read = body.len(), "http: decompression stopped");
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(RequestError::TooLarge);
    }
    Ok(body)
}

/// Sends a request, once, and keeps what arrived of its answer also when that isn't all of it.
///
/// # Errors
/// [`RequestError`], when not even the status arrived.
pub(crate) async fn send_keeping_part(
    request: RequestBuilder,
) -> Result<PartialResponse, RequestError> {
    let mut received = receive(MAX_BODY_BYTES, respond(request).await?).await;
    if let Err(problem) = decompress(&mut received.answer) {
        received.cut = Some(problem);
    }
    Ok(received)
}

/// Sends a request, once, for an answer that is no larger than this, in bytes.
///
/// # Errors
/// [`RequestError`], which tells whether the request can have been processed.
pub async fn send_for(largest: usize, request: RequestBuilder) -> Result<Answer, RequestError> {
    read(largest, respond(request).await?).await
}

async fn respond(request: RequestBuilder) -> Result<Response, RequestError> {
    request.send().await.map_err(|error| {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            RequestError::NotSent(connect_error(&error), chain(&error))
        } else {
            RequestError::Lost(chain(&error))
        }
    })
}

/// Reads an answer that has begun to arrive, within bounds: no more of it than this, in bytes, is kept,
/// and what comes after is not waited for. An answer that announces more is not waited for at all.
///
/// # Errors
/// [`RequestError`], when it doesn't arrive whole.
pub async fn read(largest: usize, response: Response) -> Result<Answer, RequestError> {
    if response
        .content_length()
        .is_some_and(|length| length > largest as u64)
    {
        return Err(RequestError::TooLarge);
    }
    let PartialResponse { answer, cut } = receive(largest, response).await;
    match cut {
        None => Ok(answer),
        Some(problem) => Err(problem),
    }
}

/// What arrived of an answer.
pub(crate) struct PartialResponse {
    /// The status, the headers, and as much of the body as arrived within bounds.
    pub(crate) answer: Answer,
    /// Why that isn't all of it.
    pub(crate) cut: Option<RequestError>,
}

async fn receive(largest: usize, mut response: Response) -> PartialResponse {
    let status = response.status();
    let headers = response.headers().clone();
    let expected = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    // With the room there from the start, no half-filled copy is left behind by growing.
    let mut body = Zeroizing::new(Vec::with_capacity(
        expected.unwrap_or(16 * 1024).min(largest),
    ));
    let cut = loop {
        match response.chunk().await {
            Ok(Some(part)) => {
                let room = largest - body.len();
                body.extend_from_slice(part.get(..room).unwrap_or(&part));
                if part.len() > room {
                    break Some(RequestError::TooLarge);
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(RequestError::Lost(chain(&error.without_url()))),
        }
    };
    PartialResponse {
        answer: Answer {
            status,
            headers,
            body,
        },
        cut,
    }
}

/// An error's cause. What an [`std::io::Error`] is made of is its cause as well, though it calls
/// only that one's cause its own.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// An error with its causes, for the log.
fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| cause(*error))
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What kept the connection from coming about, as far as the causes tell.
fn connect_error(error: &(dyn Error + 'static)) -> ConnectError {
    std::iter::successors(Some(error), |error| cause(*error))
        .find_map(|error| {
            if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
                Some(ConnectError::CertificateNotTrusted)
            } else if is_proxy_authentication(error) {
                Some(ConnectError::ProxyNeedsPassword)
            } else {
                None
            }
        })
        .unwrap_or(ConnectError::Unreachable)
}

/// Whether a proxy refused the tunnel with 407. The error's type can't be named outside the crate
/// that makes it, so the name of its variant has to do; a test over a real socket holds it to that.
fn is_proxy_authentication(error: &(dyn Error + 'static)) -> bool {
    format!("{error:?}") == "ProxyAuthRequired"
}

impl Answer {
    /// Whether this is a network's own answer in place of the service's: a redirect, the status that
    /// says so (RFC 6585 §6), a page for people where JSON was asked for, whatever its status, or a
    /// prohibition in no words of the service's.
    #[must_use]
    pub fn is_from_a_portal(&self) -> bool {
        match self.status.as_u16() {
            300..=399 | 511 => true,
            // What stands right before the service answers with such pages while that is away.
            502..=504 | 520..=530 => false,
            403 | 451 => !json::begins_an_object(&json::decode(&self.body)),
            _ => self.is_page(),
        }
    }

    /// Whether the service failed. A status beyond 599 is none, and taken for a 5xx (RFC 9110 §15).
    #[must_use]
    pub fn is_server_error(&self) -> bool {
        self.status.as_u16() >= 500
    }

    /// Whether the body is a page: as it says itself, or as its type says where it is no object.
    fn is_page(&self) -> bool {
        let text = json::decode(&self.body);
        let body = json::trimmed(&text);
        let essence = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(str::trim);
        let is_said_to_be = essence.is_some_and(|kind| {
            ["text/html", "application/xhtml+xml"]
                .iter()
                .any(|page| kind.eq_ignore_ascii_case(page))
        });
        body.starts_with('<') || is_said_to_be && !body.is_empty() && !json::begins_an_object(body)
    }
}

/// What `Retry-After` asks for, in seconds or as a date (RFC 9110 §10.2.3), capped at
/// [`MAX_RETRY_AFTER`].
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
            MAX_RETRY_AFTER
        }
        Err(_) => jiff::fmt::rfc2822::parse(value)
            .ok()?
            .timestamp()
            .duration_since(now),
    };
    Some(wait.clamp(SignedDuration::ZERO, MAX_RETRY_AFTER))
}

/// A header that is a whole number.
pub(crate) fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
