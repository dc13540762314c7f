//! What a keychain can do to the vault whose key it holds.

use std::fs;
use std::time::Duration;

use durability::Computer;
use durability::protocol::Command;

use crate::test_users::{BOB, FUSION, UNLOCK, locked, screen, until_logged, with_bob};

/// Shows check 33.
#[tokio::test]
async fn a_locked_keychain_keeps_the_vault_closed_and_an_unlocked_one_opens_it() {
    let computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    computer.keychain.unlock().await.unwrap();
    app.request(&UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
}

/// Shows check 33.
#[tokio::test]
async fn a_keychain_that_asks_for_its_password_is_waited_for_and_said() {
    let computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    let files = fs::read_dir(computer.vault()).unwrap().count();
    assert!(app.kill().await.unwrap().was_killed());
    // Nothing was begun in the meantime.
    assert_eq!(fs::read_dir(computer.vault()).unwrap().count(), files);
}

/// GNOME's keyring leaves a window on the screen whose asker has gone, and shows the next one after it.
///
/// Shows check 33.
#[tokio::test]
async fn prompt_that_nobody_answers_is_begun_anew_by_each_press() {
    let computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let _prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    for times in 1..3 {
        app.request(&UNLOCK).await.unwrap();
        until_logged(&computer, "keychain: prompt abandoned", times).await;
        // Until the window says what is waited for, a press is the same press.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    computer.keychain.unlock().await.unwrap();
    let state = screen(&mut app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
    // And the keychain lives on.
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
}

/// Shows check 33.
#[tokio::test]
async fn session_bus_that_says_nothing_is_not_waited_for_without_end() {
    let computer = with_bob().await.unwrap();
    computer.keychain.suspend_bus().unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    until_logged(&computer, "keychain: no connection to the bus", 1).await;
    computer.keychain.resume_bus().unwrap();
    app.request(&UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
}

/// Shows check 33.
#[tokio::test]
async fn a_keychain_that_refuses_is_said_and_nothing_is_begun_without_it() {
    let computer = with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_and_refuse().await.unwrap();
    let snapshot = computer.vault().join("vault.stronghold");
    let before = fs::read(&snapshot).unwrap();
    let files = fs::read_dir(computer.vault()).unwrap().count();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    assert_eq!(fs::read(&snapshot).unwrap(), before);
    assert_eq!(fs::read_dir(computer.vault()).unwrap().count(), files);
    // The way on: whoever opens it after all is let in.
    computer.keychain.unlock().await.unwrap();
    app.request(&UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
}

/// Shows check 33.
#[tokio::test]
async fn a_keychain_that_comes_after_the_app_opens_the_vault() {
    let mut computer = with_bob().await.unwrap();
    computer.keychain.stop_daemon();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    computer.keychain.start_daemon().await.unwrap();
    app.request(&UNLOCK).await.unwrap();
    let state = screen(&mut app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
}

/// Shows check 33.
#[tokio::test]
async fn a_keychain_that_lost_the_key_is_not_a_damaged_file_and_nothing_is_touched() {
    let computer = with_bob().await.unwrap();
    let snapshot = computer.vault().join("vault.stronghold");
    let before = fs::read(&snapshot).unwrap();
    computer.keychain.delete_all_items().await.unwrap();
    let mut app = computer.start().await.unwrap();
    let state = locked(&mut app, "key_lost").await.unwrap();
    assert_eq!(state.problem, None);
    assert_eq!(fs::read(&snapshot).unwrap(), before);

    // A person who gives it up begins anew; what was there is kept.
    app.request(&Command::StartOver).await.unwrap();
    screen(&mut app, "signed-out").await.unwrap();
    let aside = fs::read_dir(computer.vault())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).is_ok_and(|bytes| bytes == before));
    assert!(aside.is_some());
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
}

/// Shows check 34.
#[tokio::test]
async fn a_damaged_file_is_not_a_lost_key_and_is_set_aside_with_a_message() {
    let computer = with_bob().await.unwrap();
    let snapshot = computer.vault().join("vault.stronghold");
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes.truncate(bytes.len() - 40);
    fs::write(&snapshot, &bytes).unwrap();
    let mut app = computer.start().await.unwrap();
    let state = screen(&mut app, "signed-out").await.unwrap();
    let problem = state.problem.unwrap();
    assert_eq!(problem.code, "vault_damaged");
    // The set-up came from IT's file again; the file that was there is named, and whole.
    assert_eq!(fs::read(problem.file.unwrap()).unwrap(), bytes);
}

/// Shows check 33.
#[tokio::test]
async fn without_a_keychain_nothing_is_kept_until_a_passphrase_is_chosen() {
    let mut computer = Computer::set_up().await.unwrap();
    computer.keychain.stop_daemon();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_absent").await.unwrap();
    let names: Vec<_> = fs::read_dir(computer.vault())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["lock"]);
    app.request(&Command::Unlock {
        passphrase: None,
        new_passphrase: Some("practice makes perfect".to_owned()),
    })
    .await
    .unwrap();
    screen(&mut app, "signed-out").await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
}
