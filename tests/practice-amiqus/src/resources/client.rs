//! Clients: the people whom a team verifies. These are not the API clients of OAuth.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::file::{self, ClientFile};
use super::names::{self, FullName};
use super::{cycle, moment};

/// The decisions that a team can make about a client.
pub(crate) const CLIENT_STATUSES: [&str; 3] = ["pending", "approved", "rejected"];

/// The titles that a name can have.
pub(crate) const TITLES: [&str; 13] = [
    "miss", "ms", "mrs", "mr", "dr", "sir", "master", "mx", "dame", "lord", "lady", "prof", "other",
];

/// A person whom a team verifies.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: u64,
    pub(crate) details: ClientDetails,
    pub(crate) assignees: Vec<u64>,
    pub(crate) files: Vec<ClientFile>,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

/// What a request can say about a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientDetails {
    pub(crate) status: Option<String>,
    pub(crate) name: Name,
    pub(crate) email: String,
    pub(crate) landline: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) dob: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) deletion_date: Option<String>,
}

/// The name of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) title: Option<String>,
    pub(crate) other_title: Option<String>,
    pub(crate) first: String,
    pub(crate) middle: Option<String>,
    pub(crate) last: String,
}

impl Client {
    /// A client who was created now, and is assigned to nobody.
    pub(super) fn new(id: u64, details: ClientDetails, now: Timestamp) -> Self {
        Self {
            id,
            details,
            assignees: Vec::new(),
            files: Vec::new(),
            created_at: now,
            updated_at: now,
            archived_at: None,
        }
    }

    /// Replaces the details.
    pub(crate) fn update(&mut self, details: ClientDetails, now: Timestamp) {
        self.details = details;
        self.updated_at = now;
    }

    pub(crate) fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// Whether each word of a text occurs in the names or in the reference, in any case. This stands in
    /// for the fuzzy search of the real service.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let name = &self.details.name;
        let fields: Vec<String> = [
            Some(&name.first),
            name.middle.as_ref(),
            Some(&name.last),
            self.details.reference.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|field| field.to_lowercase())
        .collect();
        let text = text.to_lowercase();
        text.split_whitespace()
            .all(|word| fields.iter().any(|field| field.contains(word)))
    }

    /// Whether the whole reference is this text, in any case.
    pub(crate) fn has_reference(&self, text: &str) -> bool {
        let reference = self.details.reference.as_ref();
        reference.is_some_and(|reference| reference.to_lowercase() == text.to_lowercase())
    }

    pub(crate) fn to_json(&self) -> Value {
        let details = &self.details;
        json!({
            "object": "client",
            "id": self.id,
            "status": details.status,
            "name": details.name.to_json(),
            "email": details.email,
            "landline": details.landline,
            "mobile": details.mobile,
            "dob": details.dob,
            "reference": details.reference,
            "national_insurance_number": null,
            "is_deletable": true,
            "deletion_date": details.deletion_date,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "archived_at": self.archived_at,
        })
    }
}

impl Name {
    pub(crate) fn to_json(&self) -> Value {
        let short = format!("{} {}", self.first, self.last);
        let full = match &self.middle {
            Some(middle) => format!("{} {middle} {}", self.first, self.last),
            None => short.clone(),
        };
        let title = match (self.title.as_deref(), &self.other_title) {
            (Some("other"), Some(other)) => Some(other.clone()),
            (title, _) => title.map(capitalised),
        };
        let complete = title.map_or_else(|| full.clone(), |title| format!("{title} {full}"));
        json!({
            "object": "name",
            "title": self.title,
            "other_title": self.other_title,
            "first_name": self.first,
            "middle_name": self.middle,
            "last_name": self.last,
            "name": short,
            "full_name": full,
            "complete_name": complete,
        })
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The clients of a demo team. Every fourth is assigned to nobody, and every ninth is archived.
pub(super) fn demo(team_id: u64, members: &[u64]) -> Vec<Client> {
    let names = names::of_team(team_id).iter().enumerate();
    names
        .map(|(index, name)| {
            let id = team_id * 1_000 + 1 + index as u64;
            let created_at = moment(index * 29);
            Client {
                id,
                details: demo_details(index, name),
                assignees: if index % 4 == 3 || members.is_empty() {
                    Vec::new()
                } else {
                    vec![cycle(members, index)]
                },
                files: file::demo(id, index),
                created_at,
                updated_at: created_at,
                archived_at: (index % 9 == 8).then(|| moment(index * 29 + 700)),
            }
        })
        .collect()
}

fn demo_details(index: usize, name: &FullName) -> ClientDetails {
    let (title, first, middle, last) = *name;
    let number = index + 1;
    ClientDetails {
        status: [None, Some("pending"), Some("approved"), Some("rejected")][index % 4]
            .map(str::to_owned),
        name: Name {
            title: (!title.is_empty()).then(|| title.to_owned()),
            other_title: None,
            first: first.to_owned(),
            middle: (!middle.is_empty()).then(|| middle.to_owned()),
            last: last.to_owned(),
        },
        email: format!("client{number}@example.com"),
        landline: None,
        // Numbers that Ofcom keeps for drama.
        mobile: Some(format!("+44 7700 900{number:03}")),
        dob: Some(format!(
            "19{:02}-{:02}-{:02}",
            50 + index,
            1 + index % 12,
            1 + index % 28
        )),
        reference: (index % 3 != 2).then(|| format!("CONV/2026/{number:04}")),
        deletion_date: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(title: Option<&str>, other_title: Option<&str>) -> Value {
        let name = Name {
            title: title.map(str::to_owned),
            other_title: other_title.map(str::to_owned),
            first: "Martin".to_owned(),
            middle: Some("Seamus".to_owned()),
            last: "McFly".to_owned(),
        };
        name.to_json()
    }

    #[test]
    fn name_is_compiled_with_its_title() {
        let mister = name(Some("mr"), None);
        assert_eq!(mister["name"], "Martin McFly");
        assert_eq!(mister["full_name"], "Martin Seamus McFly");
        assert_eq!(mister["complete_name"], "Mr Martin Seamus McFly");
        let other = name(Some("other"), Some("The Rev"));
        assert_eq!(other["complete_name"], "The Rev Martin Seamus McFly");
        assert_eq!(name(None, None)["complete_name"], "Martin Seamus McFly");
    }

    #[test]
    fn search_matches_each_word_in_any_case() {
        let mut client = demo(88, &[121]).remove(0);
        client.details.name.first = "Siân".to_owned();
        client.details.name.last = "Llewellyn-Rhys".to_owned();
        client.details.reference = Some("CONV/2026/0001".to_owned());
        for text in ["siân", "RHYS", "sIÂN llew", "conv/2026", ""] {
            assert!(client.matches(text), "{text}");
        }
        assert!(!client.matches("siân jones"));
        assert!(client.has_reference("conv/2026/0001"));
        assert!(!client.has_reference("conv/2026"));
    }
}
