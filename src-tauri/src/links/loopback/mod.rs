//! The redirect at the loopback address, for organisations whose redirect URL can't have a scheme of ours
//! (RFC 8252 §7.3).
//!
//! Every page in every browser, and every program, can send a request here. So the port is open only while an
//! attempt is pending, and for some seconds after, in which a request reaches the core no more; on the one
//! literal address that is registered. Only a GET of the one path is taken, addressed to that very address
//! (a name that resolves to this computer is refused), small and in time; and what is taken goes to the core
//! as a hostile link. A request that is refused doesn't affect the attempt.
//!
//! Browsers ask more than once: Allow is pressed twice, the last page is reloaded. The first request with an
//! attempt's response is judged; each further one with the same `state` gets the same page.

mod answer_cache;
mod connection;
mod idle_connections;
mod pages;
mod peer;
mod port;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amiqus_core::error::chain;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::RedirectUrl;
use amiqus_core::runtime::SignInOutcome;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;
use url::Url;

use self::idle_connections::IdleConnections;
use self::port::{Pending, Port, Role, Stage};

/// How many connections are served at once; browsers open some ahead of need.
const MAX_CONNECTIONS: usize = 256;

/// The pause after a connection could not be accepted, as when file descriptors run out.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// How long the port stays open after an attempt has ended, for a browser that comes late.
const LINGER_TIMEOUT: Duration = Duration::from_secs(15);

/// The one port that is listened on, while there is one.
#[derive(Clone)]
pub(crate) struct Loopback {
    open: Arc<Mutex<Option<Arc<Port>>>>,
    /// Notified when a port was closed.
    closed: Arc<Notify>,
    linger_timeout: Duration,
}

impl Default for Loopback {
    fn default() -> Self {
        Self {
            open: Arc::default(),
            closed: Arc::default(),
            linger_timeout: LINGER_TIMEOUT,
        }
    }
}

impl Loopback {
    /// Listens for an attempt. `judge` takes each redirect and returns how the sign-in ended with it, or
    /// nothing when it was not the attempt's response. A port that still lingers for an earlier attempt is
    /// taken over.
    ///
    /// # Errors
    /// When the redirect URL has no loopback address, or the port can't be opened.
    pub(crate) fn listen<Judged>(
        &self,
        redirect_url: &RedirectUrl,
        judge: impl Fn(ReceivedLink) -> Judged + Send + Sync + 'static,
    ) -> io::Result<Pending>
    where
        Judged: Future<Output = Option<SignInOutcome>> + Send + 'static,
    {
        let address = redirect_url
            .listen_address()
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        let path = Url::parse(redirect_url.as_str())
            .map_err(io::Error::other)?
            .path()
            .to_owned();
        let mut role = Role {
            attempt: 0,
            path,
            stage: Stage::Pending(Arc::new(move |link| Box::pin(judge(link)))),
        };
        let mut open = self.open();
        if let Some(port) = open.as_ref() {
            role.attempt = port.role.borrow().attempt + 1;
            if port.address == address {
                let attempt = role.attempt;
                port.answers.forget_before(attempt);
                port.role.send_replace(role);
                return Ok(Pending::new(Arc::clone(port), attempt));
            }
            port.role.send_modify(|role| role.stage = Stage::Closed);
        }
        let listener = bind(address)?;
        let attempt = role.attempt;
        let port = Arc::new(Port::new(address, role));
        *open = Some(Arc::clone(&port));
        tracing::info!(%address, "loopback: listening");
        tokio::spawn(accept(listener, Arc::clone(&port), self.clone()));
        Ok(Pending::new(port, attempt))
    }

    /// Waits until no browser that comes late is answered any more. A pending attempt is not waited for: it
    /// outlives this process.
    pub(crate) async fn wait_until_idle(&self) {
        loop {
            // Registered before the check, so that no closing is missed.
            let closed = self.closed.notified();
            let lingers = |port: &Arc<Port>| matches!(port.role.borrow().stage, Stage::Over(_));
            if !self.open().as_ref().is_some_and(lingers) {
                return;
            }
            closed.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<Arc<Port>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the port's attempt is over and late browsers have had their time.
    async fn wait_until_over(&self, port: &Port) {
        let mut roles = port.role.subscribe();
        loop {
            let stage = roles.borrow_and_update().stage.clone();
            match stage {
                Stage::Closed => return,
                // The port owns the sender, so there is always a next role.
                Stage::Pending(_) => {
                    let _ = roles.changed().await;
                }
                Stage::Over(_) => tokio::select! {
                    _ = roles.changed() => {}
                    () = self.linger(port) => return,
                },
            }
        }
    }

    async fn linger(&self, port: &Port) {
        // The port owns the sender.
        let _ = port.judging.subscribe().wait_for(|count| *count == 0).await;
        sleep(self.linger_timeout).await;
    }

    /// Closes the port, or returns the listener if another attempt has taken it over.
    fn close(&self, port: &Arc<Port>, listener: TcpListener) -> Option<TcpListener> {
        let mut open = self.open();
        if matches!(port.role.borrow().stage, Stage::Pending(_)) {
            return Some(listener);
        }
        // Free before the lock is: then the next attempt can bind it.
        drop(listener);
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(open, port)) {
            *open = None;
        }
        tracing::info!(address = %port.address, "loopback: closed");
        self.closed.notify_waiters();
        None
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn accept(mut listener: TcpListener, port: Arc<Port>, loopback: Loopback) {
    // Dropped with this task: connections without a request end then.
    let (_listening, is_listening) = watch::channel(());
    loop {
        listener = match accept_until_over(listener, &port, &loopback, &is_listening).await {
            None => return,
            Some(taken_over) => taken_over,
        };
    }
}

/// Accepts connections until the attempt is over and the port is closed, or returns the listener if another
/// attempt has taken it over.
async fn accept_until_over(
    listener: TcpListener,
    port: &Arc<Port>,
    loopback: &Loopback,
    is_listening: &watch::Receiver<()>,
) -> Option<TcpListener> {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let idle = IdleConnections::default();
    let over = loopback.wait_until_over(port);
    tokio::pin!(over);
    loop {
        let accepted = tokio::select! {
            accepted = accept_one(&listener, &permits, &idle) => accepted,
            () = &mut over => return loopback.close(port, listener),
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let served = connection::serve(
                    stream,
                    peer,
                    Arc::clone(port),
                    is_listening.clone(),
                    idle.add(),
                );
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(error = %chain(&error), "loopback: accept failed");
                sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
}

/// Accepts a connection once there is a permit. Where there is none, the connection that has been idle for
/// longest is closed, so that idle ones don't keep the browser waiting.
async fn accept_one(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    idle: &IdleConnections,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let (stream, peer) = listener.accept().await?;
    loop {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok((stream, peer, permit));
        }
        let permit = Arc::clone(permits).acquire_owned();
        tokio::select! {
            permit = permit => return Ok((stream, peer, permit.map_err(io::Error::other)?)),
            () = idle.close_oldest() => {}
        }
    }
}
