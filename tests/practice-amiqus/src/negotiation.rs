//! What the service does with a request that does not accept JSON.

use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::pages;
use crate::request_log::RequestId;
use crate::service::Service;

/// The redirect to the login page for a request whose `Accept` header does not name JSON: the real
/// service takes such a request for a browser's. `None` for a request that accepts JSON.
pub(crate) fn json_rejection(
    service: &Service,
    request_id: RequestId,
    headers: &HeaderMap,
) -> Option<Response> {
    if accepts_json(headers) {
        return None;
    }
    service
        .request_log
        .add_complaint(request_id, "`Accept` does not name application/json");
    Some(pages::login_redirect())
}

fn accepts_json(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("application/json"))
}
