//! The holder of an access token.

use axum::http::{HeaderMap, header};

use super::ApiError;
use crate::people::{Membership, Person, Team};
use crate::practice::Holder;
use crate::roles::Permissions;
use crate::service::Service;

/// The user and the team that an access token was issued for.
#[derive(Debug, Clone)]
pub(super) struct TokenHolder {
    pub(super) person: Person,
    pub(super) team: Team,
    pub(super) membership: Membership,
}

impl TokenHolder {
    /// Finds the holder of the bearer token in the `Authorization` header. `None` without a live token.
    pub(super) fn of_request(service: &Service, headers: &HeaderMap) -> Option<Self> {
        let (scheme, token) = headers
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let now = service.clock.now();
        service.read(|db| {
            let grant = &db
                .find_by_access_token(token.trim())
                .filter(|set| set.is_access_token_live(now))?
                .grant;
            Some(Self {
                person: db.person(grant.person_id)?.clone(),
                team: db.team(grant.team_id)?.clone(),
                membership: db.membership(grant.person_id, grant.team_id)?.clone(),
            })
        })
    }

    /// What the holder can do with the data of the team.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] if the holder is no longer part of the team.
    pub(super) fn permissions(&self) -> Result<Permissions, ApiError> {
        Permissions::of_member(&self.membership)
    }

    /// The holder, for tests.
    pub(super) fn summary(&self) -> Holder {
        Holder {
            person: self.person.email.clone(),
            team: self.team.name.clone(),
        }
    }
}
