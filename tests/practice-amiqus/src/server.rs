//! The HTTP server, and the middleware that logs requests and injects faults.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::faults::{self, Endpoint};
use crate::form::{self, Form, is_form};
use crate::request_body::{self, BodyError};
use crate::request_log::RequestRecord;
use crate::service::Service;
use crate::{api, control, pages, token_endpoint};
use axum::body::{Body, Bytes};
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

/// The connection of a request.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    peer: SocketAddr,
    close: Arc<Notify>,
}

impl Connection {
    /// The IP address of the client.
    pub(crate) fn peer_ip(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Closes the connection at once. This never returns, since the task of the connection is dropped.
    pub(crate) async fn close(&self) -> Infallible {
        self.close.notify_one();
        std::future::pending().await
    }
}

/// Binds a listener to the loopback interface.
pub(crate) async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Accepts and serves connections. Dropping the future closes all of them.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>) {
    let router = router(service);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Accepting fails if the client closes the connection first.
                if let Ok((stream, peer)) = accepted {
                    connections.spawn(serve_connection(stream, peer, router.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection until the client or a fault closes it.
async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router) {
    let close = Arc::new(Notify::new());
    let connection = Connection {
        peer,
        close: Arc::clone(&close),
    };
    let service = TowerToHyperService::new(router.layer(Extension(connection)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        () = close.notified() => {}
    }
}

fn router(service: Arc<Service>) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(api::routes(&service))
        .merge(control::routes())
        .route("/oauth/token", axum::routing::post(token_endpoint::handle))
        .fallback(pages::not_found)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&service),
            log_and_inject_faults,
        ))
        .with_state(service)
}

/// Middleware that logs a request, parses its form and applies the fault plan for its endpoint, if any.
async fn log_and_inject_faults(
    State(service): State<Arc<Service>>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/practice/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let (body, is_too_large) = match request_body::read(body).await {
        Ok(body) => (body, false),
        Err(BodyError::TooLarge) => (Bytes::new(), true),
        // Nobody is left to read a response, and the request was never received as a whole.
        Err(BodyError::Incomplete) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let form = if is_form(&parts.headers) {
        form::decode(&body)
    } else {
        Vec::new()
    };
    let endpoint = Endpoint::of_request(parts.uri.path(), &form);
    let request_id = service.request_log.add(RequestRecord {
        received_at: service.clock.now(),
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        path: parts.uri.path().to_owned(),
        query: form::decode(parts.uri.query().unwrap_or_default().as_bytes()),
        form: form.clone(),
        headers: to_pairs(&parts.headers),
        body: body.to_vec(),
        status: None,
        complaints: Vec::new(),
        holder: None,
    });
    parts.extensions.insert(request_id);
    parts.extensions.insert(Form(form));
    let request = Request::from_parts(parts, Body::from(body));
    let plan = endpoint.and_then(|endpoint| service.fault_plans.take(endpoint));
    let response = match plan {
        _ if is_too_large => request_body::too_large_response(),
        Some(plan) => faults::inject(plan, Arc::clone(&service), connection, request, next).await,
        None => next.run(request).await,
    };
    service
        .request_log
        .set_status(request_id, response.status().as_u16());
    response
}

fn to_pairs(headers: &HeaderMap) -> Vec<(String, String)> {
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
