use std::fs;
use std::sync::Mutex;

use amiqus_core::clock::Wait;
use jiff::SignedDuration;
use tempfile::TempDir;

use super::daily_file::MAX_FILE_BYTES;
use super::*;

const TODAY: &str = "sign-in-with-amiqus.2026-11-23.log";

/// A clock that a test sets.
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time.parse().unwrap())))
    }

    fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now += by;
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

struct TestLog {
    folder: TempDir,
    clock: Arc<SetClock>,
    log: Log,
}

impl TestLog {
    fn open() -> Self {
        Self::open_with(|_| ())
    }

    /// Prepares the folder before the log is opened.
    fn open_with(before: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        before(folder.path());
        let clock = SetClock::at("2026-11-23T12:00:00Z");
        let log = Log::open(folder.path(), Arc::<SetClock>::clone(&clock)).unwrap();
        Self { folder, clock, log }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        self.log.flush();
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.log.flush();
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    fn with_log(&self, log: impl FnOnce()) {
        tracing::subscriber::with_default(self.log.subscriber(), log);
    }

    fn log_line(&self, text: &str) {
        self.with_log(|| tracing::info!(target: "sign_in_with_amiqus", "{text}"));
    }
}

/// The interval between lines that the rate limit never suppresses.
const BELOW_RATE_LIMIT: SignedDuration = SignedDuration::from_secs(3);

const WHOLE_DAY: SignedDuration = SignedDuration::from_hours(24);

#[test]
fn only_own_events_are_written_with_the_clocks_time() {
    let test_log = TestLog::open();
    test_log.with_log(|| {
        tracing::warn!(target: "amiqus_core::token", error = "odd", "the answer was lost");
        tracing::error!(target: "hyper", "an address with a code");
        tracing::debug!(target: "amiqus_core::token", "too much");
    });
    assert_eq!(
        test_log.read(TODAY),
        "2026-11-23T12:00:00.000000Z  WARN amiqus_core::token: the answer was lost error=\"odd\"\n"
    );
}

#[test]
fn clock_set_back_continues_the_earlier_days_file() {
    let test_log = TestLog::open();
    test_log.log_line("one");
    test_log.log.flush();
    test_log.clock.advance(WHOLE_DAY);
    test_log.log_line("two");
    test_log.log.flush();
    test_log.clock.advance(-WHOLE_DAY);
    test_log.log_line("three");
    let today = test_log.read(TODAY);
    assert!(today.contains("one") && today.contains("three"), "{today}");
    assert!(
        test_log
            .read("sign-in-with-amiqus.2026-11-24.log")
            .contains("two")
    );
}

#[test]
fn week_of_files_is_kept_and_future_ones_removed_first() {
    let test_log = TestLog::open_with(|folder| {
        for day in 10..20 {
            let name = format!("sign-in-with-amiqus.2026-11-{day}.log");
            fs::write(folder.join(name), "").unwrap();
        }
        for name in [
            "sign-in-with-amiqus.2026-11-19.1.log",
            "sign-in-with-amiqus.2026-11-10.1.log",
            "sign-in-with-amiqus.2099-01-01.log",
            "sign-in-with-amiqus.2026-11-1.log",
            "not ours.2026-11-01.log",
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
    });
    test_log.log_line("a line");
    assert_eq!(
        test_log.names(),
        [
            "not ours.2026-11-01.log",
            "sign-in-with-amiqus.2026-11-1.log",
            "sign-in-with-amiqus.2026-11-14.log",
            "sign-in-with-amiqus.2026-11-15.log",
            "sign-in-with-amiqus.2026-11-16.log",
            "sign-in-with-amiqus.2026-11-17.log",
            "sign-in-with-amiqus.2026-11-18.log",
            "sign-in-with-amiqus.2026-11-19.1.log",
            "sign-in-with-amiqus.2026-11-19.log",
            TODAY,
        ]
    );
}

#[test]
fn full_day_keeps_its_newest_lines() {
    let test_log = TestLog::open();
    let long = "x".repeat(4000);
    for number in 0..2000 {
        test_log.log_line(&format!("{number} {long}"));
        test_log.clock.advance(BELOW_RATE_LIMIT);
        // The queue has room again.
        if number % 100 == 0 {
            test_log.log.flush();
        }
    }
    let today = test_log.read(TODAY);
    assert!(today.contains(": 1999 x"));
    let earlier = test_log.read("sign-in-with-amiqus.2026-11-23.1.log");
    for text in [&today, &earlier] {
        assert!(u64::try_from(text.len()).unwrap() <= MAX_FILE_BYTES);
        assert!(text.ends_with("x\n"));
    }
    assert!(earlier.len() > 1_900_000);
    assert!(!test_log.read(TODAY).contains("lines lost"));
    assert_eq!(test_log.names().len(), 2);
}

/// Shows check 42.
#[test]
fn flood_of_one_callsite_is_reported_once_a_minute() {
    let test_log = TestLog::open();
    let flood = |lines: usize| {
        test_log.with_log(|| {
            for _ in 0..lines {
                tracing::warn!(target: "sign_in_with_amiqus::links", "a caller was refused");
            }
        });
    };
    let refused = |text: &str| text.matches(": a caller was refused").count();
    let max = rate_limit::MAX_LINES as usize;
    let report = |count: usize| {
        format!("log: lines suppressed count={count} callsite=sign_in_with_amiqus::links:")
    };
    flood(100_000);
    // Other callsites are not limited with it.
    test_log.log_line("something else");
    let text = test_log.read(TODAY);
    assert_eq!(refused(&text), max);
    assert!(text.contains(&report(100_000 - max)), "{text}");
    assert!(text.contains(": something else"));
    assert!(text.len() < 8 * 1024, "{}", text.len());
    // The flush reported the suppressed lines, which starts a new window.
    flood(max + 5);
    flood(3);
    // From here on the log's thread may report at any moment, and what follows is in a new window.
    test_log.clock.advance(SignedDuration::from_mins(1));
    let text = test_log.read(TODAY);
    assert!(text.contains(&report(8)), "{text}");
    assert_eq!(refused(&text), 2 * max);
    flood(3);
    assert_eq!(refused(&test_log.read(TODAY)), 2 * max + 3);
}

#[test]
fn suppressed_lines_are_reported_without_another_line() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::at("2026-11-23T12:00:00Z");
    let log = Log::open(folder.path(), Arc::<SetClock>::clone(&clock)).unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        for number in 0..rate_limit::MAX_LINES + 7 {
            // The window ends soon after the first line is suppressed.
            if number == rate_limit::MAX_LINES {
                clock.advance(SignedDuration::from_secs(59));
            }
            if number == rate_limit::MAX_LINES + 6 {
                clock.advance(SignedDuration::from_secs(1));
            }
            tracing::info!(target: "sign_in_with_amiqus", "again");
        }
    });
    for _ in 0..100 {
        let text = fs::read_to_string(folder.path().join(TODAY)).unwrap_or_default();
        if text.contains("log: lines suppressed count=7 callsite=sign_in_with_amiqus:") {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("no report of the suppressed lines");
}

#[test]
fn file_above_the_limit_becomes_the_earlier_part() {
    let test_log = TestLog::open_with(|folder| {
        let file = fs::File::create(folder.join(TODAY)).unwrap();
        file.set_len(2 << 30).unwrap();
    });
    test_log.log_line("a line");
    assert!(test_log.read(TODAY).ends_with(": a line\n"));
    assert_eq!(
        test_log.names(),
        ["sign-in-with-amiqus.2026-11-23.1.log", TODAY]
    );
}

#[cfg(unix)]
#[test]
fn existing_files_and_folder_are_restricted() {
    use std::os::unix::fs::PermissionsExt as _;

    const YESTERDAY: &str = "sign-in-with-amiqus.2026-11-22.log";
    const TOMORROW: &str = "sign-in-with-amiqus.2026-11-24.log";
    let test_log = TestLog::open_with(|folder| {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for name in [TODAY, YESTERDAY] {
            fs::write(folder.join(name), "an earlier version's\n").unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
    });
    test_log.log_line("a line");
    test_log.log.flush();
    test_log.clock.advance(WHOLE_DAY);
    test_log.log_line("another");
    test_log.log.flush();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in [YESTERDAY, TODAY, TOMORROW] {
        assert_eq!(mode(&test_log.at(name)), 0o600, "{name}");
    }
    assert_eq!(mode(test_log.folder.path()), 0o700);
}

#[cfg(unix)]
#[test]
fn unwritable_log_is_resumed_with_a_count() {
    for what in ["a pipe", "a link", "a folder"] {
        let put = |path: &Path| match what {
            "a pipe" => {
                let made = std::process::Command::new("mkfifo").arg(path).status();
                assert!(made.unwrap().success());
            }
            "a link" => std::os::unix::fs::symlink("elsewhere", path).unwrap(),
            _ => fs::create_dir(path).unwrap(),
        };
        let test_log = TestLog::open_with(|folder| put(&folder.join(TODAY)));
        test_log.log_line("lost");
        test_log.log_line("lost too");
        assert_eq!(test_log.names(), [TODAY], "{what}");
        fs::remove_file(test_log.at(TODAY))
            .or_else(|_| fs::remove_dir(test_log.at(TODAY)))
            .unwrap();
        test_log.log_line("written");
        assert_eq!(
            test_log.read(TODAY),
            "2026-11-23T12:00:00.000000Z  WARN sign_in_with_amiqus::logging: \
             log: lines lost count=2 cause=\"not a regular file\"\n\
             2026-11-23T12:00:00.000000Z  INFO sign_in_with_amiqus: written\n",
            "{what}"
        );
    }
}

#[cfg(unix)]
#[test]
fn removed_log_or_folder_is_created_again() {
    let test_log = TestLog::open();
    test_log.log_line("one");
    test_log.log.flush();
    fs::remove_file(test_log.at(TODAY)).unwrap();
    test_log.log_line("two");
    assert!(test_log.read(TODAY).contains("two"));
    fs::remove_dir_all(test_log.folder.path()).unwrap();
    test_log.log_line("three");
    assert!(test_log.read(TODAY).contains("three"));
}

#[test]
fn file_in_place_of_the_folder_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logs");
    fs::write(&file, "a file").unwrap();
    let log = Log::open(&file, SetClock::at("2026-11-23T12:00:00Z")).unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        tracing::info!(target: "sign_in_with_amiqus", "a line");
    });
    log.flush();
    assert_eq!(fs::read(&file).unwrap(), b"a file");
}

#[test]
fn line_after_a_partial_one_starts_a_new_line() {
    let test_log = TestLog::open_with(|folder| fs::write(folder.join(TODAY), "half a li").unwrap());
    test_log.log_line("whole");
    assert!(test_log.read(TODAY).starts_with("half a li\n2026-11-23T"));
}

#[test]
fn unformattable_message_is_left_out() {
    struct Unformattable;
    impl fmt::Display for Unformattable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let test_log = TestLog::open();
    test_log
        .with_log(|| tracing::info!(target: "sign_in_with_amiqus", error = %Unformattable, "odd"));
    test_log.log_line("on it goes");
    assert!(test_log.read(TODAY).ends_with("on it goes\n"));
}

#[test]
fn lines_above_the_queues_limit_are_reported_at_once() {
    // The writing thread asks for the day, and so blocks while a test holds the lock.
    struct HeldClock(Mutex<()>, SetClock);

    impl Clock for HeldClock {
        fn now(&self) -> Timestamp {
            if std::thread::current().name() == Some("log") {
                let _held = self.0.lock().unwrap();
            }
            self.1.now()
        }

        fn wait_until(&self, at: Timestamp) -> Wait {
            self.1.wait_until(at)
        }

        fn wait_for(&self, span: Duration) -> Wait {
            self.1.wait_for(span)
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let now = Mutex::new("2026-11-23T12:00:00Z".parse().unwrap());
    let clock = Arc::new(HeldClock(Mutex::new(()), SetClock(now)));
    let log = Log::open(folder.path(), Arc::<HeldClock>::clone(&clock)).unwrap();
    let held = clock.0.lock().unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        for number in 0..queue::MAX_QUEUED_LINES + 20 {
            tracing::info!(target: "sign_in_with_amiqus", number);
            clock.1.advance(BELOW_RATE_LIMIT);
        }
    });
    drop(held);
    log.flush();
    let text = fs::read_to_string(folder.path().join(TODAY)).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        last.ends_with("log: lines lost count=20 cause=\"the queue was full\""),
        "{last}"
    );
}
