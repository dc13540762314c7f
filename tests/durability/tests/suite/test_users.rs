//! The users of the tests, and helpers that wait.

use std::time::Duration;

use durability::protocol::{Command, State};
use durability::{AppProcess, Computer};

pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const FUSION: &str = "Fusion Industries";

/// Waits for a screen.
pub(crate) async fn screen(app: &mut AppProcess, like: &str) -> durability::Result<State> {
    app.until(like, |state| state.screen.state == like).await
}

/// Waits until the vault is shown as locked for this reason.
pub(crate) async fn locked(app: &mut AppProcess, why: &str) -> durability::Result<State> {
    app.until(why, |state| {
        state.screen.state == "locked" && state.screen.why.as_deref() == Some(why)
    })
    .await
}

/// A computer on which Bob is signed in, with the app closed.
pub(crate) async fn computer_with_bob() -> durability::Result<Computer> {
    let computer = Computer::set_up().await?;
    let mut app = computer.start().await?;
    computer.sign_in(&mut app, BOB, FUSION).await?;
    app.end().await?;
    computer.amiqus.clear_requests();
    Ok(computer)
}

/// Retries the keychain.
pub(crate) const UNLOCK: Command = Command::Unlock {
    passphrase: None,
    new_passphrase: None,
};

/// Waits until the log contains a text this many times.
pub(crate) async fn until_logged(computer: &Computer, what: &str, times: usize) {
    for _ in 0..400 {
        let log = std::fs::read_to_string(computer.log()).unwrap();
        if log.matches(what).count() == times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not logged {times} times: {what}");
}

pub(crate) fn posts(computer: &Computer) -> usize {
    computer.amiqus.requests_to("/oauth/token").len()
}

/// Waits until the service has received this many token requests.
pub(crate) async fn until_posts(computer: &Computer, wanted: usize) {
    for _ in 0..2_000 {
        if posts(computer) >= wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} token requests and not {wanted}", posts(computer));
}
