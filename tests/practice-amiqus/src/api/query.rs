//! The query of a request to the API.

use axum::http::{HeaderMap, Uri, header};

use super::ApiError;
use super::error::Problems;
use crate::form;
use crate::paging::{self, Paging};

/// The query parameters of a request, and what is wrong with those that were read. Parameters that
/// nobody reads are ignored.
pub(super) struct Query {
    parameters: Vec<(String, String)>,
    /// The URL of the request without its query.
    url: String,
    problems: Problems,
}

impl Query {
    /// Decodes the query. `uri` is the one that a nested router gives, without the API's root.
    pub(super) fn of_request(uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            parameters: form::decode(uri.query().unwrap_or_default().as_bytes()),
            url: format!("{}{}{}", origin(headers), super::ROOT, uri.path()),
            problems: Problems::default(),
        }
    }

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
        let text = form::parameter(&self.parameters, name)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.problems.add(name, problem);
        }
        number
    }

    /// # Errors
    ///
    /// [`ApiError::Unprocessable`] if a parameter that was read is not valid.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        self.problems.into_result()
    }
}

/// The origin that a request was sent to, for absolute links.
fn origin(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    format!("http://{host}")
}
