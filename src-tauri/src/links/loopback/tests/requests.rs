//! Which requests are accepted, and the pages that they get.

use amiqus_core::redirect::MAX_REDIRECT_BYTES;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::links::loopback::pages::Page;

#[tokio::test]
async fn redirect_reaches_the_core_byte_for_byte_and_gets_a_page() {
    let listener = TestListener::start().await;
    let answer = listener.get("/callback?code=good&state=%41b%2F").await;
    assert_eq!(status(&answer), "200");
    assert!(answer.contains("You’re signed in"));
    let address = listener.address;
    let expected = format!("http://{address}/callback?code=good&state=%41b%2F");
    assert_eq!(listener.judged(), [expected]);
}

#[tokio::test]
async fn outcome_of_the_sign_in_selects_the_page() {
    for (outcome, text) in [
        (SignInOutcome::SignedIn, "You’re signed in"),
        (SignInOutcome::Denied, "Access wasn’t allowed"),
        (SignInOutcome::Otherwise, "Go back to the app"),
    ] {
        let listener = TestListener::start_with(move |_| async move { Some(outcome) }).await;
        let answer = listener.get("/callback?code=good").await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains(text), "{answer}");
    }
}

/// Shows check 8.
#[tokio::test]
async fn request_that_is_no_redirect_never_reaches_the_core() {
    let listener = TestListener::start().await;
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
        // A name that resolves to this computer (DNS rebinding), or no name at all.
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
        let answer = listener.send_bytes(&request).await;
        assert_eq!(status(&answer), expected, "{request}");
        assert_eq!(listener.judged(), [""; 0], "{request}");
    }
    assert_eq!(status(&listener.get("/callback?code=good").await), "200");
}

#[tokio::test]
async fn redirect_after_a_refused_one_is_accepted() {
    let listener = TestListener::start().await;
    assert_eq!(status(&listener.get("/callback?code=bad").await), "400");
    assert_eq!(status(&listener.get("/callback?code=good").await), "200");
    assert_eq!(listener.judged().len(), 2);
}

/// Shows check 14.
#[tokio::test]
async fn page_has_no_script_is_not_cached_and_echoes_nothing() {
    let listener = TestListener::start().await;
    for target in [
        "/callback?code=good&state=%3Cscript%3Ealert(1)%3C/script%3E&x=echo-echo",
        "/callback?code=bad&x=echo-echo",
        "/echo-echo",
    ] {
        let answer = listener.get(target).await;
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
fn every_page_has_a_language_and_one_heading_that_is_its_title() {
    for page in [
        Page::Ended(SignInOutcome::SignedIn),
        Page::Ended(SignInOutcome::Denied),
        Page::Ended(SignInOutcome::Otherwise),
        Page::Ended(SignInOutcome::NotUsable),
        Page::Over(AttemptEnd::Answered),
        Page::Over(AttemptEnd::Cancelled),
        Page::Over(AttemptEnd::Expired),
        Page::Refused(StatusCode::NOT_FOUND),
    ] {
        let html = pages::html(page);
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en-GB\" dir=\"ltr\">"));
        let between = |start: &str, end: &str| {
            let (_, rest) = html.split_once(start)?;
            Some(rest.split_once(end)?.0.to_owned())
        };
        let heading = between("<h1>", "</h1>");
        assert!(heading.as_ref().is_some_and(|text| !text.is_empty()));
        assert_eq!(heading, between("<title>", "</title>"));
        assert_eq!(html.matches("<h1").count(), 1);
        // The policy would ignore them.
        assert!(
            !html.contains(" style=") && !html.contains("<img"),
            "{html}"
        );
    }
}

#[test]
fn policy_allows_the_style_by_its_hash() {
    let hash = STANDARD.encode(Sha256::digest(pages::STYLE));
    assert!(
        pages::POLICY.contains(&format!("'sha256-{hash}'")),
        "{hash}"
    );
}

#[tokio::test]
async fn request_that_is_too_large_is_refused() {
    let listener = TestListener::start().await;
    let host = listener.address;
    let long = "x".repeat(2 * connection::MAX_REQUEST_BYTES);
    for request in [
        format!("GET /callback?code=good&x={long} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET /callback?code=good HTTP/1.1\r\nHost: {host}\r\nX: {long}\r\n\r\n"),
    ] {
        let answer = listener.send_bytes(&request).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(listener.judged(), [""; 0]);
    }
    // The largest redirect with a browser's cookies is not too large.
    let cookies = "x".repeat(2 * MAX_REDIRECT_BYTES);
    let long = "x".repeat(MAX_REDIRECT_BYTES - 200);
    let request = format!(
        "GET /callback?code=good&x={long} HTTP/1.1\r\nHost: {host}\r\nCookie: a={cookies}\r\n\r\n"
    );
    assert_eq!(status(&listener.send_bytes(&request).await), "200");
}
