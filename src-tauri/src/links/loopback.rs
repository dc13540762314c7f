//! The browser's answer at this computer's own address, for organisations whose redirect URL can't
//! have a scheme of ours (RFC 8252 §7.3).
//!
//! Any page in any browser, and any program, can send something here. So it listens only while an
//! attempt is pending, on the one literal address that is registered; it takes a plain GET of the one
//! path, addressed to that very address (a name that was made to mean this computer is not it), small
//! and soon; and what it takes goes to the core as the hostile link that it may be. Whatever is
//! refused costs the attempt nothing.

mod pages;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use amiqus_core::keeper::Ending;
use amiqus_core::redirect::{LONGEST_REDIRECT, Received};
use amiqus_core::registration::RedirectUrl;
use hyper::body::Body;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;

/// No more of a request is kept, in bytes of its line and headers: a browser adds to the address the cookies
/// of whatever else this computer serves at its own address.
const LARGEST_REQUEST: usize = 4 * LONGEST_REDIRECT;

/// No more callers at once; browsers open connections ahead of need.
const MOST_CALLERS: usize = 32;

/// How long a caller may take to say what it wants.
const ASKING_TAKES: Duration = Duration::from_secs(10);

/// How long the page waits for the sign-in's end; then it says to look at the app.
const ENDING_TAKES: Duration = Duration::from_secs(30);

/// How long a connection may last in all.
const CALL_TAKES: Duration = Duration::from_secs(45);

/// The wait after a connection could not be taken, as when there are no more file handles.
const BREATHER: Duration = Duration::from_millis(100);

/// Where the answer is expected, and who takes it.
struct Expected<Hear> {
    host: String,
    path: String,
    hear: Hear,
}

/// Listens until the task is ended. It is heard by `hear`, which says how the sign-in ended, or that
/// it was no answer.
///
/// # Errors
/// When the address can't be had, or the redirect URL names none.
pub(crate) fn listen<Hear, Heard>(
    redirect_url: &RedirectUrl,
    hear: Hear,
) -> io::Result<JoinHandle<()>>
where
    Hear: Fn(Received) -> Heard + Send + Sync + 'static,
    Heard: Future<Output = Option<Ending>> + Send + 'static,
{
    let address = redirect_url
        .listens_at()
        .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    let path = Url::parse(redirect_url.as_str())
        .map_err(io::Error::other)?
        .path()
        .to_owned();
    let listener = bind(address)?;
    let expected = Arc::new(Expected {
        host: address.to_string(),
        path,
        hear,
    });
    tracing::info!(%address, "listens for the browser's answer");
    Ok(tokio::spawn(take_callers(listener, expected)))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn take_callers<Hear, Heard>(listener: TcpListener, expected: Arc<Expected<Hear>>)
where
    Hear: Fn(Received) -> Heard + Send + Sync + 'static,
    Heard: Future<Output = Option<Ending>> + Send + 'static,
{
    // Dropped with this task: then callers who have said nothing yet are hung up on.
    let (_listening, is_listening) = watch::channel(());
    let places = Arc::new(Semaphore::new(MOST_CALLERS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((caller, _)) => {
                let call = serve(caller, Arc::clone(&expected), is_listening.clone());
                tokio::spawn(async move {
                    call.await;
                    drop(place);
                });
            }
            Err(problem) => {
                tracing::warn!(%problem, "a caller can't be heard");
                sleep(BREATHER).await;
            }
        }
    }
}

/// One connection, one request.
async fn serve<Hear, Heard>(
    caller: TcpStream,
    expected: Arc<Expected<Hear>>,
    mut is_listening: watch::Receiver<()>,
) where
    Hear: Fn(Received) -> Heard + Send + Sync + 'static,
    Heard: Future<Output = Option<Ending>> + Send + 'static,
{
    let has_asked = AtomicBool::new(false);
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        let expected = Arc::clone(&expected);
        async move { Ok::<_, Infallible>(pages::response(answer(&request, &expected).await)) }
    });
    let call = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ASKING_TAKES)
        .max_buf_size(LARGEST_REQUEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(caller), service);
    let call = timeout(CALL_TAKES, call);
    tokio::pin!(call);
    tokio::select! {
        _ = &mut call => return,
        // Nothing is ever said on it: it only ends.
        _ = is_listening.changed() => {}
    }
    if has_asked.load(Ordering::Relaxed) {
        // How a call ends is the caller's affair.
        let _ = call.await;
    }
}

async fn answer<Hear, Heard>(request: &Request<impl Body>, expected: &Expected<Hear>) -> pages::Page
where
    Hear: Fn(Received) -> Heard,
    Heard: Future<Output = Option<Ending>>,
{
    match read(request, &expected.host, &expected.path) {
        Ok(received) => match timeout(ENDING_TAKES, (expected.hear)(received)).await {
            Ok(Some(ending)) => pages::Page::Ended(ending),
            Ok(None) => pages::Page::Refused(StatusCode::BAD_REQUEST),
            Err(_) => pages::Page::Ended(Ending::Otherwise),
        },
        Err(status) => {
            tracing::warn!(status = status.as_u16(), "a caller was refused");
            pages::Page::Refused(status)
        }
    }
}

/// The address that was asked for, byte for byte, if it can be the browser's answer at all.
fn read(request: &Request<impl Body>, host: &str, path: &str) -> Result<Received, StatusCode> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_for_us = hosts.next().is_some_and(|named| named == host) && hosts.next().is_none();
    let uri = request.uri();
    // An address with a host in it is meant for a proxy.
    if !is_for_us || uri.authority().is_some() {
        return Err(StatusCode::MISDIRECTED_REQUEST);
    }
    if uri.path() != path {
        return Err(StatusCode::NOT_FOUND);
    }
    if request.method() != Method::GET {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let Some(query) = uri.query().filter(|_| request.body().is_end_stream()) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    Ok(Received::new(format!("http://{host}{path}?{query}")))
}
