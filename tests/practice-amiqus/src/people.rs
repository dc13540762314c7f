//! The demo people who can log in, and their teams.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// A user of the service.
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

/// An organisation that is a customer of Amiqus.
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

/// A person's membership of a team, with their role in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: u64,
    #[serde(rename = "person")] // the format of the state file
    pub(crate) person_id: u64,
    #[serde(rename = "team")]
    pub(crate) team_id: u64,
    pub(crate) role: Option<String>,
}

/// A demo person who can log in, as the program prints it when it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PracticePerson {
    /// The person's name.
    pub name: String,
    /// The e-mail address, which is the login name.
    pub email: String,
    /// The password, which is public.
    pub password: String,
    /// The names of the person's teams; the first one is active after a login.
    pub teams: Vec<String>,
}

/// Two people, two teams and the memberships between them.
pub(crate) fn demo_data() -> (Vec<Person>, Vec<Team>, Vec<Membership>) {
    // 2019-08-24T14:15:22Z, the date in the examples of the real API's documentation.
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
    let membership = |id, person_id, team_id, role: &str| Membership {
        id,
        person_id,
        team_id,
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
