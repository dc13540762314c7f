//! The API, version 2, as far as signing in needs it: who the token belongs to, and whether it
//! lives.

use jiff::Timestamp;
use reqwest::header::HeaderName;
use reqwest::{Client, StatusCode};
use uuid::Uuid;

use crate::account::{Identity, Role, Team, User, plain_text};
use crate::http::{self, RequestError};
use crate::lenient_json::{self as json, Object};
use crate::registration::BaseUrl;
use crate::token::{AccessToken, Transient};

#[cfg(test)]
mod tests;

/// How many requests the user may still make; the count is shared by all tokens of one user in one
/// team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// `X-RateLimit-Limit`: requests in a window.
    pub limit: u64,
    /// `X-RateLimit-Remaining`: requests left in it.
    pub remaining: u64,
}

/// Why the API didn't answer the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiError {
    /// 401: the access token is not taken any more.
    Unauthenticated,
    /// It didn't work this time.
    Transient(Transient),
}

impl From<RequestError> for ApiError {
    fn from(problem: RequestError) -> Self {
        Self::Transient(match problem {
            RequestError::NotSent(connect_error, _) => connect_error.into(),
            RequestError::Lost(_) => Transient::Offline,
            RequestError::TooLarge => Transient::UnexpectedResponse,
        })
    }
}

/// The API of one service, asked with one token.
pub struct Api<'a> {
    /// The HTTP client.
    pub client: &'a Client,
    /// Where the service is.
    pub base_url: &'a BaseUrl,
    /// Whose answers are wanted.
    pub access: &'a AccessToken,
    /// The time now, to read `Retry-After` dates by.
    pub now: Timestamp,
}

/// Reads an answer of `GET /me`. Only the user's number is needed; what is shown beside it may be
/// missing or odd.
///
/// # Errors
/// [`ApiError`].
pub fn read_user(answer: &http::Answer, now: Timestamp) -> Result<User, ApiError> {
    read(answer, now, |object| {
        Some(User {
            id: only(object.words("id").filter_map(|id| whole_number(&id)))?,
            name: shown(object, "name"),
            email: shown(object, "email"),
            is_verified: object.flag("is_verified"),
            is_disabled: object.flag("is_disabled"),
        })
    })
}

/// Reads an answer of `GET /team`. Only the team's identity is needed.
///
/// # Errors
/// [`ApiError`].
pub fn read_team(answer: &http::Answer, now: Timestamp) -> Result<Team, ApiError> {
    read(answer, now, |object| {
        Some(Team {
            uuid: only(
                object
                    .texts("uuid")
                    .filter_map(|uuid| Uuid::try_parse(&uuid).ok()),
            )?,
            name: shown(object, "name"),
        })
    })
}

/// Reads an answer of `GET /team/me`. A role this version doesn't know is no reason to fail.
///
/// # Errors
/// [`ApiError`].
pub fn read_role(answer: &http::Answer, now: Timestamp) -> Result<Option<Role>, ApiError> {
    read(answer, now, |object| {
        Some(object.texts("role").rev().find_map(|role| {
            let role = serde_json::Value::from(role.to_ascii_lowercase());
            serde_json::from_value(role).ok()
        }))
    })
}

/// The one value there is. Two that differ would leave open who is meant.
fn only<Value: PartialEq>(mut values: impl Iterator<Item = Value>) -> Option<Value> {
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

/// A whole number, however it is written: `345789`, `345789.0`, `3.45789e5`.
fn whole_number(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // Beyond that, a float is no number of its own.
        let is_exact = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
        is_exact.then(|| format!("{number:.0}").parse().ok())?
    })
}

/// A text that is shown; empty where there is none.
fn shown(object: &Object<'_>, name: &str) -> String {
    object
        .texts(name)
        .map(|text| plain_text(&text))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Reads an answer of `GET /status`.
///
/// # Errors
/// [`ApiError`].
pub fn read_status(answer: &http::Answer, now: Timestamp) -> Result<(), ApiError> {
    // Nothing but 204: a gateway's page must not pass for a living token.
    if answer.status == StatusCode::NO_CONTENT {
        Ok(())
    } else {
        Err(read_failure(answer, now))
    }
}

fn read<Told>(
    answer: &http::Answer,
    now: Timestamp,
    told: impl Fn(&Object<'_>) -> Option<Told>,
) -> Result<Told, ApiError> {
    if !answer.status.is_success() {
        return Err(read_failure(answer, now));
    }
    if let Some(rate_limit) = rate_limit(answer) {
        tracing::debug!(?rate_limit, "the API answered");
    }
    let text = json::decode(&answer.body);
    json::objects(&text)
        .find_map(|object| object.is_whole.then(|| told(&object))?)
        .ok_or_else(|| ApiError::Transient(Transient::of_unexpected(answer)))
}

fn read_failure(answer: &http::Answer, now: Timestamp) -> ApiError {
    match answer.status {
        // A page for people in its place says nothing of the token.
        StatusCode::UNAUTHORIZED if !answer.is_from_a_portal() => ApiError::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ApiError::Transient(Transient::Busy(http::retry_after(&answer.headers, now)))
        }
        _ => ApiError::Transient(Transient::of_unexpected(answer)),
    }
}

impl Api<'_> {
    /// Who the token belongs to.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn me(&self) -> Result<User, ApiError> {
        self.ask("me", read_user).await
    }

    /// The team the token belongs to.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn team(&self) -> Result<Team, ApiError> {
        self.ask("team", read_team).await
    }

    /// What the person is in that team; `None` where Amiqus gives none, or one this version
    /// doesn't know.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn role(&self) -> Result<Option<Role>, ApiError> {
        self.ask("team/me", read_role).await
    }

    /// Whether the token lives: the cheapest question there is.
    ///
    /// # Errors
    /// [`ApiError::Unauthenticated`] when it doesn't; otherwise it can't be told.
    pub async fn status(&self) -> Result<(), ApiError> {
        self.ask("status", read_status).await
    }

    /// Person, team and role, asked side by side. A team or role that fails is left out.
    ///
    /// # Errors
    /// [`ApiError`] of `/me`.
    pub async fn identity(&self) -> Result<Identity, ApiError> {
        let (user, team, role) = tokio::join!(self.me(), self.team(), self.role());
        Ok(Identity {
            user: user?,
            team: team.ok(),
            role: role.ok().flatten(),
        })
    }

    async fn ask<Told>(
        &self,
        resource: &str,
        read: impl FnOnce(&http::Answer, Timestamp) -> Result<Told, ApiError>,
    ) -> Result<Told, ApiError> {
        let request = self
            .client
            .get(self.base_url.api(resource))
            .bearer_auth(self.access.expose());
        let answer = http::send(request).await.map_err(|problem| {
            tracing::warn!(resource, %problem, "the API gave no whole answer");
            ApiError::from(problem)
        })?;
        let told = read(&answer, self.now);
        if told.is_err() && !answer.status.is_success() {
            let status = answer.status.as_u16();
            tracing::warn!(resource, status, "the API refused");
        }
        told
    }
}

/// The rate-limit headers of an answer.
#[must_use]
pub fn rate_limit(answer: &http::Answer) -> Option<RateLimit> {
    Some(RateLimit {
        limit: http::number(
            &answer.headers,
            &HeaderName::from_static("x-ratelimit-limit"),
        )?,
        remaining: http::number(
            &answer.headers,
            &HeaderName::from_static("x-ratelimit-remaining"),
        )?,
    })
}
