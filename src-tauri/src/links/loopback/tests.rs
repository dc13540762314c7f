//! Callers of all kinds, over real sockets.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// What was heard, in order.
type Heard = Arc<Mutex<Vec<String>>>;

/// A listener on a free port, and what it hears. An address with `code=good` is the answer.
struct Heeding {
    address: SocketAddr,
    heard: Heard,
    loopback: Loopback,
    pending: Option<Pending>,
}

/// So long a browser that comes late is told, here.
const SOON: Duration = Duration::from_secs(2);

impl Heeding {
    async fn start() -> Self {
        Self::start_with(|received| async move {
            received
                .expose()
                .contains("code=good")
                .then_some(Ending::SignedIn)
        })
        .await
    }

    async fn start_with<H, F>(hear: H) -> Self
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Ending>> + Send + 'static,
    {
        // A port that was free a moment ago: the redirect URL must name it.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let loopback = Loopback {
            linger: SOON,
            ..Loopback::default()
        };
        let mut heeding = Self {
            address,
            heard: Heard::default(),
            loopback,
            pending: None,
        };
        heeding.pending = Some(heeding.listen(hear));
        heeding
    }

    /// Listens for the next attempt.
    fn listen<H, F>(&self, hear: H) -> Pending
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Ending>> + Send + 'static,
    {
        let noted = Arc::clone(&self.heard);
        let redirect_url =
            RedirectUrl::parse(&format!("http://{}/callback", self.address)).unwrap();
        let hear = move |received: Received| {
            noted.lock().unwrap().push(received.expose().to_owned());
            hear(received)
        };
        self.loopback.listen(&redirect_url, hear).unwrap()
    }

    fn end(&mut self, how: AttemptEnd) {
        Box::new(self.pending.take().unwrap()).attempt_over(how);
    }

    async fn until_closed(&self) {
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Says these very bytes, and answers all that comes back.
    async fn say(&self, bytes: &str) -> String {
        let mut call = TcpStream::connect(self.address).await.unwrap();
        // Whoever is refused in the middle of a sentence may be hung up on.
        let _ = call.write_all(bytes.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(20), call.read_to_end(&mut answer)).await;
        String::from_utf8(answer).unwrap()
    }

    async fn ask(&self, target: &str) -> String {
        let host = self.address;
        self.say(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn the_answer_is_handed_over_byte_for_byte_and_answered_with_a_page() {
    let listener = Heeding::start().await;
    let answer = listener.ask("/callback?code=good&state=%41b%2F").await;
    assert_eq!(status(&answer), "200");
    assert!(answer.contains("You are signed in"));
    let address = listener.address;
    let expected = format!("http://{address}/callback?code=good&state=%41b%2F");
    assert_eq!(listener.heard(), [expected]);
}

#[tokio::test]
async fn each_ending_has_its_words() {
    for (ending, words) in [
        (Ending::SignedIn, "You are signed in"),
        (Ending::Denied, "You chose not to allow it"),
        (Ending::Otherwise, "Please go back to the app"),
    ] {
        let listener = Heeding::start_with(move |_| async move { Some(ending) }).await;
        let answer = listener.ask("/callback?code=good").await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains(words), "{answer}");
    }
}

/// Shows check 8.
#[tokio::test]
async fn another_path_another_method_a_body_or_another_host_is_refused_and_never_heard() {
    let listener = Heeding::start().await;
    let host = listener.address;
    let port = host.port();
    for (request, expected) in [
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), "404"),
        (
            format!("GET /callback/?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET /Callback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET /x/../callback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET //callback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET /%63allback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET /callback HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "400",
        ),
        (
            format!(
                "POST /callback?code=good HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
            ),
            "405",
        ),
        (
            format!("HEAD /callback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "405",
        ),
        (
            format!("OPTIONS /callback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "405",
        ),
        (
            format!(
                "GET /callback?code=good HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\r\nx"
            ),
            "400",
        ),
        // A name that was made to mean this computer (DNS rebinding), or no name at all.
        (
            "GET /callback?code=good HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
            "421",
        ),
        (
            format!("GET /callback?code=good HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
            "421",
        ),
        (
            format!("GET /callback?code=good HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"),
            "421",
        ),
        (
            "GET /callback?code=good HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned(),
            "421",
        ),
        ("GET /callback?code=good HTTP/1.1\r\n\r\n".to_owned(), "421"),
        ("GET /callback?code=good HTTP/1.0\r\n\r\n".to_owned(), "421"),
        (
            format!(
                "GET /callback?code=good HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"
            ),
            "421",
        ),
        (
            format!("GET http://{host}/callback?code=good HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "421",
        ),
        (
            format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "421",
        ),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = listener.say(&request).await;
        assert_eq!(status(&answer), expected, "{request}");
        assert_eq!(listener.heard(), [""; 0], "{request}");
    }
    assert_eq!(status(&listener.ask("/callback?code=good").await), "200");
}

#[tokio::test]
async fn what_the_core_refuses_is_no_answer_and_the_next_may_be() {
    let listener = Heeding::start().await;
    assert_eq!(status(&listener.ask("/callback?code=bad").await), "400");
    assert_eq!(status(&listener.ask("/callback?code=good").await), "200");
    assert_eq!(listener.heard().len(), 2);
}

/// Shows check 14.
#[tokio::test]
async fn a_page_has_no_script_nothing_from_elsewhere_is_not_kept_and_echoes_nothing() {
    let listener = Heeding::start().await;
    for target in [
        "/callback?code=good&state=%3Cscript%3Ealert(1)%3C/script%3E&x=echo-echo",
        "/callback?code=bad&x=echo-echo",
        "/echo-echo",
    ] {
        let answer = listener.ask(target).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        for header in [
            "content-type: text/html; charset=utf-8",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "connection: close",
        ] {
            assert!(head.contains(header), "{header} in {head}");
        }
        assert!(!head.contains("unsafe") && !head.contains("set-cookie"));
        for word in ["<script", "echo-echo", "good", "bad", "state", "http"] {
            assert!(!body.contains(word), "{word} in {body}");
        }
    }
}

#[test]
fn the_policy_knows_the_one_style_by_its_hash() {
    let hash = STANDARD.encode(Sha256::digest(pages::STYLE));
    assert!(
        pages::POLICY.contains(&format!("'sha256-{hash}'")),
        "{hash}"
    );
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_and_the_listener_goes_on() {
    let listener = Heeding::start().await;
    let host = listener.address;
    let long = "x".repeat(2 * LARGEST_REQUEST);
    for request in [
        format!("GET /callback?code=good&x={long} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET /callback?code=good HTTP/1.1\r\nHost: {host}\r\nX: {long}\r\n\r\n"),
    ] {
        let answer = listener.say(&request).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(listener.heard(), [""; 0]);
    }
    // As large as an answer can be, with a browser's cookies, is not too large.
    let cookies = "x".repeat(2 * LONGEST_REDIRECT);
    let long = "x".repeat(LONGEST_REDIRECT - 200);
    let request = format!(
        "GET /callback?code=good&x={long} HTTP/1.1\r\nHost: {host}\r\nCookie: a={cookies}\r\n\r\n"
    );
    assert_eq!(status(&listener.say(&request).await), "200");
}

#[tokio::test]
async fn a_caller_who_says_nothing_keeps_nobody_waiting_and_is_hung_up_on() {
    let listener = Heeding::start().await;
    let mut silent = TcpStream::connect(listener.address).await.unwrap();
    let mut slow = TcpStream::connect(listener.address).await.unwrap();
    slow.write_all(b"GET /call").await.unwrap();
    assert_eq!(status(&listener.ask("/callback?code=good").await), "200");
    for call in [&mut silent, &mut slow] {
        let mut rest = Vec::new();
        let ended = timeout(ASKING_TAKES * 2, call.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "still connected");
    }
}

/// Shows check 8.
#[tokio::test]
async fn the_port_is_free_once_nobody_listens_and_who_was_silent_is_hung_up_on() {
    let mut listener = Heeding::start().await;
    let address = listener.address;
    let mut silent = TcpStream::connect(address).await.unwrap();
    // It was taken: a later caller was answered.
    listener.ask("/").await;
    listener.pending = None;
    listener.until_closed().await;
    let free = TcpListener::bind(address).await;
    assert!(free.is_ok(), "{free:?}");
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(5), silent.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "still connected");
}

#[tokio::test]
async fn who_is_being_answered_gets_the_page_though_the_listener_ended_meanwhile() {
    let (taken, is_taken) = tokio::sync::oneshot::channel();
    let taken = Arc::new(Mutex::new(Some(taken)));
    let mut listener = Heeding::start_with(move |_| {
        let taken = taken.lock().unwrap().take();
        async move {
            let _ = taken.unwrap().send(());
            sleep(Duration::from_millis(200)).await;
            Some(Ending::SignedIn)
        }
    })
    .await;
    let address = listener.address;
    let asking = tokio::spawn(async move {
        let mut call = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /callback?code=good HTTP/1.1\r\nHost: {address}\r\n\r\n");
        call.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        call.read_to_string(&mut answer).await.unwrap();
        answer
    });
    is_taken.await.unwrap();
    listener.pending = None;
    assert!(asking.await.unwrap().contains("You are signed in"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let redirect_url = RedirectUrl::parse(&format!("http://{address}/callback")).unwrap();
    let refused = Loopback::default()
        .listen(&redirect_url, |_| async { None })
        .err()
        .unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
}

/// Shows check 8.
#[tokio::test]
async fn the_other_loopback_address_is_listened_on_as_well() {
    // Where there is no IPv6 there is nothing to try.
    let Ok(free) = TcpListener::bind("[::1]:0").await else {
        return;
    };
    let address = free.local_addr().unwrap();
    drop(free);
    let redirect_url = RedirectUrl::parse(&format!("http://{address}/cb")).unwrap();
    let loopback = Loopback::default();
    let hear = |_| async { Some(Ending::SignedIn) };
    let _pending = loopback.listen(&redirect_url, hear).unwrap();
    let mut call = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /cb?code=good HTTP/1.1\r\nHost: {address}\r\n\r\n");
    call.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    call.read_to_string(&mut answer).await.unwrap();
    assert_eq!(status(&answer), "200");
}

/// Shows check 8.
#[tokio::test]
async fn answer_brought_again_is_shown_the_same_page_and_heard_once() {
    let mut listener = Heeding::start().await;
    let good = "/callback?code=good&state=a";
    assert!(listener.ask(good).await.contains("You are signed in"));
    listener.end(AttemptEnd::Answered);
    // The page is loaded again; and a second press of Allow brings another code.
    for again in [
        good,
        "/callback?state=%61&code=good",
        "/callback?code=other&state=a",
        "/callback?error=access_denied&state=a",
    ] {
        let answer = listener.ask(again).await;
        assert!(answer.contains("You are signed in"), "{again}: {answer}");
    }
    for other in [
        "/callback?code=good&state=b",
        "/callback?code=good",
        "/callback?state=",
    ] {
        assert_eq!(status(&listener.ask(other).await), "400", "{other}");
    }
    assert_eq!(status(&listener.ask("/favicon.ico").await), "404");
    assert_eq!(listener.heard().len(), 1);
    listener.until_closed().await;
    assert!(TcpListener::bind(listener.address).await.is_ok());
}

/// Shows check 8.
#[tokio::test]
async fn second_press_while_the_first_is_judged_waits_for_the_same_page() {
    let (let_go, go) = watch::channel(false);
    let mut listener = Heeding::start_with(move |_| {
        let mut go = go.clone();
        async move {
            go.wait_for(|go| *go).await.unwrap();
            Some(Ending::SignedIn)
        }
    })
    .await;
    let host = listener.address;
    let request = format!("GET /callback?code=1&state=a HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut first = TcpStream::connect(host).await.unwrap();
    first.write_all(request.as_bytes()).await.unwrap();
    while listener.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    // The browser gives the first one up, and the attempt is over: its answer has come.
    drop(first);
    listener.end(AttemptEnd::Answered);
    let mut second = TcpStream::connect(host).await.unwrap();
    second
        .write_all(request.replace("code=1", "code=2").as_bytes())
        .await
        .unwrap();
    let_go.send_replace(true);
    let mut page = String::new();
    second.read_to_string(&mut page).await.unwrap();
    assert!(page.contains("You are signed in"), "{page}");
    assert_eq!(listener.heard().len(), 1);
}

#[tokio::test]
async fn answer_that_was_refused_is_heard_again() {
    let listener = Heeding::start_with(|received| async move {
        match received.expose() {
            text if text.contains("code=good") => Some(Ending::SignedIn),
            text if text.contains("iss=") => Some(Ending::NotUsable),
            _ => None,
        }
    })
    .await;
    for (target, words) in [
        ("/callback?code=bad&state=a", "Nothing happened"),
        (
            "/callback?code=bad&state=a&iss=x",
            "Please go back to the app",
        ),
        ("/callback?code=good&state=a", "You are signed in"),
    ] {
        assert!(listener.ask(target).await.contains(words), "{target}");
    }
    assert_eq!(listener.heard().len(), 3);
}

/// Shows check 8.
#[tokio::test]
async fn browser_that_comes_after_the_attempt_is_told_how_it_ended() {
    for (how, words) in [
        (AttemptEnd::Cancelled, "The sign-in was cancelled"),
        (AttemptEnd::Expired, "That took too long"),
        (AttemptEnd::Answered, "Please go back to the app"),
    ] {
        let mut listener = Heeding::start().await;
        listener.end(how);
        let answer = listener.ask("/callback?code=good&state=a").await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains(words), "{answer}");
        assert_eq!(listener.heard(), [""; 0]);
        assert_eq!(status(&listener.ask("/elsewhere?code=good").await), "404");
        listener.until_closed().await;
    }
}

/// Shows check 8.
#[tokio::test]
async fn next_attempt_takes_the_port_over_and_the_last_page_stays() {
    let mut listener = Heeding::start().await;
    listener.loopback.linger = Duration::from_millis(300);
    let first = "/callback?code=good&state=a";
    assert_eq!(status(&listener.ask(first).await), "200");
    listener.end(AttemptEnd::Answered);
    for attempt in 0..20 {
        listener.pending = Some(listener.listen(|received| async move {
            received
                .expose()
                .contains("code=new")
                .then_some(Ending::Denied)
        }));
        assert_eq!(
            status(&listener.ask("/callback?code=good&state=b").await),
            "400"
        );
        if attempt == 0 {
            assert!(listener.ask(first).await.contains("You are signed in"));
        }
        let target = format!("/callback?code=new&state={attempt}");
        assert!(
            listener
                .ask(&target)
                .await
                .contains("You chose not to allow it")
        );
        listener.end(AttemptEnd::Answered);
    }
    listener.until_closed().await;
}

/// Shows check 8.
#[tokio::test]
async fn port_is_free_at_once_for_another_address_and_after_the_last_wait() {
    let mut listener = Heeding::start().await;
    listener.loopback.linger = Duration::from_millis(300);
    for _ in 0..10 {
        listener.end(AttemptEnd::Cancelled);
        listener.until_closed().await;
        listener.pending = Some(listener.listen(|_| async { Some(Ending::SignedIn) }));
        assert_eq!(status(&listener.ask("/callback?code=good").await), "200");
    }
    let other = Heeding::start().await;
    let redirect_url = RedirectUrl::parse(&format!("http://{}/callback", other.address)).unwrap();
    let taken = listener.loopback.listen(&redirect_url, |_| async { None });
    assert_eq!(
        taken.err().map(|it| it.kind()),
        Some(io::ErrorKind::AddrInUse)
    );
}

#[tokio::test(start_paused = true)]
async fn port_is_at_rest_once_no_late_browser_is_told_anything_any_more() {
    let loopback = Loopback::default();
    // Never listened: nothing to wait for.
    loopback.at_rest().await;
    let mut heeding = Heeding::start().await;
    // The browser has the floor: the attempt is in the vault.
    heeding.loopback.at_rest().await;
    heeding.end(AttemptEnd::Answered);
    let at_rest = {
        let loopback = heeding.loopback.clone();
        tokio::spawn(async move { loopback.at_rest().await })
    };
    sleep(heeding.loopback.linger / 2).await;
    assert!(!at_rest.is_finished(), "a browser that comes late is told");
    at_rest.await.unwrap();
    assert!(heeding.loopback.open().is_none());
}

/// Shows check 16.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_say_nothing_keep_nobody_waiting() {
    let heeding = Heeding::start().await;
    let begun = std::time::Instant::now();
    let mut silent = Vec::new();
    for _ in 0..MOST_CALLERS + 64 {
        silent.push(TcpStream::connect(heeding.address).await.unwrap());
    }
    let answer = heeding.ask("/callback?code=good&state=1").await;
    assert_eq!(status(&answer), "200");
    // Before the first of them would have been hung up on for its silence alone.
    assert!(begun.elapsed() < ASKING_TAKES, "{:?}", begun.elapsed());
}

/// A caller of another user's, who asks as a browser would.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_users_caller_is_refused() {
    let heeding = Heeding::start().await;
    let port = heeding.address.port();
    let script = |host: &str| {
        format!(
            "exec 3<>/dev/tcp/{host}/{port} && \
         printf 'GET /callback?code=good&state=1 HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n' >&3 && cat <&3"
        )
    };
    let as_user = |user: u32, host: &str| {
        let is_root = rustix::process::geteuid().is_root();
        let mut program = tokio::process::Command::new(if is_root { "env" } else { "sudo" });
        program.args([
            "setpriv",
            &format!("--reuid={user}"),
            "--clear-groups",
            "--",
        ]);
        program.args(["bash", "-c", &script(host)]);
        program
    };
    // By IPv6 it is another list of the system's.
    for host in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let other = as_user(65_534, host).output().await.unwrap();
        let refused = String::from_utf8_lossy(&other.stdout).starts_with("HTTP/1.1 403");
        assert!(refused, "{host}: {other:?}");
        assert!(heeding.heard().is_empty());
    }
    for host in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let own = as_user(rustix::process::getuid().as_raw(), host)
            .output()
            .await
            .unwrap();
        let taken = String::from_utf8_lossy(&own.stdout).starts_with("HTTP/1.1 200");
        assert!(taken, "{host}: {own:?}");
    }
}
