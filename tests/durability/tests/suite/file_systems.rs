//! Home folders on file systems without all of ext4's operations, simulated with `strace`.

use std::fs;

use durability::protocol::Command;
use durability::{AppProcess, Computer};

use crate::log_text::SAFEGUARD_MISSING;
use crate::test_users::{BOB, FUSION, computer_with_bob, locked, posts, screen};

/// Signs in, renews, and is still signed in after a restart, while these calls fail.
async fn works_with(calls: &str, outcome: &str) -> Computer {
    let computer = Computer::set_up().await.unwrap();
    let start = || computer.start_only_with(calls, outcome, None);
    let mut app = start().await.unwrap();
    screen(&mut app, "signed-out")
        .await
        .unwrap_or_else(|trouble| panic!("{calls} {outcome}: {trouble}"));
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    app.request(&Command::Refresh)
        .await
        .unwrap_or_else(|trouble| panic!("{calls} {outcome}: {trouble}"));
    let state = app.state().await.unwrap();
    assert_eq!(state.problem, None, "{calls} {outcome}");
    app.end().await.unwrap();
    let mut app = start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    app.end().await.unwrap();
    // The vault also opens when all calls succeed again.
    let mut app: AppProcess = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    let more: Vec<_> = fs::read_dir(computer.vault())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["key.json", "lock", "vault.stronghold"].contains(&name.as_str()))
        .collect();
    assert_eq!(more, [""; 0], "{calls} {outcome}");
    app.end().await.unwrap();
    computer
}

/// Checks that it works, and that the log reports the missing safeguard at most once per start.
async fn works_and_reports(calls: &str, outcome: &str, missing: &[&str]) {
    let computer = works_with(calls, outcome).await;
    let log = fs::read_to_string(computer.log()).unwrap();
    for missing in missing {
        let line = format!("{SAFEGUARD_MISSING}{missing}");
        let count = log.matches(&line).count();
        assert!((1..=2).contains(&count), "{calls} {outcome}: {log}");
    }
}

#[tokio::test]
async fn folder_without_locks_is_used_and_reported() {
    for error in ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "EINVAL"] {
        works_and_reports("flock", &format!("error={error}"), &["lock: "]).await;
    }
}

#[tokio::test]
async fn unsupported_sync_is_skipped_and_reported() {
    for error in ["EINVAL", "EOPNOTSUPP", "ENOSYS", "EACCES", "EBADF"] {
        let missing = ["file sync: ", "folder sync: "];
        works_and_reports("fsync", &format!("error={error}"), &missing).await;
    }
}

#[tokio::test]
async fn unsupported_permissions_are_reported() {
    let calls = "?chmod,?fchmod,?fchmodat";
    for error in ["EPERM", "EOPNOTSUPP", "ENOSYS", "EACCES"] {
        works_and_reports(calls, &format!("error={error}"), &["permissions: "]).await;
    }
    // A file system that reports success and does nothing.
    works_and_reports(calls, "retval=0", &["permissions: "]).await;
}

/// SFTP has no rename onto an existing file.
#[tokio::test]
async fn unsupported_replace_is_done_in_two_steps_and_reported() {
    let computer = Computer::set_up().await.unwrap();
    // The key file and the first save replace nothing. Of the second save, Stronghold's own try and the
    // one after it are refused.
    let (calls, outcome) = ("?rename,?renameat,?renameat2", "error=EPERM:when=3..4");
    let starting = computer.start_only_with(calls, outcome, None);
    let mut app = starting.await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    app.request(&Command::Refresh).await.unwrap();
    assert_eq!(app.state().await.unwrap().problem, None);
    app.end().await.unwrap();
    let log = fs::read_to_string(computer.log()).unwrap();
    assert!(
        log.contains(&format!("{SAFEGUARD_MISSING}replace: ")),
        "{log}"
    );
    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    app.request(&Command::Me).await.unwrap();
}

/// A second lock in the session's runtime folder excludes the second process.
#[tokio::test]
async fn folder_without_locks_still_excludes_a_second_process() {
    let computer = Computer::set_up().await.unwrap();
    let lock = computer.vault().join("lock");
    let start = || computer.start_only_with("flock", "error=ENOLCK", Some(&lock));
    let mut first = start().await.unwrap();
    screen(&mut first, "signed-out").await.unwrap();
    let mut second = start().await.unwrap();
    locked(&mut second, "in_use_elsewhere").await.unwrap();
    first.end().await.unwrap();
    screen(&mut second, "signed-out").await.unwrap();
    second.end().await.unwrap();
}

/// These errors are faults, unlike those of a missing operation.
#[tokio::test]
async fn failed_sync_holds_a_refresh_back() {
    let computer = computer_with_bob().await.unwrap();
    for error in ["EIO", "ENOSPC", "EDQUOT"] {
        let outcome = format!("error={error}");
        let starting = computer.start_only_with("fsync", &outcome, None);
        let mut app = starting.await.unwrap();
        screen(&mut app, "signed-in").await.unwrap();
        let refresh = app.send(&Command::Refresh).unwrap();
        let problem = app.outcome(refresh).await.unwrap();
        assert_eq!(problem.as_deref(), Some("cannot_save"), "{error}");
        app.end().await.unwrap();
    }
    assert_eq!(posts(&computer), 0);
}
