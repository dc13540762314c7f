//! The log of received requests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api;
use crate::practice::Holder;

/// A received request, for assertions in tests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The time of receipt by the service's clock.
    pub received_at: Timestamp,
    /// The HTTP method: `GET`, `POST`, …
    pub method: String,
    /// The target of the request as it was received, with its query and, in absolute form, its origin.
    pub target: String,
    /// The path, without the query.
    pub path: String,
    /// The decoded parameters of the query, in order.
    pub query: Vec<(String, String)>,
    /// The decoded fields of a form, in order; empty for any other body.
    pub form: Vec<(String, String)>,
    /// The headers in order, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// The status of the response; `None` until it is sent, and if the connection was closed without
    /// one.
    pub status: Option<u16>,
    /// The violations that the service found in the request, including those that it tolerated.
    pub complaints: Vec<String>,
    /// The user and the team of the access token of a request to the API, if it was live.
    pub holder: Option<Holder>,
}

impl RequestRecord {
    /// The value of a form field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        find_value(&self.form, name)
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find_value(&self.query, name)
    }

    /// The value of a header. `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find_value(&self.headers, name)
    }

    /// Whether the request is one to the API, below `/api/v2`.
    #[must_use]
    pub fn is_to_api(&self) -> bool {
        let rest = self.path.strip_prefix(api::ROOT);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A request to the API as JSON. Its target has no secrets.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "method": self.method,
            "target": self.target,
            "status": self.status,
            "person": self.holder.as_ref().map(|holder| &holder.person),
            "team": self.holder.as_ref().map(|holder| &holder.team),
        })
    }

    /// The record as JSON, without the values that can be secret.
    pub(crate) fn redacted(&self) -> Value {
        json!({
            "received_at": self.received_at,
            "method": self.method,
            "path": self.path,
            "query": redacted(&self.query),
            "form": redacted(&self.form),
            "headers": redacted(&self.headers),
            "body_length": self.body.len(),
            "status": self.status,
            "complaints": self.complaints,
        })
    }
}

/// The names whose values are kept in a redacted record.
const UNREDACTED_NAMES: &[&str] = &[
    // forms and queries
    "client_id",
    "code_challenge_method",
    "error",
    "grant_type",
    "redirect_uri",
    "response_type",
    "scope",
    // headers
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
];

fn find_value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

#[derive(Serialize)]
struct RedactedPair<'a> {
    name: &'a str,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

fn redacted(pairs: &[(String, String)]) -> Vec<RedactedPair<'_>> {
    pairs
        .iter()
        .map(|(name, value)| RedactedPair {
            name,
            length: value.len(),
            value: UNREDACTED_NAMES
                .contains(&name.as_str())
                .then_some(value.as_str()),
        })
        .collect()
}

/// The ID of a request in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(u64);

/// The most recent requests, up to [`MAX_RECORDS`].
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    next_id: u64,
    records: VecDeque<(u64, RequestRecord)>,
}

/// The number of requests that the log keeps.
const MAX_RECORDS: usize = 10_000;

impl RequestLog {
    /// Adds a request, and drops the oldest one if the log is full.
    pub(crate) fn add(&self, record: RequestRecord) -> RequestId {
        self.lock(|entries| {
            let id = entries.next_id;
            entries.next_id += 1;
            if entries.records.len() >= MAX_RECORDS {
                entries.records.pop_front();
            }
            entries.records.push_back((id, record));
            RequestId(id)
        })
    }

    /// Adds a complaint to a request.
    pub(crate) fn add_complaint(&self, request_id: RequestId, complaint: impl Into<String>) {
        self.update(request_id, |record| {
            record.complaints.push(complaint.into());
        });
    }

    /// Sets the holder of the access token of a request.
    pub(crate) fn set_holder(&self, request_id: RequestId, holder: Holder) {
        self.update(request_id, |record| record.holder = Some(holder));
    }

    /// Sets the status of the response to a request.
    pub(crate) fn set_status(&self, request_id: RequestId, status: u16) {
        self.update(request_id, |record| record.status = Some(status));
    }

    /// All requests, oldest first.
    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.lock(|entries| {
            entries
                .records
                .iter()
                .map(|(_, record)| record.clone())
                .collect()
        })
    }

    /// Removes all requests.
    pub(crate) fn clear(&self) {
        self.lock(|entries| entries.records.clear());
    }

    fn update(&self, RequestId(id): RequestId, change: impl FnOnce(&mut RequestRecord)) {
        self.lock(|entries| {
            if let Some((_, record)) = entries
                .records
                .iter_mut()
                .rev()
                .find(|(other, _)| *other == id)
            {
                change(record);
            }
        });
    }

    fn lock<R>(&self, work: impl FnOnce(&mut Entries) -> R) -> R {
        work(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
