//! Repeated redirects, and a port that serves one attempt after the other.

use super::*;

/// Shows check 8.
#[tokio::test]
async fn repeated_redirect_gets_the_same_page_and_is_judged_once() {
    let mut listener = TestListener::start().await;
    let good = "/callback?code=good&state=a";
    assert!(listener.get(good).await.contains("You’re signed in"));
    listener.end(AttemptEnd::Answered);
    // The page is reloaded, and a second press of Allow brings another code.
    for repeated in [
        good,
        "/callback?state=%61&code=good",
        "/callback?code=other&state=a",
        "/callback?error=access_denied&state=a",
    ] {
        let answer = listener.get(repeated).await;
        assert!(answer.contains("You’re signed in"), "{repeated}: {answer}");
    }
    for other in [
        "/callback?code=good&state=b",
        "/callback?code=good",
        "/callback?state=",
    ] {
        assert_eq!(status(&listener.get(other).await), "400", "{other}");
    }
    assert_eq!(status(&listener.get("/favicon.ico").await), "404");
    assert_eq!(listener.judged().len(), 1);
}

/// Shows check 8.
#[tokio::test]
async fn second_redirect_waits_for_the_page_of_the_first() {
    let (release, go) = watch::channel(false);
    let mut listener = TestListener::start_with(move |_| {
        let mut go = go.clone();
        async move {
            go.wait_for(|go| *go).await.unwrap();
            Some(SignInOutcome::SignedIn)
        }
    })
    .await;
    let host = listener.address;
    let request = format!("GET /callback?code=1&state=a HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut first = TcpStream::connect(host).await.unwrap();
    first.write_all(request.as_bytes()).await.unwrap();
    while listener.judged().is_empty() {
        tokio::task::yield_now().await;
    }
    // The browser drops the first connection, and the attempt is over.
    drop(first);
    listener.end(AttemptEnd::Answered);
    let mut second = TcpStream::connect(host).await.unwrap();
    second
        .write_all(request.replace("code=1", "code=2").as_bytes())
        .await
        .unwrap();
    release.send_replace(true);
    let mut page = String::new();
    second.read_to_string(&mut page).await.unwrap();
    assert!(page.contains("You’re signed in"), "{page}");
    assert_eq!(listener.judged().len(), 1);
}

#[tokio::test]
async fn redirect_that_was_refused_is_judged_again() {
    let listener = TestListener::start_with(|link| async move {
        match link.expose() {
            text if text.contains("code=good") => Some(SignInOutcome::SignedIn),
            text if text.contains("iss=") => Some(SignInOutcome::NotUsable),
            _ => None,
        }
    })
    .await;
    for (target, text) in [
        ("/callback?code=bad&state=a", "This page didn’t work"),
        ("/callback?code=bad&state=a&iss=x", "Go back to the app"),
        ("/callback?code=good&state=a", "You’re signed in"),
    ] {
        assert!(listener.get(target).await.contains(text), "{target}");
    }
    assert_eq!(listener.judged().len(), 3);
}

/// Shows check 8.
#[tokio::test]
async fn redirect_after_the_attempt_shows_how_it_ended() {
    for (how, text) in [
        (AttemptEnd::Cancelled, "The sign-in was cancelled"),
        (AttemptEnd::Expired, "That took too long"),
        (AttemptEnd::Answered, "Go back to the app"),
    ] {
        let mut listener = TestListener::start().await;
        listener.end(how);
        let answer = listener.get("/callback?code=good&state=a").await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains(text), "{answer}");
        assert_eq!(listener.judged(), [""; 0]);
        assert_eq!(status(&listener.get("/elsewhere?code=good").await), "404");
    }
}

/// Shows check 8.
#[tokio::test]
async fn next_attempt_takes_the_port_over_and_the_last_page_stays() {
    let mut listener = TestListener::start().await;
    let first = "/callback?code=good&state=a";
    assert_eq!(status(&listener.get(first).await), "200");
    listener.end(AttemptEnd::Answered);
    for attempt in 0..20 {
        listener.pending = Some(listener.listen(|link| async move {
            link.expose()
                .contains("code=new")
                .then_some(SignInOutcome::Denied)
        }));
        assert_eq!(
            status(&listener.get("/callback?code=good&state=b").await),
            "400"
        );
        if attempt == 0 {
            assert!(listener.get(first).await.contains("You’re signed in"));
        }
        let target = format!("/callback?code=new&state={attempt}");
        assert!(
            listener
                .get(&target)
                .await
                .contains("Access wasn’t allowed")
        );
        listener.end(AttemptEnd::Answered);
    }
}

/// Shows check 8.
#[tokio::test]
async fn port_is_free_again_after_it_lingered() {
    let mut listener = TestListener::start_impatient().await;
    for _ in 0..10 {
        listener.end(AttemptEnd::Cancelled);
        listener.until_closed().await;
        listener.pending = Some(listener.listen(|_| async { Some(SignInOutcome::SignedIn) }));
        assert_eq!(status(&listener.get("/callback?code=good").await), "200");
    }
    let other = TestListener::start().await;
    let redirect_url = RedirectUrl::parse(&format!("http://{}/callback", other.address)).unwrap();
    let taken = listener.loopback.listen(&redirect_url, |_| async { None });
    assert_eq!(
        taken.err().map(|it| it.kind()),
        Some(io::ErrorKind::AddrInUse)
    );
}

#[tokio::test(start_paused = true)]
async fn port_is_idle_once_it_has_lingered() {
    let loopback = Loopback::default();
    // It never listened.
    loopback.wait_until_idle().await;
    let mut listener = TestListener::start_impatient().await;
    // A pending attempt outlives the process.
    listener.loopback.wait_until_idle().await;
    listener.end(AttemptEnd::Answered);
    let idle = {
        let loopback = listener.loopback.clone();
        tokio::spawn(async move { loopback.wait_until_idle().await })
    };
    sleep(listener.loopback.linger_timeout / 2).await;
    assert!(!idle.is_finished(), "the port lingers");
    idle.await.unwrap();
    assert!(listener.loopback.open().is_none());
}
