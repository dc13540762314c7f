//! Locked, hanging, missing and emptied keychains.

use std::fs;
use std::time::Duration;

use durability::Computer;
use durability::protocol::Command;

use crate::log_text::{NO_BUS, PROMPT_ABANDONED};
use crate::test_users::{BOB, FUSION, UNLOCK, computer_with_bob, locked, screen, until_logged};

/// Shows check 33.
#[tokio::test]
async fn locked_keychain_keeps_the_vault_locked_until_unlocked() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    computer.keychain.unlock().await.unwrap();
    app.request(&UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
}

/// Shows check 33.
#[tokio::test]
async fn pending_prompt_is_waited_for_and_shown() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    let files = fs::read_dir(computer.vault()).unwrap().count();
    assert!(app.kill().await.unwrap().was_killed());
    // No vault was created in the meantime.
    assert_eq!(fs::read_dir(computer.vault()).unwrap().count(), files);
}

/// GNOME's keyring keeps showing a prompt whose caller has gone, and queues the next one behind it.
///
/// Shows check 33.
#[tokio::test]
async fn unanswered_prompt_is_restarted_by_each_press() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let _prompter = computer.keychain.prompt_without_end().await.unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    for times in 1..3 {
        app.request(&UNLOCK).await.unwrap();
        until_logged(&computer, PROMPT_ABANDONED, times).await;
        // Until the window shows what is waited for, further presses have no effect.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    computer.keychain.unlock().await.unwrap();
    let state = screen(&mut app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
    // The keychain keeps running.
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
}

/// Shows check 33.
#[tokio::test]
async fn hanging_session_bus_ends_in_a_timeout() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.suspend_bus().unwrap();
    let mut app = computer.start_only().await.unwrap();
    locked(&mut app, "keychain_unreachable").await.unwrap();
    until_logged(&computer, NO_BUS, 1).await;
    computer.keychain.resume_bus().unwrap();
    app.request(&UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
}

/// Shows check 33.
#[tokio::test]
async fn refused_prompt_is_shown_and_no_vault_is_created() {
    let computer = computer_with_bob().await.unwrap();
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
    // Unlocking the keychain still opens the vault.
    computer.keychain.unlock().await.unwrap();
    app.request(&UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
}

/// Shows check 33.
#[tokio::test]
async fn keychain_started_after_the_app_opens_the_vault() {
    let mut computer = computer_with_bob().await.unwrap();
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
async fn lost_key_is_reported_and_changes_nothing() {
    let computer = computer_with_bob().await.unwrap();
    let snapshot = computer.vault().join("vault.stronghold");
    let before = fs::read(&snapshot).unwrap();
    computer.keychain.delete_all_items().await.unwrap();
    let mut app = computer.start().await.unwrap();
    let state = locked(&mut app, "key_lost").await.unwrap();
    assert_eq!(state.problem, None);
    assert_eq!(fs::read(&snapshot).unwrap(), before);

    // Starting over creates a new vault and keeps the old file.
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
async fn damaged_vault_is_reported_and_set_aside() {
    let computer = computer_with_bob().await.unwrap();
    let snapshot = computer.vault().join("vault.stronghold");
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes.truncate(bytes.len() - 40);
    fs::write(&snapshot, &bytes).unwrap();
    let mut app = computer.start().await.unwrap();
    let state = screen(&mut app, "signed-out").await.unwrap();
    let problem = state.problem.unwrap();
    assert_eq!(problem.code, "vault_damaged");
    // The registration came from the provisioning file; the problem names the old file, which is intact.
    assert_eq!(fs::read(problem.file.unwrap()).unwrap(), bytes);
}

/// Shows check 33.
#[tokio::test]
async fn without_keychain_nothing_is_saved_before_a_passphrase() {
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
