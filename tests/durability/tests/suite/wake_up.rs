//! A wake-up, a clock change or a new network resumes a renewal that failed.

use durability::protocol::Command;
use durability::{AppProcess, Computer};
use practice_amiqus::{Endpoint, Fault};

use crate::root::as_root;
use crate::test_users::{computer_with_bob, posts, screen, until_posts};

/// Bob's renewal has just failed; the next try is a quarter of an hour away.
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

/// The kernel reports a wake-up as a clock change. The test sets the clock to its current time.
///
/// Shows check 41.
#[tokio::test]
async fn clock_change_or_wake_up_resumes_a_renewal() {
    let (computer, _app) = computer_with_failed_renewal().await;
    as_root(&["sh", "-c", "date --set=\"@$(date +%s.%N)\""]);
    until_posts(&computer, 2).await;
}

/// Removes the address when dropped.
struct Address;

impl Drop for Address {
    fn drop(&mut self) {
        as_root(&["ip", "address", "delete", "127.77.0.1/8", "dev", "lo"]);
    }
}

#[tokio::test]
async fn new_network_resumes_a_renewal() {
    let (computer, _app) = computer_with_failed_renewal().await;
    // An additional loopback address, which no other program uses.
    as_root(&["ip", "address", "add", "127.77.0.1/8", "dev", "lo"]);
    let _address = Address;
    until_posts(&computer, 2).await;
}
