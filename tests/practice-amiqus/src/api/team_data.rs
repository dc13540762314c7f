//! The lists that concern a whole team. That they need a role which sees the whole team is our
//! assumption.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::ApiError;
use super::account::member_object;
use super::error::ok;
use super::holder::TokenHolder;
use super::query::Query;
use crate::resources::{Colleague, CreditEntry, TeamResources, Webhook};
use crate::service::Service;

/// `GET /team/members`. Who has left the team is not listed.
pub(super) async fn members(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    query: Query,
) -> Result<Response, ApiError> {
    let team_id = holder.team.id;
    let with_login: Vec<Value> = service.read(|db| {
        db.memberships
            .iter()
            .filter(|membership| membership.team_id == team_id && membership.role.is_some())
            .filter_map(|membership| {
                let person = db.person(membership.person_id)?;
                Some(member_object(person, membership))
            })
            .collect()
    });
    page(&service, &holder, query, |team| {
        let colleagues = team.colleagues.iter().map(Colleague::to_json);
        with_login.into_iter().chain(colleagues).collect()
    })
}

/// `GET /credits`, oldest first.
pub(super) async fn credits(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    query: Query,
) -> Result<Response, ApiError> {
    page(&service, &holder, query, |team| {
        team.credits.iter().map(CreditEntry::to_json).collect()
    })
}

/// `GET /webhooks`, with their secrets.
pub(super) async fn webhooks(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    query: Query,
) -> Result<Response, ApiError> {
    page(&service, &holder, query, |team| {
        team.webhooks.iter().map(Webhook::to_json).collect()
    })
}

fn page(
    service: &Service,
    holder: &TokenHolder,
    mut query: Query,
    list: impl FnOnce(&TeamResources) -> Vec<Value>,
) -> Result<Response, ApiError> {
    holder.permissions()?.require_whole_team()?;
    let paging = query.paging();
    query.finish()?;
    let items = service.resources.of_team(holder.team.id, |team| list(team));
    Ok(ok(&paging.page_of(&items)))
}
