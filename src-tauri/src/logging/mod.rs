//! The log: one file a day for a week, in the app's own folder. Secrets can't get into it: their types don't
//! print. Other crates' events are filtered out: some contain whole addresses.
//!
//! Logging never panics, blocks or fails for the code that logs. A line goes into a bounded queue
//! ([`queue`]) and is dropped and counted when the queue is full; one thread owns the files
//! ([`daily_file`]), and only that thread waits for the disk. `tracing-appender` guarantees neither: its
//! rolling file prints errors to a standard error that may be full or closed, has no size limit and
//! leaves the permissions to the umask, and its queue loses lines uncounted when the disk is full.

mod daily_file;
mod queue;
mod rate_limit;
pub(crate) mod state;
mod tail;

use std::fmt;
use std::io;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use amiqus_core::clock::Clock;
use jiff::Timestamp;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use self::daily_file::DailyFile;
use self::queue::Queue;
use self::rate_limit::RateLimit;
use crate::clock::SystemClock;
use crate::stderr;

/// How long the end of the process waits for the last lines to be written. Only a disk that hangs takes that
/// long.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The log of this process.
static LOG: OnceLock<Log> = OnceLock::new();

/// A log that is open for writing. A clone writes to the same log.
#[derive(Clone)]
pub struct Log {
    rate_limit: RateLimit,
    queue: Queue,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Log {
    /// Opens the log in this folder. A folder that can't be written to is no error: lines are dropped and
    /// counted until it can be.
    ///
    /// # Errors
    /// When the system can't start the writing thread.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let mut file = DailyFile::new(folder.to_owned(), Arc::clone(&clock));
        let counts = Arc::new(rate_limit::Counts::new(Arc::clone(&clock)));
        let (suppressed, schedule) = (Arc::clone(&counts), Arc::clone(&counts));
        let report_clock = Arc::clone(&clock);
        let queue = Queue::start(
            move |task| match task {
                queue::Task::Prepare => file.prepare(),
                queue::Task::Write(line) => file.write(line),
                queue::Task::ReportDropped(count) => {
                    file.count_lost(count, "the queue was full");
                    // Where this fails, it is repeated before the next line.
                    let _ = file.report_lost();
                }
                queue::Task::WriteDue { all } => {
                    for text in suppressed.take_due(all) {
                        file.write(line(report_clock.now(), Level::WARN, &text).as_bytes());
                    }
                }
            },
            move || schedule.next_due(),
        )?;
        let notified = queue.clone();
        Ok(Self {
            rate_limit: RateLimit::new(counts, move || notified.recheck_due()),
            queue,
            folder: folder.to_owned(),
            clock,
        })
    }

    /// Creates a `tracing` subscriber that writes to this log.
    #[must_use]
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let own = Targets::new()
            .with_target("amiqus_core", LevelFilter::INFO)
            .with_target("sign_in_with_amiqus", LevelFilter::INFO);
        let queue = self.queue.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            // They would go to standard error, which panics where it is closed.
            .log_internal_errors(false)
            .with_timer(ClockTime(Arc::clone(&self.clock)))
            .with_writer(move || queue.clone());
        tracing_subscriber::registry().with(layer.with_filter(own.and(self.rate_limit.clone())))
    }

    /// Waits until the lines so far are written, up to a timeout.
    pub fn flush(&self) {
        self.queue.flush(FLUSH_TIMEOUT);
    }

    /// Logs where a panic happened, and flushes the log because the process may end right after it. The
    /// panic's message is not logged: it could contain anything.
    ///
    /// The line bypasses `tracing`, in which the panic may have happened, and the queue's limit.
    pub fn log_panic(&self, panic: &PanicHookInfo<'_>) {
        let location = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let text = format!("app: panicked location={location:?}");
        let line = line(self.clock.now(), Level::ERROR, &text);
        if self.queue.is_current_thread() {
            // The writing thread itself panicked, and reads its queue no more.
            DailyFile::new(self.folder.clone(), Arc::clone(&self.clock)).write(line.as_bytes());
        } else {
            self.queue.send_urgently(line.into_bytes());
            self.flush();
        }
    }
}

/// Starts the log of this process. Where that fails, the app runs without one.
pub(crate) fn start(folder: &Path) {
    if let Ok(log) = Log::open(folder, Arc::new(SystemClock)) {
        // A second start within one process keeps the first one's log.
        if LOG.set(log.clone()).is_ok() {
            let _ = log.subscriber().try_init();
        }
    }
}

/// Sets a hook that logs panics. Before the log is started, it writes them to standard error, without the
/// standard library's own hook: that one blocks where standard error is a full pipe.
pub(crate) fn watch_for_panics() {
    std::panic::set_hook(Box::new(|panic| match LOG.get() {
        Some(log) => log.log_panic(panic),
        None => stderr::write(&format!("{panic}\n")),
    }));
}

/// Waits until the lines so far are written, up to a timeout. Call it before the process ends or replaces
/// itself.
pub(crate) fn flush() {
    if let Some(log) = LOG.get() {
        log.flush();
    }
}

/// Reads the log's last whole lines, at most this many bytes.
pub(crate) fn newest(folder: &Path, max_bytes: usize) -> String {
    tail::newest(folder, SystemClock.now(), max_bytes)
}

/// Formats timestamps from the clock that also names the files.
struct ClockTime(Arc<dyn Clock>);

impl FormatTime for ClockTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&timestamp(self.0.now()))
    }
}

fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Formats a line of the log's own as `tracing_subscriber` formats the others.
fn line(at: Timestamp, level: Level, text: &str) -> String {
    format!("{} {level:>5} {}: {text}\n", timestamp(at), module_path!())
}

#[cfg(test)]
mod tests;
