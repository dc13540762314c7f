//! The authorization request and its response (RFC 6749 §4.1.1 and §4.1.2).

use url::form_urlencoded;

use crate::clients::ApiClient;
use crate::clock;
use crate::database::{CodeRecord, Database, Grant};
use crate::form::{duplicate_name, parameter};
use crate::oauth_error::OAuthError;
use crate::pkce;
use crate::random;
use crate::service::Service;
use crate::settings::Generation;

/// A valid authorization request, which the user can allow or deny.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: Option<String>,
}

/// How the service responds to an invalid authorization request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuthorizationRequestError {
    /// An error page with this text, because the client or the redirect URL is not valid (RFC 6749
    /// §4.1.2.1).
    ErrorPage(String),
    /// A redirect to the application, with the error in this URL.
    Redirect(String),
}

impl AuthorizationRequest {
    /// Parses the query of `/oauth/authorize`. Unknown parameters are ignored.
    pub(crate) fn parse(
        query: &[(String, String)],
        db: &Database,
        generation: Generation,
    ) -> Result<Self, AuthorizationRequestError> {
        let error_page = |text: &str| AuthorizationRequestError::ErrorPage(text.to_owned());
        if let Some(name) = duplicate_name(query) {
            return Err(AuthorizationRequestError::ErrorPage(format!(
                "The parameter “{name}” occurs more than once."
            )));
        }
        let client_id =
            parameter(query, "client_id").ok_or_else(|| error_page("The client ID is missing."))?;
        let client = db
            .client(client_id)
            .ok_or_else(|| error_page("No API client has this client ID. (invalid_client)"))?;
        let redirect_uri = registered_redirect_uri(client, parameter(query, "redirect_uri"))?;

        let mut request = Self {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            redirect_uri,
            state: parameter(query, "state").map(str::to_owned),
            code_challenge: None,
        };
        match validate_code_challenge(query) {
            Ok(code_challenge) => {
                request.code_challenge = code_challenge;
                Ok(request)
            }
            Err(error) => Err(AuthorizationRequestError::Redirect(
                request.error_redirect(&error, generation),
            )),
        }
    }

    /// The URL of the authorization response with a code.
    pub(crate) fn success_redirect(&self, code: &str) -> String {
        response_url(&self.redirect_uri, &[("code", code)], self.state.as_deref())
    }

    /// The URL of the authorization response with an error.
    pub(crate) fn error_redirect(&self, error: &OAuthError, generation: Generation) -> String {
        let parameters = error.redirect_parameters(generation);
        response_url(&self.redirect_uri, &parameters, self.state.as_deref())
    }
}

/// Validates the response type and the PKCE parameters; returns the code challenge, if any.
fn validate_code_challenge(query: &[(String, String)]) -> Result<Option<String>, OAuthError> {
    match parameter(query, "response_type") {
        Some("code") => {}
        Some(_) => return Err(OAuthError::unsupported_response_type()),
        None => return Err(OAuthError::invalid_parameter("response_type")),
    }
    let Some(challenge) = parameter(query, "code_challenge") else {
        return match parameter(query, "code_challenge_method") {
            Some(_) => Err(OAuthError::invalid_parameter("code_challenge")),
            None => Ok(None),
        };
    };
    if parameter(query, "code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request(
            "Code challenge method must be `S256`",
        ));
    }
    if !pkce::is_valid_value(challenge) {
        return Err(OAuthError::invalid_request(
            "Code challenge must follow the specifications of RFC-7636.",
        ));
    }
    Ok(Some(challenge.to_owned()))
}

/// The URL of an authorization response: the redirect URL with parameters added to its query.
pub(crate) fn response_url(
    redirect_url: &str,
    parameters: &[(&str, &str)],
    state: Option<&str>,
) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .extend_pairs(state.map(|state| ("state", state)))
        .finish();
    let separator = if redirect_url.contains('?') { '&' } else { '?' };
    format!("{redirect_url}{separator}{query}")
}

/// Issues an authorization code for a request that a user has allowed in a team.
pub(crate) fn issue_code(
    service: &Service,
    request: &AuthorizationRequest,
    person_id: u64,
    team_id: u64,
) -> String {
    let code = random::authorization_code();
    let record = CodeRecord {
        code_hash: random::sha256_hex(&code),
        grant: Grant {
            client_id: request.client_id.clone(),
            person_id,
            team_id,
            redirect_uri: request.redirect_uri.clone(),
        },
        code_challenge: request.code_challenge.clone(),
        expires_at: clock::saturating_add(service.clock.now(), service.settings.code_lifetime),
        is_used: false,
    };
    service.update(|db| db.codes.push(record));
    code
}

/// The requested redirect URL, which the client must have registered. It can be omitted if the client
/// has registered only one.
fn registered_redirect_uri(
    client: &ApiClient,
    requested: Option<&str>,
) -> Result<String, AuthorizationRequestError> {
    let registered = match (requested, client.redirect_urls.as_slice()) {
        (Some(requested), urls) => urls.iter().find(|url| *url == requested),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    registered.cloned().ok_or_else(|| {
        let name = &client.name;
        AuthorizationRequestError::ErrorPage(format!(
            "The redirect URL is not one that “{name}” has registered. (invalid_client)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_url_keeps_the_query_of_the_redirect_url() {
        assert_eq!(
            response_url("a://b/c", &[("code", "x y")], Some("s")),
            "a://b/c?code=x+y&state=s"
        );
        assert_eq!(
            response_url("a://b/c?d=e", &[("code", "1")], None),
            "a://b/c?d=e&code=1"
        );
    }
}
