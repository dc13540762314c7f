//! The colleagues of the demo people.

use serde_json::{Value, json};

/// A member of a team who can't log in to the practice service.
#[derive(Debug, Clone)]
pub(crate) struct Colleague {
    pub(crate) id: u64,
    name: &'static str,
    email: &'static str,
    role: &'static str,
}

impl Colleague {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "team_member",
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "role": self.role,
        })
    }
}

/// The colleagues in a demo team.
pub(super) fn demo(team_id: u64) -> Vec<Colleague> {
    let colleague = |id, name, email, role| Colleague {
        id,
        name,
        email,
        role,
    };
    match team_id {
        88 => vec![
            colleague(131, "Dennis Jones", "dennis@example.com", "member"),
            colleague(132, "Gwenllïan Pugh", "gwen@example.com", "member"),
            colleague(133, "Hamish Urquhart", "hamish@example.com", "read-only"),
            colleague(134, "Ọlámìdé Ajayi", "olamide@example.com", "assigned-only"),
        ],
        89 => vec![
            colleague(141, "George Douglas", "george@example.com", "owner"),
            colleague(142, "Pádraig Ó Sé", "padraig@example.com", "member"),
            colleague(143, "Stella Vernon", "stella@example.com", "assigned-only"),
        ],
        _ => Vec::new(),
    }
}
