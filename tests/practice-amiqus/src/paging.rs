//! The pages in which the API returns a list.

use serde_json::{Value, json};
use url::form_urlencoded;

/// The number of items in a page, unless the request says otherwise.
pub(crate) const DEFAULT_LIMIT: usize = 25;

/// The largest number of items in a page.
pub(crate) const MAX_LIMIT: usize = 100;

/// The part of a list that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) page: usize,
    pub(crate) limit: usize,
    /// The URL of the list without a query.
    pub(crate) url: String,
    /// The query of the request, which the links to other pages repeat.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Paging {
    /// The requested page of a list. Its links are absolute.
    pub(crate) fn page_of(&self, items: &[Value]) -> Value {
        let total_pages = items.len().div_ceil(self.limit).max(1);
        let start = (self.page - 1).saturating_mul(self.limit);
        let data: Vec<&Value> = items.iter().skip(start).take(self.limit).collect();
        let links = (total_pages > 1).then(|| {
            json!({
                "next": (self.page < total_pages).then(|| self.link(self.page + 1)),
                "previous": (self.page > 1).then(|| self.link(self.page - 1)),
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

    fn link(&self, page: usize) -> String {
        let others = self.parameters.iter().filter(|(name, _)| name != "page");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("page", &page.to_string())
            .finish();
        format!("{}?{query}", self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(page: usize, query: &str) -> Value {
        let paging = Paging {
            page,
            limit: 2,
            url: "http://127.0.0.1/list".to_owned(),
            parameters: crate::form::decode(query.as_bytes()),
        };
        paging.page_of(&[json!(1), json!(2), json!(3), json!(4), json!(5)])
    }

    #[test]
    fn links_repeat_the_other_parameters() {
        let middle = page(2, "page=2&search=Si%C3%A2n+%26+Co&limit=2");
        assert_eq!(middle["data"], json!([3, 4]));
        assert_eq!(
            middle["links"],
            json!({
                "next": "http://127.0.0.1/list?search=Si%C3%A2n+%26+Co&limit=2&page=3",
                "previous": "http://127.0.0.1/list?search=Si%C3%A2n+%26+Co&limit=2&page=1",
            })
        );
    }

    #[test]
    fn first_and_last_page_have_one_link() {
        assert_eq!(page(1, "")["links"]["previous"], Value::Null);
        let last = page(3, "");
        assert_eq!((&last["count"], &last["total"]), (&json!(1), &json!(5)));
        assert_eq!(last["links"]["next"], Value::Null);
        assert_eq!(last["links"]["previous"], "http://127.0.0.1/list?page=2");
    }

    #[test]
    fn page_after_the_last_is_empty() {
        let beyond = page(usize::MAX, "");
        assert_eq!(beyond["data"], json!([]));
        assert_eq!(beyond["links"]["next"], Value::Null);
        assert_eq!(beyond["total_pages"], 3);
    }
}
