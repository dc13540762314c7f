//! Requests of all kinds, over real sockets.

mod attempts;
mod connections;
mod requests;

use amiqus_core::runtime::{AttemptEnd, Listener as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::*;

/// The redirects that were judged, in order.
type Judged = Arc<Mutex<Vec<String>>>;

/// A listener on a free port. A redirect with `code=good` is the attempt's response.
struct TestListener {
    address: SocketAddr,
    judged: Judged,
    loopback: Loopback,
    pending: Option<Pending>,
}

/// Longer than any test takes.
const LONG_LINGER: Duration = Duration::from_mins(5);

/// For tests that wait until the port has lingered.
const SHORT_LINGER: Duration = Duration::from_millis(100);

impl TestListener {
    async fn start() -> Self {
        Self::start_with(accept_good).await
    }

    /// A listener whose port lingers only shortly.
    async fn start_impatient() -> Self {
        Self::start_lingering(SHORT_LINGER, accept_good).await
    }

    async fn start_with<H, F>(judge: H) -> Self
    where
        H: Fn(ReceivedLink) -> F + Send + Sync + 'static,
        F: Future<Output = Option<SignInOutcome>> + Send + 'static,
    {
        Self::start_lingering(LONG_LINGER, judge).await
    }

    async fn start_lingering<H, F>(linger_timeout: Duration, judge: H) -> Self
    where
        H: Fn(ReceivedLink) -> F + Send + Sync + 'static,
        F: Future<Output = Option<SignInOutcome>> + Send + 'static,
    {
        // A port that was free a moment ago: the redirect URL must name it.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let loopback = Loopback {
            linger_timeout,
            ..Loopback::default()
        };
        let mut listener = Self {
            address,
            judged: Judged::default(),
            loopback,
            pending: None,
        };
        listener.pending = Some(listener.listen(judge));
        listener
    }

    /// Listens for the next attempt.
    fn listen<H, F>(&self, judge: H) -> Pending
    where
        H: Fn(ReceivedLink) -> F + Send + Sync + 'static,
        F: Future<Output = Option<SignInOutcome>> + Send + 'static,
    {
        let judged = Arc::clone(&self.judged);
        let redirect_url =
            RedirectUrl::parse(&format!("http://{}/callback", self.address)).unwrap();
        let judge = move |link: ReceivedLink| {
            judged.lock().unwrap().push(link.expose().to_owned());
            judge(link)
        };
        self.loopback.listen(&redirect_url, judge).unwrap()
    }

    fn end(&mut self, how: AttemptEnd) {
        Box::new(self.pending.take().unwrap()).attempt_over(how);
    }

    async fn until_closed(&self) {
        loop {
            // Registered before the check, so that no closing is missed.
            let closed = self.loopback.closed.notified();
            if self.loopback.open().is_none() {
                return;
            }
            closed.await;
        }
    }

    /// Sends these bytes and returns everything that comes back.
    async fn send_bytes(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A request that is refused early may be cut off.
        let _ = stream.write_all(bytes.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, target: &str) -> String {
        let host = self.address;
        self.send_bytes(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
    }

    fn judged(&self) -> Vec<String> {
        self.judged.lock().unwrap().clone()
    }
}

async fn accept_good(link: ReceivedLink) -> Option<SignInOutcome> {
    link.expose()
        .contains("code=good")
        .then_some(SignInOutcome::SignedIn)
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}
