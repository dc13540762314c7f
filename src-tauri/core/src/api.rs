//! The API, version 2, as far as signing in needs it: who the token belongs to, and whether it
//! lives.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderName;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::account::{Identity, Person, Role, Team, plain_text};
use crate::http::{self, NoAnswer};
use crate::json;
use crate::registration::BaseUrl;
use crate::token::{AccessToken, Transient};

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
pub enum ApiFailure {
    /// 401: the access token is not taken any more.
    Unauthenticated,
    /// It didn't work this time.
    Transient(Transient),
}

impl From<NoAnswer> for ApiFailure {
    fn from(problem: NoAnswer) -> Self {
        Self::Transient(match problem {
            NoAnswer::NotSent(obstacle, _) => obstacle.into(),
            NoAnswer::Lost(_) => Transient::Offline,
            NoAnswer::TooLarge => Transient::OddAnswer,
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

/// `GET /me`.
#[derive(Deserialize)]
struct MeAnswer {
    id: u64,
    name: String,
    email: String,
    #[serde(default)]
    is_verified: Option<bool>,
    #[serde(default)]
    is_disabled: Option<bool>,
}

/// `GET /team`.
#[derive(Deserialize)]
struct TeamAnswer {
    uuid: Uuid,
    name: String,
}

/// `GET /team/me`. A role this version doesn't know is no reason to fail.
#[derive(Deserialize)]
struct TeamMemberAnswer {
    #[serde(default)]
    role: serde_json::Value,
}

/// Reads an answer of `GET /me`.
///
/// # Errors
/// [`ApiFailure`].
pub fn read_person(answer: &http::Answer, now: Timestamp) -> Result<Person, ApiFailure> {
    let told: MeAnswer = read(answer, now)?;
    Ok(Person {
        id: told.id,
        name: plain_text(&told.name),
        email: plain_text(&told.email),
        is_verified: told.is_verified.unwrap_or(false),
        is_disabled: told.is_disabled.unwrap_or(false),
    })
}

/// Reads an answer of `GET /team`.
///
/// # Errors
/// [`ApiFailure`].
pub fn read_team(answer: &http::Answer, now: Timestamp) -> Result<Team, ApiFailure> {
    let told: TeamAnswer = read(answer, now)?;
    Ok(Team {
        uuid: told.uuid,
        name: plain_text(&told.name),
    })
}

/// Reads an answer of `GET /team/me`.
///
/// # Errors
/// [`ApiFailure`].
pub fn read_role(answer: &http::Answer, now: Timestamp) -> Result<Option<Role>, ApiFailure> {
    let told: TeamMemberAnswer = read(answer, now)?;
    Ok(serde_json::from_value(told.role).ok())
}

/// Reads an answer of `GET /status`.
///
/// # Errors
/// [`ApiFailure`].
pub fn read_status(answer: &http::Answer, now: Timestamp) -> Result<(), ApiFailure> {
    // Nothing but 204: a gateway's page must not pass for a living token.
    if answer.status == StatusCode::NO_CONTENT {
        Ok(())
    } else {
        Err(read_failure(answer, now))
    }
}

fn read<Told: DeserializeOwned>(answer: &http::Answer, now: Timestamp) -> Result<Told, ApiFailure> {
    if answer.status != StatusCode::OK {
        return Err(read_failure(answer, now));
    }
    if let Some(rate_limit) = rate_limit(answer) {
        tracing::debug!(?rate_limit, "the API answered");
    }
    json::object(&answer.body).ok_or_else(|| ApiFailure::Transient(Transient::of_odd(answer)))
}

fn read_failure(answer: &http::Answer, now: Timestamp) -> ApiFailure {
    let status = answer.status;
    let retry_after: Option<SignedDuration> = http::retry_after(&answer.headers, now);
    match status {
        StatusCode::UNAUTHORIZED => ApiFailure::Unauthenticated,
        StatusCode::FORBIDDEN => ApiFailure::Transient(Transient::NotPermitted),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ApiFailure::Transient(Transient::Busy(retry_after))
        }
        _ if answer.is_from_a_portal() => ApiFailure::Transient(Transient::CaptivePortal),
        _ if answer.is_server_error() => ApiFailure::Transient(Transient::Unwell),
        _ => ApiFailure::Transient(Transient::OddAnswer),
    }
}

impl Api<'_> {
    /// Who the token belongs to.
    ///
    /// # Errors
    /// [`ApiFailure`].
    pub async fn me(&self) -> Result<Person, ApiFailure> {
        self.ask("me", read_person).await
    }

    /// The team the token belongs to.
    ///
    /// # Errors
    /// [`ApiFailure`].
    pub async fn team(&self) -> Result<Team, ApiFailure> {
        self.ask("team", read_team).await
    }

    /// What the person is in that team; `None` where Amiqus gives none, or one this version
    /// doesn't know.
    ///
    /// # Errors
    /// [`ApiFailure`].
    pub async fn role(&self) -> Result<Option<Role>, ApiFailure> {
        self.ask("team/me", read_role).await
    }

    /// Whether the token lives: the cheapest question there is.
    ///
    /// # Errors
    /// [`ApiFailure::Unauthenticated`] when it doesn't; otherwise it can't be told.
    pub async fn status(&self) -> Result<(), ApiFailure> {
        self.ask("status", read_status).await
    }

    /// Person, team and role, asked side by side. A team or role that fails is left out.
    ///
    /// # Errors
    /// [`ApiFailure`] of `/me`.
    pub async fn identity(&self) -> Result<Identity, ApiFailure> {
        let (person, team, role) = tokio::join!(self.me(), self.team(), self.role());
        Ok(Identity {
            person: person?,
            team: team.ok(),
            role: role.ok().flatten(),
        })
    }

    async fn ask<Told>(
        &self,
        resource: &str,
        read: impl FnOnce(&http::Answer, Timestamp) -> Result<Told, ApiFailure>,
    ) -> Result<Told, ApiFailure> {
        let request = self
            .client
            .get(self.base_url.api(resource))
            .bearer_auth(self.access.expose());
        let answer = http::send(request).await.map_err(|problem| {
            tracing::warn!(resource, %problem, "the API gave no whole answer");
            ApiFailure::from(problem)
        })?;
        let told = read(&answer, self.now);
        if told.is_err() && !matches!(answer.status, StatusCode::OK | StatusCode::NO_CONTENT) {
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
