//! The Amiqus API, version 2, as far as signing in needs it: whose token it is, and whether it is
//! still valid.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use url::Url;
use uuid::Uuid;

use crate::account::{Identity, Role, Team, User};
use crate::error::chain;
use crate::http::{self, HttpResponse, RequestError};
use crate::lenient_json::{self as json, Object};
use crate::registration::BaseUrl;
use crate::text::plain_text;
use crate::token::AccessToken;
use crate::transient::Transient;

#[cfg(test)]
mod tests;

/// The maximum number of a user's teams that are read: the largest page that Amiqus returns.
pub const MAX_TEAMS: usize = 100;

/// The resource that lists a user's teams.
const TEAMS: &str = "me/teams";

/// How long the names of a user's teams may hold up the answer to whose a token is.
const TEAMS_TIMEOUT: Duration = Duration::from_secs(2);

/// Why an API request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiError {
    /// 401: the access token is no longer accepted.
    Unauthenticated,
    /// A temporary failure; it says nothing about the token.
    Transient(Transient),
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::Transient(match error {
            RequestError::NotSent(connect_error, _) => connect_error.into(),
            RequestError::ResponseLost(_) => Transient::Offline,
            RequestError::TooLarge => Transient::UnexpectedResponse,
        })
    }
}

/// A client for the API of one service, with one access token.
pub struct Api<'a> {
    /// The HTTP client.
    pub client: &'a Client,
    /// The service's base URL.
    pub base_url: &'a BaseUrl,
    /// The access token.
    pub access: &'a AccessToken,
    /// The current time, to which `Retry-After` dates are compared.
    pub now: Timestamp,
}

/// Reads a response of `GET /me`. Only the user's ID is required; the values that are displayed beside
/// it may be missing or malformed.
///
/// # Errors
/// [`ApiError`] when the status is no success or the body has no user ID.
pub fn read_user(response: &HttpResponse, now: Timestamp) -> Result<User, ApiError> {
    read(response, now, |object| {
        Some(User {
            id: unique(object.literals("id").filter_map(|id| whole_number(&id)))?,
            name: display_text(object, "name"),
            email: display_text(object, "email"),
            is_verified: object.boolean("is_verified"),
            is_disabled: object.boolean("is_disabled"),
        })
    })
}

/// Reads a response of `GET /team`. Only the team's UUID is required.
///
/// # Errors
/// [`ApiError`] when the status is no success or the body has no UUID.
pub fn read_team(response: &HttpResponse, now: Timestamp) -> Result<Team, ApiError> {
    read(response, now, team)
}

/// Reads a response of `GET /me/teams`: the first [`MAX_TEAMS`] teams that have a UUID.
///
/// # Errors
/// [`ApiError`] when the status is no success or the body has no list of teams.
pub fn read_teams(response: &HttpResponse, now: Timestamp) -> Result<Vec<Team>, ApiError> {
    read(response, now, |object| {
        let is_list = object.values("data").any(|value| value.starts_with('['));
        let teams = object.items("data").filter_map(|item| team(&item));
        is_list.then(|| teams.take(MAX_TEAMS).collect())
    })
}

fn team(object: &Object<'_>) -> Option<Team> {
    Some(Team {
        uuid: unique(
            object
                .strings("uuid")
                .filter_map(|uuid| Uuid::try_parse(&uuid).ok()),
        )?,
        name: display_text(object, "name"),
    })
}

/// Reads a response of `GET /team/me`. A role that this version doesn't know is `None`.
///
/// # Errors
/// [`ApiError`] when the status is no success or the body is not an object.
pub fn read_role(response: &HttpResponse, now: Timestamp) -> Result<Option<Role>, ApiError> {
    read(response, now, |object| {
        let known = object.strings("role").rev().find_map(|role| {
            let role = serde_json::Value::from(role.to_ascii_lowercase());
            let role: Role = serde_json::from_value(role).ok()?;
            // Amiqus says that with `null`; no member's role is called so.
            (role != Role::NoLongerInTeam).then_some(role)
        });
        let mut written = object.values("role").peekable();
        let is_null = written.peek().is_some() && written.all(|role| role == "null");
        Some(known.or(is_null.then_some(Role::NoLongerInTeam)))
    })
}

/// The value that all items have; `None` if there are none or they differ, which would leave open who
/// is meant.
fn unique<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

/// Parses a whole number in any notation: `345789`, `345789.0`, `3.45789e5`.
fn whole_number(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // From 2^53 up, a float no longer represents each whole number.
        let is_exact = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
        is_exact.then(|| format!("{number:.0}").parse().ok())?
    })
}

/// A member as text to display; empty if there is none.
fn display_text(object: &Object<'_>, name: &str) -> String {
    object
        .strings(name)
        .map(|text| plain_text(&text))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Reads a response of `GET /status`, which is 204 while the access token is valid.
///
/// # Errors
/// [`ApiError`] for any other status: a gateway's page must not pass for a valid token.
pub fn read_status(response: &HttpResponse, now: Timestamp) -> Result<(), ApiError> {
    if response.status == StatusCode::NO_CONTENT {
        Ok(())
    } else {
        Err(read_error(response, now))
    }
}

fn read<T>(
    response: &HttpResponse,
    now: Timestamp,
    parse: impl Fn(&Object<'_>) -> Option<T>,
) -> Result<T, ApiError> {
    if !response.status.is_success() {
        return Err(read_error(response, now));
    }
    let text = json::decode(&response.body);
    json::objects(&text)
        .find_map(|object| object.is_complete.then(|| parse(&object))?)
        .ok_or_else(|| ApiError::Transient(Transient::from_unexpected(response)))
}

fn read_error(response: &HttpResponse, now: Timestamp) -> ApiError {
    match response.status {
        // A network's login page with this status says nothing about the token.
        StatusCode::UNAUTHORIZED if !response.is_from_a_portal() => ApiError::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ApiError::Transient(Transient::Busy(http::retry_after(&response.headers, now)))
        }
        _ => ApiError::Transient(Transient::from_unexpected(response)),
    }
}

impl Api<'_> {
    /// Requests the token's user.
    ///
    /// # Errors
    /// [`ApiError`] when the request fails or the response has no user ID.
    pub async fn me(&self) -> Result<User, ApiError> {
        self.get("me", read_user).await
    }

    /// Requests the token's team.
    ///
    /// # Errors
    /// [`ApiError`] when the request fails or the response has no UUID.
    pub async fn team(&self) -> Result<Team, ApiError> {
        self.get("team", read_team).await
    }

    /// Requests the user's role in the team; `None` if it is one that this version doesn't know.
    ///
    /// # Errors
    /// [`ApiError`] when the request fails.
    pub async fn role(&self) -> Result<Option<Role>, ApiError> {
        self.get("team/me", read_role).await
    }

    /// Requests all teams that the token's user belongs to, also those that the token isn't for: the
    /// first [`MAX_TEAMS`] of them.
    ///
    /// # Errors
    /// [`ApiError`] when the request fails or the response has no list of teams.
    pub async fn teams(&self) -> Result<Vec<Team>, ApiError> {
        let mut url = self.base_url.api(TEAMS);
        url.set_query(Some(&format!("limit={MAX_TEAMS}")));
        self.get_url(TEAMS, url, read_teams).await
    }

    /// Checks whether the access token is valid, with the cheapest request there is.
    ///
    /// # Errors
    /// [`ApiError::Unauthenticated`] when it isn't, [`ApiError::Transient`] when that is unknown.
    pub async fn status(&self) -> Result<(), ApiError> {
        self.get("status", read_status).await
    }

    /// Requests user, team, role and the user's teams concurrently. Except for the user, what fails is
    /// left out; so are the user's teams where they take long.
    ///
    /// # Errors
    /// [`ApiError`] when the request for the user fails.
    pub async fn identity(&self) -> Result<Identity, ApiError> {
        let teams = async {
            tokio::time::timeout(TEAMS_TIMEOUT, self.teams())
                .await
                .inspect_err(|_| tracing::warn!(resource = TEAMS, "api: request timed out"))
        };
        let (user, team, role, teams) = tokio::join!(self.me(), self.team(), self.role(), teams);
        Ok(Identity {
            user: user?,
            team: team.ok(),
            role: role.ok().flatten(),
            teams: teams.ok().and_then(Result::ok),
        })
    }

    async fn get<T>(
        &self,
        resource: &str,
        read: impl FnOnce(&HttpResponse, Timestamp) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.get_url(resource, self.base_url.api(resource), read)
            .await
    }

    async fn get_url<T>(
        &self,
        resource: &str,
        url: Url,
        read: impl FnOnce(&HttpResponse, Timestamp) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let request = self.client.get(url).bearer_auth(self.access.expose());
        let response = http::send(request).await.map_err(|error| {
            tracing::warn!(resource, error = %chain(&error), "api: request failed");
            ApiError::from(error)
        })?;
        let result = read(&response, self.now);
        if result.is_err() && !response.status.is_success() {
            let status = response.status.as_u16();
            tracing::warn!(resource, status, "api: request rejected");
        }
        result
    }
}
