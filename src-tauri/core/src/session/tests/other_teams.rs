//! The teams of the current user that have no account here, and a role that has ended.

use uuid::Uuid;

use super::*;
use crate::account::{Role, Team};
use crate::fixtures::{connected, fusion, hill_valley, lorraine};

fn team(number: u128, name: &str) -> Team {
    Team {
        uuid: Uuid::from_u128(number),
        name: name.to_owned(),
    }
}

fn bob_with(teams: Option<Vec<Team>>) -> Identity {
    Identity { teams, ..bob() }
}

/// Amiqus lists these teams of Bob.
fn check(bench: &mut Bench, teams: Option<Vec<Team>>) -> Step {
    let step = bench.step(Event::CheckRequested(bob().key()));
    bench.checked(&step, Ok(bob_with(teams)))
}

/// Bob and Lorraine are signed in; the check of Bob at the start is over.
fn with_both() -> Bench {
    let (mut bench, step) = Bench::with(vec![
        connected(bob(), tokens("1", now())),
        connected(lorraine(), tokens("2", now())),
    ]);
    bench.checked(&step, Ok(bob()));
    bench
}

#[test]
fn teams_without_an_account_are_sorted_and_named_once() {
    let mut bench = Bench::with_bob();
    assert_eq!(bench.state().other_teams, [""; 0]);
    let teams = vec![
        team(1, "Zemeckis"),
        fusion(),
        team(2, ""),
        hill_valley(),
        team(3, "Hill Valley Legal"),
        team(4, "Acme"),
    ];
    check(&mut bench, Some(teams));
    assert_eq!(
        bench.state().other_teams,
        ["Acme", "Hill Valley Legal", "Zemeckis"]
    );
}

#[test]
fn team_that_any_account_is_for_is_not_another() {
    let mut bench = with_both();
    let teams = vec![fusion(), hill_valley(), team(1, "Acme")];
    check(&mut bench, Some(teams));
    assert_eq!(bench.state().other_teams, ["Acme"]);
    bench.step(Event::SignOutRequested(lorraine().key()));
    assert_eq!(bench.state().other_teams, ["Acme", "Hill Valley Legal"]);
    let elsewhere = Identity {
        team: Some(hill_valley()),
        ..bob_with(Some(vec![fusion(), hill_valley()]))
    };
    bench.sign_in(elsewhere, "3");
    assert_eq!(bench.state().other_teams, [""; 0]);
}

#[test]
fn other_teams_are_those_of_the_current_user() {
    let mut bench = with_both();
    check(&mut bench, Some(vec![fusion(), team(1, "Acme")]));
    bench.step(Event::SwitchRequested(lorraine().key()));
    assert_eq!(bench.state().other_teams, [""; 0]);
    bench.step(Event::SwitchRequested(bob().key()));
    assert_eq!(bench.state().other_teams, ["Acme"]);
}

#[test]
fn teams_that_could_not_be_requested_stay_as_they_were() {
    let mut bench = Bench::with_bob();
    check(&mut bench, Some(vec![fusion(), hill_valley()]));
    check(&mut bench, None);
    assert_eq!(bench.state().other_teams, ["Hill Valley Legal"]);
    check(&mut bench, Some(vec![]));
    assert_eq!(bench.state().other_teams, [""; 0]);
}

#[test]
fn other_teams_are_unknown_while_a_team_of_the_user_is() {
    let mut bench = Bench::set_up();
    let unknown = Identity {
        team: None,
        ..bob_with(Some(vec![fusion(), hill_valley()]))
    };
    bench.sign_in(unknown.clone(), "1");
    assert_eq!(bench.state().other_teams, [""; 0]);
    bench.sign_in(bob_with(Some(vec![fusion(), hill_valley()])), "2");
    assert_eq!(bench.state().other_teams, [""; 0]);
    bench.step(Event::SignOutRequested(unknown.key()));
    assert_eq!(bench.state().other_teams, ["Hill Valley Legal"]);
}

#[test]
fn other_teams_are_kept_with_the_account() {
    let mut bench = Bench::with_bob();
    let account = RecordName::Account(bob().key());
    check(&mut bench, Some(vec![fusion(), hill_valley()]));
    let record = bench.record(account).unwrap();
    assert!(record.contains("Hill Valley Legal"), "{record}");
}

#[test]
fn role_that_has_ended_replaces_the_earlier_one() {
    let mut bench = Bench::with_bob();
    let key = bob().key();
    assert_eq!(bench.account(key).role, Some(Role::Owner));
    let mut heard = |role| {
        let step = bench.step(Event::CheckRequested(key));
        bench.checked(&step, Ok(Identity { role, ..bob() }));
        let record = bench.record(RecordName::Account(key)).unwrap();
        (bench.account(key).role, record)
    };
    let (role, record) = heard(Some(Role::NoLongerInTeam));
    assert_eq!(role, Some(Role::NoLongerInTeam));
    assert!(record.contains(r#""role":null"#), "{record}");
    assert_eq!(heard(None).0, Some(Role::NoLongerInTeam));
    let (role, record) = heard(Some(Role::Member));
    assert_eq!(role, Some(Role::Member));
    assert!(record.contains(r#""role":"member""#), "{record}");
}
