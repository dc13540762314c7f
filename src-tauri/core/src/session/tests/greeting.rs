//! What the window says only once: that the user has just signed in, and a problem.

use super::*;
use crate::account::Team;
use crate::fixtures::{connected, hill_valley, lorraine};

#[test]
fn completed_sign_in_is_greeted_until_the_user_does_something_else() {
    let endings: [(&str, fn(&mut Bench)); 5] = [
        ("the window closes", |bench| {
            bench.step(Event::WindowClosed);
        }),
        ("another sign-in begins", |bench| {
            bench.press();
            bench.step(Event::Cancelled);
        }),
        ("the account is switched", |bench| {
            bench.step(Event::SwitchRequested(bob().key()));
        }),
        ("the set-up is changed", |bench| {
            bench.step(Event::SetupChangeRequested);
            bench.step(Event::Cancelled);
        }),
        ("the user signs out", |bench| {
            bench.step(Event::SignOutRequested(bob().key()));
        }),
    ];
    for (what, end) in endings {
        let mut bench = Bench::set_up();
        bench.sign_in(bob(), "1");
        assert!(bench.state().just_signed_in, "{what}");
        end(&mut bench);
        assert!(!bench.state().just_signed_in, "{what}");
    }
}

#[test]
fn check_and_renewal_keep_the_greeting() {
    let mut bench = Bench::set_up();
    bench.sign_in(bob(), "1");
    let step = bench.step(Event::CheckRequested(bob().key()));
    bench.checked(&step, Ok(bob()));
    assert!(bench.state().just_signed_in);
}

#[test]
fn start_and_an_account_that_is_already_here_are_not_greeted() {
    let mut bench = Bench::with_bob();
    assert!(!bench.state().just_signed_in);
    bench.sign_in(bob(), "2");
    assert_eq!(bench.problem(), Some(Code::AlreadyHere));
    assert!(!bench.state().just_signed_in);
}

#[test]
fn dismissed_problem_is_shown_no_more() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.denied("access_denied"));
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
    let step = bench.step(Event::ProblemDismissed);
    assert_nothing_happened(&step);
    assert_eq!(bench.problem(), None);
}

#[test]
fn teams_without_an_account_are_named() {
    let twin_pines = Team {
        uuid: uuid::Uuid::from_u128(7),
        name: "Twin Pines Law".to_owned(),
    };
    let nameless = Team {
        uuid: uuid::Uuid::from_u128(8),
        name: String::new(),
    };
    let teams = vec![
        twin_pines.clone(),
        nameless,
        bob().team.unwrap(),
        hill_valley(),
        twin_pines,
    ];
    let (mut bench, step) = Bench::with(vec![
        connected(bob(), tokens("1", now())),
        // Another user's account for a team is not this user's.
        connected(lorraine(), tokens("2", now())),
    ]);
    assert_eq!(bench.state().other_teams, [""; 0]);
    let identity = Identity {
        teams: Some(teams),
        ..bob()
    };
    bench.checked(&step, Ok(identity));
    assert_eq!(
        bench.state().other_teams,
        ["Hill Valley Legal", "Twin Pines Law"]
    );
    // An answer without the list keeps it.
    let step = bench.step(Event::CheckRequested(bob().key()));
    bench.checked(&step, Ok(bob()));
    assert_eq!(bench.state().other_teams.len(), 2);
    bench.step(Event::SwitchRequested(lorraine().key()));
    assert_eq!(bench.state().other_teams, [""; 0]);
}
