//! The errors of `/oauth/authorize` and `/oauth/token`, in the words of league/oauth2-server.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::settings::Generation;

const MALFORMED: &str = "The request is missing a required parameter, includes an invalid parameter \
                         value, includes a parameter more than once, or is otherwise malformed.";
const DEAD_GRANT: &str = "The provided authorization grant (e.g., authorization code, resource owner \
                          credentials) or refresh token is invalid, expired, revoked, does not match \
                          the redirection URI used in the authorization request, or was issued to \
                          another client.";

/// An error as an OAuth client meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    hint: Option<String>,
}

/// The JSON of both generations; `message` is only there in the older one.
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

    /// A parameter that is missing or wrong.
    pub(crate) fn check(parameter: &str) -> Self {
        Self::malformed(format!("Check the `{parameter}` parameter"))
    }

    /// A request that is wrong in a way that `hint` explains.
    pub(crate) fn malformed(hint: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            MALFORMED,
            Some(hint.into()),
        )
    }

    /// The wrong client ID or secret, or none.
    pub(crate) fn invalid_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Client authentication failed",
            None,
        )
    }

    /// A grant type that the service does not know.
    pub(crate) fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server.",
            Some("Check that all required parameters have been provided".to_owned()),
        )
    }

    /// A response type that the service does not know.
    pub(crate) fn unsupported_response_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_response_type",
            "The authorization server does not support obtaining an authorization code using this \
             method.",
            Some("Check the `response_type` parameter".to_owned()),
        )
    }

    /// A verifier that does not belong to the challenge.
    pub(crate) fn wrong_verifier() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            DEAD_GRANT,
            Some("Failed to verify `code_verifier`.".to_owned()),
        )
    }

    /// A code that was used, has expired or was somebody else's.
    pub(crate) fn dead_code(generation: Generation, hint: &str) -> Self {
        match generation {
            Generation::League8 => Self::malformed(hint),
            Generation::League9 => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                DEAD_GRANT,
                Some(hint.to_owned()),
            ),
        }
    }

    /// A refresh token that was used, revoked, has expired or was somebody else's.
    pub(crate) fn dead_refresh_token(generation: Generation, hint: &str) -> Self {
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

    /// The person clicked Deny.
    pub(crate) fn access_denied() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "access_denied",
            "The resource owner or authorization server denied the request.",
            Some("The user denied the request".to_owned()),
        )
    }

    /// The answer of `/oauth/token`.
    pub(crate) fn answer(&self, generation: Generation) -> Response {
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

    /// The fields that are added to a redirect URL.
    pub(crate) fn redirect_fields(&self, generation: Generation) -> Vec<(&'static str, &str)> {
        let mut fields = vec![
            ("error", self.error),
            ("error_description", self.description),
        ];
        fields.extend(self.hint.as_deref().map(|hint| ("hint", hint)));
        fields.extend(self.message(generation).map(|message| ("message", message)));
        fields
    }

    fn message(&self, generation: Generation) -> Option<&'static str> {
        (generation == Generation::League8).then_some(self.description)
    }
}
