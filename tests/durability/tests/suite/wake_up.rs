//! A wake-up, a clock change or a new network resumes a renewal that failed.

use durability::protocol::Command;
use durability::{AppProcess, Computer};
use practice_amiqus::{Endpoint, Fault};

use crate::root::as_root;
use crate::test_users::{computer_with_bob, posts, screen, until_posts};

/// Bob's renewal has just failed, and waits for a quarter of an hour.
async fn computer_with_failed_renewal() -> (Computer, AppProcess) {
    let computer = computer_with_bob().await.unwrap();
    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    app.request(&Command::Me).await.unwrap();
    let busy = Fault::TooManyRequests { retry_after: None };
    computer
        .amiqus
        .set_fault(busy.at(Endpoint::TokenRefresh).times(1));
    let refresh = app.send(&Command::Refresh).unwrap();
    let problem = app.outcome(refresh).await.unwrap();
    assert_eq!(problem.as_deref(), Some("amiqus_busy"));
    assert_eq!(posts(&computer), 1);
    (computer, app)
}

/// The kernel sets its clock when the computer wakes, and tells in the same way. Here it is set to
/// the time that it shows.
/// Shows check 41.
#[tokio::test]
async fn clock_change_or_wake_up_resumes_a_renewal() {
    let (computer, _kept) = computer_with_failed_renewal().await;
    as_root(&["sh", "-c", "date --set=\"@$(date +%s.%N)\""]);
    until_posts(&computer, 2).await;
}

/// Takes the address away again.
struct Address;

impl Drop for Address {
    fn drop(&mut self) {
        as_root(&["ip", "address", "delete", "127.77.0.1/8", "dev", "lo"]);
    }
}

#[tokio::test]
async fn new_network_resumes_a_renewal() {
    let (computer, _kept) = computer_with_failed_renewal().await;
    // An address more, within the ones that are this computer's anyway.
    as_root(&["ip", "address", "add", "127.77.0.1/8", "dev", "lo"]);
    let _gone = Address;
    until_posts(&computer, 2).await;
}
