//! The API below `/api/v2`, which requires an access token.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::negotiation::json_rejection;
use crate::people::{Membership, Person, Team};
use crate::request_log::RequestId;
use crate::service::Service;

pub(crate) fn routes() -> Router<Arc<Service>> {
    let routes = Router::new()
        .route("/me", get(me))
        .route("/me/teams", get(me_teams))
        .route("/team", get(team))
        .route("/team/me", get(team_me))
        .route("/status", get(status))
        .fallback(not_found);
    Router::new().nest("/api/v2", routes)
}

/// The user and the team that an access token was issued for.
struct TokenHolder {
    person: Person,
    team: Team,
    membership: Membership,
    /// All teams of the user.
    teams: Vec<Team>,
}

/// Which page of a list is requested.
#[derive(Deserialize)]
struct Paging {
    page: Option<usize>,
    limit: Option<usize>,
}

/// The most entries on a page.
const MAX_PAGE_LIMIT: usize = 100;

async fn me(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    respond(
        &service,
        request_id,
        &headers,
        |TokenHolder { person, .. }| {
            Some(json!({
                "object": "user",
                "id": person.id,
                "name": person.name,
                "email": person.email,
                "is_verified": true,
                "is_disabled": person.is_disabled,
                "created_at": person.created_at,
                "updated_at": person.updated_at,
            }))
        },
    )
}

async fn team(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    respond(
        &service,
        request_id,
        &headers,
        |TokenHolder { team, .. }| Some(team_json(&team)),
    )
}

fn team_json(team: &Team) -> Value {
    json!({
        "object": "team",
        "id": team.id,
        "identifier": team.identifier,
        "uuid": team.uuid,
        "name": team.name,
        "contact": team.contact,
        "telephone": null,
        "tier": team.tier,
        "logo": null,
        "is_support_enabled": true,
        "created_at": team.created_at,
        "updated_at": team.created_at,
        "archived_at": null,
    })
}

async fn me_teams(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    Query(paging): Query<Paging>,
    headers: HeaderMap,
) -> Response {
    respond(
        &service,
        request_id,
        &headers,
        |TokenHolder { teams, .. }| {
            let limit = paging
                .limit
                .unwrap_or(MAX_PAGE_LIMIT)
                .clamp(1, MAX_PAGE_LIMIT);
            let page = paging.page.unwrap_or(1).max(1);
            let data: Vec<_> = teams
                .iter()
                .skip((page - 1).saturating_mul(limit))
                .take(limit)
                .map(team_json)
                .collect();
            Some(json!({
                "object": "paginated_list",
                "count": data.len(),
                "data": data,
                "total": teams.len(),
                "limit": limit,
                "current_page": page,
                "total_pages": teams.len().div_ceil(limit),
                "links": null,
            }))
        },
    )
}

async fn team_me(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    respond(
        &service,
        request_id,
        &headers,
        |TokenHolder {
             person, membership, ..
         }| {
            Some(json!({
                "object": "team_member",
                "id": membership.id,
                "name": person.name,
                "email": person.email,
                "role": membership.role,
            }))
        },
    )
}

async fn status(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    respond(&service, request_id, &headers, |_| None)
}

async fn not_found(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    json_rejection(&service, request_id, &headers).unwrap_or_else(not_found_response)
}

/// Authenticates a request, applies the rate limit and builds the response. A `body` that returns
/// `None` stands for 204.
fn respond(
    service: &Service,
    request_id: RequestId,
    headers: &HeaderMap,
    body: impl FnOnce(TokenHolder) -> Option<Value>,
) -> Response {
    if let Some(rejection) = json_rejection(service, request_id, headers) {
        return rejection;
    }
    let Some(holder) = authenticate(service, headers) else {
        return unauthenticated_response();
    };
    // All tokens of one user in one team share the limit.
    let key = format!("api {} {}", holder.person.id, holder.team.id);
    let limit = service.settings.api_requests_per_minute;
    let rate_limit = service.rate_limiter.count(key, limit, service.clock.now());
    if rate_limit.exceeded.is_some() {
        return rate_limit.to_response();
    }
    let mut response = match body(holder) {
        Some(body) => Json(body).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    rate_limit.write_headers(response.headers_mut());
    response
}

/// Finds the holder of the bearer token in the `Authorization` header. `None` without a live token.
fn authenticate(service: &Service, headers: &HeaderMap) -> Option<TokenHolder> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let now = service.clock.now();
    service.read(|db| {
        let grant = &db
            .find_by_access_token(token.trim())
            .filter(|set| set.is_access_token_live(now))?
            .grant;
        Some(TokenHolder {
            person: db.person(grant.person_id)?.clone(),
            team: db.team(grant.team_id)?.clone(),
            membership: db.membership(grant.person_id, grant.team_id)?.clone(),
            teams: db.teams_of(grant.person_id).into_iter().cloned().collect(),
        })
    })
}

/// The response 401 of the API.
pub(crate) fn unauthenticated_response() -> Response {
    (
        StatusCode::UNAUTHORIZED,
        Json(json!({"error": "Unauthenticated."})),
    )
        .into_response()
}

/// The response 404 of the API.
pub(crate) fn not_found_response() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found."}))).into_response()
}
