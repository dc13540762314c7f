//! Two copies of the app at once, as on a desktop without a session bus.

use std::time::Duration;

use durability::Computer;
use durability::protocol::Command;
use practice_amiqus::Settings;

use crate::test_users::{BOB, FUSION, locked, posts, screen};

/// Shows check 27.
#[tokio::test]
async fn two_processes_share_one_refresh() {
    let hour = Duration::from_hours(1);
    let computer = Computer::set_up_with(Settings {
        access_token_lifetime: hour,
        ..Settings::default()
    })
    .await
    .unwrap();
    let mut app = computer.start().await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    app.end().await.unwrap();
    computer.amiqus.clear_requests();

    // Both would find out that the access token has ended, and both would renew it.
    computer.amiqus.advance(hour * 2);
    let (first, second) = tokio::join!(computer.start(), computer.start());
    let (mut first, mut second) = (first.unwrap(), second.unwrap());
    let why = "in_use_elsewhere";
    let first_is_late = tokio::select! {
        _ = locked(&mut first, why) => true,
        _ = locked(&mut second, why) => false,
    };
    if first_is_late {
        std::mem::swap(&mut first, &mut second);
    }
    screen(&mut first, "signed-in").await.unwrap();
    first.request(&Command::Me).await.unwrap();
    let renewed = first.state().await.unwrap();
    assert_eq!(posts(&computer), 1);
    first.end().await.unwrap();

    // The second process opens the vault as soon as the first has exited.
    let state = screen(&mut second, "signed-in").await.unwrap();
    let renews_by =
        |state: &durability::protocol::State| state.account(BOB, FUSION).unwrap().renews_by.clone();
    assert_eq!(renews_by(&state), renews_by(&renewed));
    second.end().await.unwrap();
    assert_eq!(posts(&computer), 1);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

#[tokio::test]
async fn vault_of_a_killed_process_is_free_at_once() {
    let computer = crate::test_users::computer_with_bob().await.unwrap();
    let mut first = computer.start().await.unwrap();
    screen(&mut first, "signed-in").await.unwrap();
    let mut second = computer.start().await.unwrap();
    locked(&mut second, "in_use_elsewhere").await.unwrap();
    assert!(first.kill().await.unwrap().was_killed());
    screen(&mut second, "signed-in").await.unwrap();
}
