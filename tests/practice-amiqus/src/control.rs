//! The control endpoints below `/practice/`, for tests that are not written in Rust.
//!
//! They don't exist in the real service, and need no authentication.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ControlError;
use crate::faults::{Endpoint, Fault, FaultPlan};
use crate::request_log::RequestRecord;
use crate::resources::Change;
use crate::service::Service;
use crate::settings::Generation;
use crate::user_actions::{self, Answer};

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route(
            "/practice/faults",
            get(list_faults).post(add_fault_plan).delete(clear_faults),
        )
        .route("/practice/requests", get(list_requests))
        .route("/practice/api-requests", get(list_api_requests))
        .route("/practice/changes", get(list_changes))
        .route("/practice/secrets", get(list_secrets))
        .route("/practice/secrets-by-kind", get(list_secrets_by_kind))
        .route("/practice/advance", post(advance))
        .route("/practice/authorize", post(authorize))
        .route("/practice/revoke", post(revoke))
        .route("/practice/settings", post(change_settings))
        .route("/practice/rename", post(rename_person))
        .route("/practice/role", post(set_role))
        .route("/practice/reset", post(reset))
}

/// Lists all faults and endpoints, and the active fault plans.
async fn list_faults(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({
        "faults": Fault::all(),
        "endpoints": Endpoint::ALL,
        "planned": service.fault_plans.all(),
    }))
}

async fn add_fault_plan(
    State(service): State<Arc<Service>>,
    Json(plan): Json<FaultPlan>,
) -> StatusCode {
    service.fault_plans.add(plan);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(service): State<Arc<Service>>) -> StatusCode {
    service.fault_plans.clear();
    StatusCode::NO_CONTENT
}

/// Lists the logged requests, without the values that can be secret.
async fn list_requests(State(service): State<Arc<Service>>) -> Json<Vec<Value>> {
    Json(
        service
            .request_log
            .all()
            .iter()
            .map(RequestRecord::redacted)
            .collect(),
    )
}

/// Lists the requests to the API with their targets and holders.
async fn list_api_requests(State(service): State<Arc<Service>>) -> Json<Vec<Value>> {
    let requests = service.request_log.all();
    let to_api = requests.iter().filter(|request| request.is_to_api());
    Json(to_api.map(RequestRecord::summary).collect())
}

/// Lists what requests to the API have created and changed.
async fn list_changes(State(service): State<Arc<Service>>) -> Json<Vec<Change>> {
    Json(service.resources.changes())
}

/// A secret value that was received in a request, with the name of its parameter.
#[derive(PartialEq, Eq, Serialize)]
struct ReceivedSecret {
    kind: &'static str,
    #[serde(rename = "text")]
    value: String,
}

/// Lists the values of all received secrets: codes, code verifiers, tokens, client secrets and `state`.
/// Tests search the disk for them.
async fn list_secrets(State(service): State<Arc<Service>>) -> Json<BTreeSet<String>> {
    let secrets = received_secrets(&service);
    Json(secrets.into_iter().map(|secret| secret.value).collect())
}

/// Lists all received secrets with their kinds, without duplicates, in the order of receipt. The last
/// access token is the current one.
async fn list_secrets_by_kind(State(service): State<Arc<Service>>) -> Json<Vec<ReceivedSecret>> {
    Json(received_secrets(&service))
}

fn received_secrets(service: &Service) -> Vec<ReceivedSecret> {
    const FORM_FIELDS: [&str; 4] = ["client_secret", "code", "code_verifier", "refresh_token"];
    let mut secrets: Vec<ReceivedSecret> = Vec::new();
    for request in service.request_log.all() {
        let parameters = FORM_FIELDS
            .into_iter()
            .map(|name| (name, request.field(name)))
            .chain([("state", request.parameter("state"))]);
        let access_token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        for (kind, value) in parameters.chain([("access_token", access_token)]) {
            let secret = value.map(|value| ReceivedSecret {
                kind,
                value: value.to_owned(),
            });
            secrets.extend(secret.filter(|secret| !secrets.contains(secret)));
        }
    }
    secrets
}

#[derive(Deserialize)]
struct AdvanceRequest {
    seconds: u64,
}

async fn advance(
    State(service): State<Arc<Service>>,
    Json(AdvanceRequest { seconds }): Json<AdvanceRequest>,
) -> Json<Value> {
    service.advance(Duration::from_secs(seconds));
    Json(json!({"now": service.clock.now()}))
}

#[derive(Deserialize)]
struct AuthorizeRequest {
    url: String,
    email: String,
    team: String,
    allow: bool,
}

/// Answers an authorization request as a user, for tests without a browser.
async fn authorize(
    State(service): State<Arc<Service>>,
    Json(request): Json<AuthorizeRequest>,
) -> Response {
    let AuthorizeRequest {
        url,
        email,
        team,
        allow,
    } = request;
    let answer = if allow { Answer::Allow } else { Answer::Deny };
    user_actions::answer_authorization_request(&service, &url, &email, &team, answer).map_or_else(
        |error| bad_request(&error),
        |location| Json(json!({"location": location})).into_response(),
    )
}

#[derive(Deserialize)]
struct RevokeRequest {
    email: String,
    team: String,
}

async fn revoke(
    State(service): State<Arc<Service>>,
    Json(RevokeRequest { email, team }): Json<RevokeRequest>,
) -> Response {
    user_actions::revoke_all_tokens(&service, &email, &team).map_or_else(
        |error| bad_request(&error),
        |revoked| Json(json!({"revoked": revoked})).into_response(),
    )
}

#[derive(Deserialize)]
struct SettingsRequest {
    generation: Option<Generation>,
    skip_consent_when_connected: Option<bool>,
    large_file_bytes: Option<u64>,
}

async fn change_settings(
    State(service): State<Arc<Service>>,
    Json(request): Json<SettingsRequest>,
) -> StatusCode {
    if let Some(generation) = request.generation {
        service.set_generation(generation);
    }
    if let Some(skip) = request.skip_consent_when_connected {
        service.set_skip_consent(skip);
    }
    if let Some(bytes) = request.large_file_bytes {
        service.set_large_file_bytes(bytes);
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct RenameRequest {
    email: String,
    name: String,
}

async fn rename_person(
    State(service): State<Arc<Service>>,
    Json(RenameRequest { email, name }): Json<RenameRequest>,
) -> StatusCode {
    service.update(|db| {
        if let Some(person) = db.person_by_email_mut(&email) {
            person.name = name;
        }
    });
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct RoleRequest {
    email: String,
    team: String,
    /// `null` for a user who has left the team.
    role: Option<String>,
}

async fn set_role(
    State(service): State<Arc<Service>>,
    Json(RoleRequest { email, team, role }): Json<RoleRequest>,
) -> Response {
    user_actions::set_role(&service, &email, &team, role.as_deref()).map_or_else(
        |error| bad_request(&error),
        |()| StatusCode::NO_CONTENT.into_response(),
    )
}

async fn reset(State(service): State<Arc<Service>>) -> StatusCode {
    service.reset();
    StatusCode::NO_CONTENT
}

fn bad_request(error: &ControlError) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({"error": error.to_string()})),
    )
        .into_response()
}
