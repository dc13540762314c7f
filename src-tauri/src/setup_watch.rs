//! Watches for a provisioning file while the app is not set up: an administrator puts it there while the
//! user looks at the window.

use std::sync::Arc;
use std::time::Duration;

use amiqus_core::app_state::{AppState, Screen};
use amiqus_core::runtime::SessionHandle;
use tokio::sync::watch;

/// The pause between two looks at the file. It is small and local, and a watch of its folder, which need not
/// exist, would be more code than that is worth.
const INTERVAL: Duration = Duration::from_secs(3);

/// Has the file read again periodically while the app is not set up, for as long as the session lives.
pub(crate) fn watch(session: &SessionHandle) {
    let session = session.clone();
    let states = session.states();
    tauri::async_runtime::spawn(repeat_while(states, needs_setup, move || {
        let session = session.clone();
        async move { reload(&session).await }
    }));
}

/// Has the file read again, which does nothing once the app is set up.
pub(crate) async fn reload(session: &SessionHandle) {
    if let Err(problem) = session.reload_setup().await {
        tracing::warn!(code = ?problem.code, "provisioning: reload failed");
    }
}

fn needs_setup(state: &AppState) -> bool {
    matches!(state.screen, Screen::NeedsSetup)
}

/// Calls `work` at each [`INTERVAL`] while the state is as `is_wanted` says, until the sender is gone.
async fn repeat_while<Work: Future<Output = ()>>(
    mut states: watch::Receiver<Option<Arc<AppState>>>,
    is_wanted: fn(&AppState) -> bool,
    work: impl Fn() -> Work,
) {
    loop {
        let wanted = states.wait_for(|state| state.as_deref().is_some_and(is_wanted));
        if wanted.await.is_err() {
            return;
        }
        tokio::time::sleep(INTERVAL).await;
        if states.borrow().as_deref().is_some_and(is_wanted) {
            work().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::fixtures;

    #[tokio::test(start_paused = true)]
    async fn file_is_read_again_only_while_the_app_is_not_set_up() {
        let state = |screen| Some(Arc::new(fixtures::state(screen, Vec::new())));
        let (sender, states) = watch::channel(None);
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let watching = tokio::spawn(repeat_while(states, needs_setup, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::ready(())
        }));
        let after = async |seconds| {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            reads.swap(0, Ordering::SeqCst)
        };
        assert_eq!(after(10).await, 0);
        sender.send_replace(state(Screen::NeedsSetup));
        assert_eq!(after(10).await, 3);
        sender.send_replace(state(Screen::SignedOut { just_now: false }));
        assert_eq!(after(10).await, 0);
        drop(sender);
        watching.await.unwrap();
    }
}
