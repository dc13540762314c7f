//! Kills in the middle of commits, as each system ends a process that won't end itself: `TerminateProcess` on
//! Windows, SIGKILL elsewhere. What was committed is there afterwards, and nothing is damaged. The crash test of
//! the durability suite does that to the whole app, at each system call, on Linux alone.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use amiqus_core::secret::Passphrase;
use amiqus_core::vault::{Change, RecordName, Unlock, VaultOpener as _, encode_unclaimed};
use sign_in_with_amiqus::vault::StrongholdOpener;

use crate::test_vault::{PASSPHRASE, TestVault, bob, lorraine, records, tokens};

/// The environment variable with the vault's folder, set for the process that [`committing_process`] is part of.
const FOLDER_VARIABLE: &str = "KILL_TEST_FOLDER";

/// The environment variable with the number of kills.
const KILLS_VARIABLE: &str = "KILL_TEST_KILLS";

/// How many kills there are unless the variable says another number, or none of them came in the middle.
const KILLS: usize = 6;

/// After so many kills one must have come in the middle of a commit.
const MAX_KILLS: usize = 60;

/// How long the process may take to commit, and then to come to the moment of its kill.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Commits numbered tokens until it is killed, and names each one once it is committed.
#[test]
#[ignore = "run by another test, in a separate process"]
fn committing_process() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let opened = StrongholdOpener::new(folder.into())
        .open(Unlock::Passphrase(Passphrase::new(PASSPHRASE)))
        .unwrap();
    for number in 1.. {
        let change = Change {
            name: RecordName::Unclaimed,
            bytes: Some(encode_unclaimed(&tokens(&format!("number-{number}")))),
        };
        opened.store.commit(&[change]).unwrap();
        // Not `println!`, which the test runner keeps.
        let mut output = std::io::stdout().lock();
        writeln!(output, "committed {number}").unwrap();
        output.flush().unwrap();
    }
}

/// Shows check 26.
#[test]
fn commit_is_whole_or_not_there_after_a_kill() {
    let kills = std::env::var(KILLS_VARIABLE).map_or(KILLS, |number| number.parse().unwrap());
    let vault = TestVault::filled();
    let (mut kill, mut in_the_middle) = (0, 0);
    while kill < kills || in_the_middle == 0 {
        assert!(
            kill < kills.max(MAX_KILLS),
            "none in the middle of a commit"
        );
        let (mut process, reader) = start_to_commit(&vault.folder);
        // After so many changes of the folder: at each step of a commit in turn.
        wait_for_changes(&vault, 1 + kill % 6);
        process.kill().unwrap();
        process.wait().unwrap();
        let is_left = |name: &String| name.starts_with("vault.stronghold.");
        in_the_middle += usize::from(vault.files().iter().any(is_left));

        let opened = vault
            .open()
            .unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        assert!(opened.set_aside.is_none(), "kill {kill}: set aside");
        let found = records(&opened.store);
        assert_eq!(found.current, Some(bob().identity.key()));
        for account in [bob(), lorraine()] {
            assert!(found.accounts.contains_key(&account.identity.key()));
        }
        let refresh = found.unclaimed.unwrap().refresh.expose().to_owned();
        let number: usize = refresh
            .rsplit_once("number-")
            .and_then(|(_, number)| number.parse().ok())
            .unwrap_or_else(|| panic!("kill {kill}: {refresh}"));
        // The last one may have been committed and not named yet.
        let named = reader.join().unwrap();
        assert!(
            number >= named,
            "kill {kill}: {named} was committed, {number} is there"
        );
        let left = vault.files();
        assert!(!left.iter().any(is_left), "kill {kill}: {left:?}");
        kill += 1;
    }
    println!("{kill} kills, {in_the_middle} of them while a new file was being written");
}

/// Starts the process, and waits for its first commit. The thread ends with the process, and returns the number of
/// the last commit that it named.
fn start_to_commit(folder: &Path) -> (Child, JoinHandle<usize>) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::committing_process", "--ignored"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let (first, committed) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut last = 0;
        for line in output.lines().map_while(Result::ok) {
            if let Some((_, number)) = line.rsplit_once("committed ") {
                last = number.parse().unwrap();
                // Only the first one is waited for.
                let _ = first.send(());
            }
        }
        last
    });
    committed.recv_timeout(TIMEOUT).unwrap();
    (process, reader)
}

/// Waits until the folder has looked different so many times. Doesn't sleep: a step takes microseconds.
fn wait_for_changes(vault: &TestVault, changes: usize) {
    let look = || -> Vec<_> {
        let entries = fs::read_dir(&vault.folder).unwrap().flatten();
        let mut seen: Vec<_> = entries
            .map(|entry| {
                let length = entry.metadata().map(|metadata| metadata.len()).ok();
                (entry.file_name(), length)
            })
            .collect();
        seen.sort();
        seen
    };
    let begun = Instant::now();
    let mut last = look();
    for _ in 0..changes {
        loop {
            let now = look();
            if now != last {
                last = now;
                break;
            }
            assert!(begun.elapsed() < TIMEOUT, "the folder doesn't change");
        }
    }
}
