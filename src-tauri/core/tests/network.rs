//! What can be between a company's computer and Amiqus, over real sockets: a proxy that requires a
//! password, an untrusted certificate, a network's login page.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amiqus_core::api::{Api, ApiError};
use amiqus_core::http::{self, ConnectError, DesktopProxy, RequestError, Timeouts};
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

/// The errors of an exchange, a refresh, `/me` and `/status`.
async fn send_all(
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

/// Serves the same response to each request, unencrypted.
async fn serve(response: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(respond(stream, response));
        }
    });
    address
}

/// Serves the same response over TLS, with a self-signed certificate.
async fn serve_self_signed(response: &'static str) -> SocketAddr {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    respond(stream, response).await;
                }
            });
        }
    });
    address
}

async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin, response: &str) {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    let is_complete = |request: &[u8]| {
        // A TLS client is answered at once.
        request
            .first()
            .is_some_and(|first| !first.is_ascii_alphabetic())
            || request.windows(4).any(|end| end == b"\r\n\r\n")
    };
    while !is_complete(&request) {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&part[..length]),
        }
    }
    // The client may have closed the connection.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn client_for(registration: &Registration) -> Client {
    let clients = http::Clients::new(Timeouts::default());
    let client = clients.for_service(&registration.base_url).await;
    client.unwrap().clone()
}

#[tokio::test]
async fn proxy_that_requires_a_password_is_recognised() {
    let proxy = serve(
        "HTTP/1.1 407 Proxy Authentication Required\r\n\
         Proxy-Authenticate: Basic realm=\"office\"\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let client = Client::builder()
        .proxy(Proxy::all(format!("http://{proxy}")).unwrap())
        .build()
        .unwrap();
    let registration = registration("https://amiqus.example");
    let (tokens, api) = send_all(&client, &registration).await;
    let transient = Transient::ProxyNeedsPassword;
    assert_eq!(tokens, [TokenError::NotProcessed(transient); 2]);
    assert_eq!(api, [ApiError::Transient(transient); 2]);
}

#[tokio::test]
async fn proxy_that_refuses_otherwise_is_unreachable() {
    for response in [
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        "",
    ] {
        let proxy = serve(response).await;
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
            "{response}"
        );
    }
}

/// Accepts one connection as a SOCKS5 proxy (RFC 1928), reports the host as unreachable and returns
/// its name.
async fn socks5_once(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting[0], 5);
    let mut methods = vec![0; usize::from(greeting[1])];
    stream.read_exact(&mut methods).await.unwrap();
    stream.write_all(&[5, 0]).await.unwrap();
    let mut request = [0; 5];
    stream.read_exact(&mut request).await.unwrap();
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
    let mut name = vec![0; usize::from(request[4])];
    stream.read_exact(&mut name).await.unwrap();
    let mut port = [0; 2];
    stream.read_exact(&mut port).await.unwrap();
    assert_eq!(u16::from_be_bytes(port), 443);
    stream
        .write_all(&[5, 4, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    String::from_utf8(name).unwrap()
}

/// Shows check 19.
#[tokio::test]
async fn socks_proxy_is_asked_for_the_service() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5h://{}", listener.local_addr().unwrap());
    let requested = tokio::spawn(socks5_once(listener));
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
    assert_eq!(requested.await.unwrap(), "amiqus.example");
}

/// A desktop whose settings can be changed.
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
async fn desktop_proxy_is_used_and_its_changes_are_followed() {
    let settings = Arc::new(Settings::default());
    let clients =
        http::Clients::new(Timeouts::default()).with_desktop_proxy(Arc::clone(&settings) as _);
    let registration = registration("https://amiqus.example");
    let send = async || {
        let client = clients.for_service(&registration.base_url).await.unwrap();
        http::send(client.get("https://amiqus.example/api/v2/me"))
            .await
            .err()
    };

    let tunnel = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.set(Some(format!("http://{}", tunnel.local_addr().unwrap())));
    let requested = tokio::spawn(async move {
        let (mut stream, _) = tunnel.accept().await.unwrap();
        let mut line = [0; 27];
        stream.read_exact(&mut line).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await
            .unwrap();
        String::from_utf8(line.to_vec()).unwrap()
    });
    let outcome = send().await;
    assert!(
        matches!(
            outcome,
            Some(RequestError::NotSent(ConnectError::ProxyNeedsPassword, _))
        ),
        "{outcome:?}"
    );
    assert_eq!(requested.await.unwrap(), "CONNECT amiqus.example:443 ");

    let socks = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.set(Some(format!("socks5h://{}", socks.local_addr().unwrap())));
    let requested = tokio::spawn(socks5_once(socks));
    assert!(matches!(
        send().await,
        Some(RequestError::NotSent(ConnectError::Unreachable, _))
    ));
    assert_eq!(requested.await.unwrap(), "amiqus.example");
}

/// Shows check 19.
#[tokio::test]
async fn untrusted_certificate_is_recognised() {
    let address = serve_self_signed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
    let registration = registration(&format!("https://{address}"));
    let client = client_for(&registration).await;
    let (tokens, api) = send_all(&client, &registration).await;
    let transient = Transient::CertificateNotTrusted;
    assert_eq!(tokens, [TokenError::NotProcessed(transient); 2]);
    assert_eq!(api, [ApiError::Transient(transient); 2]);
}

#[tokio::test]
async fn service_without_tls_is_not_a_certificate_problem() {
    let address = serve("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let registration = registration(&format!("https://{address}"));
    let client = client_for(&registration).await;
    let (tokens, _) = send_all(&client, &registration).await;
    assert_eq!(tokens, [TokenError::NotProcessed(Transient::Offline); 2]);
}

/// Shows check 19.
#[tokio::test]
async fn login_page_is_a_captive_portal_and_perhaps_processed() {
    let portal = Transient::CaptivePortal;
    for (response, expected) in [
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
        let address = serve(response).await;
        let registration = registration(&format!("http://{address}"));
        let client = client_for(&registration).await;
        let (tokens, api) = send_all(&client, &registration).await;
        assert_eq!(tokens, [expected; 2], "{response}");
        assert_eq!(api, [ApiError::Transient(portal); 2], "{response}");
    }
}

/// Shows checks 18 and 19.
#[tokio::test]
async fn no_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = elsewhere.local_addr().unwrap();
        let response = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://{target}/oauth/token\r\nContent-Length: 0\r\n\r\n"
        );
        let address = serve(response.leak()).await;
        let registration = registration(&format!("http://{address}"));
        let client = client_for(&registration).await;
        send_all(&client, &registration).await;
        // A client that had followed would be waiting to be accepted by now.
        let connection = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
        assert!(connection.is_err(), "{status}: {connection:?}");
    }
}

/// Shows check 14.
#[tokio::test]
async fn names_from_the_server_are_plain_and_capped() {
    let name = format!("<b>Bob</b>\u{202e}\u{0}{}", "e".repeat(10_000));
    let body = serde_json::json!({
        "id": 1,
        "uuid": "6b9c8323-4b54-4bb3-a1c8-68de534368a5",
        "name": &name,
        "email": &name,
    })
    .to_string();
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let address = serve(response.leak()).await;
    let registration = registration(&format!("http://{address}"));
    let client = client_for(&registration).await;
    let api = Api {
        client: &client,
        base_url: &registration.base_url,
        access: &AccessToken::new("hush-access"),
        now: NOW,
    };
    let plain = format!("<b>Bob</b>{}", "e".repeat(200 - "<b>Bob</b>".len()));
    let user = api.me().await.unwrap();
    assert_eq!((user.name, user.email), (plain.clone(), plain.clone()));
    assert_eq!(api.team().await.unwrap().name, plain);
}
