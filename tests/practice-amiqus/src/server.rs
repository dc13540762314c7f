//! The socket, and the door that every request comes through.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use url::form_urlencoded;

use crate::faults::{self, Endpoint};
use crate::requests::RequestRecord;
use crate::service::Service;
use crate::tokens::is_form;
use crate::{api, control, pages, tokens};

/// More than any request to the service is long.
const LONGEST_BODY: usize = 1024 * 1024;

/// The decoded fields of a form; none for any other body.
#[derive(Debug, Clone)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

/// The connection that a request came through.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    peer: SocketAddr,
    scissors: Arc<Notify>,
}

impl Connection {
    /// Where the caller is.
    pub(crate) fn peer_address(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Closes the connection at once. There is nobody to return to afterwards.
    pub(crate) async fn cut(&self) -> Infallible {
        self.scissors.notify_one();
        std::future::pending().await
    }
}

/// Listens on the loopback interface.
pub(crate) async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves until it is dropped, and every connection with it.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>) {
    let router = router(service);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that ended before it was accepted is the caller's affair.
                if let Ok((stream, peer)) = accepted {
                    connections.spawn(serve_connection(stream, peer, router.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection until the caller ends it or a fault cuts it.
async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router) {
    let scissors = Arc::new(Notify::new());
    let connection = Connection {
        peer,
        scissors: Arc::clone(&scissors),
    };
    let service = TowerToHyperService::new(router.layer(Extension(connection)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        () = scissors.notified() => {}
    }
}

fn router(service: Arc<Service>) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(api::routes())
        .merge(control::routes())
        .route("/oauth/token", axum::routing::post(tokens::token))
        .fallback(pages::not_found)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&service),
            front_door,
        ))
        .with_state(service)
}

/// Writes each request down, reads its form, and lets a fault have its way with it.
async fn front_door(
    State(service): State<Arc<Service>>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/practice/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let form = if is_form(&parts.headers) {
        decoded(&body)
    } else {
        Vec::new()
    };
    let endpoint = Endpoint::of(parts.uri.path(), &form);
    let ticket = service.log.note(RequestRecord {
        received_at: service.clock.now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: decoded(parts.uri.query().unwrap_or_default().as_bytes()),
        form: form.clone(),
        headers: readable(&parts.headers),
        body: body.to_vec(),
        status: None,
        complaints: Vec::new(),
    });
    parts.extensions.insert(ticket);
    parts.extensions.insert(Form(form));
    let request = Request::from_parts(parts, Body::from(body));
    let response = match endpoint.and_then(|endpoint| service.faults.take(endpoint)) {
        Some(plan) => faults::perform(plan, Arc::clone(&service), connection, request, next).await,
        None => next.run(request).await,
    };
    service.log.answered(ticket, response.status().as_u16());
    response
}

fn decoded(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
