//! What stands between a company's computer and Amiqus, over real sockets: a proxy that wants a
//! password, a certificate that nobody here trusts, a network's login page.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amiqus_core::api::{Api, ApiError};
use amiqus_core::http::{self, ConnectError, DesktopProxy, Limits, RequestError};
use amiqus_core::redirect::AuthorizationCode;
use amiqus_core::registration::{Provenance, Registration, RegistrationDraft};
use amiqus_core::token::{self, AccessToken, RefreshToken, TokenError, Transient};
use jiff::Timestamp;
use reqwest::{Client, Proxy};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use url::Url;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn registration(base_url: &str) -> Registration {
    let draft = RegistrationDraft {
        client_id: "9a1c0ffe".to_owned(),
        client_secret: "hush-client-secret".to_owned(),
        redirect_url: None,
        base_url: Some(base_url.to_owned()),
        organisation: None,
        pkce: None,
    };
    draft.validate(Provenance::ByHand).unwrap()
}

/// What comes of an exchange, a refresh, and a look at `/me`, `/status`.
async fn ask_everything(
    client: &Client,
    registration: &Registration,
) -> ([TokenError; 2], [ApiError; 2]) {
    let redirect_url = &registration.redirect_url;
    let code = AuthorizationCode::new("hush-code");
    let exchanged = token::exchange(client, registration, redirect_url, code, None, || NOW).await;
    let refresh = RefreshToken::new("hush-refresh");
    let refreshed = token::refresh(client, registration, &refresh, redirect_url, || NOW).await;
    let api = Api {
        client,
        base_url: &registration.base_url,
        access: &AccessToken::new("hush-access"),
        now: NOW,
    };
    (
        [exchanged.err().unwrap(), refreshed.err().unwrap()],
        [
            api.me().await.err().unwrap(),
            api.status().await.err().unwrap(),
        ],
    )
}

/// Says the same to everybody who asks for something, in clear.
async fn always(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            tokio::spawn(say(caller, answer));
        }
    });
    address
}

/// The same, over TLS with a certificate that it signed itself.
async fn always_self_signed(answer: &'static str) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(caller) = acceptor.accept(caller).await {
                    say(caller, answer).await;
                }
            });
        }
    });
    address
}

async fn say(mut caller: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let mut asked = Vec::new();
    let mut part = [0; 1024];
    let is_whole = |asked: &[u8]| {
        // Who begins to speak TLS is answered at once.
        asked
            .first()
            .is_some_and(|first| !first.is_ascii_alphabetic())
            || asked.windows(4).any(|end| end == b"\r\n\r\n")
    };
    while !is_whole(&asked) {
        match caller.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(length) => asked.extend_from_slice(&part[..length]),
        }
    }
    // Who hangs up has heard enough.
    let _ = caller.write_all(answer.as_bytes()).await;
    let _ = caller.shutdown().await;
}

async fn client_for(registration: &Registration) -> Client {
    let clients = http::clients(Limits::default());
    let client = clients.for_service(&registration.base_url).await;
    client.unwrap().clone()
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_is_told_from_no_network_and_nothing_was_sent() {
    let proxy = always(
        "HTTP/1.1 407 Proxy Authentication Required\r\n\
         Proxy-Authenticate: Basic realm=\"office\"\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let client = Client::builder()
        .proxy(Proxy::all(format!("http://{proxy}")).unwrap())
        .build()
        .unwrap();
    let registration = registration("https://amiqus.example");
    let (tokens, api) = ask_everything(&client, &registration).await;
    let transient = Transient::ProxyNeedsPassword;
    assert_eq!(tokens, [TokenError::NotProcessed(transient); 2]);
    assert_eq!(api, [ApiError::Transient(transient); 2]);
}

#[tokio::test]
async fn a_proxy_that_refuses_for_another_reason_is_no_network() {
    for answer in [
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        "",
    ] {
        let proxy = always(answer).await;
        let client = Client::builder()
            .proxy(Proxy::all(format!("http://{proxy}")).unwrap())
            .build()
            .unwrap();
        let outcome = http::send(client.get("https://amiqus.example/")).await;
        assert!(
            matches!(
                outcome,
                Err(RequestError::NotSent(ConnectError::Unreachable, _))
            ),
            "{answer}"
        );
    }
}

/// Takes one caller as a SOCKS5 proxy does (RFC 1928) and returns the name it asks for; then it says
/// that the host is unreachable.
async fn socks5_once(listener: TcpListener) -> String {
    let (mut caller, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 2];
    caller.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting[0], 5);
    let mut methods = vec![0; usize::from(greeting[1])];
    caller.read_exact(&mut methods).await.unwrap();
    caller.write_all(&[5, 0]).await.unwrap();
    let mut request = [0; 5];
    caller.read_exact(&mut request).await.unwrap();
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
    let mut name = vec![0; usize::from(request[4])];
    caller.read_exact(&mut name).await.unwrap();
    let mut port = [0; 2];
    caller.read_exact(&mut port).await.unwrap();
    assert_eq!(u16::from_be_bytes(port), 443);
    caller
        .write_all(&[5, 4, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    String::from_utf8(name).unwrap()
}

/// Shows check 19.
#[tokio::test]
async fn socks_proxy_is_asked_for_the_service_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5h://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(socks5_once(listener));
    let client = Client::builder()
        .proxy(Proxy::all(proxy).unwrap())
        .build()
        .unwrap();
    let outcome = http::send(client.get("https://amiqus.example/")).await;
    assert!(
        matches!(
            outcome,
            Err(RequestError::NotSent(ConnectError::Unreachable, _))
        ),
        "{:?}",
        outcome.err()
    );
    assert_eq!(asked.await.unwrap(), "amiqus.example");
}

/// A desktop whose settings a test changes.
#[derive(Debug, Default)]
struct Settings(Mutex<Option<Url>>);

impl Settings {
    fn set(&self, proxy: Option<String>) {
        *self.0.lock().unwrap() = proxy.map(|proxy| proxy.parse().unwrap());
    }
}

impl DesktopProxy for Settings {
    fn look_up<'a>(
        &'a self,
        address: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Option<Url>> + Send + 'a>> {
        assert_eq!(address.as_str(), "https://amiqus.example/");
        Box::pin(async { self.0.lock().unwrap().clone() })
    }
}

/// Shows check 19.
#[tokio::test]
async fn desktops_proxy_is_used_and_followed_when_it_changes() {
    let settings = Arc::new(Settings::default());
    let clients = http::clients(Limits::default()).behind(Arc::clone(&settings) as _);
    let registration = registration("https://amiqus.example");
    let ask = async || {
        let client = clients.for_service(&registration.base_url).await.unwrap();
        http::send(client.get("https://amiqus.example/api/v2/me"))
            .await
            .err()
    };

    let tunnel = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.set(Some(format!("http://{}", tunnel.local_addr().unwrap())));
    let asked = tokio::spawn(async move {
        let (mut caller, _) = tunnel.accept().await.unwrap();
        let mut line = [0; 27];
        caller.read_exact(&mut line).await.unwrap();
        caller
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await
            .unwrap();
        String::from_utf8(line.to_vec()).unwrap()
    });
    let outcome = ask().await;
    assert!(
        matches!(
            outcome,
            Some(RequestError::NotSent(ConnectError::ProxyNeedsPassword, _))
        ),
        "{outcome:?}"
    );
    assert_eq!(asked.await.unwrap(), "CONNECT amiqus.example:443 ");

    let socks = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.set(Some(format!("socks5h://{}", socks.local_addr().unwrap())));
    let asked = tokio::spawn(socks5_once(socks));
    assert!(matches!(
        ask().await,
        Some(RequestError::NotSent(ConnectError::Unreachable, _))
    ));
    assert_eq!(asked.await.unwrap(), "amiqus.example");
}

/// Shows check 19.
#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_told_from_no_network_and_nothing_was_sent() {
    let address = always_self_signed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
    let registration = registration(&format!("https://{address}"));
    let client = client_for(&registration).await;
    let (tokens, api) = ask_everything(&client, &registration).await;
    let transient = Transient::CertificateNotTrusted;
    assert_eq!(tokens, [TokenError::NotProcessed(transient); 2]);
    assert_eq!(api, [ApiError::Transient(transient); 2]);
}

#[tokio::test]
async fn a_service_that_speaks_no_tls_is_no_matter_of_certificates() {
    let address = always("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let registration = registration(&format!("https://{address}"));
    let client = client_for(&registration).await;
    let (tokens, _) = ask_everything(&client, &registration).await;
    assert_eq!(tokens, [TokenError::NotProcessed(Transient::Offline); 2]);
}

/// Shows check 19.
#[tokio::test]
async fn a_login_page_in_place_of_an_answer_is_a_portals_and_a_grant_that_it_saw_may_be_used_up() {
    let portal = Transient::CaptivePortal;
    for (answer, expected) in [
        (
            "HTTP/1.1 302 Found\r\nLocation: http://guest.example/login\r\nContent-Length: 0\r\n\r\n",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://guest.example/\r\nContent-Length: 0\r\n\r\n",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 511 Network Authentication Required\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 451 Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nBlocked",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
        (
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>",
            TokenError::PerhapsProcessed(portal),
        ),
    ] {
        let address = always(answer).await;
        let registration = registration(&format!("http://{address}"));
        let client = client_for(&registration).await;
        let (tokens, api) = ask_everything(&client, &registration).await;
        assert_eq!(tokens, [expected; 2], "{answer}");
        assert_eq!(api, [ApiError::Transient(portal); 2], "{answer}");
    }
}

/// Shows checks 18 and 19.
#[tokio::test]
async fn nothing_follows_a_redirect_not_even_one_that_keeps_the_body() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = elsewhere.local_addr().unwrap();
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://{place}/oauth/token\r\nContent-Length: 0\r\n\r\n"
        );
        let address = always(answer.leak()).await;
        let registration = registration(&format!("http://{address}"));
        let client = client_for(&registration).await;
        ask_everything(&client, &registration).await;
        // Whoever had come would wait at the door by now.
        let came = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
        assert!(came.is_err(), "{status}: {came:?}");
    }
}

/// Shows check 14.
#[tokio::test]
async fn what_a_server_calls_a_person_and_a_team_is_plain_and_capped() {
    let name = format!("<b>Bob</b>\u{202e}\u{0}{}", "e".repeat(10_000));
    let body = serde_json::json!({
        "id": 1,
        "uuid": "6b9c8323-4b54-4bb3-a1c8-68de534368a5",
        "name": &name,
        "email": &name,
    })
    .to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let address = always(answer.leak()).await;
    let registration = registration(&format!("http://{address}"));
    let client = client_for(&registration).await;
    let api = Api {
        client: &client,
        base_url: &registration.base_url,
        access: &AccessToken::new("hush-access"),
        now: NOW,
    };
    let shown = format!("<b>Bob</b>{}", "e".repeat(200 - "<b>Bob</b>".len()));
    let user = api.me().await.unwrap();
    assert_eq!((user.name, user.email), (shown.clone(), shown.clone()));
    assert_eq!(api.team().await.unwrap().name, shown);
}
