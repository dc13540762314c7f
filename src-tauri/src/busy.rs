//! Work that a restart of the process would cut off: a report that is being saved, a notification whose
//! click leads to this process, a request for the window.

use tokio::sync::watch;

/// Counts the work in progress. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(watch::Sender<Activity>);

#[derive(Debug, Default)]
struct Activity {
    running: usize,
    /// How often the window was requested. Never reset, so that each observer can compare it.
    window_requests: u64,
    /// The count at which a relaunch into the tray was decided.
    relaunch_decided_at: Option<u64>,
}

/// Work in progress, until it is dropped.
#[derive(Debug)]
pub(crate) struct BusyGuard(watch::Sender<Activity>);

impl Busy {
    /// Counts work as in progress for as long as the guard lives.
    pub(crate) fn begin(&self) -> BusyGuard {
        self.0.send_modify(|activity| activity.running += 1);
        BusyGuard(self.0.clone())
    }

    /// The same for a request for the window.
    pub(crate) fn begin_window_request(&self) -> BusyGuard {
        self.0.send_modify(|activity| {
            activity.running += 1;
            activity.window_requests += 1;
        });
        BusyGuard(self.0.clone())
    }

    /// Whether no work is in progress.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.borrow().running == 0
    }

    /// How often the window was requested so far.
    pub(crate) fn window_requests(&self) -> u64 {
        self.0.borrow().window_requests
    }

    /// Records that a relaunch into the tray was decided after so many requests for the window.
    pub(crate) fn decide_relaunch(&self, window_requests: u64) {
        self.0
            .send_modify(|activity| activity.relaunch_decided_at = Some(window_requests));
    }

    /// Whether the window was requested after the relaunch was decided.
    pub(crate) fn is_window_requested_since_decision(&self) -> bool {
        let activity = self.0.borrow();
        activity.relaunch_decided_at != Some(activity.window_requests)
    }

    /// Reports each time that work begins or ends.
    pub(crate) fn changes(&self) -> BusyChanges {
        BusyChanges(self.0.subscribe())
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.send_modify(|activity| activity.running -= 1);
    }
}

/// Follows when work begins or ends.
pub(crate) struct BusyChanges(watch::Receiver<Activity>);

impl BusyChanges {
    /// Counts every change so far as seen.
    pub(crate) fn mark_seen(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a change that was not seen.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // No work can begin any more.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_idle_once_every_guard_is_dropped() {
        let busy = Busy::default();
        assert!(busy.is_idle());
        let first = busy.begin();
        let second = busy.clone().begin();
        drop(first);
        assert!(!busy.is_idle());
        drop(second);
        assert!(busy.is_idle());
    }

    #[test]
    fn window_request_after_the_decision_is_remembered_when_it_ended() {
        let busy = Busy::default();
        drop(busy.begin_window_request());
        let requests = busy.window_requests();
        busy.decide_relaunch(requests);
        // A notification or a report is no request for the window.
        drop(busy.begin());
        assert!(!busy.is_window_requested_since_decision());
        drop(busy.begin_window_request());
        assert!(busy.is_idle());
        assert!(busy.is_window_requested_since_decision());
        // Nor does another task's decision, taken before that request, forget it.
        busy.decide_relaunch(requests);
        assert!(busy.is_window_requested_since_decision());
    }

    #[tokio::test]
    async fn guard_that_is_dropped_is_a_change() {
        let busy = Busy::default();
        let guard = busy.begin();
        let mut changes = busy.changes();
        changes.mark_seen();
        drop(guard);
        changes.changed().await;
    }
}
