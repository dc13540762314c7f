//! Cases: the reasons for verifying a client, with the records that belong to them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::Client;
use super::record::Record;
use super::{cycle, moment};

/// The states of a case.
pub(crate) const CASE_STATUSES: [&str; 7] = [
    "pending",
    "awaiting_response",
    "action_required",
    "reviewed_pending_decision",
    "approved",
    "rejected",
    "on_hold",
];

const NAMES: [&str; 5] = [
    "Purchase of 14 Rose Street",
    "Estate of the late E. Brontë",
    "Lease: Unit 3, Llanfair Industrial Estate",
    "Remortgage",
    "Adverse possession – Tŷ Gwyn",
];

/// A reason for verifying a client.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) id: u64,
    pub(crate) status: &'static str,
    pub(crate) assignees: Vec<u64>,
    name: &'static str,
    reference: Option<String>,
    client_id: u64,
    items: Vec<u64>,
    created_at: Timestamp,
}

impl Case {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "case",
            "id": self.id,
            "name": self.name,
            "reference": self.reference,
            "status": self.status,
            "client": self.client_id,
            "items": self.items,
            "assignees": self.assignees,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "archived_at": null,
        })
    }
}

/// The cases of the demo clients: one for each who has a reference.
pub(super) fn demo(clients: &[Client], records: &[Record]) -> Vec<Case> {
    let with_reference = clients
        .iter()
        .filter(|client| client.details.reference.is_some());
    with_reference
        .enumerate()
        .map(|(index, client)| Case {
            id: client.id * 100,
            status: cycle(&CASE_STATUSES, index),
            assignees: client.assignees.clone(),
            name: cycle(&NAMES, index),
            reference: client.details.reference.clone(),
            client_id: client.id,
            items: records
                .iter()
                .filter(|record| record.client_id == client.id)
                .map(|record| record.id * 10)
                .collect(),
            created_at: moment(index * 31 + 1),
        })
        .collect()
}
