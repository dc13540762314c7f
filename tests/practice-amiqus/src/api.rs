//! The API below `/api/v2`, which requires an access token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::negotiation::json_rejection;
use crate::paging::Paging;
use crate::people::{Membership, Person, Team};
use crate::request_log::RequestId;
use crate::service::Service;

/// The path that all paths of the API start with.
const ROOT: &str = "/api/v2";

pub(crate) fn routes() -> Router<Arc<Service>> {
    let routes = Router::new()
        .route("/me", get(me))
        .route("/me/teams", get(me_teams))
        .route("/team", get(team))
        .route("/team/me", get(team_me))
        .route("/status", get(status))
        .fallback(not_found);
    Router::new().nest(ROOT, routes)
}

/// The user and the team that an access token was issued for.
struct TokenHolder {
    person: Person,
    team: Team,
    membership: Membership,
}

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

/// All teams of the person, also those that the access token isn't for.
async fn me_teams(
    State(service): State<Arc<Service>>,
    Extension(request_id): Extension<RequestId>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let paging = match Paging::of_request(&uri) {
        Ok(paging) => paging,
        Err(mistake) => {
            service.request_log.add_complaint(request_id, mistake);
            return unprocessable_response(mistake);
        }
    };
    respond(
        &service,
        request_id,
        &headers,
        |TokenHolder { person, .. }| {
            let teams: Vec<Value> = service.read(|db| {
                db.teams_of(person.id)
                    .into_iter()
                    // Without a role the person has left the team.
                    .filter(|team| {
                        db.membership(person.id, team.id)
                            .is_some_and(|membership| membership.role.is_some())
                    })
                    .map(team_object)
                    .collect()
            });
            Some(paging.of_list(&teams, &format!("{ROOT}/me/teams"), &headers))
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
        |TokenHolder { team, .. }| Some(team_object(&team)),
    )
}

fn team_object(team: &Team) -> Value {
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

/// The response 422 of the API.
fn unprocessable_response(message: &str) -> Response {
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        Json(json!({"message": message})),
    )
        .into_response()
}

/// The response 404 of the API.
pub(crate) fn not_found_response() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found."}))).into_response()
}
