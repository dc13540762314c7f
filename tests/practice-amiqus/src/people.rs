//! Who can log in, and the teams that they work in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// Someone with a login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) is_disabled: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A customer organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) uuid: Uuid,
    pub(crate) identifier: String,
    pub(crate) name: String,
    pub(crate) contact: String,
    pub(crate) tier: String,
    pub(crate) created_at: Timestamp,
}

/// That a person works in a team, and as what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: u64,
    pub(crate) person: u64,
    pub(crate) team: u64,
    pub(crate) role: Option<String>,
}

/// Someone who can log in to the practice service, as it says so when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PracticePerson {
    /// The person's name.
    pub name: String,
    /// The e-mail address that they log in with.
    pub email: String,
    /// Their password, which is no secret.
    pub password: String,
    /// The names of their teams; the first one is active after a log-in.
    pub teams: Vec<String>,
}

/// The two people, the two teams, and who works where.
pub(crate) fn cast() -> (Vec<Person>, Vec<Team>, Vec<Membership>) {
    // 2019-08-24T14:15:22Z, the date of the service's own examples.
    let created_at = Timestamp::from_second(1_566_656_122).unwrap_or(Timestamp::UNIX_EPOCH);
    let person = |id, name: &str, email: &str, password: &str| Person {
        id,
        name: name.to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
        is_disabled: false,
        created_at,
        updated_at: created_at,
    };
    let team = |id, uuid, identifier: &str, name: &str, contact: &str| Team {
        id,
        uuid,
        identifier: identifier.to_owned(),
        name: name.to_owned(),
        contact: contact.to_owned(),
        tier: "business".to_owned(),
        created_at,
    };
    let membership = |id, person, team, role: &str| Membership {
        id,
        person,
        team,
        role: Some(role.to_owned()),
    };
    (
        vec![
            person(345_789, "Bob Gale", "bob@example.com", "great-scott-1985"),
            person(
                345_790,
                "Lorraine Baines",
                "lorraine@example.com",
                "enchantment-1955",
            ),
        ],
        vec![
            team(
                88,
                uuid!("6b9c8323-4b54-4bb3-a1c8-68de534368a5"),
                "fusion-industries",
                "Fusion Industries",
                "office@fusion-industries.example",
            ),
            team(
                89,
                uuid!("0d3f6c1e-9a57-4c22-8b64-5e1f7a2c9d10"),
                "hill-valley-legal",
                "Hill Valley Legal",
                "office@hill-valley-legal.example",
            ),
        ],
        vec![
            membership(121, 345_789, 88, "owner"),
            membership(122, 345_789, 89, "read-only"),
            membership(123, 345_790, 89, "member"),
        ],
    )
}
