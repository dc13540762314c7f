//! Makes other programs' requests at the service, with the token of the account that they may use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use jiff::SignedDuration;

use super::{AccountToken, SessionHandle};
use crate::account::AccountKey;
use crate::clock::Clock;
use crate::error::{Cause, Problem, chain};
use crate::forward::{ForwardMethod, ForwardTarget, Pacer, request_headers, response_headers};
use crate::http::{Client, Clients, ConnectError, RequestError};
use crate::registration::{BaseUrl, Page};

/// How long a request may take in all: files are large, and networks slow.
const TIMEOUT: Duration = Duration::from_mins(15);

/// The body of a response, as it arrives.
pub type ForwardedBody = reqwest::Body;

/// Makes programs' requests.
pub struct Forwarder {
    session: SessionHandle,
    clients: Clients,
    clock: Arc<dyn Clock>,
    pacer: Mutex<Pacer>,
}

/// Why a program's request has no response.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The account has no token for it.
    #[error("the account has no valid token: {:?}", .0.code)]
    NoToken(Problem),
    /// The service's limit is reached, but for what the app keeps for itself.
    #[error("the rate limit is reached")]
    RateLimited {
        /// How long to wait.
        wait: SignedDuration,
    },
    /// It wasn't sent.
    #[error("the service wasn't reached: {0}")]
    NotSent(ConnectError, #[source] Cause),
    /// It may have been processed, and no response came.
    #[error("the response was lost")]
    ResponseLost(#[source] RequestError),
    /// Its address would not be the service's.
    #[error("the address isn't the service's")]
    NotTheService,
}

impl Forwarder {
    /// A forwarder for the accounts of a session.
    #[must_use]
    pub fn new(session: SessionHandle, clients: Clients, clock: Arc<dyn Clock>) -> Self {
        Self {
            session,
            clients,
            clock,
            pacer: Mutex::default(),
        }
    }

    /// Makes a request for an account and returns the response as it comes, its body still on the way. What may have
    /// changed something is sent once. GET and HEAD, which have no body here, are sent once more with a newer token
    /// where the first was rejected. The request's own method and target count for nothing.
    ///
    /// # Errors
    /// The [`ForwardError`] why there is no response. A response with an error's status is no error.
    pub async fn forward<B>(
        &self,
        account: AccountKey,
        method: ForwardMethod,
        target: &ForwardTarget,
        request: Request<B>,
    ) -> Result<Response<ForwardedBody>, ForwardError>
    where
        B: HttpBody<Data = bytes::Bytes, Error: Into<Cause>> + Send + Sync + 'static,
    {
        let admitted = self.pacer().admit(account, self.clock.now());
        admitted.map_err(|wait| ForwardError::RateLimited { wait })?;
        let service = self.service().await?;
        let url = target.url(&service).ok_or(ForwardError::NotTheService)?;
        let client = self.clients.for_service(&service).await.map_err(failed)?;
        let token = self.session.token_of(account).await;
        let token = token.map_err(ForwardError::NoToken)?;
        let (parts, body) = request.into_parts();
        let headers = request_headers(&parts.headers);
        let prepare = |client: &Client| {
            client
                .request(method.method(), url.clone())
                .headers(headers.clone())
                .timeout(TIMEOUT)
        };
        let prepared = prepare(client);
        let first = if method.is_safe() {
            prepared
        } else {
            prepared.body(reqwest::Body::wrap(body))
        };
        let mut response = self.send(first, &token).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            if method.is_safe() {
                if let Ok(newer) = self.session.replace_rejected(&token).await {
                    response = self.send(prepare(client), &newer).await?;
                }
            } else {
                // For the next request. This one's program is told.
                let session = self.session.clone();
                tokio::spawn(async move {
                    if let Err(problem) = session.replace_rejected(&token).await {
                        tracing::warn!(code = ?problem.code, "forward: rejected token not replaced");
                    }
                });
            }
        }
        *response.headers_mut() = response_headers(response.headers());
        Ok(response)
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        token: &AccountToken,
    ) -> Result<Response<ForwardedBody>, ForwardError> {
        let sent = request.bearer_auth(token.access.expose()).send().await;
        let response = sent.map_err(|error| failed(RequestError::from(error)))?;
        self.pacer().observe(
            token.account,
            response.status(),
            response.headers(),
            self.clock.now(),
        );
        Ok(response.into())
    }

    async fn service(&self) -> Result<BaseUrl, ForwardError> {
        let address = self.session.page_address(Page::Amiqus).await;
        address
            .map(|address| address.service)
            .map_err(ForwardError::NoToken)
    }

    fn pacer(&self) -> std::sync::MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: RequestError) -> ForwardError {
    tracing::warn!(error = %chain(&error), "forward: no response");
    match error {
        RequestError::NotSent(connect, cause) => ForwardError::NotSent(connect, cause),
        lost @ (RequestError::ResponseLost(_) | RequestError::TooLarge) => {
            ForwardError::ResponseLost(lost)
        }
    }
}
