//! A rate limit for each callsite, so that nothing can flood the log: neither a program that sends links or
//! calls the loopback port endlessly, nor an error that repeats. Suppressed lines are counted and reported
//! in one line a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amiqus_core::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use tracing::callsite::Identifier;
use tracing::{Event, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// How many lines of one callsite are written in each [`WINDOW`]: more than normal operation needs.
pub(super) const MAX_LINES: u32 = 20;

/// The window of the rate limit.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// A layer's filter that limits how many events of one callsite pass in each [`WINDOW`].
#[derive(Clone)]
pub(super) struct RateLimit {
    counts: Arc<Counts>,
    /// Called when lines begin to be suppressed.
    on_suppress: Arc<dyn Fn() + Send + Sync>,
}

/// Counts lines by their callsite.
pub(super) struct Counts {
    clock: Arc<dyn Clock>,
    callsites: Mutex<HashMap<Identifier, Callsite>>,
}

struct Callsite {
    /// Its module and line.
    location: String,
    window_start: Timestamp,
    written: u32,
    suppressed: u64,
}

impl RateLimit {
    /// Creates a limit that calls `on_suppress` when lines begin to be suppressed: from then on
    /// [`Counts::next_due`] returns when that is to be reported.
    pub(super) fn new(counts: Arc<Counts>, on_suppress: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            counts,
            on_suppress: Arc::new(on_suppress),
        }
    }
}

impl Counts {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            callsites: Mutex::default(),
        }
    }

    fn callsites(&self) -> MutexGuard<'_, HashMap<Identifier, Callsite>> {
        self.callsites
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more line of a callsite.
    fn count(&self, metadata: &Metadata<'_>) -> Decision {
        let now = self.clock.now();
        let mut callsites = self.callsites();
        let callsite = callsites
            .entry(metadata.callsite())
            .or_insert_with(|| Callsite {
                location: format!(
                    "{}:{}",
                    metadata.target(),
                    metadata.line().unwrap_or_default()
                ),
                window_start: now,
                written: 0,
                suppressed: 0,
            });
        if callsite.suppressed == 0 && is_over(callsite.window_start, now) {
            callsite.window_start = now;
            callsite.written = 0;
        }
        if callsite.written < MAX_LINES {
            callsite.written += 1;
            return Decision::Write;
        }
        callsite.suppressed += 1;
        if callsite.suppressed == 1 {
            Decision::SuppressFirst
        } else {
            Decision::Suppress
        }
    }

    /// How long it is until a report of suppressed lines is due; `None` while none are suppressed.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let now = self.clock.now();
        self.callsites()
            .values()
            .filter(|callsite| callsite.suppressed > 0)
            .map(|callsite| {
                let left = WINDOW - now.duration_since(callsite.window_start);
                Duration::try_from(left.clamp(SignedDuration::ZERO, WINDOW)).unwrap_or_default()
            })
            .min()
    }

    /// Takes the reports of suppressed lines that are due, a line each; `all` of them where the process ends.
    pub(super) fn take_due(&self, all: bool) -> Vec<String> {
        let now = self.clock.now();
        let mut reports = Vec::new();
        for callsite in self.callsites().values_mut() {
            if callsite.suppressed > 0 && (all || is_over(callsite.window_start, now)) {
                reports.push(format!(
                    "log: lines suppressed count={} callsite={}",
                    callsite.suppressed, callsite.location
                ));
                callsite.window_start = now;
                callsite.written = 0;
                callsite.suppressed = 0;
            }
        }
        reports
    }
}

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Write,
    /// Suppress the first line since the last report.
    SuppressFirst,
    Suppress,
}

/// Whether the window is over, also where the clock was set back.
fn is_over(window_start: Timestamp, now: Timestamp) -> bool {
    now.duration_since(window_start).abs() >= WINDOW
}

impl<S> Filter<S> for RateLimit {
    fn enabled(&self, _metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _context: &Context<'_, S>) -> bool {
        match self.counts.count(event.metadata()) {
            Decision::Write => true,
            Decision::SuppressFirst => {
                (self.on_suppress)();
                false
            }
            Decision::Suppress => false,
        }
    }
}
