//! Accounts whose team isn't known yet.

use super::*;
use crate::account::{AccountStatus, SignInAgainReason, TeamKey};
use crate::fixtures::{connected, hill_valley, lorraine};

fn of_unknown_team(number: u32) -> AccountKey {
    AccountKey {
        user: bob().user.id,
        team: TeamKey::Unknown(number),
    }
}

/// Bob, whose team could not be requested.
fn without_team() -> Identity {
    Identity {
        team: None,
        role: None,
        ..bob()
    }
}

/// Bob in his other team.
fn elsewhere() -> Identity {
    Identity {
        team: Some(hill_valley()),
        ..bob()
    }
}

/// Shows check 36.
#[test]
fn two_unknown_teams_of_one_user_are_two_accounts() {
    let mut bench = Bench::set_up();
    bench.sign_in(without_team(), "1");
    let step = bench.sign_in(without_team(), "2");
    assert_eq!(bench.problem(), None);
    assert_eq!(bench.state().accounts.len(), 2);
    assert!(
        step.changed
            .contains(&RecordName::Account(of_unknown_team(1)))
    );
    for (number, pair) in [(0, "hush-refresh-1"), (1, "hush-refresh-2")] {
        let record = bench.record(RecordName::Account(of_unknown_team(number)));
        assert!(record.unwrap().contains(pair));
    }
    // Each team that becomes known renames its own account.
    for (number, identity) in [(0, bob()), (1, elsewhere())] {
        let check = bench.step(Event::CheckRequested(of_unknown_team(number)));
        let step = bench.checked(&check, Ok(identity.clone()));
        assert_eq!(check_answer(&step), Some(Ok(())));
        assert!(bench.record(RecordName::Account(identity.key())).is_some());
    }
    assert_eq!(bench.state().accounts.len(), 2);
    assert_eq!(bench.state().current, Some(elsewhere().key().to_string()));
}

#[test]
fn unknown_team_that_is_still_unknown_keeps_its_key() {
    let mut bench = Bench::set_up();
    bench.sign_in(without_team(), "1");
    bench.sign_in(without_team(), "2");
    let check = bench.step(Event::CheckRequested(of_unknown_team(1)));
    bench.checked(&check, Ok(without_team()));
    assert_eq!(bench.state().accounts.len(), 2);
}

/// Shows check 36.
#[test]
fn unknown_team_that_is_present_keeps_the_newer_tokens() {
    for unknown_is_newer in [true, false] {
        let mut bench = Bench::set_up();
        let (first, second) = if unknown_is_newer {
            (bob(), without_team())
        } else {
            (without_team(), bob())
        };
        bench.sign_in(first, "1");
        bench.advance(MINUTE);
        bench.sign_in(second, "2");
        assert_eq!(bench.state().accounts.len(), 2);
        let check = bench.step(Event::CheckRequested(of_unknown_team(0)));
        let other = bench.step(Event::CheckRequested(bob().key()));
        let step = bench.checked(&check, Ok(bob()));
        assert_eq!(check_answer(&step), Some(Ok(())));
        assert_eq!(bench.state().accounts.len(), 1);
        let record = bench.record(RecordName::Account(bob().key())).unwrap();
        assert!(record.contains("hush-refresh-2"), "{unknown_is_newer}");
        assert_eq!(bench.state().current, Some(bob().key().to_string()));
        // Callers that wait for the account that was present are answered as well.
        let step = bench.checked(&other, Ok(bob()));
        assert_eq!(check_answer(&step), Some(Ok(())));
    }
}

#[test]
fn unknown_team_replaces_its_disconnected_account() {
    let mut dead = connected(bob(), tokens("0", now()));
    dead.status = AccountStatus::SignInAgain(SignInAgainReason::AccessRemoved);
    let (mut bench, _) = Bench::with(vec![dead]);
    bench.sign_in(without_team(), "1");
    let check = bench.step(Event::CheckRequested(of_unknown_team(0)));
    bench.checked(&check, Ok(bob()));
    assert_eq!(bench.state().accounts.len(), 1);
    assert_eq!(bench.status(bob().key()), AccountStatusView::Connected);
}

#[test]
fn disconnected_account_of_unknown_team_is_reused() {
    let mut bench = Bench::set_up();
    bench.sign_in(without_team(), "1");
    let key = of_unknown_team(0);
    let step = bench.step(Event::RenewalRequested(key, RenewalReason::Due));
    let step = bench.refreshed(&step, Err(TokenError::InvalidGrant { expired: false }));
    bench.reloaded(&step, None);
    bench.sign_in(without_team(), "2");
    assert_eq!(bench.state().accounts.len(), 1);
    assert_eq!(bench.status(key), AccountStatusView::Connected);
}

#[test]
fn unknown_teams_are_requested_at_start_and_with_a_network() {
    let mut other = connected(without_team(), tokens("2", now()));
    other.identity.team = None;
    let (mut bench, step) = Bench::with(vec![connected(lorraine(), tokens("1", now())), other]);
    let asked = |step: &Step| {
        effects(step)
            .into_iter()
            .filter(|effect| effect.starts_with("check"))
            .collect::<Vec<_>>()
    };
    assert_eq!(asked(&step), ["check hush-access-2", "check hush-access-1"]);
    let of = |step: &Step, wanted: AccountKey| {
        step.effects.iter().find_map(|effect| match effect {
            Effect::Check(key, generation, _) if *key == wanted => Some(*generation),
            _ => None,
        })
    };
    let generation = of(&step, of_unknown_team(0)).unwrap();
    bench.step(Event::Checked(
        of_unknown_team(0),
        generation,
        Err(SERVER_ERROR),
    ));
    let step = bench.step(Event::EnvironmentChanged);
    assert_eq!(asked(&step), ["check hush-access-2"]);
}
