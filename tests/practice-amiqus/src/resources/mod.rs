//! The data of the teams: clients, records, cases and what belongs to them.
//!
//! All of it is made up and the same at each start. It lives in memory: what requests change is lost
//! when the process ends.

mod case;
mod client;
mod credit;
mod file;
mod member;
mod names;
mod pdf;
mod record;
mod webhook;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::people::Membership;
use crate::practice::Holder;

pub(crate) use case::{CASE_STATUSES, Case};
pub(crate) use client::{CLIENT_STATUSES, Client, ClientDetails, Name, TITLES};
pub(crate) use credit::CreditEntry;
pub(crate) use file::{FileContent, ScanStatus};
pub(crate) use member::Colleague;
pub(crate) use pdf::pdf_with_text;
pub(crate) use record::{Check, RECORD_STATUSES, Record, Step};
pub(crate) use webhook::Webhook;

/// The data of all teams.
#[derive(Debug)]
pub(crate) struct Resources {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    teams: BTreeMap<u64, TeamResources>,
    changes: Vec<Change>,
}

/// The data of one team.
#[derive(Debug, Default)]
pub(crate) struct TeamResources {
    pub(crate) colleagues: Vec<Colleague>,
    pub(crate) clients: Vec<Client>,
    pub(crate) records: Vec<Record>,
    pub(crate) cases: Vec<Case>,
    pub(crate) credits: Vec<CreditEntry>,
    pub(crate) webhooks: Vec<Webhook>,
}

/// A change that a request to the API made to the data of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The method of the request.
    pub method: String,
    /// The path of what was created or changed, such as `/api/v2/clients/73001`.
    pub path: String,
    /// Who made the request.
    #[serde(flatten)]
    pub holder: Holder,
}

impl Resources {
    /// The initial data of the teams that have members.
    pub(crate) fn demo(memberships: &[Membership]) -> Self {
        Self {
            state: Mutex::new(State::demo(memberships)),
        }
    }

    /// Restores the initial data, and forgets the changes.
    pub(crate) fn reset(&self, memberships: &[Membership]) {
        self.lock(|state| *state = State::demo(memberships));
    }

    /// Runs a closure with the data of a team.
    pub(crate) fn of_team<R>(&self, team_id: u64, work: impl FnOnce(&mut TeamResources) -> R) -> R {
        self.lock(|state| work(state.teams.entry(team_id).or_default()))
    }

    /// Notes a change.
    pub(crate) fn add_change(&self, change: Change) {
        self.lock(|state| state.changes.push(change));
    }

    /// All changes so far, oldest first.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.lock(|state| state.changes.clone())
    }

    fn lock<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn demo(memberships: &[Membership]) -> Self {
        let mut teams = BTreeMap::new();
        for membership in memberships {
            let team_id = membership.team_id;
            teams
                .entry(team_id)
                .or_insert_with(|| TeamResources::demo(team_id, memberships));
        }
        Self {
            teams,
            changes: Vec::new(),
        }
    }
}

impl TeamResources {
    fn demo(team_id: u64, memberships: &[Membership]) -> Self {
        let colleagues = member::demo(team_id);
        let members = memberships
            .iter()
            .filter(|membership| membership.team_id == team_id)
            .map(|membership| membership.id)
            .chain(colleagues.iter().map(|colleague| colleague.id))
            .collect::<Vec<_>>();
        let clients = client::demo(team_id, &members);
        let records = record::demo(&clients, &members);
        Self {
            cases: case::demo(&clients, &records),
            credits: credit::demo(&records, &members),
            webhooks: webhook::demo(team_id),
            colleagues,
            clients,
            records,
        }
    }

    pub(crate) fn client(&self, id: u64) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// Adds a client with a new ID.
    pub(crate) fn add_client(&mut self, details: ClientDetails, now: Timestamp) -> &Client {
        let last_id = self.clients.iter().map(|client| client.id).max();
        self.clients
            .push(Client::new(last_id.map_or(1, |id| id + 1), details, now));
        &self.clients[self.clients.len() - 1]
    }

    pub(crate) fn record(&self, id: u64) -> Option<&Record> {
        self.records.iter().find(|record| record.id == id)
    }

    /// Finds a check, and the record that it belongs to.
    pub(crate) fn check(&self, id: u64) -> Option<(&Record, &Check)> {
        self.records.iter().find_map(|record| {
            let checks = record.steps.iter().filter_map(Step::check);
            let mut with_id = checks.filter(|check| check.id == id);
            with_id.next().map(|check| (record, check))
        })
    }
}

/// A moment of the year 2026: the number of hours after 09:00 UTC on 5 January.
fn moment(hours: usize) -> Timestamp {
    let start = Timestamp::from_second(1_767_603_600).unwrap_or(Timestamp::UNIX_EPOCH);
    i64::try_from(hours)
        .ok()
        .and_then(|hours| start.checked_add(SignedDuration::from_hours(hours)).ok())
        .unwrap_or(start)
}

/// The element at an index of a list that starts again at its end.
fn cycle<T: Copy>(list: &[T], index: usize) -> T {
    list[index % list.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people;

    #[test]
    fn demo_data_is_the_same_at_each_start() {
        let (_, _, memberships) = people::demo_data();
        let text = || format!("{:?}", State::demo(&memberships).teams);
        assert_eq!(text(), text());
    }

    #[test]
    fn teams_share_no_ids() {
        let (_, _, memberships) = people::demo_data();
        let state = State::demo(&memberships);
        let mut ids: Vec<u64> = state
            .teams
            .values()
            .flat_map(|team| {
                let checks = team.records.iter().flat_map(|record| &record.steps);
                let clients = team.clients.iter();
                clients
                    .clone()
                    .map(|client| client.id)
                    .chain(clients.flat_map(|client| client.files.iter().map(|file| file.id)))
                    .chain(team.records.iter().map(|record| record.id))
                    .chain(checks.filter_map(Step::check).map(|check| check.id))
                    .chain(team.cases.iter().map(|case| case.id))
                    .collect::<Vec<_>>()
            })
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(count > 300, "{count}");
    }
}
