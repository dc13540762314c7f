//! Several keychain items with the attributes of the vault's key, as after importing a keyring.

use std::fs;

use durability::protocol::Command;
use durability::{AppProcess, Computer};

use crate::test_users::{BOB, FUSION, UNLOCK, computer_with_bob, locked, screen};

const FOREIGN: [u8; 32] = [7; 32];

/// Bob is signed in and the app closed; a second collection is there.
async fn computer_with_second_collection() -> (Computer, zbus::zvariant::OwnedObjectPath) {
    let computer = computer_with_bob().await.unwrap();
    let collection = computer.keychain.add_collection("Imported").await.unwrap();
    (computer, collection)
}

async fn expect_bob_connected(app: &mut AppProcess) {
    let state = screen(app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
}

/// Removes the vault's key file, or replaces its content.
fn corrupt_key_file(computer: &Computer, text: Option<&str>) {
    let key_file = computer.vault().join("key.json");
    match text {
        None => fs::remove_file(key_file).unwrap(),
        Some(text) => fs::write(key_file, text).unwrap(),
    }
}

/// The support report's line about the key.
async fn key_in_report(computer: &Computer) -> String {
    let report = computer.run_app("--diagnose").await.unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    let line = report
        .lines()
        .find_map(|line| line.split_once("vault key: "));
    line.unwrap_or_else(|| panic!("{report}")).1.to_owned()
}

/// Shows check 33.
#[tokio::test]
async fn key_among_items_of_its_name_opens_the_vault() {
    let (computer, imported) = computer_with_second_collection().await;
    let keychain = &computer.keychain;
    let own = keychain.keys().await.unwrap();
    assert_eq!(own.len(), 1);
    // Another vault's key, a copy of its own, and secrets that are not keys.
    let others: [&[u8]; 6] = [&FOREIGN, &own[0], b"", b"short", &[1; 33], &[1; 64]];
    for (count, other) in others.iter().enumerate() {
        keychain.add_key(&imported, other).await.unwrap();
        assert_eq!(keychain.keys().await.unwrap().len(), count + 2);
        let mut app = computer.start().await.unwrap();
        expect_bob_connected(&mut app).await;
        app.end().await.unwrap();
        let more = format!("{} more under its names are passed over", count + 1);
        let reported = key_in_report(&computer).await;
        assert_eq!(reported, format!("in the keychain, which is open; {more}"));
    }
    // In the same collection too.
    let default = keychain.collection().await.unwrap();
    keychain.add_key(&default, &FOREIGN).await.unwrap();
    let mut app = computer.start().await.unwrap();
    expect_bob_connected(&mut app).await;
}

#[tokio::test]
async fn key_in_an_open_collection_needs_no_prompt_for_a_locked_one() {
    for other in [FOREIGN, [0; 32]] {
        let (computer, imported) = computer_with_second_collection().await;
        computer.keychain.add_key(&imported, &other).await.unwrap();
        computer.keychain.lock_collection(&imported).await.unwrap();
        let prompter = computer.keychain.prompt_without_end().await.unwrap();
        let mut app = computer.start().await.unwrap();
        expect_bob_connected(&mut app).await;
        assert!(!prompter.was_asked());
    }
}

#[tokio::test]
async fn key_in_a_locked_collection_prompts_if_the_open_one_has_another() {
    let (computer, imported) = computer_with_second_collection().await;
    computer
        .keychain
        .add_key(&imported, &FOREIGN)
        .await
        .unwrap();
    computer.keychain.lock().await.unwrap();
    let prompter = computer.keychain.prompt_and_refuse().await.unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "keychain_locked").await.unwrap();
    assert!(prompter.was_asked());
    assert_eq!(
        key_in_report(&computer).await,
        "in the keychain, which is locked"
    );
    computer.keychain.unlock().await.unwrap();
    app.request(&UNLOCK).await.unwrap();
    expect_bob_connected(&mut app).await;
}

/// Shows check 33.
#[tokio::test]
async fn keys_that_all_mismatch_are_a_lost_key_and_stay() {
    let (computer, imported) = computer_with_second_collection().await;
    let snapshot = computer.vault().join("vault.stronghold");
    let before = fs::read(&snapshot).unwrap();
    computer.keychain.delete_all_items().await.unwrap();
    for other in [&FOREIGN[..], &[8; 32], b"short"] {
        computer.keychain.add_key(&imported, other).await.unwrap();
    }
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "key_lost").await.unwrap();
    assert_eq!(
        key_in_report(&computer).await,
        "not in the keychain: what bears its names is another vault's key"
    );
    assert_eq!(fs::read(&snapshot).unwrap(), before);
    app.request(&Command::StartOver).await.unwrap();
    screen(&mut app, "signed-out").await.unwrap();
    // A new key is added: the existing ones may be another vault's.
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 4);
}

#[tokio::test]
async fn key_without_fingerprint_is_identified_by_the_snapshot() {
    let (computer, imported) = computer_with_second_collection().await;
    computer
        .keychain
        .add_key(&imported, &FOREIGN)
        .await
        .unwrap();
    let key_file = computer.vault().join("key.json");
    let fingerprint = || {
        let text = fs::read_to_string(&key_file).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(file["vault"].is_string(), "{text}");
        file["fingerprint"].clone()
    };
    let before = fingerprint();
    for spoil in [None, Some("{"), Some("")] {
        corrupt_key_file(&computer, spoil);
        let mut app = computer.start().await.unwrap();
        expect_bob_connected(&mut app).await;
        app.end().await.unwrap();
        assert_eq!(fingerprint(), before);
    }
}

#[tokio::test]
async fn item_that_is_no_key_survives_a_new_key() {
    let computer = Computer::set_up().await.unwrap();
    let default = computer.keychain.collection().await.unwrap();
    for other in [&b""[..], b"short", &[1; 33]] {
        computer.keychain.add_key(&default, other).await.unwrap();
    }
    let mut app = computer.start().await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    app.end().await.unwrap();
    let keys = computer.keychain.keys().await.unwrap();
    assert!(keys.contains(&b"short".to_vec()), "{}", keys.len());
    let mut app = computer.start().await.unwrap();
    expect_bob_connected(&mut app).await;
}

/// Shows check 35.
#[tokio::test]
async fn removal_of_everything_removes_only_the_own_key() {
    let (computer, imported) = computer_with_second_collection().await;
    for other in [&FOREIGN[..], b""] {
        computer.keychain.add_key(&imported, other).await.unwrap();
    }
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let output = String::from_utf8(ended.stdout).unwrap();
    assert!(
        output.contains("Removed its key from the keychain"),
        "{output}"
    );
    let left = computer.keychain.keys().await.unwrap();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&FOREIGN.to_vec()) && left.contains(&Vec::new()));
}

/// Shows check 35.
#[tokio::test]
async fn removal_finds_the_key_of_a_vault_without_id() {
    for spoil in [None, Some("{")] {
        let (computer, imported) = computer_with_second_collection().await;
        computer
            .keychain
            .add_key(&imported, &FOREIGN)
            .await
            .unwrap();
        corrupt_key_file(&computer, spoil);
        let ended = computer.run_app("--forget-everything").await.unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let left = computer.keychain.keys().await.unwrap();
        assert_eq!(left, [FOREIGN.to_vec()], "{spoil:?}");
    }
}

/// Shows check 33.
#[tokio::test]
async fn damaged_vault_is_not_replaced_with_another_vaults_key() {
    let (computer, imported) = computer_with_second_collection().await;
    computer.keychain.delete_all_items().await.unwrap();
    computer
        .keychain
        .add_key(&imported, &FOREIGN)
        .await
        .unwrap();
    let snapshot = computer.vault().join("vault.stronghold");
    let damaged = b"no snapshot at all".to_vec();
    fs::write(&snapshot, &damaged).unwrap();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "key_lost").await.unwrap();
    assert_eq!(fs::read(&snapshot).unwrap(), damaged);
    app.end().await.unwrap();
    assert_eq!(computer.keychain.keys().await.unwrap(), [FOREIGN.to_vec()]);
}

#[tokio::test]
async fn locked_key_is_reported_by_the_removal_and_removed_later() {
    let computer = computer_with_bob().await.unwrap();
    computer.keychain.lock().await.unwrap();
    let _prompter = computer.keychain.prompt_and_refuse().await.unwrap();
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(!ended.status.success(), "{ended:?}");
    let output = String::from_utf8(ended.stdout).unwrap();
    assert!(output.contains("The keychain is locked"), "{output}");
    // Only the key file is left, which identifies the vault's key.
    let left: Vec<_> = fs::read_dir(computer.vault())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter().all(|name| name == "key.json" || name == "lock"),
        "{left:?}"
    );
    computer.keychain.unlock().await.unwrap();
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(computer.keychain.keys().await.unwrap().is_empty());
    assert!(!computer.data().exists());
}
