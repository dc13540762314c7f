//! Work that a restart of the process would cut off: a report that is being saved, a notification whose
//! click leads to this process, a request for the window.

use tokio::sync::watch;

/// Counts the work in progress. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(watch::Sender<Activity>);

#[derive(Debug, Default)]
struct Activity {
    running: usize,
    /// Whether work began after [`Busy::check_idle`] was last asked.
    began: bool,
}

/// Work in progress, until it is dropped.
#[derive(Debug)]
pub(crate) struct BusyGuard(watch::Sender<Activity>);

impl Busy {
    /// Counts work as in progress for as long as the guard lives.
    pub(crate) fn begin(&self) -> BusyGuard {
        self.0.send_modify(|activity| {
            activity.running += 1;
            activity.began = true;
        });
        BusyGuard(self.0.clone())
    }

    /// Whether no work is in progress. What begins after this answer shows in [`Busy::has_begun`].
    pub(crate) fn check_idle(&self) -> bool {
        let mut is_idle = false;
        self.0.send_if_modified(|activity| {
            activity.began = false;
            is_idle = activity.running == 0;
            false
        });
        is_idle
    }

    /// Whether work began after [`Busy::check_idle`] was last asked, even if it has ended.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.borrow().began
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
        assert!(busy.check_idle());
        let first = busy.begin();
        let second = busy.clone().begin();
        drop(first);
        assert!(!busy.check_idle());
        drop(second);
        assert!(busy.check_idle());
    }

    #[test]
    fn work_that_began_after_the_check_is_remembered_when_it_ended() {
        let busy = Busy::default();
        drop(busy.begin());
        assert!(busy.check_idle());
        assert!(!busy.has_begun());
        drop(busy.begin());
        assert!(busy.has_begun());
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
