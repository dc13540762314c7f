//! The pages in which the API returns a list.

use axum::http::{HeaderMap, Uri, header};
use serde_json::{Value, json};

use crate::form;

/// The number of items in a page, unless the request says otherwise.
const DEFAULT_LIMIT: usize = 25;

/// The largest number of items in a page.
const MAX_LIMIT: usize = 100;

/// The part of a list that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paging {
    page: usize,
    limit: usize,
}

impl Paging {
    /// Reads the parameters `page` and `limit`.
    ///
    /// # Errors
    /// What is wrong with them, for a complaint.
    pub(crate) fn of_request(uri: &Uri) -> Result<Self, &'static str> {
        let parameters = form::decode(uri.query().unwrap_or_default().as_bytes());
        let number = |name: &str, default: usize| match form::parameter(&parameters, name) {
            None => Some(default),
            Some(text) => text.parse().ok(),
        };
        let page = number("page", 1)
            .filter(|page| *page >= 1)
            .ok_or("`page` is not a number from 1 up")?;
        let limit = number("limit", DEFAULT_LIMIT)
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or("`limit` is not a number from 1 to 100")?;
        Ok(Self { page, limit })
    }

    /// This page of the list at a path. Its links are absolute: to the host that the request was sent
    /// to.
    pub(crate) fn of_list(self, items: &[Value], path: &str, headers: &HeaderMap) -> Value {
        let total_pages = items.len().div_ceil(self.limit).max(1);
        let start = (self.page - 1).saturating_mul(self.limit);
        let data: Vec<&Value> = items.iter().skip(start).take(self.limit).collect();
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let link = |page: usize| {
            let limit = self.limit;
            format!("http://{host}{path}?page={page}&limit={limit}")
        };
        let links = (total_pages > 1).then(|| {
            json!({
                "next": (self.page < total_pages).then(|| link(self.page + 1)),
                "previous": (self.page > 1).then(|| link(self.page - 1)),
            })
        });
        json!({
            "object": "paginated_list",
            "data": data,
            "total": items.len(),
            "count": data.len(),
            "limit": self.limit,
            "current_page": self.page,
            "total_pages": total_pages,
            "links": links,
        })
    }
}
