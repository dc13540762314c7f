//! The authorization request, and the code that answers it.

use url::form_urlencoded;

use crate::clients::ApiClient;
use crate::clock;
use crate::oauth_error::OAuthError;
use crate::random;
use crate::records::{CodeRecord, Grant, Records};
use crate::service::Service;
use crate::settings::Generation;

/// An authorization request that is in order: all that is missing is the person's answer.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: Option<String>,
}

/// An authorization request that is not in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It cannot be trusted to say where it came from, so the person is told, and nobody else.
    Shown(String),
    /// The application is told, at this address.
    Redirected(String),
}

impl AuthorizationRequest {
    /// Checks the query of `/oauth/authorize`. Parameters that nobody knows are ignored.
    pub(crate) fn check(
        query: &[(String, String)],
        records: &Records,
        generation: Generation,
    ) -> Result<Self, Refusal> {
        let shown = |text: &str| Refusal::Shown(text.to_owned());
        if let Some(name) = duplicated(query) {
            return Err(Refusal::Shown(format!(
                "The parameter “{name}” is there more than once."
            )));
        }
        let client_id =
            field(query, "client_id").ok_or_else(|| shown("The client ID is missing."))?;
        let client = records
            .client(client_id)
            .ok_or_else(|| shown("No API client has this client ID. (invalid_client)"))?;
        let redirect_uri = registered_redirect_uri(client, field(query, "redirect_uri"))?;

        let mut request = Self {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            redirect_uri,
            state: field(query, "state").map(str::to_owned),
            code_challenge: None,
        };
        match code_challenge(query) {
            Ok(code_challenge) => {
                request.code_challenge = code_challenge;
                Ok(request)
            }
            Err(error) => Err(Refusal::Redirected(request.refused(&error, generation))),
        }
    }

    /// Where the browser goes with a code.
    pub(crate) fn granted(&self, code: &str) -> String {
        self.redirected(&[("code", code)])
    }

    /// Where the browser goes without one.
    pub(crate) fn refused(&self, error: &OAuthError, generation: Generation) -> String {
        self.redirected(&error.redirect_fields(generation))
    }

    /// The redirect URL with these fields, and the state, behind whatever query it already has.
    fn redirected(&self, fields: &[(&str, &str)]) -> String {
        with_query(&self.redirect_uri, fields, self.state.as_deref())
    }
}

/// Checks the response type and PKCE; gives the challenge, if there is one.
fn code_challenge(query: &[(String, String)]) -> Result<Option<String>, OAuthError> {
    match field(query, "response_type") {
        Some("code") => {}
        Some(_) => return Err(OAuthError::unsupported_response_type()),
        None => return Err(OAuthError::check("response_type")),
    }
    let Some(challenge) = field(query, "code_challenge") else {
        return match field(query, "code_challenge_method") {
            Some(_) => Err(OAuthError::check("code_challenge")),
            None => Ok(None),
        };
    };
    if field(query, "code_challenge_method") != Some("S256") {
        return Err(OAuthError::malformed(
            "Code challenge method must be `S256`",
        ));
    }
    if !is_pkce_text(challenge) {
        return Err(OAuthError::malformed(
            "Code challenge must follow the specifications of RFC-7636.",
        ));
    }
    Ok(Some(challenge.to_owned()))
}

/// A redirect URL with more in its query.
pub(crate) fn with_query(url: &str, fields: &[(&str, &str)], state: Option<&str>) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .extend_pairs(state.map(|state| ("state", state)))
        .finish();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{query}")
}

/// Gives away a code, as the answer to a request that a person has allowed in a team.
pub(crate) fn issue_code(
    service: &Service,
    request: &AuthorizationRequest,
    person: u64,
    team: u64,
) -> String {
    let code = random::authorization_code();
    let record = CodeRecord {
        fingerprint: random::fingerprint(&code),
        grant: Grant {
            client_id: request.client_id.clone(),
            person,
            team,
            redirect_uri: request.redirect_uri.clone(),
        },
        code_challenge: request.code_challenge.clone(),
        expires_at: clock::after(service.clock.now(), service.settings.code_lifetime),
        is_used: false,
    };
    service.change(|records| records.codes.push(record));
    code
}

/// The one field of this name.
pub(crate) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// The first name that is there more than once.
pub(crate) fn duplicated(fields: &[(String, String)]) -> Option<&str> {
    fields.iter().enumerate().find_map(|(index, (name, _))| {
        fields
            .iter()
            .take(index)
            .any(|(earlier, _)| earlier == name)
            .then_some(name.as_str())
    })
}

/// Whether this can be a PKCE challenge or verifier.
pub(crate) fn is_pkce_text(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// The redirect URL that was asked for, if the client has registered it; the only one, if none was.
fn registered_redirect_uri(client: &ApiClient, asked: Option<&str>) -> Result<String, Refusal> {
    let registered = match (asked, client.redirect_urls.as_slice()) {
        (Some(asked), urls) => urls.iter().find(|url| *url == asked),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    registered.cloned().ok_or_else(|| {
        let name = &client.name;
        Refusal::Shown(format!(
            "The redirect URL is not one that “{name}” has registered. (invalid_client)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_url_keeps_the_query_it_has() {
        assert_eq!(
            with_query("a://b/c", &[("code", "x y")], Some("s")),
            "a://b/c?code=x+y&state=s"
        );
        assert_eq!(
            with_query("a://b/c?d=e", &[("code", "1")], None),
            "a://b/c?d=e&code=1"
        );
    }

    #[test]
    fn pkce_text_has_43_to_128_unreserved_characters() {
        assert!(is_pkce_text(&"a".repeat(43)));
        assert!(is_pkce_text(&"~".repeat(128)));
        assert!(!is_pkce_text(&"a".repeat(42)));
        assert!(!is_pkce_text(&"a".repeat(129)));
        assert!(!is_pkce_text(&"=".repeat(43)));
    }

    #[test]
    fn a_name_that_is_there_twice_is_found() {
        let fields = |text: &str| -> Vec<(String, String)> {
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect()
        };
        assert_eq!(duplicated(&fields("a=1&b=2")), None);
        assert_eq!(duplicated(&fields("a=1&b=2&a=1")), Some("a"));
    }
}
