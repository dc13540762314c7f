//! `/cases` and their number by status.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::ApiError;
use super::error::ok;
use super::holder::TokenHolder;
use super::query::{AssigneeFilter, Query};
use crate::resources::{CASE_STATUSES, Case};
use crate::service::Service;

/// `GET /cases`, in the order of their creation.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let paging = query.paging();
    let statuses = query.some_of("status", &CASE_STATUSES);
    let assigned_to = query.assignee("assigned_to");
    let visible = visible_cases(&service, &holder, query, assigned_to)?;
    let cases: Vec<Value> = visible
        .iter()
        .filter(|case| {
            let mut statuses = statuses.iter().flatten().peekable();
            statuses.peek().is_none() || statuses.any(|status| case.status == status)
        })
        .map(Case::to_json)
        .collect();
    Ok(ok(&paging.page_of(&cases)))
}

/// `GET /aggregates/case-status`. An `assigned-only` member's own cases are counted.
pub(super) async fn count_by_status(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let assigned_to = query.assignee("assigned_to");
    let visible = visible_cases(&service, &holder, query, assigned_to)?;
    let counts = CASE_STATUSES.map(|status| {
        let with_status = visible.iter().filter(|case| case.status == status);
        json!({"status": status, "count": with_status.count()})
    });
    Ok(ok(
        &json!({"object": "case_status_aggregate", "aggregates": counts}),
    ))
}

/// The cases that the member sees.
fn visible_cases(
    service: &Service,
    holder: &TokenHolder,
    query: Query,
    assigned_to: Option<AssigneeFilter>,
) -> Result<Vec<Case>, ApiError> {
    let permissions = holder.permissions()?;
    query.finish()?;
    let assigned_to = assigned_to.map(|filter| filter.resolve(service, holder.team.id));
    let is_visible = |case: &&Case| {
        permissions.sees(&case.assignees)
            && assigned_to.is_none_or(|filter| filter.includes(&case.assignees))
    };
    Ok(service.resources.of_team(holder.team.id, |team| {
        team.cases.iter().filter(is_visible).cloned().collect()
    }))
}
