//! A keychain that appears, is unlocked, or answers late is noticed without a click or a prompt.

use durability::protocol::Command;
use durability::{AppProcess, Computer};

use crate::test_users::{BOB, FUSION, computer_with_bob, locked, screen};

async fn expect_bob_connected(app: &mut AppProcess) {
    let state = screen(app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
}

/// Shows check 33.
#[tokio::test]
async fn late_keychain_opens_the_vault_without_a_click() {
    let mut computer = computer_with_bob().await.unwrap();
    computer.keychain.stop_daemon();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    let prompter = computer.keychain.prompt_without_end().await.unwrap();
    computer.keychain.start_daemon().await.unwrap();
    expect_bob_connected(&mut app).await;
    assert!(!prompter.was_asked());
}

#[tokio::test]
async fn late_keychain_is_used_for_a_new_vault() {
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
async fn late_unlock_opens_the_vault_without_a_click() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_and_refuse().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    computer.keychain.unlock().await.unwrap();
    expect_bob_connected(&mut app).await;
}

#[tokio::test]
async fn unlock_elsewhere_during_a_prompt_opens_the_vault() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    computer.keychain.unlock().await.unwrap();
    expect_bob_connected(&mut app).await;
    // The keychain keeps running.
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keychain_that_exits_during_a_prompt_ends_the_wait() {
    let mut computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let _prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    computer.keychain.stop_daemon();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    computer.keychain.start_daemon().await.unwrap();
    expect_bob_connected(&mut app).await;
}

#[tokio::test]
async fn late_import_of_the_key_opens_the_vault() {
    let computer = computer_with_bob().await.unwrap();
    let key = computer.keychain.keys().await.unwrap().remove(0);
    computer.keychain.delete_all_items().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "key_lost").await.unwrap();
    let imported = computer.keychain.add_collection("Imported").await.unwrap();
    computer.keychain.add_key(&imported, &key).await.unwrap();
    expect_bob_connected(&mut app).await;
}

/// Shows check 33.
#[tokio::test]
async fn hanging_keychain_is_shown_and_opens_once_it_answers() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.suspend().unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    computer.keychain.resume().unwrap();
    expect_bob_connected(&mut app).await;
}

#[tokio::test]
async fn hanging_keychain_is_named_by_report_and_removal() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.suspend().unwrap();
    let report = computer.run_app("--diagnose").await.unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    let expected = "vault key: the keychain didn't answer within 5 s";
    assert!(report.contains(expected), "{report}");
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(!ended.status.success(), "{ended:?}");
    let output = String::from_utf8(ended.stdout).unwrap();
    assert!(output.contains("The keychain isn't responding"), "{output}");
    // Only the key file is left, which identifies the key to remove.
    assert!(!computer.vault().join("vault.stronghold").exists());
    computer.keychain.resume().unwrap();
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(!computer.data().exists());
    assert!(computer.keychain.keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn hanging_keychain_does_not_block_the_exit() {
    let computer = computer_with_bob().await.unwrap();
    let mut app = computer.start().await.unwrap();
    expect_bob_connected(&mut app).await;
    computer.keychain.suspend().unwrap();
    app.request(&Command::Refresh).await.unwrap();
    app.end().await.unwrap();
    computer.keychain.resume().unwrap();
}
