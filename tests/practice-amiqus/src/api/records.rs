//! `/records`: what a team has asked its clients to complete.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::error::ok;
use super::files::file_response;
use super::holder::TokenHolder;
use super::query::{AssigneeFilter, Query, origin};
use super::{ApiError, parse_id};
use crate::resources::{RECORD_STATUSES, Record, pdf_with_text};
use crate::service::Service;

/// `GET /records`, in the order of their creation.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let paging = query.paging();
    let status = query.one_of("status", &RECORD_STATUSES);
    let assignee = query.assignee("assignee");
    let created_by = query.member("created_by").map(AssigneeFilter::Member);
    query.finish()?;

    let resolve = |filter: AssigneeFilter| filter.resolve(&service, holder.team.id);
    let (assignee, created_by) = (assignee.map(resolve), created_by.map(resolve));
    let is_listed = |record: &&Record| {
        permissions.sees(&record.assignees)
            && status.as_ref().is_none_or(|status| record.status == status)
            && assignee.is_none_or(|filter| filter.includes(&record.assignees))
            && created_by.is_none_or(|filter| filter.includes(&[record.created_by]))
    };
    let origin = origin(&headers);
    let records: Vec<Value> = service.resources.of_team(holder.team.id, |team| {
        let listed = team.records.iter().filter(is_listed);
        listed.map(|record| record.to_json(&origin)).collect()
    });
    Ok(ok(&paging.page_of(&records)))
}

/// `GET /records/{id}`.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let record = find(&service, &holder, &id)?;
    Ok(ok(&record.to_json(&origin(&headers))))
}

/// `GET /records/{id}/download`.
pub(super) async fn download(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let record = find(&service, &holder, &id)?;
    let file = pdf_with_text(&format!("Record {}", record.id));
    let size = file.len() as u64;
    let name = format!("record-{}.pdf", record.id);
    Ok(file_response(
        &name,
        "application/pdf",
        Body::from(file),
        size,
    ))
}

/// Finds a record that the member sees.
pub(super) fn find(service: &Service, holder: &TokenHolder, id: &str) -> Result<Record, ApiError> {
    let permissions = holder.permissions()?;
    let id = parse_id(id)?;
    let record = service
        .resources
        .of_team(holder.team.id, |team| team.record(id).cloned())
        .ok_or(ApiError::NotFound)?;
    permissions.require_sight(&record.assignees)?;
    Ok(record)
}
