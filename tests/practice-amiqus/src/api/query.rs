//! The query of a request to the API.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::ApiError;
use super::error::Problems;
use crate::form;
use crate::paging::{self, Paging};
use crate::service::Service;

/// The query parameters of a request, and what is wrong with those that were read. Parameters that
/// nobody reads are ignored.
pub(super) struct Query {
    parameters: Vec<(String, String)>,
    /// The URL of the request without its query.
    url: String,
    problems: Problems,
}

/// A filter for what is assigned to a member, or to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssigneeFilter {
    /// The ID of the member or of their user.
    Member(u64),
    Nobody,
}

impl AssigneeFilter {
    /// Turns the ID of a user into the one that they have as a member of a team.
    ///
    /// Amiqus's documentation says "team member's user ID", but of colleagues only the IDs in
    /// `/team/members` can be known. We assume that both work.
    pub(super) fn resolve(self, service: &Service, team_id: u64) -> Self {
        let Self::Member(id) = self else {
            return self;
        };
        let member_id = service.read(|db| db.membership(id, team_id).map(|member| member.id));
        Self::Member(member_id.unwrap_or(id))
    }

    /// Whether something with these assignees passes the filter.
    pub(super) fn includes(self, assignees: &[u64]) -> bool {
        match self {
            Self::Member(id) => assignees.contains(&id),
            Self::Nobody => assignees.is_empty(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    /// Decodes the query of a request. A nested router gives its URI without the API's root.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            parameters: form::decode(parts.uri.query().unwrap_or_default().as_bytes()),
            url: format!(
                "{}{}{}",
                origin(&parts.headers),
                super::ROOT,
                parts.uri.path()
            ),
            problems: Problems::default(),
        })
    }
}

impl Query {
    /// The parameters `page` and `limit`.
    pub(super) fn paging(&mut self) -> Paging {
        let page = self.number("page", 1, usize::MAX, "Value must be an integer from 1 up");
        let limit = self.number(
            "limit",
            1,
            paging::MAX_LIMIT,
            "Value must be an integer from 1 to 100",
        );
        Paging {
            page: page.unwrap_or(1),
            limit: limit.unwrap_or(paging::DEFAULT_LIMIT),
            url: self.url.clone(),
            parameters: self.parameters.clone(),
        }
    }

    fn number(&mut self, name: &str, min: usize, max: usize, problem: &str) -> Option<usize> {
        let text = self.text(name)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.problems.add(name, problem);
        }
        number
    }

    /// Any text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        form::parameter(&self.parameters, name).map(str::to_owned)
    }

    /// One of several values.
    pub(super) fn one_of(&mut self, name: &str, allowed: &[&str]) -> Option<String> {
        let value = self.text(name)?;
        self.require_all_in(name, &[&value], allowed)
            .then_some(value)
    }

    /// A list of values, separated by commas.
    pub(super) fn some_of(&mut self, name: &str, allowed: &[&str]) -> Option<Vec<String>> {
        let text = self.text(name)?;
        let values: Vec<&str> = text.split(',').collect();
        self.require_all_in(name, &values, allowed)
            .then(|| values.into_iter().map(str::to_owned).collect())
    }

    fn require_all_in(&mut self, name: &str, values: &[&str], allowed: &[&str]) -> bool {
        let is_valid = values.iter().all(|value| allowed.contains(value));
        if !is_valid {
            let problem = format!("Value must be one of: {}", allowed.join(", "));
            self.problems.add(name, problem);
        }
        is_valid
    }

    /// The ID of a member.
    pub(super) fn member(&mut self, name: &str) -> Option<u64> {
        let id = self.text(name)?.parse().ok();
        if id.is_none() {
            self.problems.add(name, "Value must be an integer");
        }
        id
    }

    /// The ID of a member, or `false` for nobody.
    pub(super) fn assignee(&mut self, name: &str) -> Option<AssigneeFilter> {
        if self.text(name).as_deref() == Some("false") {
            return Some(AssigneeFilter::Nobody);
        }
        self.member(name).map(AssigneeFilter::Member)
    }

    /// # Errors
    ///
    /// [`ApiError::Unprocessable`] if a parameter that was read is not valid.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        self.problems.into_result()
    }
}

/// The origin that a request was sent to, for absolute links.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    format!("http://{host}")
}
