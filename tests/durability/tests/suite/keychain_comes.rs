//! A keychain that comes, is unlocked, or answers later is noticed: no click, no prompt.

use durability::protocol::Command;
use durability::{AppProcess, Computer};

use crate::test_users::{BOB, FUSION, locked, screen, with_bob};

async fn bob_is_connected(app: &mut AppProcess) {
    let state = screen(app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
}

/// Shows check 33.
#[tokio::test]
async fn keychain_that_comes_later_opens_the_vault_unasked() {
    let mut computer = with_bob().await.unwrap();
    computer.keychain.stop_daemon();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    let prompter = computer.keychain.prompt_without_end().await.unwrap();
    computer.keychain.start_daemon().await.unwrap();
    bob_is_connected(&mut app).await;
    assert!(!prompter.was_asked());
}

#[tokio::test]
async fn keychain_that_comes_to_a_new_computer_later_is_used_unasked() {
    let mut computer = Computer::set_up().await.unwrap();
    computer.keychain.stop_daemon();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_absent").await.unwrap();
    computer.keychain.start_daemon().await.unwrap();
    screen(&mut app, "signed-out").await.unwrap();
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
}

/// Shows check 33.
#[tokio::test]
async fn keychain_that_is_unlocked_later_opens_the_vault_unasked() {
    let computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_and_refuse().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    computer.keychain.unlock().await.unwrap();
    bob_is_connected(&mut app).await;
}

#[tokio::test]
async fn keychain_that_is_unlocked_elsewhere_while_it_asks_opens_the_vault() {
    let computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    computer.keychain.unlock().await.unwrap();
    bob_is_connected(&mut app).await;
    // And the keychain lives on.
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keychain_that_ends_while_it_asks_is_not_waited_for() {
    let mut computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let _prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    computer.keychain.stop_daemon();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    computer.keychain.start_daemon().await.unwrap();
    bob_is_connected(&mut app).await;
}

#[tokio::test]
async fn key_that_is_imported_later_opens_the_vault_unasked() {
    let computer = with_bob().await.unwrap();
    let key = computer.keychain.keys().await.unwrap().remove(0);
    computer.keychain.delete_all_items().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "key_lost").await.unwrap();
    let imported = computer.keychain.add_collection("Imported").await.unwrap();
    computer.keychain.add_key(&imported, &key).await.unwrap();
    bob_is_connected(&mut app).await;
}

/// Shows check 33.
#[tokio::test]
async fn keychain_that_does_not_answer_is_said_and_opens_the_vault_once_it_does() {
    let computer = with_bob().await.unwrap();
    computer.keychain.suspend().unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    computer.keychain.resume().unwrap();
    bob_is_connected(&mut app).await;
}

#[tokio::test]
async fn keychain_that_does_not_answer_is_said_by_the_report_and_by_the_removal() {
    let computer = with_bob().await.unwrap();
    computer.keychain.suspend().unwrap();
    let report = computer.run_app("--diagnose").await.unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    let says = "vault key: the keychain didn't answer within 5 s";
    assert!(report.contains(says), "{report}");
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(!ended.status.success(), "{ended:?}");
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("The keychain doesn't answer"), "{said}");
    // Nothing is left but what tells which key is to be removed.
    assert!(!computer.vault().join("vault.stronghold").exists());
    computer.keychain.resume().unwrap();
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(!computer.data().exists());
    assert!(computer.keychain.keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn keychain_that_stops_answering_while_the_app_runs_keeps_nobody_from_ending_it() {
    let computer = with_bob().await.unwrap();
    let mut app = computer.start().await.unwrap();
    bob_is_connected(&mut app).await;
    computer.keychain.suspend().unwrap();
    app.request(&Command::Refresh).await.unwrap();
    app.end().await.unwrap();
    computer.keychain.resume().unwrap();
}
