//! Runs the effects that send requests to Amiqus.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::actor::SessionActor;
use super::{Dependencies, Message};
use crate::account::{AccountKey, Identity};
use crate::api::{Api, ApiError};
use crate::authorization::{AttemptId, CodeVerifier};
use crate::error::chain;
use crate::http::{Client, RequestError};
use crate::redirect::AuthorizationCode;
use crate::registration::{RedirectUrl, Registration};
use crate::session::{Event, TokenGeneration};
use crate::token::{self, AccessToken, RefreshToken, TokenError, TokenSet, Transient};

/// How often the owner of new tokens is requested before the sign-in is left unfinished.
const MAX_IDENTIFY_ATTEMPTS: u32 = 3;

/// The wait between the first two of these requests; it doubles.
const FIRST_IDENTIFY_INTERVAL: Duration = Duration::from_millis(500);

/// The longest `Retry-After` for which a user who is signing in waits.
const MAX_IDENTIFY_RETRY_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// What a request needs, apart from the actor.
struct Requester {
    dependencies: Arc<Dependencies>,
    registration: Registration,
}

impl SessionActor {
    /// `None` without a registration: then no request is sent.
    fn requester(&self) -> Option<Requester> {
        Some(Requester {
            dependencies: Arc::clone(&self.dependencies),
            registration: self.session.registration().cloned()?,
        })
    }

    /// Runs a request for tokens, and counts it until its response is handled: the process must not
    /// end before that.
    fn spawn_token_request(&self, request: impl Future<Output = Event> + Send + 'static) {
        self.in_flight.send_modify(|count| *count += 1);
        self.spawn(async move { Some(Message::TokenResponse(request.await)) });
    }

    pub(super) fn exchange(
        &self,
        attempt: AttemptId,
        code: AuthorizationCode,
        verifier: Option<CodeVerifier>,
        redirect_url: RedirectUrl,
    ) {
        let Some(requester) = self.requester() else {
            return;
        };
        self.spawn_token_request(async move {
            let tokens = requester.exchange(&redirect_url, code, verifier).await;
            Event::CodeExchanged(attempt, tokens)
        });
    }

    pub(super) fn refresh(
        &self,
        key: AccountKey,
        generation: TokenGeneration,
        refresh: RefreshToken,
        redirect_url: RedirectUrl,
    ) {
        let Some(requester) = self.requester() else {
            return;
        };
        self.spawn_token_request(async move {
            let tokens = requester.refresh(&refresh, &redirect_url).await;
            Event::Refreshed(key, generation, tokens)
        });
    }

    pub(super) fn identify(&self, generation: TokenGeneration, access: AccessToken) {
        let Some(requester) = self.requester() else {
            return;
        };
        self.spawn_event(async move {
            let identity = requester.identity_with_retries(&access).await;
            Some(Event::Identified(generation, identity))
        });
    }

    pub(super) fn probe(&self, key: AccountKey, generation: TokenGeneration, access: AccessToken) {
        let Some(requester) = self.requester() else {
            return;
        };
        self.spawn_event(async move {
            let status = requester.status(&access).await;
            Some(Event::Probed(key, generation, status))
        });
    }

    pub(super) fn check(&self, key: AccountKey, generation: TokenGeneration, access: AccessToken) {
        let Some(requester) = self.requester() else {
            return;
        };
        self.spawn_event(async move {
            requester.dependencies.host.first_painted().await;
            let identity = requester.identity(&access).await;
            Some(Event::Checked(key, generation, identity))
        });
    }

    /// Builds the HTTP client, which reads the system's trust store, while the user is in the
    /// browser: the sign-in then ends sooner.
    pub(super) fn warm_up_tls(&self) {
        let Some(requester) = self.requester() else {
            return;
        };
        self.spawn_event(async move {
            requester.dependencies.host.first_painted().await;
            // The next request tries again and reports the error.
            let _ = requester.client().await;
            None
        });
    }
}

impl Requester {
    async fn client(&self) -> Result<&Client, RequestError> {
        let client = self
            .dependencies
            .clients
            .for_service(&self.registration.base_url)
            .await;
        client.inspect_err(|error| {
            tracing::error!(error = %chain(error), "http: client creation failed");
        })
    }

    async fn api<'a>(&'a self, access: &'a AccessToken) -> Result<Api<'a>, RequestError> {
        Ok(Api {
            client: self.client().await?,
            base_url: &self.registration.base_url,
            access,
            now: self.dependencies.clock.now(),
        })
    }

    async fn exchange(
        &self,
        redirect_url: &RedirectUrl,
        code: AuthorizationCode,
        verifier: Option<CodeVerifier>,
    ) -> Result<TokenSet, TokenError> {
        let client = self.client().await?;
        let now = || self.dependencies.clock.now();
        token::exchange(
            client,
            &self.registration,
            redirect_url,
            code,
            verifier,
            now,
        )
        .await
    }

    async fn refresh(
        &self,
        refresh: &RefreshToken,
        redirect_url: &RedirectUrl,
    ) -> Result<TokenSet, TokenError> {
        let client = self.client().await?;
        let now = || self.dependencies.clock.now();
        token::refresh(client, &self.registration, refresh, redirect_url, now).await
    }

    async fn status(&self, access: &AccessToken) -> Result<(), ApiError> {
        self.api(access).await?.status().await
    }

    async fn identity(&self, access: &AccessToken) -> Result<Identity, ApiError> {
        self.api(access).await?.identity().await
    }

    /// Requests the owner of new tokens, and repeats a request that failed for a temporary cause: the
    /// user has just spent time on the sign-in.
    async fn identity_with_retries(&self, access: &AccessToken) -> Result<Identity, ApiError> {
        let mut wait = FIRST_IDENTIFY_INTERVAL;
        let mut attempts = 1;
        loop {
            match self.identity(access).await {
                Err(error) if error.is_retryable() && attempts < MAX_IDENTIFY_ATTEMPTS => {
                    if let ApiError::Transient(Transient::Busy(Some(retry_after))) = error {
                        if retry_after > MAX_IDENTIFY_RETRY_AFTER {
                            return Err(error);
                        }
                        wait = wait.max(Duration::try_from(retry_after).unwrap_or_default());
                    }
                    self.dependencies.clock.wait_for(wait).await;
                    wait *= 2;
                    attempts += 1;
                }
                result => return result,
            }
        }
    }
}
