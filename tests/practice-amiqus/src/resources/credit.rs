//! The credits that a team bought and used.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::record::{Record, Step};
use super::{cycle, moment};

/// An entry of the credit history.
#[derive(Debug, Clone)]
pub(crate) struct CreditEntry {
    id: u64,
    credits: i64,
    reason: Option<&'static str>,
    causer: Causer,
    created_at: Timestamp,
}

#[derive(Debug, Clone)]
enum Causer {
    User(u64),
    Check(u64),
}

impl CreditEntry {
    pub(crate) fn to_json(&self) -> Value {
        let causer = match self.causer {
            Causer::User(id) => json!({"id": id, "type": "user"}),
            Causer::Check(id) => json!({"id": id, "type": "check"}),
        };
        json!({
            "object": "credit_history",
            "id": self.id,
            "credits": self.credits,
            "reason": self.reason,
            "causer": causer,
            "created_at": self.created_at,
        })
    }
}

/// The credit history of a demo team: an entry for each check, and a top-up before every tenth.
pub(super) fn demo(records: &[Record], members: &[u64]) -> Vec<CreditEntry> {
    let checks = records.iter().flat_map(|record| &record.steps);
    let causers = checks
        .filter_map(Step::check)
        .enumerate()
        .flat_map(|(index, check)| {
            let top_up = (index % 10 == 0).then(|| Causer::User(cycle(members, index)));
            top_up.into_iter().chain([Causer::Check(check.id)])
        });
    (1..)
        .zip(causers)
        .zip((0..).map(|index| moment(index * 9)))
        .map(|((id, causer), created_at)| {
            let (credits, reason) = match causer {
                Causer::User(_) => (244, Some("Monthly topup")),
                Causer::Check(_) => (-1, None),
            };
            CreditEntry {
                id,
                credits,
                reason,
                causer,
                created_at,
            }
        })
        .collect()
}
