//! Everything that outlives a request: people, API clients, codes and token sets.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clients::ApiClient;
use crate::people::{self, Membership, Person, PracticePerson, Team};
use crate::random;

/// The service's books. Secrets that it gives away are kept as fingerprints only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Records {
    pub(crate) people: Vec<Person>,
    pub(crate) teams: Vec<Team>,
    pub(crate) memberships: Vec<Membership>,
    pub(crate) clients: Vec<ApiClient>,
    pub(crate) codes: Vec<CodeRecord>,
    pub(crate) token_sets: Vec<TokenSetRecord>,
    /// By how many milliseconds the clock was turned forward.
    pub(crate) clock_ahead_ms: u64,
}

/// What one person, in one team, has allowed one API client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) person: u64,
    pub(crate) team: u64,
    pub(crate) redirect_uri: String,
}

/// An authorization code that was given away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CodeRecord {
    pub(crate) fingerprint: String,
    pub(crate) grant: Grant,
    pub(crate) code_challenge: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) is_used: bool,
}

/// An access token and its refresh token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenSetRecord {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) grant: Grant,
    /// The code that it all began with, through however many refreshes.
    pub(crate) code: String,
    pub(crate) access_token_expires_at: Timestamp,
    pub(crate) refresh_token_expires_at: Timestamp,
    pub(crate) is_revoked: bool,
}

impl TokenSetRecord {
    /// Whether the access token still works.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        !self.is_revoked && now < self.access_token_expires_at
    }

    /// Whether the refresh token can still be traded.
    pub(crate) fn can_refresh(&self, now: Timestamp) -> bool {
        !self.is_revoked && now < self.refresh_token_expires_at
    }
}

impl Records {
    /// The books on the first day: the cast, and one API client of the first team.
    pub(crate) fn first_day(redirect_urls: Vec<String>) -> Self {
        let (people, teams, memberships) = people::cast();
        let owner = teams.first().map_or(0, |team| team.id);
        Self {
            people,
            teams,
            memberships,
            clients: vec![ApiClient::register(
                "Sign in with Amiqus".to_owned(),
                owner,
                redirect_urls,
            )],
            codes: Vec::new(),
            token_sets: Vec::new(),
            clock_ahead_ms: 0,
        }
    }

    /// The books as they were last saved; `None` when they never were.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Saves the books, so that a reader finds either the old ones or the new ones, never half.
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

    pub(crate) fn team(&self, id: u64) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == id)
    }

    /// A team by its name, its identifier or its UUID.
    pub(crate) fn team_called(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| {
            team.name == name || team.identifier == name || team.uuid.to_string() == name
        })
    }

    pub(crate) fn client(&self, id: &str) -> Option<&ApiClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn membership(&self, person: u64, team: u64) -> Option<&Membership> {
        self.memberships
            .iter()
            .find(|membership| membership.person == person && membership.team == team)
    }

    /// The teams of a person, the one that is active after a log-in first.
    pub(crate) fn teams_of(&self, person: u64) -> Vec<&Team> {
        self.memberships
            .iter()
            .filter(|membership| membership.person == person)
            .filter_map(|membership| self.team(membership.team))
            .collect()
    }

    /// Everyone who can log in.
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

    /// The token set that an access token belongs to, dead or alive.
    pub(crate) fn by_access_token(&self, access_token: &str) -> Option<&TokenSetRecord> {
        let fingerprint = random::fingerprint(access_token);
        self.token_sets
            .iter()
            .find(|set| set.access_token == fingerprint)
    }

    /// The token set that a refresh token belongs to, dead or alive.
    pub(crate) fn by_refresh_token(&self, refresh_token: &str) -> Option<&TokenSetRecord> {
        let fingerprint = random::fingerprint(refresh_token);
        self.token_sets
            .iter()
            .find(|set| set.refresh_token == fingerprint)
    }

    /// Whether a person has a live token for a client in a team.
    pub(crate) fn is_connected(
        &self,
        client_id: &str,
        person: u64,
        team: u64,
        now: Timestamp,
    ) -> bool {
        self.token_sets.iter().any(|set| {
            set.is_live(now)
                && set.grant.client_id == client_id
                && set.grant.person == person
                && set.grant.team == team
        })
    }

    /// Revokes the token sets that `matches` picks; says how many were not revoked already.
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
