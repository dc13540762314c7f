//! The user's other teams, and a membership that has ended.

use amiqus_core::account::Role;
use practice_amiqus::{Endpoint, Fault};
use serde_json::Map;

use crate::app::*;

#[tokio::test]
async fn other_team_is_named_until_it_has_an_account() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let state = app.sign_in(&computer, BOB, FUSION).await;
    assert_eq!(state.other_teams, [HILL_VALLEY]);
    let state = app.sign_in(&computer, BOB, HILL_VALLEY).await;
    assert_eq!(state.other_teams, [""; 0]);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

#[tokio::test]
async fn sign_in_without_the_list_of_teams_succeeds() {
    for fault in [
        Fault::NotFound,
        Fault::HtmlWith200,
        Fault::JsonArray,
        Fault::LoseAnswer,
        // Longer than a user would wait for a hint.
        Fault::DelayBeforeProcessing { ms: 20_000 },
    ] {
        let computer = Computer::set_up().await;
        computer
            .amiqus
            .set_fault(fault.clone().at(Endpoint::MeTeams));
        let mut app = computer.start().await;
        let began = std::time::Instant::now();
        let state = app.sign_in(&computer, BOB, FUSION).await;
        assert!(began.elapsed().as_secs() < 15, "{fault:?}");
        assert_eq!(code(&state), None, "{fault:?}");
        assert_eq!(state.other_teams, [""; 0], "{fault:?}");
        computer.amiqus.clear_faults();
        app.session.me().await.unwrap();
        let state = app.session.state().await.unwrap();
        assert_eq!(state.other_teams, [HILL_VALLEY], "{fault:?}");
    }
}

#[tokio::test]
async fn role_that_is_null_replaces_the_one_that_was_stored() {
    let computer = Computer::set_up().await;
    computer.add(BOB, FUSION, false);
    let fields = Map::from_iter([("role".to_owned(), serde_json::Value::Null)]);
    let left = Fault::OtherFields { fields };
    computer.amiqus.set_fault(left.at(Endpoint::TeamMe));
    let app = computer.start().await;
    let state = app.checked(&computer.clock).await;
    assert_eq!(account(&state, BOB).role, Some(Role::NoLongerInTeam));
    app.session.wait_until_idle().await;
    assert!(!computer.store.text().contains("no-longer"));
    drop(app);

    // What is stored is no role: neither the old one nor one that an earlier version can't read.
    computer.amiqus.clear_faults();
    computer
        .amiqus
        .set_fault(Fault::NotFound.at(Endpoint::TeamMe));
    let app = computer.start().await;
    app.session.me().await.unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(account(&state, BOB).role, None);
}
