//! The connection faults, and the choice between the kinds of faults.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::response::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};

use super::{Fault, FaultPlan, altered, fabricated};
use crate::server::Connection;
use crate::service::Service;

/// The time for the first half of a body to reach the client before the connection is closed.
const HALF_BODY_FLUSH_INTERVAL: Duration = Duration::from_millis(30);

/// The time between two bytes of a slow body.
const SLOW_BODY_INTERVAL: Duration = Duration::from_secs(1);

/// Responds to a request with a fault.
pub(crate) async fn inject(
    plan: FaultPlan,
    service: Arc<Service>,
    connection: Connection,
    request: Request,
    next: Next,
) -> Response {
    match plan.fault {
        Fault::DropBeforeProcessing => match connection.close().await {},
        Fault::LoseAnswer => {
            process(request, next, Duration::ZERO).await;
            match connection.close().await {}
        }
        Fault::CutBody => cut_body(process(request, next, Duration::ZERO).await, connection).await,
        Fault::DelayBeforeProcessing { ms } => {
            process(request, next, Duration::from_millis(ms)).await
        }
        Fault::DelayAfterProcessing { ms } => {
            let response = process(request, next, Duration::ZERO).await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            response
        }
        Fault::SlowBody => slow_body(process(request, next, Duration::ZERO).await).await,
        Fault::Trickle { bytes, ms } => trickle(
            process(request, next, Duration::ZERO).await,
            bytes,
            Duration::from_millis(ms),
        ),
        fault if altered::alters_response(&fault) => {
            altered::alter(&fault, process(request, next, Duration::ZERO).await).await
        }
        fault => {
            let query = request.uri().query().unwrap_or_default().to_owned();
            if plan.after_processing {
                process(request, next, Duration::ZERO).await;
            }
            fabricated::response(fault, &service, &query)
        }
    }
}

/// Processes a request after a delay. It runs in its own task, so that it completes even if the client
/// disconnects: the real service does not notice that either.
async fn process(request: Request, next: Next, delay: Duration) -> Response {
    let processing = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        next.run(request).await
    });
    processing
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Sends the first half of the body under the full `Content-Length`, then closes the connection.
async fn cut_body(response: Response, connection: Connection) -> Response {
    let (mut parts, body) = collect_body(response).await;
    // An empty body cannot be cut, so that the response gets one.
    let body = if body.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        body
    };
    if parts.status == StatusCode::NO_CONTENT {
        parts.status = StatusCode::OK;
    }
    parts
        .headers
        .insert(header::CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let body = stream::unfold(Some(half), move |half| {
        let connection = connection.clone();
        async move {
            if let Some(half) = half {
                return Some((Ok::<_, Infallible>(half), None));
            }
            tokio::time::sleep(HALF_BODY_FLUSH_INTERVAL).await;
            match connection.close().await {}
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}

/// Sends the body one byte at a time.
async fn slow_body(response: Response) -> Response {
    let (mut parts, body) = collect_body(response).await;
    parts
        .headers
        .insert(header::CONTENT_LENGTH, body.len().into());
    let bytes = stream::unfold(body, async |mut rest| {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(SLOW_BODY_INTERVAL).await;
        let byte = rest.split_to(1);
        Some((Ok::<_, Infallible>(byte), rest))
    });
    Response::from_parts(parts, Body::from_stream(bytes))
}

/// Sends the body in pieces of a size, each after an interval, without collecting it first.
fn trickle(response: Response, piece_bytes: usize, interval: Duration) -> Response {
    let (parts, body) = response.into_parts();
    let unsent = (body.into_data_stream(), Bytes::new());
    let pieces = stream::unfold(unsent, move |(mut chunks, mut rest)| async move {
        while rest.is_empty() {
            rest = chunks.next().await?.ok()?;
        }
        tokio::time::sleep(interval).await;
        let piece = rest.split_to(piece_bytes.clamp(1, rest.len()));
        Some((Ok::<_, Infallible>(piece), (chunks, rest)))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Splits a response into its head and its whole body, without `Content-Length`, since the body may be
/// changed.
pub(super) async fn collect_body(response: Response) -> (Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    // The bodies of this service are made in memory, so that reading them cannot fail.
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}
