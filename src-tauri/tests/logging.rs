//! The log on a real small disk, and in a process that ends at a panic.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amiqus_core::clock::{Clock, Wait};
use jiff::{SignedDuration, Timestamp};
use sign_in_with_amiqus::logging::Log;

/// A clock that shows what a test sets.
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-23T23:59:50Z".parse().unwrap())))
    }

    fn turn_to_the_next_day(&self) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_mins(1);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn wait_until(&self, _at: Timestamp) -> Wait {
        Box::pin(std::future::pending())
    }

    fn wait_for(&self, _span: Duration) -> Wait {
        Box::pin(std::future::pending())
    }
}

const TODAY: &str = "sign-in-with-amiqus.2026-11-23.log";
const TOMORROW: &str = "sign-in-with-amiqus.2026-11-24.log";

/// Logs and waits until it is written, or lost.
fn say(log: &Log, text: &str) {
    tracing::subscriber::with_default(log.subscriber(), || {
        tracing::info!(target: "sign_in_with_amiqus", "{text}");
    });
    log.flush();
}

#[cfg(target_os = "linux")]
mod small_disk {
    use super::*;

    /// A real disk with room for 64 KiB and two files.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn mount() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let options = "size=64k,nr_inodes=3,mode=0777";
            let at = folder.path().to_str().unwrap();
            as_root(&["mount", "-t", "tmpfs", "-o", options, "none", at]);
            Self(folder)
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.at(name)).unwrap()
        }

        fn fill(&self) {
            use std::io::Write as _;
            let mut ballast = fs::File::create(self.at("ballast")).unwrap();
            while ballast.write_all(&[0; 512]).is_ok() {}
        }

        fn make_room(&self) {
            fs::remove_file(self.at("ballast")).unwrap();
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            as_root(&["umount", "--lazy", self.0.path().to_str().unwrap()]);
        }
    }

    fn as_root(command: &[&str]) {
        let is_root = rustix::process::geteuid().is_root();
        let mut program = Command::new(if is_root { "env" } else { "sudo" });
        let ended = program.args(command).output().unwrap();
        assert!(ended.status.success(), "{command:?}: {ended:?}");
    }

    #[test]
    fn disk_that_is_full_at_midnight_costs_lines_and_nothing_else() {
        let disk = Disk::mount();
        let clock = SetClock::new();
        let log = Log::open(disk.0.path(), Arc::<SetClock>::clone(&clock)).unwrap();
        say(&log, "before midnight");
        disk.fill();
        clock.turn_to_the_next_day();
        say(&log, "lost");
        say(&log, "lost too");
        assert!(!disk.at(TOMORROW).exists());
        disk.make_room();
        say(&log, "after midnight");
        assert_eq!(
            disk.read(TOMORROW),
            "2026-11-24T00:00:50.000000Z  WARN sign_in_with_amiqus::logging: log: lines lost \
             count=2 cause=\"No space left on device (os error 28)\"\n\
             2026-11-24T00:00:50.000000Z  INFO sign_in_with_amiqus: after midnight\n"
        );
        assert!(disk.read(TODAY).ends_with("before midnight\n"));
    }

    #[test]
    fn line_after_a_half_written_one_is_whole() {
        let disk = Disk::mount();
        let log = Log::open(disk.0.path(), SetClock::new()).unwrap();
        say(&log, "the first");
        disk.fill();
        // What is left is less than a page of the disk's.
        for _ in 0..15 {
            say(&log, &"x".repeat(400));
        }
        disk.make_room();
        say(&log, "the last");
        let text = disk.read(TODAY);
        let lines: Vec<_> = text.lines().collect();
        let [.., half, note, last] = lines[..] else {
            panic!("{text}");
        };
        assert!(half.len() < lines[1].len(), "{text}");
        assert!(note.contains("log: lines lost count="), "{text}");
        assert!(note.starts_with("2026-11-23T23:59:50"), "{text}");
        assert!(last.ends_with(": the last"), "{text}");
    }
}

/// Set for the process that [`process_that_ends_at_a_panic`] starts, to the log's folder.
const FOLDER: &str = "LOGGING_TEST_FOLDER";

/// What becomes of a line, and of the place of a panic within another line's text, when the process
/// ends at the panic, as it does in a release.
#[test]
fn panic_is_logged_before_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process_that_ends_at_a_panic", "--ignored"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(!ended.status.success());
    let text = fs::read_to_string(folder.path().join(TODAY)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let [line, panic] = lines[..] else {
        panic!("{text}");
    };
    assert!(line.ends_with(": the last words"), "{text}");
    assert!(
        panic.contains(
            "ERROR sign_in_with_amiqus::logging: the app met a fault of its own place=\""
        ) && panic.contains("logging.rs:"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
#[ignore = "a part of another test, in a process of its own"]
fn process_that_ends_at_a_panic() {
    struct Panics;

    impl std::fmt::Display for Panics {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("s3cret")
        }
    }

    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let log = Log::open(Path::new(&folder), SetClock::new()).unwrap();
    let logs = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        log.panicked(panic);
        std::process::abort();
    }));
    tracing::subscriber::with_default(logs.subscriber(), || {
        tracing::info!(target: "sign_in_with_amiqus", "the last words");
        tracing::info!(target: "sign_in_with_amiqus", problem = %Panics, "never said");
    });
}
