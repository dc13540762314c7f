//! The log of what was received.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// A request that the service received, word for word: for assertions in tests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// When, by the service's clock.
    pub received_at: Timestamp,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The decoded query, in order.
    pub query: Vec<(String, String)>,
    /// The decoded fields of a form, in order; empty for any other body.
    pub form: Vec<(String, String)>,
    /// The headers, with their names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The status of the answer; `None` while there is none, and for ever when the connection was
    /// dropped instead.
    pub status: Option<u16>,
    /// What was wrong with the request in the service's eyes, whether it was refused for that or not.
    pub complaints: Vec<String>,
}

impl RequestRecord {
    /// A field of the form.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        find(&self.form, name)
    }

    /// A parameter of the query.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The record with every value that could be a secret replaced by its length.
    pub(crate) fn masked(&self) -> Value {
        json!({
            "received_at": self.received_at,
            "method": self.method,
            "path": self.path,
            "query": masked(&self.query),
            "form": masked(&self.form),
            "headers": masked(&self.headers),
            "body_length": self.body.len(),
            "status": self.status,
            "complaints": self.complaints,
        })
    }
}

/// The names whose values are shown in the masked log; all others show their length.
const SHOWN: &[&str] = &[
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

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

#[derive(Serialize)]
struct MaskedPair<'a> {
    name: &'a str,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

fn masked(pairs: &[(String, String)]) -> Vec<MaskedPair<'_>> {
    pairs
        .iter()
        .map(|(name, value)| MaskedPair {
            name,
            length: value.len(),
            value: SHOWN.contains(&name.as_str()).then_some(value.as_str()),
        })
        .collect()
}

/// Which record in the log a request is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

/// The log itself. It forgets the oldest requests when it gets long.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    records: Vec<(u64, RequestRecord)>,
}

/// How many requests the log remembers.
const LONGEST: usize = 10_000;

impl RequestLog {
    pub(crate) fn note(&self, record: RequestRecord) -> Ticket {
        self.with(|entries| {
            let number = entries.next;
            entries.next += 1;
            if entries.records.len() >= LONGEST {
                entries.records.remove(0);
            }
            entries.records.push((number, record));
            Ticket(number)
        })
    }

    pub(crate) fn complain(&self, ticket: Ticket, complaint: impl Into<String>) {
        self.amend(ticket, |record| record.complaints.push(complaint.into()));
    }

    pub(crate) fn answered(&self, ticket: Ticket, status: u16) {
        self.amend(ticket, |record| record.status = Some(status));
    }

    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.with(|entries| {
            entries
                .records
                .iter()
                .map(|(_, record)| record.clone())
                .collect()
        })
    }

    pub(crate) fn clear(&self) {
        self.with(|entries| entries.records.clear());
    }

    fn amend(&self, Ticket(number): Ticket, change: impl FnOnce(&mut RequestRecord)) {
        self.with(|entries| {
            if let Some((_, record)) = entries
                .records
                .iter_mut()
                .rev()
                .find(|(other, _)| *other == number)
            {
                change(record);
            }
        });
    }

    fn with<R>(&self, work: impl FnOnce(&mut Entries) -> R) -> R {
        work(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
