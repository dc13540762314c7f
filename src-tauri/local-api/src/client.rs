//! A client of the local API. Each request has a connection of its own, which costs next to nothing on one computer.

use std::path::PathBuf;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{MEDIA_TYPE, Problem};
use crate::protocol::{ACCOUNT_HEADER, Account, Grant, GrantRequest, PATH, Status, Token};
use crate::socket::{ConnectError, connect, default_folder};

/// What the app expects in `Host`, which HTTP/1.1 demands (RFC 9112 §3.2). A web page can't choose it.
pub const LOCAL_HOST: &str = "local";

/// The largest response of the local API's own that is read. Amiqus's responses aren't limited.
const MAX_RESPONSE: usize = 1024 * 1024;

/// Talks to the app of this user. Must be used within a tokio runtime.
#[derive(Debug, Clone)]
pub struct Client {
    folder: PathBuf,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The app can't be talked to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection broke off. The request may have been carried out.
    #[error("the connection to the app broke off")]
    Lost(#[source] hyper::Error),
    /// The app doesn't do it, and says why.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The response isn't one of the protocol: the app is of another version.
    #[error("the app's response isn't one that this version knows")]
    UnexpectedResponse,
    /// An account's id, or a grant's, has characters that none has.
    #[error("not an id")]
    NotAnId,
}

impl Default for Client {
    fn default() -> Self {
        Self::at(default_folder())
    }
}

impl Client {
    /// A client of the app whose socket is in this folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Asks whether programs are served.
    ///
    /// # Errors
    /// [`Error::Connect`] where they aren't.
    pub async fn status(&self) -> Result<Status, Error> {
        self.ask(Method::GET, "", None::<&()>, None).await
    }

    /// Asks which accounts there are. Their users' names are told to a program that has a grant.
    ///
    /// # Errors
    /// The [`Error`] why there is no list.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.ask(Method::GET, "/accounts", None::<&()>, None).await
    }

    /// Requests access, and waits for the user's answer.
    ///
    /// # Errors
    /// [`Error::Problem`] where the user, or a rule, says no.
    pub async fn request_grant(&self, request: &GrantRequest) -> Result<Grant, Error> {
        self.ask(Method::POST, "/grants", Some(request), None).await
    }

    /// Gives a grant back.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is no such grant of this program.
    pub async fn give_back(&self, grant: &str) -> Result<(), Error> {
        if !is_id(grant) {
            return Err(Error::NotAnId);
        }
        let target = format!("{PATH}/grants/{grant}");
        let request = request(Method::DELETE, &target, Bytes::new());
        read(self.send(request).await?).await.map(drop)
    }

    /// Gets the access token of an account, or of the only one.
    ///
    /// # Errors
    /// [`Error::Problem`] where the user, or a rule, says no.
    pub async fn token(&self, account: Option<&str>) -> Result<Token, Error> {
        self.ask(Method::POST, "/token", None::<&()>, account).await
    }

    /// Sends a request, such as one to `/api/v2/me`, and returns the response as it comes. A response with an
    /// error's status is no error, be it the app's or Amiqus's.
    ///
    /// # Errors
    /// The [`Error`] why there is no response.
    pub async fn send<B>(&self, mut request: Request<B>) -> Result<Response<Incoming>, Error>
    where
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let stream = connect(&self.folder).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::Lost)?;
        // It ends with the response's body. What becomes of it is seen there.
        tokio::spawn(connection);
        request
            .headers_mut()
            .insert(HOST, HeaderValue::from_static(LOCAL_HOST));
        sender.send_request(request).await.map_err(Error::Lost)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        resource: &str,
        body: Option<&impl Serialize>,
        account: Option<&str>,
    ) -> Result<T, Error> {
        let bytes = match body {
            Some(body) => serde_json::to_vec(body).map_err(|_| Error::UnexpectedResponse)?,
            None => Vec::new(),
        };
        let mut request = request(method, &format!("{PATH}{resource}"), bytes.into());
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        if let Some(account) = account {
            let id = HeaderValue::from_str(account)
                .ok()
                .filter(|_| is_id(account));
            let id = id.ok_or(Error::NotAnId)?;
            request.headers_mut().insert(ACCOUNT_HEADER, id);
        }
        let bytes = read(self.send(request).await?).await?;
        serde_json::from_slice(&bytes).map_err(|_| Error::UnexpectedResponse)
    }
}

fn request(method: Method, target: &str, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    // The path of the protocol, and an id without any character that a URI hasn't.
    if let Ok(target) = target.parse() {
        *request.uri_mut() = target;
    }
    request
}

/// Reads a response of the local API's own.
async fn read(response: Response<Incoming>) -> Result<Bytes, Error> {
    let status = response.status();
    let is_problem = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(MEDIA_TYPE.as_bytes()));
    let body = Limited::new(response.into_body(), MAX_RESPONSE);
    let collected = body.collect().await;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) => {
            return Err(match error.downcast::<hyper::Error>() {
                Ok(lost) => Error::Lost(*lost),
                Err(_) => Error::UnexpectedResponse,
            });
        }
    };
    match status {
        StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(bytes),
        _ if is_problem => match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(Error::Problem(problem)),
            Err(_) => Err(Error::UnexpectedResponse),
        },
        _ => Err(Error::UnexpectedResponse),
    }
}

/// Whether a text can be an account's id, or a grant's.
fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.len() <= 100
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}
