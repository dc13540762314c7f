//! The log on a small disk, and in a process that aborts at a panic.

#![expect(
    clippy::unwrap_used,
    reason = "a failure of what the tests share fails the test"
)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amiqus_core::clock::{Clock, Wait};
use jiff::Timestamp;
use sign_in_with_amiqus::logging::Log;

/// A clock that a test sets.
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-23T23:59:50Z".parse().unwrap())))
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

#[cfg(target_os = "linux")]
mod small_disk {
    use std::path::PathBuf;

    use jiff::SignedDuration;

    use super::*;

    const TOMORROW: &str = "sign-in-with-amiqus.2026-11-24.log";

    impl SetClock {
        fn advance_to_next_day(&self) {
            let mut now = self.0.lock().unwrap();
            *now += SignedDuration::from_mins(1);
        }
    }

    /// Logs a line and waits until it is written or lost.
    fn log_line(log: &Log, text: &str) {
        tracing::subscriber::with_default(log.subscriber(), || {
            tracing::info!(target: "sign_in_with_amiqus", "{text}");
        });
        log.flush();
    }

    /// A mounted file system with room for 64 KiB and two files.
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
    fn disk_full_at_midnight_loses_lines_and_counts_them() {
        let disk = Disk::mount();
        let clock = SetClock::new();
        let log = Log::open(disk.0.path(), Arc::<SetClock>::clone(&clock)).unwrap();
        log_line(&log, "before midnight");
        disk.fill();
        clock.advance_to_next_day();
        log_line(&log, "lost");
        log_line(&log, "lost too");
        assert!(!disk.at(TOMORROW).exists());
        disk.make_room();
        log_line(&log, "after midnight");
        assert_eq!(
            disk.read(TOMORROW),
            "2026-11-24T00:00:50.000000Z  WARN sign_in_with_amiqus::logging: log: lines lost \
             count=2 cause=\"No space left on device (os error 28)\"\n\
             2026-11-24T00:00:50.000000Z  INFO sign_in_with_amiqus: after midnight\n"
        );
        assert!(disk.read(TODAY).ends_with("before midnight\n"));
    }

    #[test]
    fn line_after_a_partial_one_is_complete() {
        let disk = Disk::mount();
        let log = Log::open(disk.0.path(), SetClock::new()).unwrap();
        log_line(&log, "the first");
        disk.fill();
        // Until the last partly used page of the disk is full.
        for _ in 0..15 {
            log_line(&log, &"x".repeat(400));
        }
        disk.make_room();
        log_line(&log, "the last");
        let text = disk.read(TODAY);
        let lines: Vec<_> = text.lines().collect();
        let [.., partial, report, last] = lines[..] else {
            panic!("{text}");
        };
        assert!(partial.len() < lines[1].len(), "{text}");
        assert!(report.contains("log: lines lost count="), "{text}");
        assert!(report.starts_with("2026-11-23T23:59:50"), "{text}");
        assert!(last.ends_with(": the last"), "{text}");
    }
}

/// The environment variable with the log's folder, set for the process that [`aborting_process`] is part of.
const FOLDER_VARIABLE: &str = "LOGGING_TEST_FOLDER";

/// The process panics while it formats a line, and aborts at the panic, as a release build does. The earlier
/// line and the panic's location are logged.
#[test]
fn panic_is_logged_before_the_process_aborts() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "aborting_process", "--ignored"])
        .env(FOLDER_VARIABLE, folder.path())
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
        panic.contains("ERROR sign_in_with_amiqus::logging: app: panicked location=\"")
            && panic.contains("logging.rs:"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
#[ignore = "run by another test, in a separate process"]
fn aborting_process() {
    struct Panics;

    impl std::fmt::Display for Panics {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("s3cret")
        }
    }

    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let log = Log::open(Path::new(&folder), SetClock::new()).unwrap();
    let logs = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        log.log_panic(panic);
        std::process::abort();
    }));
    tracing::subscriber::with_default(logs.subscriber(), || {
        tracing::info!(target: "sign_in_with_amiqus", "the last words");
        tracing::info!(target: "sign_in_with_amiqus", error = %Panics, "never said");
    });
}
