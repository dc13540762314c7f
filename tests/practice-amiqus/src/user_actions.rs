//! What a user or their administrator does in the browser, for tests that run without one.

use url::Url;

use crate::authorization::{self, AuthorizationRequest, AuthorizationRequestError};
use crate::database::Database;
use crate::error::ControlError;
use crate::form;
use crate::oauth_error::OAuthError;
use crate::service::Service;

/// The user's decision on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The button **Allow**.
    Allow,
    /// The button **Deny**.
    Deny,
}

/// Answers an authorization request as a logged-in user; returns the URL that the browser is
/// redirected to.
pub(crate) fn answer_authorization_request(
    service: &Service,
    authorization_url: &str,
    email: &str,
    team: &str,
    answer: Answer,
) -> Result<String, ControlError> {
    let url = Url::parse(authorization_url)
        .map_err(|error| ControlError::ErrorPage(error.to_string()))?;
    if url.path() != "/oauth/authorize" {
        return Err(ControlError::ErrorPage(
            "this is not the authorization endpoint".to_owned(),
        ));
    }
    let query = form::decode(url.query().unwrap_or_default().as_bytes());
    let generation = service.generation();
    let (person_id, team_id) = service.read(|db| find_member(db, email, team))?;
    match service.read(|db| AuthorizationRequest::parse(&query, db, generation)) {
        Err(AuthorizationRequestError::ErrorPage(text)) => Err(ControlError::ErrorPage(text)),
        Err(AuthorizationRequestError::Redirect(location)) => Ok(location),
        Ok(request) => Ok(match answer {
            Answer::Allow => {
                let code = authorization::issue_code(service, &request, person_id, team_id);
                request.success_redirect(&code)
            }
            Answer::Deny => request.error_redirect(&OAuthError::access_denied(), generation),
        }),
    }
}

/// Revokes all tokens of a user in a team; returns how many token sets were not yet revoked.
pub(crate) fn revoke_all_tokens(
    service: &Service,
    email: &str,
    team: &str,
) -> Result<usize, ControlError> {
    let (person_id, team_id) = service.read(|db| find_member(db, email, team))?;
    Ok(service.update(|db| {
        db.revoke(|set| set.grant.person_id == person_id && set.grant.team_id == team_id)
    }))
}

/// Changes a user's role in a team.
pub(crate) fn set_role(
    service: &Service,
    email: &str,
    team: &str,
    role: Option<&str>,
) -> Result<(), ControlError> {
    service.update(|db| {
        let (person_id, team_id) = find_member(db, email, team)?;
        let mut memberships = db.memberships.iter_mut();
        let membership =
            memberships.find(|member| (member.person_id, member.team_id) == (person_id, team_id));
        if let Some(membership) = membership {
            membership.role = role.map(str::to_owned);
        }
        Ok(())
    })
}

/// The IDs of a user and of one of their teams.
pub(crate) fn find_member(
    db: &Database,
    email: &str,
    team: &str,
) -> Result<(u64, u64), ControlError> {
    let person = db
        .person_by_email(email)
        .ok_or_else(|| ControlError::UnknownPerson(email.to_owned()))?;
    db.find_team(team)
        .filter(|team| db.membership(person.id, team.id).is_some())
        .map(|team| (person.id, team.id))
        .ok_or_else(|| ControlError::UnknownTeam(team.to_owned()))
}
