//! What is done about a lost page: more each time, while losses follow each other closely.

use std::time::{Duration, Instant};

/// After so long without a loss the next one counts as the first.
const STABLE_AFTER: Duration = Duration::from_mins(1);

/// Why a page is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Its process ended.
    #[cfg(not(windows))]
    Ended,
    /// Its process was ended for taking too much memory.
    #[cfg(target_os = "linux")]
    OutOfMemory,
    /// It didn't answer a ping.
    Unresponsive,
    /// It was loaded and didn't follow the state in time.
    LoadTimeout,
}

/// What is done about a lost page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The page is loaded again in the same window.
    Reload,
    /// The window is built again.
    Rebuild,
    /// The window is closed until the user asks for it.
    Close,
}

/// The losses since the page was last stable.
#[derive(Debug, Default)]
pub(super) struct Losses {
    count: u32,
    last: Option<Instant>,
}

impl Losses {
    /// Counts a loss; returns what to do about it.
    pub(super) fn count(&mut self, why: Loss, now: Instant) -> Remedy {
        let is_soon = self
            .last
            .is_some_and(|last| now.duration_since(last) < STABLE_AFTER);
        self.count = if is_soon { self.count + 1 } else { 1 };
        // A process that hangs loads nothing.
        if why == Loss::Unresponsive && self.count == 1 {
            self.count = 2;
        }
        self.last = Some(now);
        match self.count {
            1 => Remedy::Reload,
            2 => Remedy::Rebuild,
            _ => Remedy::Close,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_close_together_escalate() {
        let mut losses = Losses::default();
        let start = Instant::now();
        let mut at =
            |seconds| losses.count(Loss::LoadTimeout, start + Duration::from_secs(seconds));
        assert_eq!(at(0), Remedy::Reload);
        assert_eq!(at(1), Remedy::Rebuild);
        assert_eq!(at(2), Remedy::Close);
        assert_eq!(at(3), Remedy::Close);
    }

    #[test]
    fn loss_of_a_stable_page_is_answered_by_a_reload() {
        let mut losses = Losses::default();
        let start = Instant::now();
        let mut at =
            |seconds| losses.count(Loss::LoadTimeout, start + Duration::from_secs(seconds));
        let stable = STABLE_AFTER.as_secs();
        assert_eq!(at(0), Remedy::Reload);
        assert_eq!(at(stable), Remedy::Reload);
        assert_eq!(at(stable + 1), Remedy::Rebuild);
        assert_eq!(at(2 * stable + 1), Remedy::Reload);
    }

    #[test]
    fn unresponsive_page_is_never_reloaded_in_its_process() {
        let start = Instant::now();
        let mut losses = Losses::default();
        assert_eq!(losses.count(Loss::Unresponsive, start), Remedy::Rebuild);
        assert_eq!(losses.count(Loss::Unresponsive, start), Remedy::Close);
    }
}
