//! Two vaults of one user in two data folders, with their keys in one keychain.

use std::fs;
use std::path::Path;

use durability::protocol::Command;
use durability::{AppProcess, Computer};

use crate::test_users::{BOB, FUSION, computer_with_bob, locked, screen};

async fn expect_bob_connected(app: &mut AppProcess) {
    let state = screen(app, "signed-in").await.unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
}

/// Bob is signed in in both data folders, and the app closed.
async fn computer_with_two_vaults() -> Computer {
    let mut computer = computer_with_bob().await.unwrap();
    computer.use_data_folder("other data");
    let mut app = computer.start().await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    app.end().await.unwrap();
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 2);
    computer
}

/// Shows checks 33 and 35.
#[tokio::test]
async fn removal_of_one_vault_keeps_the_others_key() {
    let mut computer = computer_with_two_vaults().await;
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
    computer.use_data_folder("data");
    expect_bob_connected(&mut computer.start().await.unwrap()).await;
}

/// Shows check 33.
#[tokio::test]
async fn start_over_in_one_vault_keeps_the_others_key() {
    for how in ["removed", "set aside"] {
        let mut computer = computer_with_two_vaults().await;
        if how == "removed" {
            fs::remove_dir_all(computer.data()).unwrap();
        } else {
            // The key file no longer identifies a key.
            fs::write(computer.vault().join("key.json"), "{}").unwrap();
            let snapshot = computer.vault().join("vault.stronghold");
            let foreign = fs::read(Path::new(&snapshot)).unwrap();
            fs::write(&snapshot, &foreign[..foreign.len() / 2]).unwrap();
        }
        let mut app = computer.start().await.unwrap();
        if how == "removed" {
            screen(&mut app, "signed-out").await.unwrap();
        } else if locked(&mut app, "key_lost").await.is_ok() {
            app.request(&Command::StartOver).await.unwrap();
            screen(&mut app, "signed-out").await.unwrap();
        }
        app.end().await.unwrap();
        let ended = computer.run_app("--forget-everything").await.unwrap();
        assert!(ended.status.success(), "{how}: {ended:?}");
        computer.use_data_folder("data");
        expect_bob_connected(&mut computer.start().await.unwrap()).await;
    }
}

/// The key of a vault from before vaults had IDs gets its vault's ID.
///
/// Shows check 33.
#[tokio::test]
async fn key_without_vault_id_gets_one_and_survives_other_removals() {
    let mut computer = computer_with_bob().await.unwrap();
    computer.remove_vault_id().await.unwrap();
    expect_bob_connected(&mut computer.start().await.unwrap()).await;
    assert_eq!(computer.keychain.keys().await.unwrap().len(), 1);
    let key_file = fs::read_to_string(computer.vault().join("key.json")).unwrap();
    assert!(key_file.contains("\"vault\""), "{key_file}");
    assert_eq!(computer.keychain.keys_without_vault_id().await.unwrap(), 0);
    // If the vault was not opened since, the key is identified by its fingerprint.
    for opened in [true, false] {
        if !opened {
            computer.remove_vault_id().await.unwrap();
        }
        computer.use_data_folder("other data");
        let mut app = computer.start().await.unwrap();
        screen(&mut app, "signed-out").await.unwrap();
        app.end().await.unwrap();
        let ended = computer.run_app("--forget-everything").await.unwrap();
        assert!(ended.status.success(), "{ended:?}");
        computer.use_data_folder("data");
        expect_bob_connected(&mut computer.start().await.unwrap()).await;
    }
    let ended = computer.run_app("--forget-everything").await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(computer.keychain.keys().await.unwrap().is_empty());
}
