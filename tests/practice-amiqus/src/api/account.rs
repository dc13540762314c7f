//! The endpoints about the user and their teams, which need no role.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::ApiError;
use super::error::ok;
use super::holder::TokenHolder;
use super::query::Query;
use crate::people::{Membership, Person, Team};
use crate::service::Service;

pub(super) async fn me(Extension(TokenHolder { person, .. }): Extension<TokenHolder>) -> Response {
    ok(&json!({
        "object": "user",
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "is_verified": true,
        "is_disabled": person.is_disabled,
        "created_at": person.created_at,
        "updated_at": person.updated_at,
    }))
}

/// All teams of the person, also those that the access token isn't for.
pub(super) async fn me_teams(
    State(service): State<Arc<Service>>,
    Extension(TokenHolder { person, .. }): Extension<TokenHolder>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let paging = query.paging();
    query.finish()?;
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
    Ok(ok(&paging.page_of(&teams)))
}

pub(super) async fn team(Extension(TokenHolder { team, .. }): Extension<TokenHolder>) -> Response {
    ok(&team_object(&team))
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

pub(super) async fn team_me(
    Extension(TokenHolder {
        person, membership, ..
    }): Extension<TokenHolder>,
) -> Response {
    ok(&member_object(&person, &membership))
}

/// A person as a member of a team.
pub(super) fn member_object(person: &Person, membership: &Membership) -> Value {
    json!({
        "object": "team_member",
        "id": membership.id,
        "name": person.name,
        "email": person.email,
        "role": membership.role,
    })
}

pub(super) async fn status() -> StatusCode {
    StatusCode::NO_CONTENT
}
