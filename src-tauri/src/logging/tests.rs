use std::fs;
use std::sync::Mutex;

use amiqus_core::clock::Wait;
use jiff::SignedDuration;
use tempfile::TempDir;

use super::daily_file::MAX_FILE_BYTES;
use super::*;

const TODAY: &str = "sign-in-with-amiqus.2026-11-23.log";

/// A clock that shows what a test sets.
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time.parse().unwrap())))
    }

    fn turn(&self, by: SignedDuration) {
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

struct Scene {
    folder: TempDir,
    clock: Arc<SetClock>,
    log: Log,
}

impl Scene {
    fn set() -> Self {
        Self::set_with(|_| ())
    }

    /// With what was there before the log is opened.
    fn set_with(before: impl FnOnce(&Path)) -> Self {
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

    fn logs(&self, log: impl FnOnce()) {
        tracing::subscriber::with_default(self.log.subscriber(), log);
    }

    fn says(&self, text: &str) {
        self.logs(|| tracing::info!(target: "sign_in_with_amiqus", "{text}"));
    }
}

/// From one line of a kind to the next where none is left out.
const UNHURRIED: SignedDuration = SignedDuration::from_secs(3);

const WHOLE_DAY: SignedDuration = SignedDuration::from_hours(24);

#[test]
fn line_has_its_time_from_the_clock_and_others_dont_write() {
    let scene = Scene::set();
    scene.logs(|| {
        tracing::warn!(target: "amiqus_core::token", problem = "odd", "the answer was lost");
        tracing::error!(target: "hyper", "an address with a code");
        tracing::debug!(target: "amiqus_core::token", "too much");
    });
    assert_eq!(
        scene.read(TODAY),
        "2026-11-23T12:00:00.000000Z  WARN amiqus_core::token: the answer was lost problem=\"odd\"\n"
    );
}

#[test]
fn each_day_has_its_file_also_when_the_clock_is_turned_back() {
    let scene = Scene::set();
    scene.says("one");
    scene.log.flush();
    scene.clock.turn(WHOLE_DAY);
    scene.says("two");
    scene.log.flush();
    scene.clock.turn(-WHOLE_DAY);
    scene.says("three");
    let today = scene.read(TODAY);
    assert!(today.contains("one") && today.contains("three"), "{today}");
    assert!(
        scene
            .read("sign-in-with-amiqus.2026-11-24.log")
            .contains("two")
    );
}

#[test]
fn week_of_files_is_kept_and_those_of_the_future_go_first() {
    let scene = Scene::set_with(|folder| {
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
    scene.says("a line");
    assert_eq!(
        scene.names(),
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
fn days_log_keeps_its_newest_lines_within_its_limit() {
    let scene = Scene::set();
    let long = "x".repeat(4000);
    for number in 0..2000 {
        scene.says(&format!("{number} {long}"));
        scene.clock.turn(UNHURRIED);
        // The queue has room again.
        if number % 100 == 0 {
            scene.log.flush();
        }
    }
    let today = scene.read(TODAY);
    assert!(today.contains(": 1999 x"));
    let earlier = scene.read("sign-in-with-amiqus.2026-11-23.1.log");
    for text in [&today, &earlier] {
        assert!(u64::try_from(text.len()).unwrap() <= MAX_FILE_BYTES);
        assert!(text.ends_with("x\n"));
    }
    assert!(earlier.len() > 1_900_000);
    assert!(!scene.read(TODAY).contains("lines lost"));
    assert_eq!(scene.names().len(), 2);
}

/// Shows check 42.
#[test]
fn flood_of_one_kind_of_line_is_counted_and_said_once_a_minute() {
    let scene = Scene::set();
    let flood = |lines: usize| {
        scene.logs(|| {
            for _ in 0..lines {
                tracing::warn!(target: "sign_in_with_amiqus::links", "a caller was refused");
            }
        });
    };
    let refused = |text: &str| text.matches(": a caller was refused").count();
    let (most, kind) = (
        rate_limit::MAX_LINES as usize,
        "like those of sign_in_with_amiqus::links:",
    );
    flood(100_000);
    // Others are not in its shade.
    scene.says("something else");
    let text = scene.read(TODAY);
    assert_eq!(refused(&text), most);
    assert!(
        text.contains(&format!("{} more lines {kind}", 100_000 - most)),
        "{text}"
    );
    assert!(text.contains(": something else"));
    assert!(text.len() < 8 * 1024, "{}", text.len());
    // The end of the process, where that was said, begins a new minute.
    flood(most + 5);
    scene.clock.turn(SignedDuration::from_mins(1));
    flood(3);
    let text = scene.read(TODAY);
    assert!(text.contains(&format!("8 more lines {kind}")), "{text}");
    assert_eq!(refused(&text), 2 * most);
}

#[test]
fn what_was_left_out_is_said_though_nothing_more_comes() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::at("2026-11-23T12:00:00Z");
    let log = Log::open(folder.path(), Arc::<SetClock>::clone(&clock)).unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        for number in 0..rate_limit::MAX_LINES + 7 {
            // Its minute is over as soon as the first line is left out.
            if number == rate_limit::MAX_LINES {
                clock.turn(SignedDuration::from_secs(59));
            }
            if number == rate_limit::MAX_LINES + 6 {
                clock.turn(SignedDuration::from_secs(1));
            }
            tracing::info!(target: "sign_in_with_amiqus", "again");
        }
    });
    for _ in 0..100 {
        let text = fs::read_to_string(folder.path().join(TODAY)).unwrap_or_default();
        if text.contains("7 more lines like those of sign_in_with_amiqus:") {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("nothing was said");
}

#[test]
fn log_that_was_too_large_already_is_set_aside() {
    let scene = Scene::set_with(|folder| {
        let file = fs::File::create(folder.join(TODAY)).unwrap();
        file.set_len(2 << 30).unwrap();
    });
    scene.says("a line");
    assert!(scene.read(TODAY).ends_with(": a line\n"));
    assert_eq!(
        scene.names(),
        ["sign-in-with-amiqus.2026-11-23.1.log", TODAY]
    );
}

#[cfg(unix)]
#[test]
fn files_and_folder_are_their_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    const YESTERDAY: &str = "sign-in-with-amiqus.2026-11-22.log";
    const TOMORROW: &str = "sign-in-with-amiqus.2026-11-24.log";
    let scene = Scene::set_with(|folder| {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for name in [TODAY, YESTERDAY] {
            fs::write(folder.join(name), "an earlier version's\n").unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
    });
    scene.says("a line");
    scene.log.flush();
    scene.clock.turn(WHOLE_DAY);
    scene.says("another");
    scene.log.flush();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in [YESTERDAY, TODAY, TOMORROW] {
        assert_eq!(mode(&scene.at(name)), 0o600, "{name}");
    }
    assert_eq!(mode(scene.folder.path()), 0o700);
}

#[cfg(unix)]
#[test]
fn log_is_written_again_once_it_can_be() {
    for what in ["a pipe", "a link", "a folder"] {
        let put = |path: &Path| match what {
            "a pipe" => {
                let made = std::process::Command::new("mkfifo").arg(path).status();
                assert!(made.unwrap().success());
            }
            "a link" => std::os::unix::fs::symlink("elsewhere", path).unwrap(),
            _ => fs::create_dir(path).unwrap(),
        };
        let scene = Scene::set_with(|folder| put(&folder.join(TODAY)));
        scene.says("lost");
        scene.says("lost too");
        assert_eq!(scene.names(), [TODAY], "{what}");
        fs::remove_file(scene.at(TODAY))
            .or_else(|_| fs::remove_dir(scene.at(TODAY)))
            .unwrap();
        scene.says("written");
        assert_eq!(
            scene.read(TODAY),
            "2026-11-23T12:00:00.000000Z  WARN sign_in_with_amiqus::logging: \
             log: lines lost count=2 cause=\"not a regular file\"\n\
             2026-11-23T12:00:00.000000Z  INFO sign_in_with_amiqus: written\n",
            "{what}"
        );
    }
}

#[cfg(unix)]
#[test]
fn removed_log_or_folder_is_made_again() {
    let scene = Scene::set();
    scene.says("one");
    scene.log.flush();
    fs::remove_file(scene.at(TODAY)).unwrap();
    scene.says("two");
    assert!(scene.read(TODAY).contains("two"));
    fs::remove_dir_all(scene.folder.path()).unwrap();
    scene.says("three");
    assert!(scene.read(TODAY).contains("three"));
}

#[test]
fn file_in_the_folders_place_is_no_error() {
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
fn line_after_a_torn_one_begins_anew() {
    let scene = Scene::set_with(|folder| fs::write(folder.join(TODAY), "half a li").unwrap());
    scene.says("whole");
    assert!(scene.read(TODAY).starts_with("half a li\n2026-11-23T"));
}

#[test]
fn message_that_cant_be_formatted_is_left_out() {
    struct Unsayable;
    impl fmt::Display for Unsayable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let scene = Scene::set();
    scene.logs(|| tracing::info!(target: "sign_in_with_amiqus", problem = %Unsayable, "odd"));
    scene.says("on it goes");
    assert!(scene.read(TODAY).ends_with("on it goes\n"));
}

#[test]
fn lines_that_came_too_fast_are_counted_without_another_line() {
    // The thread asks it for the day, and so stands still until it is let go.
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
        for number in 0..queue::MAX_WAITING + 20 {
            tracing::info!(target: "sign_in_with_amiqus", number);
            clock.1.turn(UNHURRIED);
        }
    });
    drop(held);
    log.flush();
    let text = fs::read_to_string(folder.path().join(TODAY)).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        last.ends_with("log: lines lost count=20 cause=\"they came faster than they are written\""),
        "{last}"
    );
}
