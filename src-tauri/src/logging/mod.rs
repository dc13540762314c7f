//! The log: a file a day, a week of them, in the app's own folder. Secrets can't get into it:
//! their types don't print. Other crates don't write to it: some would print whole addresses.
//!
//! Logging never panics, blocks or fails for the code that logs. A line goes into a bounded queue
//! ([`queue`]) and is dropped, and counted, when the queue is full; one thread owns the files
//! ([`daily_file`]), and only that thread waits for a disk. `tracing-appender` does neither: its
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
use crate::standard_error;

/// How long the end of the process waits for the last lines to be written. Only a disk that doesn't
/// answer takes as long.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The log of this process.
static LOG: OnceLock<Log> = OnceLock::new();

/// A log that is being written.
#[derive(Clone)]
pub struct Log {
    rate_limit: RateLimit,
    queue: Queue,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Log {
    /// Starts writing to this folder. That it can't be written to is no error: lines are dropped, and
    /// counted, until it can.
    ///
    /// # Errors
    /// When the system gives no thread to write with.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let mut file = DailyFile::new(folder.to_owned(), Arc::clone(&clock));
        let counts = Arc::new(rate_limit::Counts::new(Arc::clone(&clock)));
        let (left_out, due) = (Arc::clone(&counts), Arc::clone(&counts));
        let now = Arc::clone(&clock);
        let queue = Queue::start(
            move |lines| match lines {
                queue::Work::Begin => file.prepare(),
                queue::Work::Line(line) => file.write(line),
                queue::Work::Lost(count) => {
                    file.lost(count, "they came faster than they are written");
                    // What can't be said now is said before the next line.
                    let _ = file.say_lost();
                }
                queue::Work::Due { all } => {
                    for text in left_out.take_due(all) {
                        file.write(line(now.now(), Level::WARN, &text).as_bytes());
                    }
                }
            },
            move || due.next_due(),
        )?;
        let woken = queue.clone();
        Ok(Self {
            rate_limit: RateLimit::new(counts, move || woken.look_at_clock()),
            queue,
            folder: folder.to_owned(),
            clock,
        })
    }

    /// What `tracing` hands its events to.
    #[must_use]
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let own = Targets::new()
            .with_target("amiqus_core", LevelFilter::INFO)
            .with_target("sign_in_with_amiqus", LevelFilter::INFO);
        let queue = self.queue.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            // It would print them to a standard error that may be closed, and panic.
            .log_internal_errors(false)
            .with_timer(ClockTime(Arc::clone(&self.clock)))
            .with_writer(move || queue.clone());
        tracing_subscriber::registry().with(layer.with_filter(own.and(self.rate_limit.clone())))
    }

    /// Waits until the lines so far are written, but no longer than a moment: the disk may be one that
    /// never answers.
    pub fn flush(&self) {
        self.queue.flush(FLUSH_TIMEOUT);
    }

    /// Logs where a panic happened, for a process that may end right after it. What it says could be
    /// anything, so it isn't logged.
    ///
    /// The line goes past `tracing`, which the panic may have happened within, and past the queue's
    /// limit.
    pub fn panicked(&self, panic: &PanicHookInfo<'_>) {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let text = format!("the app met a fault of its own place={place:?}");
        let line = line(self.clock.now(), Level::ERROR, &text);
        if self.queue.is_on_its_thread() {
            // Nobody else is left to write it.
            DailyFile::new(self.folder.clone(), Arc::clone(&self.clock)).write(line.as_bytes());
        } else {
            self.queue.send_urgently(line.into_bytes());
            self.flush();
        }
    }
}

/// Starts the log. Without a thread or a folder for it, the app works without one.
pub(crate) fn start(folder: &Path) {
    if let Ok(log) = Log::open(folder, Arc::new(SystemClock)) {
        // A second start within one process keeps the first one's log.
        if LOG.set(log.clone()).is_ok() {
            let _ = log.subscriber().try_init();
        }
    }
}

/// Sees to it that panics are logged. Before there is a log, standard error is told: the standard
/// library's own way of telling it waits for ever where nobody reads it.
pub(crate) fn watch_for_panics() {
    std::panic::set_hook(Box::new(|panic| match LOG.get() {
        Some(log) => log.panicked(panic),
        None => standard_error::say(&format!("{panic}\n")),
    }));
}

/// Waits, for a moment at most, until the lines so far are written. To be called where the process
/// ends or becomes another one.
pub(crate) fn flush() {
    if let Some(log) = LOG.get() {
        log.flush();
    }
}

/// The newest part of the log: its last whole lines, no more than so many bytes.
pub(crate) fn newest(folder: &Path, bytes: usize) -> String {
    tail::newest(folder, SystemClock.now(), bytes)
}

/// Time stamps from the clock that the files are named by.
struct ClockTime(Arc<dyn Clock>);

impl FormatTime for ClockTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&time_stamp(self.0.now()))
    }
}

fn time_stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A line of the log's own, in the form of the others.
fn line(at: Timestamp, level: Level, text: &str) -> String {
    format!("{} {level:>5} {}: {text}\n", time_stamp(at), module_path!())
}

#[cfg(test)]
mod tests;
