//! `/api/v2`: what an access token opens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::pages;
use crate::people::{Membership, Person, Team};
use crate::requests::Ticket;
use crate::service::Service;
use crate::tokens::accepts_json;

pub(crate) fn routes() -> Router<Arc<Service>> {
    let routes = Router::new()
        .route("/me", get(me))
        .route("/team", get(team))
        .route("/team/me", get(team_me))
        .route("/status", get(status))
        .fallback(not_found);
    Router::new().nest("/api/v2", routes)
}

/// Whose token it is, and in which team.
struct Bearer {
    person: Person,
    team: Team,
    membership: Membership,
}

async fn me(
    State(service): State<Arc<Service>>,
    Extension(ticket): Extension<Ticket>,
    headers: HeaderMap,
) -> Response {
    answer(&service, ticket, &headers, |Bearer { person, .. }| {
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
    })
}

async fn team(
    State(service): State<Arc<Service>>,
    Extension(ticket): Extension<Ticket>,
    headers: HeaderMap,
) -> Response {
    answer(&service, ticket, &headers, |Bearer { team, .. }| {
        Some(json!({
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
        }))
    })
}

async fn team_me(
    State(service): State<Arc<Service>>,
    Extension(ticket): Extension<Ticket>,
    headers: HeaderMap,
) -> Response {
    answer(
        &service,
        ticket,
        &headers,
        |Bearer {
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
    Extension(ticket): Extension<Ticket>,
    headers: HeaderMap,
) -> Response {
    answer(&service, ticket, &headers, |_| None)
}

async fn not_found(
    State(service): State<Arc<Service>>,
    Extension(ticket): Extension<Ticket>,
    headers: HeaderMap,
) -> Response {
    if !accepts_json(&headers) {
        service
            .log
            .complain(ticket, "`Accept` does not name application/json");
        return pages::to_login();
    }
    not_found_answer()
}

/// Finds out who asks, counts the request, and says it: `None` is 204.
fn answer(
    service: &Service,
    ticket: Ticket,
    headers: &HeaderMap,
    say: impl FnOnce(Bearer) -> Option<Value>,
) -> Response {
    if !accepts_json(headers) {
        service
            .log
            .complain(ticket, "`Accept` does not name application/json");
        return pages::to_login();
    }
    let Some(bearer) = bearer(service, headers) else {
        return unauthenticated();
    };
    // All tokens of one person in one team share the limit.
    let who = format!("api {} {}", bearer.person.id, bearer.team.id);
    let limit = service.settings.api_requests_per_minute;
    let allowance = service.limits.take(who, limit, service.clock.now());
    let mut response = if allowance.exceeded.is_some() {
        let body = Json(json!({"message": "Too Many Attempts."}));
        (StatusCode::TOO_MANY_REQUESTS, body).into_response()
    } else {
        match say(bearer) {
            Some(body) => Json(body).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        }
    };
    allowance.write_to(response.headers_mut());
    response
}

/// Whose token is in the `Authorization` header, if it is a live one.
fn bearer(service: &Service, headers: &HeaderMap) -> Option<Bearer> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let now = service.clock.now();
    service.read(|records| {
        let grant = &records
            .by_access_token(token.trim())
            .filter(|set| set.is_live(now))?
            .grant;
        Some(Bearer {
            person: records.person(grant.person)?.clone(),
            team: records.team(grant.team)?.clone(),
            membership: records.membership(grant.person, grant.team)?.clone(),
        })
    })
}

/// 401, as the API says it.
pub(crate) fn unauthenticated() -> Response {
    (
        StatusCode::UNAUTHORIZED,
        Json(json!({"error": "Unauthenticated."})),
    )
        .into_response()
}

/// 404, as the API says it.
pub(crate) fn not_found_answer() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found."}))).into_response()
}
