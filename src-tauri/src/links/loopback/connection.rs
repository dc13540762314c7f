//! One connection with one request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use amiqus_core::redirect::{MAX_REDIRECT_BYTES, ReceivedLink};
use amiqus_core::runtime::SignInOutcome;
use hyper::body::Body;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::answer_cache::{Fingerprint, Lookup};
use super::idle_connections::IdleGuard;
use super::pages::{self, Page};
use super::peer;
use super::port::{Judge, Port, Role, Stage};

/// The size of a request's line and headers: a browser adds the cookies of everything else that this computer
/// serves at its own address.
pub(super) const MAX_REQUEST_BYTES: usize = 4 * MAX_REDIRECT_BYTES;

/// How long a client may take to send its request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the page waits for the end of the sign-in; then it says to look at the app.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may last in all.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(45);

/// Serves a connection until its request is answered, it has been idle for too long, or the port closes
/// before it has sent a request.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    port: Arc<Port>,
    mut is_listening: watch::Receiver<()>,
    idle: IdleGuard,
) {
    let has_request = AtomicBool::new(false);
    let idle = Arc::new(idle);
    let for_request = Arc::clone(&idle);
    let service = service_fn(|request| {
        has_request.store(true, Ordering::Relaxed);
        for_request.end();
        let port = Arc::clone(&port);
        async move { Ok::<_, Infallible>(pages::response(answer(&request, peer, &port).await)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_REQUEST_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let connection = timeout(CONNECTION_TIMEOUT, connection);
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        // Nothing is ever sent on this channel: it only ends.
        _ = is_listening.changed() => {}
        () = idle.closed() => {}
    }
    if has_request.load(Ordering::Relaxed) {
        // A client that drops its connection is no error of ours.
        let _ = connection.await;
    }
}

async fn answer(request: &Request<impl Body>, peer: SocketAddr, port: &Arc<Port>) -> Page {
    let Role {
        attempt,
        path,
        stage,
    } = port.role.borrow().clone();
    let link = match read_redirect(request, &port.host, &path) {
        Ok(link) => link,
        Err(status) => {
            tracing::warn!(status = status.as_u16(), "loopback: request refused");
            return Page::Refused(status);
        }
    };
    // Only for a possible redirect: the check lists every connection of the system.
    let own = port.address;
    let checked = tokio::task::spawn_blocking(move || peer::is_same_user(peer, own)).await;
    if !checked.unwrap_or(false) {
        tracing::warn!("loopback: another user's request refused");
        return Page::Refused(StatusCode::FORBIDDEN);
    }
    let fingerprint = Fingerprint::of(&link);
    let page = loop {
        match port.answers.look_up(attempt, fingerprint) {
            Lookup::New(page) => break page,
            // If it was not the attempt's response, this one may be.
            Lookup::Known(mut page) => {
                if let Ok(page) = page.wait_for(Option::is_some).await
                    && let Some(page) = *page
                {
                    return page;
                }
            }
        }
    };
    let Stage::Pending(judge) = stage else {
        return port.unused_page(attempt);
    };
    // In a task of its own, because a browser that asks again drops the first connection.
    let judged = tokio::spawn(judge_redirect(Arc::clone(port), attempt, judge, link, page));
    judged
        .await
        .unwrap_or(Page::Ended(SignInOutcome::Otherwise))
}

/// Has the core judge a redirect, and shares the page with requests that bring the same one.
async fn judge_redirect(
    port: Arc<Port>,
    attempt: u64,
    judge: Judge,
    link: ReceivedLink,
    shared: watch::Sender<Option<Page>>,
) -> Page {
    port.judging.send_modify(|count| *count += 1);
    let outcome = timeout(OUTCOME_TIMEOUT, judge(link)).await;
    let page = match outcome {
        Ok(Some(SignInOutcome::NotUsable)) => Page::Ended(SignInOutcome::NotUsable),
        Ok(None) => port.unused_page(attempt),
        Ok(Some(_)) | Err(_) => {
            let page = Page::Ended(outcome.ok().flatten().unwrap_or(SignInOutcome::Otherwise));
            shared.send_replace(Some(page));
            page
        }
    };
    port.judging.send_modify(|count| *count -= 1);
    page
}

/// The address that was requested, byte for byte, if it can be the browser's redirect at all.
fn read_redirect(
    request: &Request<impl Body>,
    host: &str,
    path: &str,
) -> Result<ReceivedLink, StatusCode> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_for_us = hosts.next().is_some_and(|value| value == host) && hosts.next().is_none();
    let uri = request.uri();
    // A target with a host is meant for a proxy.
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
    Ok(ReceivedLink::new(format!("http://{host}{path}?{query}")))
}
