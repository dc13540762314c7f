//! The error responses of `/oauth/authorize` and `/oauth/token`, as league/oauth2-server writes them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::settings::Generation;

const INVALID_REQUEST_DESCRIPTION: &str = "The request is missing a required parameter, includes an invalid parameter \
                         value, includes a parameter more than once, or is otherwise malformed.";
const INVALID_GRANT_DESCRIPTION: &str = "The provided authorization grant (e.g., authorization code, resource owner \
                          credentials) or refresh token is invalid, expired, revoked, does not match \
                          the redirection URI used in the authorization request, or was issued to \
                          another client.";

/// An OAuth 2.0 error response (RFC 6749 §4.1.2.1 and §5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    hint: Option<String>,
}

/// The JSON body of an error response. Only [`Generation::League8`] has `message`.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl OAuthError {
    fn new(
        status: StatusCode,
        error: &'static str,
        description: &'static str,
        hint: Option<String>,
    ) -> Self {
        Self {
            status,
            error,
            description,
            hint,
        }
    }

    /// `invalid_request` because a parameter is missing or invalid.
    pub(crate) fn invalid_parameter(parameter: &str) -> Self {
        Self::invalid_request(format!("Check the `{parameter}` parameter"))
    }

    /// `invalid_request` for the reason in `hint`.
    pub(crate) fn invalid_request(hint: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            INVALID_REQUEST_DESCRIPTION,
            Some(hint.into()),
        )
    }

    /// `invalid_client`: client authentication failed.
    pub(crate) fn invalid_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Client authentication failed",
            None,
        )
    }

    /// `unsupported_grant_type`.
    pub(crate) fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server.",
            Some("Check that all required parameters have been provided".to_owned()),
        )
    }

    /// `unsupported_response_type`.
    pub(crate) fn unsupported_response_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_response_type",
            "The authorization server does not support obtaining an authorization code using this \
             method.",
            Some("Check the `response_type` parameter".to_owned()),
        )
    }

    /// `invalid_grant` because the code verifier does not match the code challenge.
    pub(crate) fn invalid_code_verifier() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            INVALID_GRANT_DESCRIPTION,
            Some("Failed to verify `code_verifier`.".to_owned()),
        )
    }

    /// The error for an authorization code that is used, expired or issued to another client.
    pub(crate) fn invalid_code(generation: Generation, hint: &str) -> Self {
        match generation {
            Generation::League8 => Self::invalid_request(hint),
            Generation::League9 => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                INVALID_GRANT_DESCRIPTION,
                Some(hint.to_owned()),
            ),
        }
    }

    /// The error for a refresh token that is used, revoked, expired or issued to another client.
    pub(crate) fn invalid_refresh_token(generation: Generation, hint: &str) -> Self {
        let (status, error) = match generation {
            Generation::League8 => (StatusCode::UNAUTHORIZED, "invalid_request"),
            Generation::League9 => (StatusCode::BAD_REQUEST, "invalid_grant"),
        };
        Self::new(
            status,
            error,
            "The refresh token is invalid.",
            Some(hint.to_owned()),
        )
    }

    /// `access_denied`: the user clicked **Deny**.
    pub(crate) fn access_denied() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "access_denied",
            "The resource owner or authorization server denied the request.",
            Some("The user denied the request".to_owned()),
        )
    }

    /// The error response of `/oauth/token`.
    pub(crate) fn to_response(&self, generation: Generation) -> Response {
        let body = Body {
            error: self.error,
            error_description: self.description,
            hint: self.hint.as_deref(),
            message: self.message(generation),
        };
        let mut response = (self.status, Json(body)).into_response();
        if self.error == "invalid_client" {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"OAuth\""),
            );
        }
        response
    }

    /// The parameters of the error response that `/oauth/authorize` adds to a redirect URL.
    pub(crate) fn redirect_parameters(&self, generation: Generation) -> Vec<(&'static str, &str)> {
        let mut parameters = vec![
            ("error", self.error),
            ("error_description", self.description),
        ];
        parameters.extend(self.hint.as_deref().map(|hint| ("hint", hint)));
        parameters.extend(self.message(generation).map(|message| ("message", message)));
        parameters
    }

    fn message(&self, generation: Generation) -> Option<&'static str> {
        (generation == Generation::League8).then_some(self.description)
    }
}
