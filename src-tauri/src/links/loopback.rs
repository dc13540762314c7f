//! The browser's answer at this computer's own address, for organisations whose redirect URL can't
//! have a scheme of ours (RFC 8252 §7.3).
//!
//! Any page in any browser, and any program, can send something here. So it listens only while an
//! attempt is pending, and for some seconds after, in which nothing is handed over any more; on the one
//! literal address that is registered; it takes a plain GET of the one path, addressed to that very
//! address (a name that was made to mean this computer is not it), small and soon; and what it takes
//! goes to the core as the hostile link that it may be. Whatever is refused costs the attempt nothing.
//!
//! Browsers ask more than once: Allow is pressed twice, the last page is loaded again. The first to
//! bring an attempt's answer is heard; who brings the same `state` again is shown the same page.

mod answered;
mod pages;
mod peer;
mod silent;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amiqus_core::redirect::{MAX_REDIRECT_BYTES, ReceivedLink};
use amiqus_core::registration::RedirectUrl;
use amiqus_core::runtime::{AttemptEnd, Listener, SignInOutcome};
use hyper::body::Body;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use url::Url;

use self::answered::{Answered, Asked, Fingerprint};
use self::pages::Page;
use self::silent::{Silent, SilentCallers};

/// No more of a request is kept, in bytes of its line and headers: a browser adds to the address the cookies
/// of whatever else this computer serves at its own address.
const LARGEST_REQUEST: usize = 4 * MAX_REDIRECT_BYTES;

/// No more callers at once; browsers open connections ahead of need.
const MOST_CALLERS: usize = 256;

/// How long a caller may take to say what it wants.
const ASKING_TAKES: Duration = Duration::from_secs(3);

/// For so long a caller may be silent though others wait for its place.
const MIN_SILENCE: Duration = Duration::from_millis(100);

/// How long the page waits for the sign-in's end; then it says to look at the app.
const ENDING_TAKES: Duration = Duration::from_secs(30);

/// How long a connection may last in all.
const CALL_TAKES: Duration = Duration::from_secs(45);

/// The wait after a connection could not be taken, as when there are no more file handles.
const BREATHER: Duration = Duration::from_millis(100);

/// How long a browser that comes late is told how the attempt ended, once that is known.
const LINGER: Duration = Duration::from_secs(15);

/// Takes an address, and tells how the sign-in ended with it, or that it was no answer.
type Hear = Arc<
    dyn Fn(ReceivedLink) -> Pin<Box<dyn Future<Output = Option<SignInOutcome>> + Send>>
        + Send
        + Sync,
>;

/// The one port that is listened on, while there is one.
#[derive(Clone)]
pub(crate) struct Loopback {
    open: Arc<Mutex<Option<Arc<Port>>>>,
    /// Told when a port was given back.
    closed: Arc<Notify>,
    linger: Duration,
}

impl Default for Loopback {
    fn default() -> Self {
        Self {
            open: Arc::default(),
            closed: Arc::default(),
            linger: LINGER,
        }
    }
}

/// A port that is listened on, for one attempt after the other.
struct Port {
    address: SocketAddr,
    host: String,
    role: watch::Sender<Role>,
    answered: Answered,
    /// How many addresses are with the core.
    heard: watch::Sender<usize>,
}

/// For which attempt a port is listened on, and how that stands.
#[derive(Clone)]
struct Role {
    attempt: u64,
    path: String,
    stage: Stage,
}

#[derive(Clone)]
enum Stage {
    /// Its answer is expected.
    Pending(Hear),
    /// It is over, and late browsers are told so.
    Over(AttemptEnd),
    /// Nobody is told anything any more.
    Closed,
}

/// Listens for one attempt.
pub(crate) struct Pending {
    port: Arc<Port>,
    attempt: u64,
}

impl Pending {
    /// Moves on, unless another attempt has the port by now.
    fn pass_to(&self, stage: Stage) {
        self.port.role.send_if_modified(|role| {
            let is_ours = role.attempt == self.attempt && matches!(role.stage, Stage::Pending(_));
            if is_ours {
                role.stage = stage;
            }
            is_ours
        });
    }
}

impl Listener for Pending {
    fn attempt_over(self: Box<Self>, how: AttemptEnd) {
        self.pass_to(Stage::Over(how));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.pass_to(Stage::Closed);
    }
}

impl Loopback {
    /// Listens for an attempt. What arrives is heard by `hear`, which says how the sign-in ended, or
    /// that it was no answer. A port that still lingers for an earlier attempt is taken over.
    ///
    /// # Errors
    /// When the address can't be had, or the redirect URL names none.
    pub(crate) fn listen<Heard>(
        &self,
        redirect_url: &RedirectUrl,
        hear: impl Fn(ReceivedLink) -> Heard + Send + Sync + 'static,
    ) -> io::Result<Pending>
    where
        Heard: Future<Output = Option<SignInOutcome>> + Send + 'static,
    {
        let address = redirect_url
            .listen_address()
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        let path = Url::parse(redirect_url.as_str())
            .map_err(io::Error::other)?
            .path()
            .to_owned();
        let hear: Hear = Arc::new(move |received| Box::pin(hear(received)));
        let mut role = Role {
            attempt: 0,
            path,
            stage: Stage::Pending(hear),
        };
        let mut open = self.open();
        if let Some(port) = open.as_ref() {
            role.attempt = port.role.borrow().attempt + 1;
            if port.address == address {
                let attempt = role.attempt;
                port.answered.forget_before(attempt);
                port.role.send_replace(role);
                let port = Arc::clone(port);
                return Ok(Pending { port, attempt });
            }
            port.role.send_modify(|role| role.stage = Stage::Closed);
        }
        let listener = bind(address)?;
        let attempt = role.attempt;
        let port = Arc::new(Port {
            address,
            host: address.to_string(),
            role: watch::Sender::new(role),
            answered: Answered::default(),
            heard: watch::Sender::new(0),
        });
        *open = Some(Arc::clone(&port));
        tracing::info!(%address, "listens for the browser's answer");
        tokio::spawn(take_callers(listener, Arc::clone(&port), self.clone()));
        Ok(Pending { port, attempt })
    }

    /// Waits until no browser that comes late is told any more how its attempt ended. One that has the floor
    /// is not waited for: its attempt outlives this process.
    pub(crate) async fn at_rest(&self) {
        loop {
            // Hears of what happens from here on.
            let closed = self.closed.notified();
            let is_over = |port: &Arc<Port>| matches!(port.role.borrow().stage, Stage::Over(_));
            if !self.open().as_ref().is_some_and(is_over) {
                return;
            }
            closed.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<Arc<Port>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody is to be told anything at this port any more.
    async fn until_over(&self, port: &Port) {
        let mut roles = port.role.subscribe();
        loop {
            let stage = roles.borrow_and_update().stage.clone();
            match stage {
                Stage::Closed => return,
                // The port has the sender itself.
                Stage::Pending(_) => {
                    let _ = roles.changed().await;
                }
                Stage::Over(_) => tokio::select! {
                    _ = roles.changed() => {}
                    () = self.lingered(port) => return,
                },
            }
        }
    }

    async fn lingered(&self, port: &Port) {
        // The port has the sender itself.
        let _ = port.heard.subscribe().wait_for(|heard| *heard == 0).await;
        sleep(self.linger).await;
    }

    /// Gives the port back, unless another attempt has taken it over.
    fn close(&self, port: &Arc<Port>, listener: TcpListener) -> Option<TcpListener> {
        let mut open = self.open();
        if matches!(port.role.borrow().stage, Stage::Pending(_)) {
            return Some(listener);
        }
        // Free before anybody can ask for it.
        drop(listener);
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(open, port)) {
            *open = None;
        }
        tracing::info!(address = %port.address, "listens no longer");
        self.closed.notify_waiters();
        None
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn take_callers(mut listener: TcpListener, port: Arc<Port>, loopback: Loopback) {
    // Dropped with this task: then callers who have said nothing yet are hung up on.
    let (_listening, is_listening) = watch::channel(());
    loop {
        listener = match take_callers_while_open(listener, &port, &loopback, &is_listening).await {
            None => return,
            Some(taken_over) => taken_over,
        };
    }
}

/// Takes callers until the attempt has been over for long enough, however many there are; hands the
/// listener back if another attempt has taken it over by then.
async fn take_callers_while_open(
    listener: TcpListener,
    port: &Arc<Port>,
    loopback: &Loopback,
    is_listening: &watch::Receiver<()>,
) -> Option<TcpListener> {
    let paths = Arc::new(Semaphore::new(MOST_CALLERS));
    let silent = SilentCallers::default();
    let over = loopback.until_over(port);
    tokio::pin!(over);
    loop {
        let call = tokio::select! {
            call = next_call(&listener, &paths, &silent) => call,
            () = &mut over => return loopback.close(port, listener),
        };
        match call {
            Ok((caller, peer, place)) => {
                let call = serve(
                    caller,
                    peer,
                    Arc::clone(port),
                    is_listening.clone(),
                    silent.begin(),
                );
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

/// The next caller, once there is a place. Where there is none, whoever has been silent for longest is hung
/// up on: nobody keeps the browser waiting by saying nothing.
async fn next_call(
    listener: &TcpListener,
    paths: &Arc<Semaphore>,
    silent: &SilentCallers,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let (caller, peer) = listener.accept().await?;
    loop {
        if let Ok(place) = Arc::clone(paths).try_acquire_owned() {
            return Ok((caller, peer, place));
        }
        let place = Arc::clone(paths).acquire_owned();
        tokio::select! {
            place = place => return Ok((caller, peer, place.map_err(io::Error::other)?)),
            () = silent.hang_up_on_the_first() => {}
        }
    }
}

/// One connection, one request.
async fn serve(
    caller: TcpStream,
    peer: SocketAddr,
    port: Arc<Port>,
    mut is_listening: watch::Receiver<()>,
    silent: Silent,
) {
    let has_asked = AtomicBool::new(false);
    let silent = Arc::new(silent);
    let silence = Arc::clone(&silent);
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        silence.ends();
        let port = Arc::clone(&port);
        async move { Ok::<_, Infallible>(pages::response(answer(&request, peer, &port).await)) }
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
        () = silent.hung_up() => {}
    }
    if has_asked.load(Ordering::Relaxed) {
        // How a call ends is the caller's affair.
        let _ = call.await;
    }
}

async fn answer(request: &Request<impl Body>, peer: SocketAddr, port: &Arc<Port>) -> Page {
    let Role {
        attempt,
        path,
        stage,
    } = port.role.borrow().clone();
    let received = match read(request, &port.host, &path) {
        Ok(received) => received,
        Err(status) => {
            tracing::warn!(status = status.as_u16(), "a caller was refused");
            return Page::Refused(status);
        }
    };
    // Asked of what could be an answer alone: the system lists every connection for it.
    let own = port.address;
    let looked = tokio::task::spawn_blocking(move || peer::is_own_users(peer, own)).await;
    if !looked.unwrap_or(false) {
        tracing::warn!("a caller is another user's");
        return Page::Refused(StatusCode::FORBIDDEN);
    }
    let fingerprint = Fingerprint::of(&received);
    let tell = loop {
        match port.answered.ask(attempt, fingerprint) {
            Asked::First(tell) => break tell,
            // Who was first was not the answer: the next one may be it.
            Asked::Before(mut page) => {
                if let Ok(page) = page.wait_for(Option::is_some).await
                    && let Some(page) = *page
                {
                    return page;
                }
            }
        }
    };
    let Stage::Pending(hear) = stage else {
        return port.page_of_late(attempt);
    };
    // Beside the connection: a browser that asks again drops the first one.
    let hearing = tokio::spawn(hear_out(Arc::clone(port), attempt, hear, received, tell));
    hearing
        .await
        .unwrap_or(Page::Ended(SignInOutcome::Otherwise))
}

/// Has an address judged by the core, and tells those who bring the same again.
async fn hear_out(
    port: Arc<Port>,
    attempt: u64,
    hear: Hear,
    received: ReceivedLink,
    tell: watch::Sender<Option<Page>>,
) -> Page {
    port.heard.send_modify(|heard| *heard += 1);
    let ending = timeout(ENDING_TAKES, hear(received)).await;
    let page = match ending {
        Ok(Some(SignInOutcome::NotUsable)) => Page::Ended(SignInOutcome::NotUsable),
        Ok(None) => port.page_of_late(attempt),
        Ok(Some(_)) | Err(_) => {
            let page = Page::Ended(ending.ok().flatten().unwrap_or(SignInOutcome::Otherwise));
            tell.send_replace(Some(page));
            page
        }
    };
    port.heard.send_modify(|heard| *heard -= 1);
    page
}

impl Port {
    /// What is shown to whoever brings an address that the core has no use for.
    fn page_of_late(&self, attempt: u64) -> Page {
        let role = self.role.borrow();
        match role.stage {
            // By another way, as by a paste: this may be its own page, loaded again.
            Stage::Over(AttemptEnd::Answered) if self.answered.has(attempt) => {
                Page::Refused(StatusCode::BAD_REQUEST)
            }
            Stage::Over(how) if role.attempt == attempt => Page::Over(how),
            _ => Page::Refused(StatusCode::BAD_REQUEST),
        }
    }
}

/// The address that was asked for, byte for byte, if it can be the browser's answer at all.
fn read(request: &Request<impl Body>, host: &str, path: &str) -> Result<ReceivedLink, StatusCode> {
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
    Ok(ReceivedLink::new(format!("http://{host}{path}?{query}")))
}
