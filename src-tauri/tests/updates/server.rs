//! A server on this computer with fixed answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long a server waits for the client to close the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a server answers.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A status and a body.
    Complete(u16, Vec<u8>),
    /// A redirect.
    Redirect(String),
    /// A head with this content length, and no body.
    HeadOnly(usize),
    /// Bytes until the client closes the connection.
    Endless,
}

/// A server on this computer.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    pub(crate) replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
    pub(crate) endless_bytes_sent: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            replies: Arc::default(),
            requests: Arc::default(),
            endless_bytes_sent: Arc::default(),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.answer(stream).await });
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn put(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        self.requests.lock().unwrap().push(path.clone());
        let reply = self.replies.lock().unwrap().get(&path).cloned();
        let reply = reply.unwrap_or(Reply::Complete(404, Vec::new()));
        // The client may have closed the connection.
        let _ = self.send(&mut stream, reply).await;
    }

    async fn send(&self, stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
        let head = |status: u16, headers: &str| {
            format!("HTTP/1.1 {status} So\r\n{headers}Connection: close\r\n\r\n")
        };
        match reply {
            Reply::Complete(204, _) => stream.write_all(head(204, "").as_bytes()).await,
            Reply::Complete(status, body) => {
                let length = format!("Content-Length: {}\r\n", body.len());
                stream.write_all(head(status, &length).as_bytes()).await?;
                stream.write_all(&body).await
            }
            Reply::Redirect(location) => {
                let headers = format!("Location: {location}\r\nContent-Length: 0\r\n");
                stream.write_all(head(302, &headers).as_bytes()).await
            }
            Reply::HeadOnly(length) => {
                let headers = format!("Content-Length: {length}\r\n");
                stream.write_all(head(200, &headers).as_bytes()).await?;
                // Until the client closes the connection.
                let _ = tokio::time::timeout(CLOSE_TIMEOUT, stream.read_u8()).await;
                Ok(())
            }
            Reply::Endless => {
                stream.write_all(head(200, "").as_bytes()).await?;
                let spaces = vec![b' '; 64 * 1024];
                loop {
                    stream.write_all(&spaces).await?;
                    self.endless_bytes_sent
                        .fetch_add(spaces.len(), Ordering::Relaxed);
                }
            }
        }
    }
}
