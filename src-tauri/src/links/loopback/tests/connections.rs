//! Connections that are idle, late or another user's, and the port itself.

use super::*;

#[tokio::test]
async fn idle_connection_delays_no_other_and_is_closed() {
    let listener = TestListener::start().await;
    let mut idle = TcpStream::connect(listener.address).await.unwrap();
    let mut slow = TcpStream::connect(listener.address).await.unwrap();
    slow.write_all(b"GET /call").await.unwrap();
    assert_eq!(status(&listener.get("/callback?code=good").await), "200");
    for stream in [&mut idle, &mut slow] {
        let mut rest = Vec::new();
        let ended = timeout(
            connection::REQUEST_TIMEOUT * 2,
            stream.read_to_end(&mut rest),
        )
        .await;
        assert!(ended.is_ok(), "still connected");
    }
}

/// Shows check 8.
#[tokio::test]
async fn port_and_idle_connections_are_closed_with_the_listener() {
    let mut listener = TestListener::start().await;
    let address = listener.address;
    let mut idle = TcpStream::connect(address).await.unwrap();
    // It was accepted: a later request was answered.
    listener.get("/").await;
    listener.pending = None;
    listener.until_closed().await;
    let free = TcpListener::bind(address).await;
    assert!(free.is_ok(), "{free:?}");
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(5), idle.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "still connected");
}

#[tokio::test]
async fn request_that_is_judged_gets_its_page_after_the_port_closed() {
    let (reach, reached) = tokio::sync::oneshot::channel();
    let reach = Arc::new(Mutex::new(Some(reach)));
    let mut listener = TestListener::start_with(move |_| {
        let reach = reach.lock().unwrap().take();
        async move {
            let _ = reach.unwrap().send(());
            sleep(Duration::from_millis(200)).await;
            Some(SignInOutcome::SignedIn)
        }
    })
    .await;
    let address = listener.address;
    let request_task = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /callback?code=good HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    reached.await.unwrap();
    listener.pending = None;
    assert!(request_task.await.unwrap().contains("You’re signed in"));
}

#[tokio::test]
async fn port_that_is_taken_is_an_error() {
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
async fn ipv6_loopback_address_is_listened_on() {
    // Not every computer has IPv6.
    let Ok(free) = TcpListener::bind("[::1]:0").await else {
        return;
    };
    let address = free.local_addr().unwrap();
    drop(free);
    let redirect_url = RedirectUrl::parse(&format!("http://{address}/cb")).unwrap();
    let loopback = Loopback::default();
    let judge = |_| async { Some(SignInOutcome::SignedIn) };
    let _pending = loopback.listen(&redirect_url, judge).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /cb?code=good HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(status(&answer), "200");
}

/// Shows check 16.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_idle_connections_delays_no_request() {
    let listener = TestListener::start().await;
    let start = std::time::Instant::now();
    let mut idle = Vec::new();
    for _ in 0..MAX_CONNECTIONS + 64 {
        idle.push(TcpStream::connect(listener.address).await.unwrap());
    }
    let answer = listener.get("/callback?code=good&state=1").await;
    assert_eq!(status(&answer), "200");
    // Before the first of them would have timed out.
    assert!(
        start.elapsed() < connection::REQUEST_TIMEOUT,
        "{:?}",
        start.elapsed()
    );
}

/// Another user's process sends the request that a browser would.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_of_another_user_is_refused() {
    let listener = TestListener::start().await;
    let port = listener.address.port();
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
    // IPv6 connections are in another list of the system.
    for host in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let other = as_user(65_534, host).output().await.unwrap();
        let refused = String::from_utf8_lossy(&other.stdout).starts_with("HTTP/1.1 403");
        assert!(refused, "{host}: {other:?}");
        assert!(listener.judged().is_empty());
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
