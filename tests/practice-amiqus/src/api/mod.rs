//! The API below `/api/v2`, which requires an access token.
//!
//! What it serves has the shapes of Amiqus's public `OpenAPI` description (version 2.0 of August 2026).
//! Of its parameters, those that each endpoint reads are validated and applied; others are ignored.

mod account;
mod cases;
mod check_steps;
mod client_input;
mod clients;
mod error;
mod files;
mod holder;
mod json;
mod query;
mod records;
mod team_data;

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
pub(crate) const ROOT: &str = "/api/v2";

pub(crate) fn routes(service: &Arc<Service>) -> Router<Arc<Service>> {
    let routes = Router::new()
        .route("/me", get(account::me))
        .route("/me/teams", get(account::me_teams))
        .route("/team", get(account::team))
        .route("/team/me", get(account::team_me))
        .route("/status", get(account::status))
        .route("/team/members", get(team_data::members))
        .route("/credits", get(team_data::credits))
        .route("/webhooks", get(team_data::webhooks))
        .route("/clients", get(clients::list).post(clients::create))
        .route("/clients/{id}", get(clients::show).patch(clients::update))
        .route("/clients/{id}/files", get(files::list))
        .route(
            "/clients/{id}/files/{file_id}/download",
            get(files::download),
        )
        .route("/records", get(records::list))
        .route("/records/{id}", get(records::show))
        .route("/records/{id}/steps", get(check_steps::list))
        .route("/records/{id}/download", get(records::download))
        .route("/checks/{id}", get(check_steps::show_check))
        .route("/cases", get(cases::list))
        .route("/aggregates/case-status", get(cases::count_by_status))
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
    let holder = TokenHolder::of_request(&service, request.headers());
    // A program that downloads a file may accept its type only. We assume that a live token suffices.
    let is_download = request.uri().path().ends_with("/download");
    if !(is_download && holder.is_some())
        && let Some(rejection) = json_rejection(&service, request_id, request.headers())
    {
        return rejection;
    }
    let Some(holder) = holder else {
        return ApiError::Unauthenticated.into_response();
    };
    service.request_log.set_holder(request_id, holder.summary());
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

/// Parses an ID in a path.
///
/// # Errors
///
/// [`ApiError::NotFound`] if it is not a number.
fn parse_id(text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}
