//! The API below `/api/v2`, which requires an access token.
//!
//! What it serves has the shapes of Amiqus's public `OpenAPI` description (version 2.0 of August 2026).

mod account;
mod error;
mod holder;
mod json;
mod query;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};

pub(crate) use error::{ApiError, Problems};

use crate::negotiation::json_rejection;
use crate::request_log::RequestId;
use crate::service::Service;
use holder::TokenHolder;

/// The path that all paths of the API start with.
const ROOT: &str = "/api/v2";

pub(crate) fn routes(service: &Arc<Service>) -> Router<Arc<Service>> {
    let routes = Router::new()
        .route("/me", get(account::me))
        .route("/me/teams", get(account::me_teams))
        .route("/team", get(account::team))
        .route("/team/me", get(account::team_me))
        .route("/status", get(account::status))
        // The server has a limit for all of its paths.
        .layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(service),
            authenticate,
        ))
        // Both come after the layer: a router looks for a route before anything else.
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found);
    Router::new().nest(ROOT, routes)
}

/// Middleware that finds the holder of the access token and applies the rate limit.
async fn authenticate(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(rejection) = json_rejection(&service, request_id, request.headers()) {
        return rejection;
    }
    let Some(holder) = TokenHolder::of_request(&service, request.headers()) else {
        return ApiError::Unauthenticated.into_response();
    };
    // All tokens of one user in one team share the limit.
    let key = format!("api {} {}", holder.person.id, holder.team.id);
    let limit = service.settings.api_requests_per_minute;
    let rate_limit = service.rate_limiter.count(key, limit, service.clock.now());
    if rate_limit.exceeded.is_some() {
        return rate_limit.to_response();
    }
    request.extensions_mut().insert(holder);
    let mut response = next.run(request).await;
    rate_limit.write_headers(response.headers_mut());
    if let Some(problems) = response.extensions().get::<Problems>() {
        for complaint in problems.complaints() {
            service.request_log.add_complaint(request_id, complaint);
        }
    }
    response
}

async fn not_found(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    json_rejection(&service, request_id, &headers)
        .unwrap_or_else(|| ApiError::NotFound.into_response())
}

async fn method_not_allowed(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    json_rejection(&service, request_id, &headers)
        .unwrap_or_else(|| ApiError::MethodNotAllowed.into_response())
}
