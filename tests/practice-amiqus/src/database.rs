//! The service's data: people, teams, API clients, authorization codes and token sets.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clients::ApiClient;
use crate::people::{self, Membership, Person, PracticePerson, Team};
use crate::random;

/// All data of the service. Codes and tokens are stored as SHA-256 hashes only.
// The serde names are the format of the state file, which outlives a version of this crate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Database {
    pub(crate) people: Vec<Person>,
    pub(crate) teams: Vec<Team>,
    pub(crate) memberships: Vec<Membership>,
    pub(crate) clients: Vec<ApiClient>,
    pub(crate) codes: Vec<CodeRecord>,
    pub(crate) token_sets: Vec<TokenSetRecord>,
    /// The offset of the clock in milliseconds.
    #[serde(rename = "clock_ahead_ms")]
    pub(crate) clock_offset_ms: u64,
}

/// The access that a user has granted to an API client in one team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    #[serde(rename = "person")]
    pub(crate) person_id: u64,
    #[serde(rename = "team")]
    pub(crate) team_id: u64,
    pub(crate) redirect_uri: String,
}

/// An authorization code that was issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CodeRecord {
    #[serde(rename = "fingerprint")]
    pub(crate) code_hash: String,
    pub(crate) grant: Grant,
    pub(crate) code_challenge: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) is_used: bool,
}

/// An access token and its refresh token that were issued together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenSetRecord {
    #[serde(rename = "access_token")]
    pub(crate) access_token_hash: String,
    #[serde(rename = "refresh_token")]
    pub(crate) refresh_token_hash: String,
    pub(crate) grant: Grant,
    /// The authorization code that was exchanged for the first token set of this sign-in. Refreshing
    /// keeps it.
    #[serde(rename = "code")]
    pub(crate) code_hash: String,
    pub(crate) access_token_expires_at: Timestamp,
    pub(crate) refresh_token_expires_at: Timestamp,
    pub(crate) is_revoked: bool,
}

impl TokenSetRecord {
    /// Whether the access token is neither expired nor revoked.
    pub(crate) fn is_access_token_live(&self, now: Timestamp) -> bool {
        !self.is_revoked && now < self.access_token_expires_at
    }

    /// Whether the refresh token is neither used, expired nor revoked.
    pub(crate) fn is_refresh_token_live(&self, now: Timestamp) -> bool {
        !self.is_revoked && now < self.refresh_token_expires_at
    }
}

impl Database {
    /// The initial data: the demo people and teams, and one API client of the first team.
    pub(crate) fn with_demo_data(redirect_urls: Vec<String>) -> Self {
        let (people, teams, memberships) = people::demo_data();
        let owner_id = teams.first().map_or(0, |team| team.id);
        Self {
            people,
            teams,
            memberships,
            clients: vec![ApiClient::register(
                "Sign in with Amiqus".to_owned(),
                owner_id,
                redirect_urls,
            )],
            codes: Vec::new(),
            token_sets: Vec::new(),
            clock_offset_ms: 0,
        }
    }

    /// Reads the state file; `None` if there is none.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the state file atomically.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(temporary, path)
    }

    pub(crate) fn person(&self, id: u64) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    pub(crate) fn person_by_email(&self, email: &str) -> Option<&Person> {
        self.people
            .iter()
            .find(|person| person.email.eq_ignore_ascii_case(email.trim()))
    }

    /// Finds a person for changes.
    pub(crate) fn person_by_email_mut(&mut self, email: &str) -> Option<&mut Person> {
        self.people
            .iter_mut()
            .find(|person| person.email.eq_ignore_ascii_case(email.trim()))
    }

    pub(crate) fn team(&self, id: u64) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == id)
    }

    /// Finds a team by its name, identifier or UUID.
    pub(crate) fn find_team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| {
            team.name == name || team.identifier == name || team.uuid.to_string() == name
        })
    }

    pub(crate) fn client(&self, id: &str) -> Option<&ApiClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn membership(&self, person_id: u64, team_id: u64) -> Option<&Membership> {
        self.memberships
            .iter()
            .find(|membership| membership.person_id == person_id && membership.team_id == team_id)
    }

    /// The teams of a person; the first one is active after a login.
    pub(crate) fn teams_of(&self, person_id: u64) -> Vec<&Team> {
        self.memberships
            .iter()
            .filter(|membership| membership.person_id == person_id)
            .filter_map(|membership| self.team(membership.team_id))
            .collect()
    }

    /// Everyone who can log in, with their passwords.
    pub(crate) fn practice_people(&self) -> Vec<PracticePerson> {
        self.people
            .iter()
            .map(|person| PracticePerson {
                name: person.name.clone(),
                email: person.email.clone(),
                password: person.password.clone(),
                teams: self
                    .teams_of(person.id)
                    .iter()
                    .map(|team| team.name.clone())
                    .collect(),
            })
            .collect()
    }

    /// Finds an authorization code, live or not.
    pub(crate) fn find_code(&self, code: &str) -> Option<&CodeRecord> {
        let code_hash = random::sha256_hex(code);
        self.codes
            .iter()
            .find(|record| record.code_hash == code_hash)
    }

    /// Finds the token set of an access token, live or not.
    pub(crate) fn find_by_access_token(&self, access_token: &str) -> Option<&TokenSetRecord> {
        let access_token_hash = random::sha256_hex(access_token);
        self.token_sets
            .iter()
            .find(|set| set.access_token_hash == access_token_hash)
    }

    /// Finds the token set of a refresh token, live or not.
    pub(crate) fn find_by_refresh_token(&self, refresh_token: &str) -> Option<&TokenSetRecord> {
        let refresh_token_hash = random::sha256_hex(refresh_token);
        self.token_sets
            .iter()
            .find(|set| set.refresh_token_hash == refresh_token_hash)
    }

    /// Whether an API client has a live access token of a user in a team.
    pub(crate) fn is_connected(
        &self,
        client_id: &str,
        person_id: u64,
        team_id: u64,
        now: Timestamp,
    ) -> bool {
        self.token_sets.iter().any(|set| {
            set.is_access_token_live(now)
                && set.grant.client_id == client_id
                && set.grant.person_id == person_id
                && set.grant.team_id == team_id
        })
    }

    /// Revokes the token sets that match; returns how many were not yet revoked.
    pub(crate) fn revoke(&mut self, matches: impl Fn(&TokenSetRecord) -> bool) -> usize {
        let mut revoked = 0;
        for set in self
            .token_sets
            .iter_mut()
            .filter(|set| !set.is_revoked && matches(set))
        {
            set.is_revoked = true;
            revoked += 1;
        }
        revoked
    }
}
