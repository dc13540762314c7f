//! The sessions of browsers, identified by a cookie.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::authorization::AuthorizationRequest;
use crate::random;
use crate::service::Service;

const SESSION_COOKIE: &str = "practice_amiqus_session";

/// The number of sessions above which the oldest one is dropped.
const MAX_SESSIONS: usize = 1_000;

/// The number of pending authorization requests that a session keeps.
const MAX_PENDING_REQUESTS: usize = 20;

/// The session of one browser.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// The CSRF token, which every form of this session carries as `_token`.
    pub(crate) csrf_token: String,
    pub(crate) login: Option<Login>,
    /// The authorization requests whose consent page is not answered yet, by their consent token.
    pending: Vec<(String, PendingRequest)>,
    /// A sequence number: a session that was opened earlier has a lower one.
    sequence: u64,
}

/// The logged-in user of a session and their active team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) person_id: u64,
    pub(crate) team_id: u64,
}

/// An authorization request that waits for the user's answer on the consent page.
#[derive(Debug, Clone)]
pub(crate) struct PendingRequest {
    pub(crate) request: AuthorizationRequest,
    /// The login that the page showed. An answer under another login is not accepted.
    pub(crate) login: Login,
    /// The path and query of the consent page.
    pub(crate) path: String,
}

/// All sessions by their ID.
#[derive(Debug, Default)]
pub(crate) struct BrowserSessions {
    sessions: Mutex<HashMap<String, Session>>,
}

impl BrowserSessions {
    /// Finds the session of a request's cookie, or opens a new one.
    pub(crate) fn find_or_open(&self, headers: &HeaderMap) -> Session {
        self.lock(|sessions| {
            if let Some(session) = session_id(headers).and_then(|id| sessions.get(id)) {
                return session.clone();
            }
            let session = Session::new(sessions);
            sessions.insert(session.id.clone(), session.clone());
            session
        })
    }

    /// Replaces a session with a logged-in one. Its new ID prevents session fixation.
    pub(crate) fn log_in(&self, old: &Session, login: Login) -> Session {
        self.lock(|sessions| {
            sessions.remove(&old.id);
            let session = Session {
                login: Some(login),
                ..Session::new(sessions)
            };
            sessions.insert(session.id.clone(), session.clone());
            session
        })
    }

    /// Removes a session.
    pub(crate) fn close(&self, session: &Session) {
        self.lock(|sessions| sessions.remove(&session.id));
    }

    /// Changes the active team of a session.
    pub(crate) fn switch_team(&self, session: &Session, team_id: u64) {
        self.lock(|sessions| {
            if let Some(login) = sessions
                .get_mut(&session.id)
                .and_then(|stored| stored.login.as_mut())
            {
                login.team_id = team_id;
            }
        });
    }

    /// Adds a pending authorization request; returns its consent token.
    pub(crate) fn add_pending(&self, session: &Session, pending: PendingRequest) -> String {
        let consent_token = random::opaque_token();
        self.lock(|sessions| {
            if let Some(stored) = sessions.get_mut(&session.id) {
                if stored.pending.len() >= MAX_PENDING_REQUESTS {
                    stored.pending.remove(0);
                }
                stored.pending.push((consent_token.clone(), pending));
            }
        });
        consent_token
    }

    /// Removes and returns the pending request of a consent token.
    pub(crate) fn take_pending(
        &self,
        session: &Session,
        consent_token: &str,
    ) -> Option<PendingRequest> {
        self.lock(|sessions| {
            let pending = &mut sessions.get_mut(&session.id)?.pending;
            let index = pending
                .iter()
                .position(|(token, _)| token == consent_token)?;
            Some(pending.remove(index).1)
        })
    }

    /// Returns the pending request of a consent token, which stays pending.
    pub(crate) fn pending(&self, session: &Session, consent_token: &str) -> Option<PendingRequest> {
        self.lock(|sessions| {
            let pending = &sessions.get(&session.id)?.pending;
            let (_, request) = pending.iter().find(|(token, _)| token == consent_token)?;
            Some(request.clone())
        })
    }

    /// Removes all sessions.
    pub(crate) fn clear(&self) {
        self.lock(HashMap::clear);
    }

    fn lock<R>(&self, work: impl FnOnce(&mut HashMap<String, Session>) -> R) -> R {
        work(&mut self.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session {
    /// Creates a session, after making room for it.
    fn new(sessions: &mut HashMap<String, Session>) -> Self {
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions.values().min_by_key(|session| session.sequence);
            if let Some(id) = oldest.map(|session| session.id.clone()) {
                sessions.remove(&id);
            }
        }
        Self {
            id: random::opaque_token(),
            csrf_token: random::opaque_token(),
            login: None,
            pending: Vec::new(),
            sequence: sessions
                .values()
                .map(|session| session.sequence)
                .max()
                .map_or(0, |last| last + 1),
        }
    }

    /// The value of the `Set-Cookie` header for this session.
    pub(crate) fn set_cookie(&self) -> String {
        format!(
            "{SESSION_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax",
            self.id
        )
    }
}

/// The session ID in a request's cookies.
fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| value)
}

impl FromRequestParts<Arc<Service>> for Session {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Self::Rejection> {
        Ok(service.sessions.find_or_open(&parts.headers))
    }
}
