//! Records: what a team has asked a client to complete. Each consists of steps, and some steps are
//! checks.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{Client, Name};
use super::{cycle, moment};
use crate::random;

/// The states of a record. Amiqus's documentation also has `failed`, which is deprecated.
pub(crate) const RECORD_STATUSES: [&str; 9] = [
    "pending",
    "started",
    "complete",
    "incomplete",
    "waiting",
    "empty",
    "paused",
    "amendments",
    "reviewed",
];

/// A request to a client.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) client_id: u64,
    pub(crate) status: &'static str,
    /// The client's name and e-mail address when the record was created.
    name: Name,
    email: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) created_by: u64,
    pub(crate) assignees: Vec<u64>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// A step of a record.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) id: u64,
    pub(crate) kind: StepKind,
    cost: u64,
    completed_at: Option<Timestamp>,
    /// The member who approved the step.
    reviewed_by: Option<u64>,
}

/// What a step consists of.
#[derive(Debug, Clone)]
pub(crate) enum StepKind {
    Check(Check),
    /// A form with its reference.
    Form(Uuid),
}

/// A check of a client.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) id: u64,
    kind: &'static str,
    status: &'static str,
    created_at: Timestamp,
}

impl Record {
    /// The record with an absolute URL at which the client completes it, or `false` when there is
    /// nothing left to do. That URL is a secret: it needs no login.
    pub(crate) fn to_json(&self, origin: &str) -> Value {
        let is_open = ["pending", "started", "amendments"].contains(&self.status);
        let perform_url = if is_open {
            let hash = random::sha256_hex(&format!("record {}", self.id));
            json!(format!("{origin}/i/{}", &hash[..20]))
        } else {
            json!(false)
        };
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| step.to_json(self, &[]))
            .collect();
        json!({
            "object": "record",
            "id": self.id,
            "status": self.status,
            "perform_url": perform_url,
            "email": self.email,
            "client": self.client_id,
            "name": self.name.to_json(),
            "steps": steps,
            "has_reminders": true,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "expired_at": self.expires_at,
            "archived_at": null,
            "is_declaration_required": false,
            "declaration_confirmed_at": null,
        })
    }
}

impl Step {
    /// The check of a step that is one.
    pub(crate) fn check(&self) -> Option<&Check> {
        match &self.kind {
            StepKind::Check(check) => Some(check),
            StepKind::Form(_) => None,
        }
    }

    /// The step of a record. `expand` names the members to expand: `check` and `review`.
    pub(crate) fn to_json(&self, record: &Record, expand: &[String]) -> Value {
        let expands = |name: &str| expand.iter().any(|other| other == name);
        let mut step = json!({
            "object": "step",
            "id": self.id,
            "cost": self.cost,
            "completed_at": self.completed_at,
            "review": self.review(expands("review")),
        });
        match &self.kind {
            StepKind::Check(check) => {
                step["type"] = json!(format!("check.{}", check.kind));
                step["preferences"] = check.preferences();
                step["check"] = if expands("check") {
                    check.to_json(record)
                } else {
                    json!(check.id)
                };
            }
            StepKind::Form(reference) => {
                step["type"] = json!("form");
                step["form"] = json!(reference);
            }
        }
        step
    }

    /// The latest review: `false` for a step that can't be reviewed (we assume that for forms), `null`
    /// for a pending review.
    fn review(&self, is_expanded: bool) -> Value {
        let (StepKind::Check(check), Some(member)) = (&self.kind, self.reviewed_by) else {
            return match self.kind {
                StepKind::Check(_) => Value::Null,
                StepKind::Form(_) => json!(false),
            };
        };
        let id = check.id * 10;
        if !is_expanded {
            return json!(id);
        }
        json!({
            "object": "step_review",
            "id": id,
            "reviewed_by": member,
            "status": "approved",
            "from_status": "pending",
            "message": "Checked against the passport – Zoë",
            "created_at": self.completed_at,
            "updated_at": self.completed_at,
        })
    }
}

impl Check {
    /// What the team asked for, which depends on the kind.
    fn preferences(&self) -> Value {
        match self.kind {
            "photo_id" => json!({
                "report_type": "biometric",
                "issuing_countries": null,
                "allow_fallback": true,
                "right_to_work": null,
                "right_to_rent": null,
            }),
            _ => json!({"region": "england", "type": "basic", "enable_payment": false}),
        }
    }

    pub(crate) fn to_json(&self, record: &Record) -> Value {
        let is_pending = self.status == "pending";
        json!({
            "object": "check",
            "id": self.id,
            "type": self.kind,
            "record": record.id,
            "status": self.status,
            // `true` stands for a response that can be expanded.
            "response": (!is_pending).then_some(true),
            "allow_replay": !is_pending,
            "allow_cancel": is_pending,
            "requires_consent": true,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}

/// The records of the demo clients: one each, and two for every other client.
pub(super) fn demo(clients: &[Client], members: &[u64]) -> Vec<Record> {
    let owners = clients
        .iter()
        .enumerate()
        .flat_map(|(index, client)| vec![client; 1 + (index + 1) % 2]);
    owners
        .enumerate()
        .map(|(index, client)| demo_record(index, client, members))
        .collect()
}

fn demo_record(index: usize, client: &Client, members: &[u64]) -> Record {
    // IDs start with those of the team's clients, so that teams share none.
    let first_client_id = client.id / 1_000 * 1_000;
    let id = first_client_id * 10 + 5_000 + index as u64;
    let status = cycle(&RECORD_STATUSES, index);
    let created_at = moment(index * 20 + 3);
    let are_all_done = ["complete", "reviewed", "waiting"].contains(&status);
    let is_first_done = are_all_done || ["started", "incomplete"].contains(&status);
    let is_expired = ["incomplete", "empty"].contains(&status);
    let first_check_status = match status {
        "paused" => "paused",
        "waiting" => "submitted",
        _ if is_first_done => "accepted",
        _ => "pending",
    };
    let second_check_status = if are_all_done { "refer" } else { "pending" };
    let reviewer = (status == "reviewed").then(|| cycle(members, index));
    let completed_at = |is_done: bool| is_done.then(|| moment(index * 20 + 30));
    let check = |number, kind, check_status, is_done| Step {
        id: id * 10 + number,
        kind: StepKind::Check(Check {
            id: id * 100 + number,
            kind,
            status: check_status,
            created_at,
        }),
        cost: 2 * number,
        completed_at: completed_at(is_done),
        reviewed_by: reviewer,
    };
    Record {
        id,
        client_id: client.id,
        status,
        name: client.details.name.clone(),
        email: client.details.email.clone(),
        steps: vec![
            check(1, "photo_id", first_check_status, is_first_done),
            check(2, "criminal_record", second_check_status, are_all_done),
            Step {
                id: id * 10 + 3,
                kind: StepKind::Form(Uuid::from_u128(u128::from(id))),
                cost: 0,
                completed_at: completed_at(are_all_done),
                reviewed_by: None,
            },
        ],
        created_by: cycle(members, index),
        assignees: client.assignees.clone(),
        created_at,
        // The others expire in December.
        expires_at: moment(if is_expired { index * 20 + 243 } else { 8_000 }),
    }
}
