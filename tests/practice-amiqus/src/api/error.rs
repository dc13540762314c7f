//! The error responses of the API.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::json_response;

/// Why the API rejects a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// 401: there is no live token.
    Unauthenticated,
    /// 403: the user's role doesn't allow it.
    Forbidden,
    /// 404. Amiqus's documentation also shows more specific texts, such as "Client not found".
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 410: a virus was found in the file.
    Gone,
    /// 422: what is wrong with the query or the body.
    Unprocessable(Problems),
    /// 423: the file is not scanned for viruses yet.
    Locked,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = |status, text: &str| json_response(status, &json!({"error": text}));
        let message = |status, text: &str| json_response(status, &json!({"message": text}));
        match self {
            Self::Unauthenticated => error(StatusCode::UNAUTHORIZED, "Unauthenticated."),
            Self::Forbidden => message(StatusCode::FORBIDDEN, "This action is unauthorized."),
            Self::NotFound => error(StatusCode::NOT_FOUND, "Not Found."),
            Self::MethodNotAllowed => message(
                StatusCode::METHOD_NOT_ALLOWED,
                "The method is not supported for this route.",
            ),
            Self::Gone => error(StatusCode::GONE, "File scan detected a virus"),
            Self::Locked => error(StatusCode::LOCKED, "File scan is not yet complete"),
            Self::Unprocessable(problems) => {
                let body = json!(problems.messages);
                let mut response = json_response(StatusCode::UNPROCESSABLE_ENTITY, &body);
                response.extensions_mut().insert(problems);
                response
            }
        }
    }
}

/// What is wrong with a request: messages by the path of a value in the body, or by the name of a query
/// parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    messages: BTreeMap<String, Vec<String>>,
}

impl Problems {
    /// Adds a message about a value.
    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let messages = self.messages.entry(path.into()).or_default();
        messages.push(message.into());
    }

    /// # Errors
    ///
    /// [`ApiError::Unprocessable`] if there is any problem.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.messages.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Unprocessable(self))
        }
    }

    /// The problems as complaints.
    pub(crate) fn complaints(&self) -> impl Iterator<Item = String> {
        let complaint = |path: &String, text: &String| format!("`{path}`: {text}");
        self.messages
            .iter()
            .flat_map(move |(path, texts)| texts.iter().map(move |text| complaint(path, text)))
    }
}

/// A successful response of the API.
pub(crate) fn ok(body: &Value) -> Response {
    json_response(StatusCode::OK, body)
}
