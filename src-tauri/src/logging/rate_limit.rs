//! A limit for each kind of line, so that nobody can fill the log: neither who sends links or calls the
//! loopback port without end, nor a fault that repeats. What is left out is counted, and said in one line
//! a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amiqus_core::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use tracing::callsite::Identifier;
use tracing::{Event, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// So many lines of one kind are written in each [`WINDOW`]; more than anything does that goes well.
pub(super) const MAX_LINES: u32 = 20;

/// The time in which they are counted together.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// A layer's filter that limits how many events of one callsite pass in a minute.
#[derive(Clone)]
pub(super) struct RateLimit {
    counts: Arc<Counts>,
    /// Told when lines begin to be left out.
    begun: Arc<dyn Fn() + Send + Sync>,
}

/// Counts lines by the place in the code that they come from.
pub(super) struct Counts {
    clock: Arc<dyn Clock>,
    kinds: Mutex<HashMap<Identifier, Kind>>,
}

struct Kind {
    place: String,
    since: Timestamp,
    lines: u32,
    left_out: u64,
}

impl RateLimit {
    /// A limit that calls `begun` whenever lines begin to be left out: [`Counts::next_due`] tells from then
    /// on when that is to be said.
    pub(super) fn new(counts: Arc<Counts>, begun: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            counts,
            begun: Arc::new(begun),
        }
    }
}

impl Counts {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kinds: Mutex::default(),
        }
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<Identifier, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more line of a kind.
    fn count(&self, metadata: &Metadata<'_>) -> Verdict {
        let now = self.clock.now();
        let mut kinds = self.kinds();
        let kind = kinds.entry(metadata.callsite()).or_insert_with(|| Kind {
            place: format!(
                "{}:{}",
                metadata.target(),
                metadata.line().unwrap_or_default()
            ),
            since: now,
            lines: 0,
            left_out: 0,
        });
        if kind.left_out == 0 && is_over(kind.since, now) {
            kind.since = now;
            kind.lines = 0;
        }
        if kind.lines < MAX_LINES {
            kind.lines += 1;
            return Verdict::Write;
        }
        kind.left_out += 1;
        if kind.left_out == 1 {
            Verdict::LeaveOutTheFirst
        } else {
            Verdict::LeaveOut
        }
    }

    /// How long it is until something is to be said; `None` while nothing was left out.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let now = self.clock.now();
        let kinds = self.kinds();
        let waiting = kinds.values().filter(|kind| kind.left_out > 0);
        waiting
            .map(|kind| {
                let left = WINDOW - now.duration_since(kind.since);
                Duration::try_from(left.clamp(SignedDuration::ZERO, WINDOW)).unwrap_or_default()
            })
            .min()
    }

    /// What is to be said now of what was left out, a line each; `all` of it where the process ends.
    pub(super) fn take_due(&self, all: bool) -> Vec<String> {
        let now = self.clock.now();
        let mut said = Vec::new();
        for kind in self.kinds().values_mut() {
            if kind.left_out > 0 && (all || is_over(kind.since, now)) {
                said.push(format!(
                    "{} more lines like those of {} were left out",
                    kind.left_out, kind.place
                ));
                kind.since = now;
                kind.lines = 0;
                kind.left_out = 0;
            }
        }
        said
    }
}

/// What is done with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Write,
    /// The first of its kind that is left out.
    LeaveOutTheFirst,
    LeaveOut,
}

/// Whether the window is over, by whichever way the clock was turned.
fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since).abs() >= WINDOW
}

impl<S> Filter<S> for RateLimit {
    fn enabled(&self, _metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _context: &Context<'_, S>) -> bool {
        match self.counts.count(event.metadata()) {
            Verdict::Write => true,
            Verdict::LeaveOutTheFirst => {
                (self.begun)();
                false
            }
            Verdict::LeaveOut => false,
        }
    }
}
