//! The Rust API of the practice service.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinHandle;

use crate::authorization::{self, AuthorizationRequest};
use crate::database::{Database, Grant};
use crate::error::{ControlError, StartError};
use crate::faults::FaultPlan;
use crate::people::PracticePerson;
use crate::random;
use crate::request_log::RequestRecord;
use crate::resources::Change;
use crate::server;
use crate::service::Service;
use crate::settings::{Generation, Settings};
use crate::token_endpoint::{self, TokenSet};
use crate::user_actions::{self, Answer, find_member};

/// A running practice service with its own port and its own data. Dropping it stops it.
///
/// [`Practice::start`] must be called within a Tokio runtime, and the service runs as a task of that
/// runtime. The synchronous methods can be called from any thread.
#[derive(Debug)]
pub struct Practice {
    service: Arc<Service>,
    base_url: String,
    client_id: String,
    client_secret: String,
    server: JoinHandle<()>,
}

/// The user and the team that a token was issued for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The user's e-mail address.
    pub person: String,
    /// The team's name.
    pub team: String,
}

impl Practice {
    /// Starts a practice service on the loopback interface. It accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// When the port is taken, or the state file cannot be used or has no API client.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let port = settings.port;
        let bind_error = |source| StartError::Bind { port, source };
        let listener = server::bind(port).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let service = Arc::new(Service::open(settings).map_err(StartError::StateFile)?);
        let (client_id, client_secret) = service
            .read(|db| {
                db.clients
                    .first()
                    .map(|client| (client.id.clone(), client.secret.clone()))
            })
            .ok_or(StartError::MissingClient)?;
        let server = tokio::spawn(server::serve(listener, Arc::clone(&service)));
        Ok(Self {
            service,
            base_url: format!("http://{address}"),
            client_id,
            client_secret,
            server,
        })
    }

    /// Stops the service and waits until its port is free. Dropping the service does not wait.
    pub async fn stop(mut self) {
        self.server.abort();
        // The error says that the task was cancelled, which is intended.
        let _ = (&mut self.server).await;
    }

    /// The URL of the service, without a trailing slash: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The client ID of the first API client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret of the first API client.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The redirect URLs of the first API client.
    #[must_use]
    pub fn redirect_urls(&self) -> Vec<String> {
        self.service.read(|db| {
            db.client(&self.client_id)
                .map_or_else(Vec::new, |client| client.redirect_urls.clone())
        })
    }

    /// Everyone who can log in, with their passwords.
    #[must_use]
    pub fn people(&self) -> Vec<PracticePerson> {
        self.service.read(Database::practice_people)
    }

    /// Adds a fault plan. Of several plans that apply to a request, the oldest is used.
    pub fn set_fault(&self, plan: FaultPlan) {
        self.service.fault_plans.add(plan);
    }

    /// Removes all fault plans.
    pub fn clear_faults(&self) {
        self.service.fault_plans.clear();
    }

    /// All requests received so far, oldest first, except those below `/practice/`.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.service.request_log.all()
    }

    /// All requests received so far with this path, oldest first.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<RequestRecord> {
        self.requests()
            .into_iter()
            .filter(|request| request.path == path)
            .collect()
    }

    /// All requests to the API received so far, oldest first.
    #[must_use]
    pub fn api_requests(&self) -> Vec<RequestRecord> {
        self.requests()
            .into_iter()
            .filter(RequestRecord::is_to_api)
            .collect()
    }

    /// What requests to the API have created and changed so far, oldest first. Unlike the request log,
    /// it has no requests that were rejected or never processed.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.service.resources.changes()
    }

    /// The complaints about all requests received so far. A well-behaved client causes none.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .flat_map(|request| request.complaints)
            .collect()
    }

    /// Clears the request log.
    pub fn clear_requests(&self) {
        self.service.request_log.clear();
    }

    /// Issues an authorization code, as if a user had clicked **Allow**.
    ///
    /// `team` is a name, an identifier or a UUID. `code_challenge` is an `S256` challenge; `None`
    /// stands for an authorization request without PKCE.
    ///
    /// # Errors
    ///
    /// When the user or the team is unknown, or the first API client has not registered the redirect
    /// URL.
    pub fn grant(
        &self,
        email: &str,
        team: &str,
        redirect_url: &str,
        code_challenge: Option<&str>,
    ) -> Result<String, ControlError> {
        let grant = self.new_grant(email, team, redirect_url)?;
        let request = AuthorizationRequest {
            client_id: grant.client_id,
            client_name: String::new(),
            redirect_uri: grant.redirect_uri,
            state: None,
            code_challenge: code_challenge.map(str::to_owned),
        };
        Ok(authorization::issue_code(
            &self.service,
            &request,
            grant.person_id,
            grant.team_id,
        ))
    }

    /// Issues a token set, as if an authorization code had been issued and exchanged.
    ///
    /// # Errors
    ///
    /// As for [`Practice::grant`].
    pub fn grant_tokens(
        &self,
        email: &str,
        team: &str,
        redirect_url: &str,
    ) -> Result<TokenSet, ControlError> {
        let grant = self.new_grant(email, team, redirect_url)?;
        let now = self.service.clock.now();
        let settings = &self.service.settings;
        let code_hash = random::sha256_hex(&random::authorization_code());
        Ok(self
            .service
            .update(|db| token_endpoint::issue_token_set(db, grant, code_hash, now, settings)))
    }

    /// Answers an authorization request as a logged-in user; returns the URL that the browser is
    /// redirected to.
    ///
    /// # Errors
    ///
    /// When the user or the team is unknown, or the service shows an error page instead of a
    /// redirect.
    pub fn answer(
        &self,
        authorization_url: &str,
        email: &str,
        team: &str,
        answer: Answer,
    ) -> Result<String, ControlError> {
        user_actions::answer_authorization_request(
            &self.service,
            authorization_url,
            email,
            team,
            answer,
        )
    }

    /// Revokes all tokens of a user in a team, as **Remove access** on the page *Team apps* does;
    /// returns how many token sets were not yet revoked.
    ///
    /// # Errors
    ///
    /// When the user or the team is unknown.
    pub fn revoke_everything(&self, email: &str, team: &str) -> Result<usize, ControlError> {
        user_actions::revoke_all_tokens(&self.service, email, team)
    }

    /// Advances the service's clock.
    pub fn advance(&self, by: Duration) {
        self.service.advance(by);
    }

    /// Stops the service's clock and returns its time. From then on only [`Practice::advance`] moves
    /// it, so that the age of a token does not depend on how long a test takes.
    #[must_use]
    pub fn stop_clock(&self) -> Timestamp {
        self.service.clock.stop();
        self.service.clock.now()
    }

    /// Changes the format of the OAuth errors.
    pub fn set_generation(&self, generation: Generation) {
        self.service.set_generation(generation);
    }

    /// Changes [`Settings::skip_consent_when_connected`].
    pub fn set_skip_consent_when_connected(&self, skip: bool) {
        self.service.set_skip_consent(skip);
    }

    /// Sets the member `is_disabled` in a user's response of `/api/v2/me`.
    ///
    /// # Errors
    ///
    /// When the user is unknown.
    pub fn set_disabled(&self, email: &str, is_disabled: bool) -> Result<(), ControlError> {
        self.service.update(|db| {
            let person = db
                .person_by_email_mut(email)
                .ok_or_else(|| ControlError::UnknownPerson(email.to_owned()))?;
            person.is_disabled = is_disabled;
            Ok(())
        })
    }

    /// Changes a user's role in a team: `owner`, `member`, `read-only`, `assigned-only`, any other text
    /// for a role that clients don't know, or `None` for a user who has left the team.
    ///
    /// # Errors
    ///
    /// When the user or the team is unknown.
    pub fn set_role(
        &self,
        email: &str,
        team: &str,
        role: Option<&str>,
    ) -> Result<(), ControlError> {
        user_actions::set_role(&self.service, email, team, role)
    }

    /// Changes [`Settings::large_file_bytes`].
    pub fn set_large_file_bytes(&self, bytes: u64) {
        self.service.set_large_file_bytes(bytes);
    }

    /// Whether an access token is neither expired nor revoked.
    #[must_use]
    pub fn is_access_token_live(&self, access_token: &str) -> bool {
        let now = self.service.clock.now();
        self.service.read(|db| {
            db.find_by_access_token(access_token)
                .is_some_and(|set| set.is_access_token_live(now))
        })
    }

    /// Whether a refresh token is neither used, expired nor revoked.
    #[must_use]
    pub fn is_refresh_token_live(&self, refresh_token: &str) -> bool {
        let now = self.service.clock.now();
        self.service.read(|db| {
            db.find_by_refresh_token(refresh_token)
                .is_some_and(|set| set.is_refresh_token_live(now))
        })
    }

    /// Whether an authorization code was exchanged for a token set.
    #[must_use]
    pub fn is_code_redeemed(&self, code: &str) -> bool {
        self.service
            .read(|db| db.find_code(code).is_some_and(|code| code.is_used))
    }

    /// The user and the team of an access token or a refresh token, live or not. `None` if the service
    /// did not issue it.
    #[must_use]
    pub fn holder(&self, token: &str) -> Option<Holder> {
        self.service.read(|db| {
            let set = db
                .find_by_access_token(token)
                .or_else(|| db.find_by_refresh_token(token))?;
            Some(Holder {
                person: db.person(set.grant.person_id)?.email.clone(),
                team: db.team(set.grant.team_id)?.name.clone(),
            })
        })
    }

    /// The number of live refresh tokens of a user in a team.
    ///
    /// # Errors
    ///
    /// When the user or the team is unknown.
    pub fn live_refresh_tokens(&self, email: &str, team: &str) -> Result<usize, ControlError> {
        let now = self.service.clock.now();
        self.service.read(|db| {
            let (person_id, team_id) = find_member(db, email, team)?;
            let sets = db.token_sets.iter();
            Ok(sets
                .filter(|set| set.grant.person_id == person_id && set.grant.team_id == team_id)
                .filter(|set| set.is_refresh_token_live(now))
                .count())
        })
    }

    /// Restores the initial state: no codes, tokens, sessions, fault plans, logged requests or changes
    /// to the data of the teams; the clock shows the real time. API clients are kept.
    pub fn reset(&self) {
        self.service.reset();
    }

    fn new_grant(
        &self,
        email: &str,
        team: &str,
        redirect_url: &str,
    ) -> Result<Grant, ControlError> {
        self.service.read(|db| {
            let (person_id, team_id) = find_member(db, email, team)?;
            let is_registered = db
                .client(&self.client_id)
                .is_some_and(|client| client.has_redirect_url(redirect_url));
            if !is_registered {
                return Err(ControlError::UnregisteredRedirectUrl(
                    redirect_url.to_owned(),
                ));
            }
            Ok(Grant {
                client_id: self.client_id.clone(),
                person_id,
                team_id,
                redirect_uri: redirect_url.to_owned(),
            })
        })
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.server.abort();
    }
}
