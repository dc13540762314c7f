//! `/practice/…`: the controls of the practice service, over HTTP, for tests that are no Rust.
//!
//! No real service has these. They ask nobody who they are.

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

use crate::faults::{Endpoint, Fault, FaultPlan};
use crate::practice::{Answer, Unable, answer_authorization, revoke_everything};
use crate::requests::RequestRecord;
use crate::service::Service;
use crate::settings::Generation;

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route(
            "/practice/faults",
            get(faults).post(plan_fault).delete(clear_faults),
        )
        .route("/practice/requests", get(requests))
        .route("/practice/secrets", get(secrets))
        .route("/practice/secrets-by-kind", get(secrets_by_kind))
        .route("/practice/advance", post(advance))
        .route("/practice/authorize", post(authorize))
        .route("/practice/revoke", post(revoke))
        .route("/practice/settings", post(change_settings))
        .route("/practice/rename", post(rename))
        .route("/practice/reset", post(reset))
}

/// Which faults there are, where they can strike, and which are planned.
async fn faults(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({
        "faults": Fault::all(),
        "endpoints": Endpoint::ALL,
        "planned": service.faults.planned(),
    }))
}

async fn plan_fault(
    State(service): State<Arc<Service>>,
    Json(plan): Json<FaultPlan>,
) -> StatusCode {
    service.faults.plan(plan);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(service): State<Arc<Service>>) -> StatusCode {
    service.faults.clear();
    StatusCode::NO_CONTENT
}

/// The log, with every value that could be a secret replaced by its length.
async fn requests(State(service): State<Arc<Service>>) -> Json<Vec<Value>> {
    Json(
        service
            .log
            .all()
            .iter()
            .map(RequestRecord::masked)
            .collect(),
    )
}

/// A secret that arrived, and by which name.
#[derive(PartialEq, Eq, Serialize)]
struct Secret {
    kind: &'static str,
    text: String,
}

/// Every secret that arrived in a request: codes, verifiers, tokens, client secrets, `state`. For a
/// test that searches a disk for them.
async fn secrets(State(service): State<Arc<Service>>) -> Json<BTreeSet<String>> {
    let secrets = arrived(&service).into_iter().map(|secret| secret.text);
    Json(secrets.collect())
}

/// The same, each with what it is, once and in the order of their arrival: of two access tokens the
/// later one is the one in use.
async fn secrets_by_kind(State(service): State<Arc<Service>>) -> Json<Vec<Secret>> {
    Json(arrived(&service))
}

fn arrived(service: &Service) -> Vec<Secret> {
    const FIELDS: [&str; 4] = ["client_secret", "code", "code_verifier", "refresh_token"];
    let mut secrets: Vec<Secret> = Vec::new();
    for request in service.log.all() {
        let fields = FIELDS
            .into_iter()
            .map(|name| (name, request.field(name)))
            .chain([("state", request.parameter("state"))]);
        let bearer = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        for (kind, text) in fields.chain([("access_token", bearer)]) {
            let secret = text.map(|text| Secret {
                kind,
                text: text.to_owned(),
            });
            secrets.extend(secret.filter(|secret| !secrets.contains(secret)));
        }
    }
    secrets
}

#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance(
    State(service): State<Arc<Service>>,
    Json(Advance { seconds }): Json<Advance>,
) -> Json<Value> {
    service.advance(Duration::from_secs(seconds));
    Json(json!({"now": service.clock.now()}))
}

#[derive(Deserialize)]
struct Authorize {
    url: String,
    email: String,
    team: String,
    allow: bool,
}

/// Where a browser would be sent if this person gave this answer; for tests without a browser.
async fn authorize(State(service): State<Arc<Service>>, Json(asked): Json<Authorize>) -> Response {
    let answer = if asked.allow {
        Answer::Allow
    } else {
        Answer::Deny
    };
    answer_authorization(&service, &asked.url, &asked.email, &asked.team, answer).map_or_else(
        |error| unable(&error),
        |location| Json(json!({"location": location})).into_response(),
    )
}

#[derive(Deserialize)]
struct Revoke {
    email: String,
    team: String,
}

async fn revoke(State(service): State<Arc<Service>>, Json(asked): Json<Revoke>) -> Response {
    revoke_everything(&service, &asked.email, &asked.team).map_or_else(
        |error| unable(&error),
        |revoked| Json(json!({"revoked": revoked})).into_response(),
    )
}

#[derive(Deserialize)]
struct ChangeSettings {
    generation: Option<Generation>,
    skip_consent_when_connected: Option<bool>,
}

async fn change_settings(
    State(service): State<Arc<Service>>,
    Json(asked): Json<ChangeSettings>,
) -> StatusCode {
    if let Some(generation) = asked.generation {
        service.set_generation(generation);
    }
    if let Some(skips) = asked.skip_consent_when_connected {
        service.set_skips_consent(skips);
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Rename {
    email: String,
    name: String,
}

async fn rename(State(service): State<Arc<Service>>, Json(asked): Json<Rename>) -> StatusCode {
    service.change(|records| {
        for person in &mut records.people {
            if person.email == asked.email {
                person.name.clone_from(&asked.name);
            }
        }
    });
    StatusCode::NO_CONTENT
}

async fn reset(State(service): State<Arc<Service>>) -> StatusCode {
    service.reset();
    StatusCode::NO_CONTENT
}

fn unable(error: &Unable) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({"error": error.to_string()})),
    )
        .into_response()
}
