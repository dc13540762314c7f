//! A practice service in the hands of a test.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};

use crate::faults::FaultPlan;
use crate::grants::{self, AuthorizationRequest, Refusal};
use crate::oauth_error::OAuthError;
use crate::people::PracticePerson;
use crate::random;
use crate::records::{Grant, Records};
use crate::requests::RequestRecord;
use crate::server;
use crate::service::Service;
use crate::settings::{Generation, Settings};
use crate::tokens::{self, TokenSet};

/// A practice service that is running: on a port of its own, with books of its own, until it is
/// dropped.
///
/// It needs a Tokio runtime to start in, and runs for as long as that runtime does. All other methods
/// can be called from anywhere.
#[derive(Debug)]
pub struct Practice {
    service: Arc<Service>,
    base_url: String,
    client_id: String,
    client_secret: String,
    serving: JoinHandle<()>,
}

/// What a person answers on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The button **Allow**.
    Allow,
    /// The button **Deny**.
    Deny,
}

/// Whom the service gave a token to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person's e-mail address.
    pub person: String,
    /// The team's name.
    pub team: String,
}

/// Why a practice service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or there is no loopback interface.
    #[error("cannot listen on port {port} of 127.0.0.1")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The state file cannot be read or written.
    #[error("cannot use the state file")]
    State(#[source] std::io::Error),
    /// The state file has no API client.
    #[error("the state file has no API client")]
    NoClient,
}

/// Why the service cannot do what a test asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unable {
    /// Nobody has this e-mail address.
    #[error("nobody has the e-mail address {0:?}")]
    NoSuchPerson(String),
    /// There is no such team, or the person does not work in it.
    #[error("the person does not work in a team {0:?}")]
    NotInTeam(String),
    /// The redirect URL is not registered.
    #[error("the redirect URL {0:?} is not registered")]
    NotRegistered(String),
    /// The authorization URL is not one that the service answers with a redirect.
    #[error("the service shows an error page: {0}")]
    Refused(String),
}

impl Practice {
    /// Starts a practice service on the loopback interface. It is ready when this returns.
    ///
    /// # Errors
    ///
    /// When the port is taken or the state file cannot be used.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let port = settings.port;
        let listening = |source| StartError::Port { port, source };
        let listener = server::bind(port).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let service = Arc::new(Service::open(settings).map_err(StartError::State)?);
        let (client_id, client_secret) = service
            .read(|records| {
                records
                    .clients
                    .first()
                    .map(|client| (client.id.clone(), client.secret.clone()))
            })
            .ok_or(StartError::NoClient)?;
        let serving = tokio::spawn(server::serve(listener, Arc::clone(&service)));
        Ok(Self {
            service,
            base_url: format!("http://{address}"),
            client_id,
            client_secret,
            serving,
        })
    }

    /// Stops the service and waits until its port is free. Dropping it stops it as well, but does not
    /// wait.
    pub async fn stop(mut self) {
        self.serving.abort();
        // The task was cancelled, which is what was wanted.
        let _ = (&mut self.serving).await;
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
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
        self.service.read(|records| {
            records
                .client(&self.client_id)
                .map_or_else(Vec::new, |it| it.redirect_urls.clone())
        })
    }

    /// Everyone who can log in.
    #[must_use]
    pub fn people(&self) -> Vec<PracticePerson> {
        self.service.read(Records::practice_people)
    }

    /// Plans a fault.
    pub fn set_fault(&self, plan: FaultPlan) {
        self.service.faults.plan(plan);
    }

    /// Forgets all plans.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Every request so far, the oldest first, except those to the test controls.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.service.log.all()
    }

    /// Every request so far to one path.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<RequestRecord> {
        self.requests()
            .into_iter()
            .filter(|request| request.path == path)
            .collect()
    }

    /// Everything that was wrong with the requests so far, in the service's eyes. A well-behaved
    /// client leaves this empty.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .flat_map(|request| request.complaints)
            .collect()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.service.log.clear();
    }

    /// A code, as if a person (by e-mail address) had clicked Allow in a team (by name, identifier or
    /// UUID). `challenge` is the S256 challenge; without one, the request had no PKCE.
    ///
    /// # Errors
    ///
    /// When there is no such person or team, or the first API client has not registered the URL.
    pub fn grant(
        &self,
        person: &str,
        team: &str,
        redirect_url: &str,
        challenge: Option<&str>,
    ) -> Result<String, Unable> {
        let grant = self.find_grant(person, team, redirect_url)?;
        let request = AuthorizationRequest {
            client_id: grant.client_id,
            client_name: String::new(),
            redirect_uri: grant.redirect_uri,
            state: None,
            code_challenge: challenge.map(str::to_owned),
        };
        Ok(grants::issue_code(
            &self.service,
            &request,
            grant.person,
            grant.team,
        ))
    }

    /// A token set, as if a code had been granted and redeemed.
    ///
    /// # Errors
    ///
    /// As for [`Practice::grant`].
    pub fn grant_tokens(
        &self,
        person: &str,
        team: &str,
        redirect_url: &str,
    ) -> Result<TokenSet, Unable> {
        let grant = self.find_grant(person, team, redirect_url)?;
        let now = self.service.clock.now();
        let settings = &self.service.settings;
        let code = random::fingerprint(&random::authorization_code());
        Ok(self
            .service
            .change(|records| tokens::issue(records, grant, code, now, settings)))
    }

    /// What a browser would be redirected to if a person, logged in with a team, opened this
    /// authorization URL and gave this answer on the consent page.
    ///
    /// # Errors
    ///
    /// When there is no such person or team, or the service shows an error page instead of a
    /// redirect.
    pub fn answer(
        &self,
        authorization_url: &str,
        person: &str,
        team: &str,
        answer: Answer,
    ) -> Result<String, Unable> {
        answer_authorization(&self.service, authorization_url, person, team, answer)
    }

    /// Revokes all tokens of a person in a team, as **Remove access** on the page *Team apps* does;
    /// says how many token sets were not revoked already.
    ///
    /// # Errors
    ///
    /// When there is no such person or team.
    pub fn revoke_everything(&self, person: &str, team: &str) -> Result<usize, Unable> {
        revoke_everything(&self.service, person, team)
    }

    /// Turns the service's clock forward.
    pub fn advance(&self, by: Duration) {
        self.service.advance(by);
    }

    /// Stops the service's clock, and says what it shows. From then on only [`Practice::advance`]
    /// moves it, to the millisecond: however long a test takes, no token ages by itself.
    #[must_use]
    pub fn stop_clock(&self) -> Timestamp {
        self.service.clock.stop();
        self.service.clock.now()
    }

    /// From now on, errors look like those of this generation.
    pub fn set_generation(&self, generation: Generation) {
        self.service.set_generation(generation);
    }

    /// From now on, people who are connected already see the consent page again, or don't.
    pub fn set_skip_consent_when_connected(&self, skips: bool) {
        self.service.set_skips_consent(skips);
    }

    /// Disables a person, or enables them again: `is_disabled` of `/me`.
    ///
    /// # Errors
    ///
    /// When there is no such person.
    pub fn set_disabled(&self, person: &str, is_disabled: bool) -> Result<(), Unable> {
        let nobody = || Unable::NoSuchPerson(person.to_owned());
        let id = self
            .service
            .read(|records| records.person_by_email(person).map(|it| it.id));
        let id = id.ok_or_else(nobody)?;
        self.service.change(|records| {
            for person in records.people.iter_mut().filter(|person| person.id == id) {
                person.is_disabled = is_disabled;
            }
        });
        Ok(())
    }

    /// Whether an access token works at this moment.
    #[must_use]
    pub fn is_access_token_live(&self, access_token: &str) -> bool {
        let now = self.service.clock.now();
        self.service.read(|records| {
            records
                .by_access_token(access_token)
                .is_some_and(|it| it.is_live(now))
        })
    }

    /// Whether a refresh token can be traded at this moment.
    #[must_use]
    pub fn is_refresh_token_live(&self, refresh_token: &str) -> bool {
        let now = self.service.clock.now();
        self.service.read(|records| {
            records
                .by_refresh_token(refresh_token)
                .is_some_and(|it| it.can_refresh(now))
        })
    }

    /// Whether a code was traded for a token set.
    #[must_use]
    pub fn is_code_redeemed(&self, code: &str) -> bool {
        let fingerprint = random::fingerprint(code);
        self.service.read(|records| {
            let mut codes = records.codes.iter();
            codes.any(|code| code.is_used && code.fingerprint == fingerprint)
        })
    }

    /// Whose token this is: an access token or a refresh token, dead or alive. `None` when the service
    /// never gave it away.
    #[must_use]
    pub fn holder(&self, token: &str) -> Option<Holder> {
        self.service.read(|records| {
            let set = records
                .by_access_token(token)
                .or_else(|| records.by_refresh_token(token))?;
            Some(Holder {
                person: records.person(set.grant.person)?.email.clone(),
                team: records.team(set.grant.team)?.name.clone(),
            })
        })
    }

    /// How many refresh tokens of a person in a team can be traded at this moment.
    ///
    /// # Errors
    ///
    /// When there is no such person or team.
    pub fn live_refresh_tokens(&self, person: &str, team: &str) -> Result<usize, Unable> {
        let now = self.service.clock.now();
        self.service.read(|records| {
            let (person, team) = member(records, person, team)?;
            let sets = records.token_sets.iter();
            Ok(sets
                .filter(|set| set.grant.person == person && set.grant.team == team)
                .filter(|set| set.can_refresh(now))
                .count())
        })
    }

    /// Back to the first day: no codes, no tokens, nobody logged in, no faults, an empty log, the
    /// real time. API clients stay as they are.
    pub fn reset(&self) {
        self.service.reset();
    }

    fn find_grant(&self, person: &str, team: &str, wanted: &str) -> Result<Grant, Unable> {
        self.service.read(|records| {
            let (person, team) = member(records, person, team)?;
            let is_registered = records
                .client(&self.client_id)
                .is_some_and(|client| client.redirect_urls.iter().any(|url| url == wanted));
            if !is_registered {
                return Err(Unable::NotRegistered(wanted.to_owned()));
            }
            Ok(Grant {
                client_id: self.client_id.clone(),
                person,
                team,
                redirect_uri: wanted.to_owned(),
            })
        })
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The IDs of a person and of a team that they work in.
fn member(records: &Records, person: &str, team: &str) -> Result<(u64, u64), Unable> {
    let person = records
        .person_by_email(person)
        .ok_or_else(|| Unable::NoSuchPerson(person.to_owned()))?;
    records
        .team_called(team)
        .filter(|team| records.membership(person.id, team.id).is_some())
        .map(|team| (person.id, team.id))
        .ok_or_else(|| Unable::NotInTeam(team.to_owned()))
}

/// See [`Practice::answer`].
pub(crate) fn answer_authorization(
    service: &Service,
    authorization_url: &str,
    person: &str,
    team: &str,
    answer: Answer,
) -> Result<String, Unable> {
    let url = Url::parse(authorization_url).map_err(|error| Unable::Refused(error.to_string()))?;
    if url.path() != "/oauth/authorize" {
        return Err(Unable::Refused(
            "this is not the authorisation page".to_owned(),
        ));
    }
    let query: Vec<_> = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let generation = service.generation();
    let (person, team) = service.read(|records| member(records, person, team))?;
    match service.read(|records| AuthorizationRequest::check(&query, records, generation)) {
        Err(Refusal::Shown(text)) => Err(Unable::Refused(text)),
        Err(Refusal::Redirected(location)) => Ok(location),
        Ok(request) => Ok(match answer {
            Answer::Allow => request.granted(&grants::issue_code(service, &request, person, team)),
            Answer::Deny => request.refused(&OAuthError::access_denied(), generation),
        }),
    }
}

/// See [`Practice::revoke_everything`].
pub(crate) fn revoke_everything(
    service: &Service,
    person: &str,
    team: &str,
) -> Result<usize, Unable> {
    let (person, team) = service.read(|records| member(records, person, team))?;
    Ok(service.change(|records| {
        records.revoke(|set| set.grant.person == person && set.grant.team == team)
    }))
}
