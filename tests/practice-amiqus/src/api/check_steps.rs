//! The steps of a record, and the checks among them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::error::ok;
use super::holder::TokenHolder;
use super::query::Query;
use super::{ApiError, parse_id, records};
use crate::service::Service;

/// `GET /records/{id}/steps`. Of the members that the documentation expands, `check` and `review` are
/// expanded; `form` and `document` are accepted.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let record = records::find(&service, &holder, &id)?;
    let paging = query.paging();
    let expand = query.some_of("expand", &["check", "form", "document", "review"]);
    query.finish()?;
    let expand = expand.unwrap_or_default();
    let steps = record.steps.iter();
    let steps: Vec<Value> = steps.map(|step| step.to_json(&record, &expand)).collect();
    Ok(ok(&paging.page_of(&steps)))
}

/// `GET /checks/{id}`.
pub(super) async fn show_check(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let id = parse_id(&id)?;
    service.resources.of_team(holder.team.id, |team| {
        let (record, check) = team.check(id).ok_or(ApiError::NotFound)?;
        permissions.require_sight(&record.assignees)?;
        Ok(ok(&check.to_json(record)))
    })
}
