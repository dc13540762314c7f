//! Persistence across a restart, with the real session, vault and keychain.

use std::os::unix::fs::PermissionsExt as _;

use durability::Computer;
use durability::protocol::Command;

use crate::test_users::{BOB, FUSION, screen};

/// Shows check 32.
#[tokio::test]
async fn signed_in_user_stays_signed_in_after_a_restart() {
    let computer = Computer::set_up().await.unwrap();
    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-out").await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    app.end().await.unwrap();

    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    let state = app.state().await.unwrap();
    let account = state.account(BOB, FUSION).unwrap();
    assert_eq!(account.name, "Bob Gale");
    assert!(account.is_connected());
    app.request(&Command::Me).await.unwrap();
    app.request(&Command::Refresh).await.unwrap();
    assert!(app.kill().await.unwrap().was_killed());

    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    app.request(&Command::Me).await.unwrap();
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(computer.vault()), 0o700);
    assert_eq!(mode(computer.vault().join("vault.stronghold")), 0o600);
}
