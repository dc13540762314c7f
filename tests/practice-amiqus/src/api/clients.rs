//! `/clients`: the people whom a team verifies.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;

use super::error::ok;
use super::holder::TokenHolder;
use super::json::json_response;
use super::query::{AssigneeFilter, Query};
use super::{ApiError, ROOT, client_input, parse_id};
use crate::resources::{CLIENT_STATUSES, Change, Client};
use crate::roles::Permissions;
use crate::service::Service;

/// `GET /clients`, in the order of their IDs.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let paging = query.paging();
    let search = query.text("search");
    let status = query.one_of("status", &CLIENT_STATUSES);
    let reference = query.text("reference");
    let visibility = query.one_of("visibility", &["active", "archived"]);
    let assignee = query.member("assignee").map(AssigneeFilter::Member);
    query.finish()?;

    let assignee = assignee.map(|filter| filter.resolve(&service, holder.team.id));
    let is_listed = |client: &&Client| {
        permissions.sees(&client.assignees)
            && search.as_ref().is_none_or(|text| client.matches(text))
            && status
                .as_ref()
                .is_none_or(|_| client.details.status == status)
            && reference
                .as_ref()
                .is_none_or(|text| client.has_reference(text))
            && visibility
                .as_ref()
                .is_none_or(|text| client.is_archived() == (text == "archived"))
            && assignee.is_none_or(|filter| filter.includes(&client.assignees))
    };
    let clients: Vec<Value> = service.resources.of_team(holder.team.id, |team| {
        let listed = team.clients.iter().filter(is_listed);
        listed.map(Client::to_json).collect()
    });
    Ok(ok(&paging.page_of(&clients)))
}

/// `GET /clients/{id}`.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let client = find(&service, &holder, permissions, &id)?;
    Ok(ok(&client.to_json()))
}

/// `POST /clients`.
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    body: Bytes,
) -> Result<Response, ApiError> {
    holder.permissions()?.require_create()?;
    let details = client_input::details(None, &body)?;
    let now = now(&service);
    let client = service
        .resources
        .of_team(holder.team.id, |team| team.add_client(details, now).clone());
    note_change(&service, &holder, &Method::POST, client.id);
    Ok(json_response(StatusCode::CREATED, &client.to_json()))
}

/// `PATCH /clients/{id}`.
pub(super) async fn update(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let id = find(&service, &holder, permissions, &id)?.id;
    let now = now(&service);
    let client = service.resources.of_team(holder.team.id, |team| {
        let mut clients = team.clients.iter_mut();
        let client = clients
            .find(|client| client.id == id)
            .ok_or(ApiError::NotFound)?;
        permissions.require_change(&client.assignees)?;
        let details = client_input::details(Some(&client.details), &body)?;
        client.update(details, now);
        Ok(client.clone())
    })?;
    note_change(&service, &holder, &Method::PATCH, client.id);
    Ok(ok(&client.to_json()))
}

/// Finds a client that the member sees.
pub(super) fn find(
    service: &Service,
    holder: &TokenHolder,
    permissions: Permissions,
    id: &str,
) -> Result<Client, ApiError> {
    let id = parse_id(id)?;
    let client = service
        .resources
        .of_team(holder.team.id, |team| team.client(id).cloned())
        .ok_or(ApiError::NotFound)?;
    permissions.require_sight(&client.assignees)?;
    Ok(client)
}

fn note_change(service: &Service, holder: &TokenHolder, method: &Method, id: u64) {
    service.resources.add_change(Change {
        method: method.to_string(),
        path: format!("{ROOT}/clients/{id}"),
        holder: holder.summary(),
    });
}

/// The service's time in whole seconds, as responses show it.
fn now(service: &Service) -> Timestamp {
    let now = service.clock.now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
