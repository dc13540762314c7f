//! A proxy in front of the practice service that can be shut.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How many connections may wait to be let through.
const BACKLOG: u32 = 64;

/// A proxy in front of a service. While it is shut, connections are refused, as without a
/// network. The faults of the practice service can't do that: they act on requests that reached it.
pub(crate) struct Gate {
    address: SocketAddr,
    service: SocketAddr,
    /// While it is open: what lets connections through.
    guard: Option<JoinHandle<()>>,
    /// While it is shut: the port, so that no other program binds it.
    port: Option<TcpSocket>,
}

impl Gate {
    /// An open gate to a service on this computer.
    pub(crate) async fn to(base_url: &str) -> Self {
        let service = base_url.strip_prefix("http://").unwrap().parse().unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            service,
            guard: Some(tokio::spawn(let_through(listener, service))),
            port: None,
        }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends all connections and lets no new one through.
    pub(crate) async fn shut(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.abort();
            // It was aborted, as intended.
            let _ = guard.await;
            let port = TcpSocket::new_v4().unwrap();
            port.set_reuseaddr(true).unwrap();
            port.bind(self.address).unwrap();
            self.port = Some(port);
        }
    }

    pub(crate) fn open(&mut self) {
        if let Some(port) = self.port.take() {
            let listener = port.listen(BACKLOG).unwrap();
            self.guard = Some(tokio::spawn(let_through(listener, self.service)));
        }
    }
}

/// Lets connections through until it is aborted, and them with it.
async fn let_through(listener: TcpListener, service: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (mut from, _) = accepted.unwrap();
                connections.spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(service).await {
                        // A connection that is cut is cut on both sides.
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
