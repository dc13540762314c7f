//! A real disk that is full or read-only.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use durability::protocol::Command;
use durability::{AppProcess, Computer};
use practice_amiqus::{Endpoint, Fault};

use crate::root::as_root;
use crate::test_users::{BOB, FUSION, locked, posts, screen, until_posts};

/// A small disk, mounted below the app's data folder.
struct Disk {
    mounted_at: PathBuf,
}

impl Disk {
    fn under(computer: &Computer) -> Self {
        let mounted_at = computer.data();
        fs::create_dir_all(&mounted_at).unwrap();
        let at = mounted_at.to_str().unwrap();
        as_root(&[
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=128k,mode=0777",
            "none",
            at,
        ]);
        Self { mounted_at }
    }

    /// Fills it up.
    fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        while ballast.write_all(&[0; 512]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        as_root(&["mount", "-o", &options, self.mounted_at.to_str().unwrap()]);
    }

    fn ballast(&self) -> PathBuf {
        self.mounted_at.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        as_root(&["umount", "--lazy", self.mounted_at.to_str().unwrap()]);
    }
}

fn leftovers(vault: &Path) -> usize {
    let names = fs::read_dir(vault).unwrap();
    names
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("vault.stronghold.")
        })
        .count()
}

async fn signed_in_on_a_small_disk() -> (Computer, Disk, AppProcess) {
    let computer = Computer::set_up().await.unwrap();
    let disk = Disk::under(&computer);
    let mut app = computer.start().await.unwrap();
    computer.sign_in(&mut app, BOB, FUSION).await.unwrap();
    computer.amiqus.clear_requests();
    (computer, disk, app)
}

async fn expect_cannot_save(app: &mut AppProcess) {
    let command = app.send(&Command::Refresh).unwrap();
    let problem = app.outcome(command).await.unwrap();
    assert_eq!(problem.as_deref(), Some("cannot_save"));
    let state = app
        .until("the problem is shown", |state| {
            let problem = state.problem.as_ref();
            problem.is_some_and(|problem| problem.code == "cannot_save")
        })
        .await
        .unwrap();
    assert!(state.account(BOB, FUSION).unwrap().is_connected());
}

async fn expect_no_problem(app: &mut AppProcess) {
    app.until("no problem is shown", |state| state.problem.is_none())
        .await
        .unwrap();
}

/// Shows check 34.
#[tokio::test]
async fn full_disk_holds_refreshes_back_until_there_is_room() {
    let (computer, disk, mut app) = signed_in_on_a_small_disk().await;
    disk.fill();
    expect_cannot_save(&mut app).await;
    app.request(&Command::Me).await.unwrap();
    assert_eq!(posts(&computer), 0);
    disk.make_room();
    // Without another request: the pending renewal is done.
    until_posts(&computer, 1).await;
    expect_no_problem(&mut app).await;
    app.request(&Command::Me).await.unwrap();
    assert!(app.kill().await.unwrap().was_killed());
    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    assert_eq!(leftovers(&computer.vault()), 0);
    assert_eq!(posts(&computer), 1);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// Shows check 34.
#[tokio::test]
async fn new_tokens_on_a_full_disk_are_used_and_saved_later() {
    let (computer, disk, mut app) = signed_in_on_a_small_disk().await;
    let slow = Fault::DelayAfterProcessing { ms: 1_000 };
    computer.amiqus.set_fault(slow.at(Endpoint::TokenRefresh));
    let refresh = app.send(&Command::Refresh).unwrap();
    until_posts(&computer, 1).await;
    disk.fill();
    app.outcome(refresh).await.unwrap();
    // The old pair is dead, the new one in memory alone: it is used, and the problem stays shown.
    app.request(&Command::Me).await.unwrap();
    let problem = app.state().await.unwrap().problem.unwrap();
    assert_eq!(problem.code, "cannot_save");
    disk.make_room();
    expect_no_problem(&mut app).await;
    assert!(app.kill().await.unwrap().was_killed());
    let mut app = computer.start().await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    app.request(&Command::Me).await.unwrap();
    assert_eq!(posts(&computer), 1);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

#[tokio::test]
async fn read_only_disk_holds_refreshes_back_until_writable() {
    let (computer, disk, app) = signed_in_on_a_small_disk().await;
    // A disk can't be remounted read-only while the lock is open for writing.
    app.end().await.unwrap();
    disk.remount("ro");
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "vault_unreachable").await.unwrap();
    assert_eq!(posts(&computer), 0);
    disk.remount("rw");
    app.request(&crate::test_users::UNLOCK).await.unwrap();
    screen(&mut app, "signed-in").await.unwrap();
    app.request(&Command::Refresh).await.unwrap();
    assert_eq!(posts(&computer), 1);
}

/// Shows check 34.
#[tokio::test]
async fn disk_full_at_the_start_is_reported_as_full() {
    let computer = Computer::set_up().await.unwrap();
    let disk = Disk::under(&computer);
    disk.fill();
    let mut app = computer.start().await.unwrap();
    locked(&mut app, "disk_full").await.unwrap();
    disk.make_room();
    app.request(&crate::test_users::UNLOCK).await.unwrap();
    screen(&mut app, "signed-out").await.unwrap();
}
