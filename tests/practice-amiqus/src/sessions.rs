//! Who is logged in, in which browser.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::grants::AuthorizationRequest;
use crate::random;
use crate::service::Service;

const COOKIE: &str = "practice_amiqus_session";

/// How many browsers the service remembers.
const MOST: usize = 1_000;

/// What the service knows about one browser.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Goes into every form as `_token`: a form without it is not ours.
    pub(crate) forgery_token: String,
    pub(crate) login: Option<Login>,
    /// The authorization requests that wait for an answer on a consent page, by the page's token.
    pending: Vec<(String, PendingRequest)>,
    /// When it was opened, as a running number.
    number: u64,
}

/// A person who is logged in, and the team that is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) person: u64,
    pub(crate) team: u64,
}

/// An authorization request that someone is looking at.
#[derive(Debug, Clone)]
pub(crate) struct PendingRequest {
    pub(crate) request: AuthorizationRequest,
    /// Whom the page showed: the answer is theirs only.
    pub(crate) login: Login,
    /// The address of the page.
    pub(crate) address: String,
}

/// All browsers.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// The session whose cookie this is, or a new one.
    pub(crate) fn open(&self, headers: &HeaderMap) -> Session {
        self.with(|all| {
            if let Some(session) = cookie(headers).and_then(|id| all.get(id)) {
                return session.clone();
            }
            let session = Session::new(all);
            all.insert(session.id.clone(), session.clone());
            session
        })
    }

    /// Logs someone in, under a new cookie.
    pub(crate) fn log_in(&self, old: &Session, login: Login) -> Session {
        self.with(|all| {
            all.remove(&old.id);
            let session = Session {
                login: Some(login),
                ..Session::new(all)
            };
            all.insert(session.id.clone(), session.clone());
            session
        })
    }

    /// Forgets a browser.
    pub(crate) fn close(&self, session: &Session) {
        self.with(|all| all.remove(&session.id));
    }

    pub(crate) fn switch_team(&self, session: &Session, team: u64) {
        self.with(|all| {
            if let Some(login) = all
                .get_mut(&session.id)
                .and_then(|found| found.login.as_mut())
            {
                login.team = team;
            }
        });
    }

    /// Remembers a request that waits for an answer; gives the token of its page.
    pub(crate) fn ask(&self, session: &Session, pending: PendingRequest) -> String {
        let token = random::unguessable();
        self.with(|all| {
            if let Some(found) = all.get_mut(&session.id) {
                if found.pending.len() >= 20 {
                    found.pending.remove(0);
                }
                found.pending.push((token.clone(), pending));
            }
        });
        token
    }

    /// Takes out the request that a page's token stands for: it is answered once.
    pub(crate) fn take_pending(&self, session: &Session, token: &str) -> Option<PendingRequest> {
        self.with(|all| {
            let pending = &mut all.get_mut(&session.id)?.pending;
            let index = pending.iter().position(|(other, _)| other == token)?;
            Some(pending.remove(index).1)
        })
    }

    /// The pending request, which can be answered again.
    pub(crate) fn pending(&self, session: &Session, token: &str) -> Option<PendingRequest> {
        self.with(|all| {
            let pending = &all.get(&session.id)?.pending;
            let (_, request) = pending.iter().find(|(other, _)| other == token)?;
            Some(request.clone())
        })
    }

    /// Logs everyone out.
    pub(crate) fn clear(&self) {
        self.with(HashMap::clear);
    }

    fn with<R>(&self, work: impl FnOnce(&mut HashMap<String, Session>) -> R) -> R {
        work(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session {
    /// A new session; the oldest of the others goes if there are too many.
    fn new(all: &mut HashMap<String, Session>) -> Self {
        if all.len() >= MOST {
            let oldest = all.values().min_by_key(|session| session.number);
            if let Some(id) = oldest.map(|session| session.id.clone()) {
                all.remove(&id);
            }
        }
        Self {
            id: random::unguessable(),
            forgery_token: random::unguessable(),
            login: None,
            pending: Vec::new(),
            number: all
                .values()
                .map(|session| session.number)
                .max()
                .map_or(0, |last| last + 1),
        }
    }

    /// The header that keeps the browser in this session.
    pub(crate) fn cookie(&self) -> String {
        format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", self.id)
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

impl FromRequestParts<Arc<Service>> for Session {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Self::Rejection> {
        Ok(service.sessions.open(&parts.headers))
    }
}
