//! The client against a server on a real socket, which says what the test wants.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a failure of what the tests share fails the test"
)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use amiqus_local::client::{Client, Error};
use amiqus_local::problem::{Code, MEDIA_TYPE, Problem};
use amiqus_local::protocol::{Access, AccountStatus, GrantRequest, Programs};
use amiqus_local::socket::Listener;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// What the server was sent: the request line, the headers that matter, the body.
type RequestLines = Arc<Mutex<Vec<String>>>;

struct Server {
    _parent: tempfile::TempDir,
    client: Client,
    received: RequestLines,
}

/// Responds to each request with this status, type and body.
fn serve(status: u16, kind: &'static str, body: &'static str) -> Server {
    let parent = tempfile::tempdir().unwrap();
    let folder: PathBuf = std::fs::canonicalize(parent.path()).unwrap().join("app");
    let listener = Listener::bind(&folder).unwrap();
    let received = RequestLines::default();
    let log = Arc::clone(&received);
    tokio::spawn(async move {
        loop {
            let stream = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            let service = service_fn(move |request: Request<Incoming>| {
                let log = Arc::clone(&log);
                async move {
                    let (parts, sent) = request.into_parts();
                    let header = |name: &str| {
                        let value = parts.headers.get(name);
                        value.map_or("", |value| value.to_str().unwrap()).to_owned()
                    };
                    let (host, account) = (header("host"), header("amiqus-account"));
                    let sent = sent.collect().await?.to_bytes();
                    let sent = String::from_utf8_lossy(&sent).into_owned();
                    let line = format!("{} {} {host} {account} {sent}", parts.method, parts.uri);
                    log.lock().unwrap().push(line);
                    let response = Response::builder()
                        .status(StatusCode::from_u16(status).unwrap())
                        .header("content-type", kind)
                        .body(Full::<Bytes>::from(body))
                        .unwrap();
                    Ok::<_, hyper::Error>(response)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Server {
        _parent: parent,
        client: Client::at(folder),
        received,
    }
}

impl Server {
    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

const JSON: &str = "application/json";

#[tokio::test]
async fn status_and_accounts_are_read_tolerantly() {
    let server = serve(
        200,
        JSON,
        r#"{"version":"1.2.3","programs":"read","managed":true,"later":1}"#,
    );
    let status = server.client.status().await.unwrap();
    assert_eq!(status.version, "1.2.3");
    assert_eq!(status.programs, Programs::Read);
    assert!(status.managed);
    assert_eq!(server.received(), ["GET /local/v1 local  "]);

    let accounts =
        r#"[{"id":"1.2","team":"Fusion Industries","status":"sign_in_again","current":true}]"#;
    let server = serve(200, JSON, accounts);
    let accounts = server.client.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].status, AccountStatus::SignInAgain);
    assert_eq!(accounts[0].name, None);
}

#[tokio::test]
async fn grant_and_token_are_asked_for_one_account() {
    let grant = r#"{"id":null,"account":"1.2","access":"write","ends_at":null}"#;
    let server = serve(201, JSON, grant);
    let request = GrantRequest {
        account: Some("1.2".to_owned()),
        access: Access::Write,
    };
    let grant = server.client.request_grant(&request).await.unwrap();
    assert_eq!(grant.access, Access::Write);
    let sent = r#"POST /local/v1/grants local  {"account":"1.2","access":"write"}"#;
    assert_eq!(server.received(), [sent]);

    let token = r#"{"access_token":"hush","token_type":"Bearer","expires_at":"2027-03-01T09:00:00Z","account":"1.2"}"#;
    let server = serve(200, JSON, token);
    let token = server.client.token(Some("1.2")).await.unwrap();
    assert_eq!(token.access_token.expose(), "hush");
    assert_eq!(server.received(), ["POST /local/v1/token local 1.2 "]);
}

#[tokio::test]
async fn problem_is_told_with_its_code() {
    let problem =
        r#"{"type":"urn:amiqus-local:problem:refused","title":"No","status":403,"code":"refused"}"#;
    let server = serve(403, MEDIA_TYPE, problem);
    let refused = server.client.give_back("7-a").await.unwrap_err();
    let Error::Problem(Problem { code, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, Code::Refused);
    assert_eq!(server.received(), ["DELETE /local/v1/grants/7-a local  "]);
}

#[tokio::test]
async fn id_that_would_change_the_request_is_not_sent() {
    let server = serve(204, JSON, "");
    for id in [
        "",
        "..",
        "../token",
        "a/b",
        "a b",
        "a\r\nb: c",
        "a?b",
        "a%2e",
        "ä",
    ] {
        let refused = server.client.give_back(id).await;
        assert!(matches!(refused, Err(Error::NotAnId)), "{id:?}");
        let refused = server.client.token(Some(id)).await;
        assert!(matches!(refused, Err(Error::NotAnId)), "{id:?}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn response_of_another_kind_is_no_success() {
    for (status, kind, body) in [
        (200, JSON, "{}"),
        (200, JSON, "<html>"),
        (302, "text/html", ""),
        (403, JSON, r#"{"code":"refused"}"#),
        (403, MEDIA_TYPE, r#"{"code":"something new"}"#),
        (500, "text/plain", "oops"),
    ] {
        let server = serve(status, kind, body);
        let odd = server.client.status().await;
        assert!(
            matches!(odd, Err(Error::UnexpectedResponse)),
            "{body}: {odd:?}"
        );
    }
}

#[tokio::test]
async fn amiqus_response_comes_as_it_is() {
    let server = serve(422, JSON, r#"{"name":["is missing"]}"#);
    let request = Request::builder()
        .method("POST")
        .uri("/api/v2/clients?a=b%20c")
        .header("host", "evil.example")
        .body(Full::<Bytes>::from("{}"))
        .unwrap();
    let response = server.client.send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"name":["is missing"]}"#);
    assert_eq!(
        server.received(),
        ["POST /api/v2/clients?a=b%20c local  {}"]
    );
}
