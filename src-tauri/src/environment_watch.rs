//! Notices what the core can't: the computer woke from sleep, its clock was set, a network came, the keychain changed.

use std::time::Duration;

use amiqus_core::runtime::SessionHandle;
use netwatcher::async_adapter::Tokio;

/// A network that comes brings several changes at once: they are one.
const ONE_CHANGE: Duration = Duration::from_secs(2);

/// Has the keeper look again at each such change, for as long as it lives. Must be called within a
/// tokio runtime.
pub fn watch(session: &SessionHandle) {
    tokio::spawn(watch_network(session.clone()));
    #[cfg(target_os = "linux")]
    {
        tokio::spawn(watch_clock(session.clone()));
        tokio::spawn(watch_keychain(session.clone()));
    }
}

async fn watch_network(session: SessionHandle) {
    let mut changes = match netwatcher::watch_interfaces_async::<Tokio>() {
        Ok(changes) => changes,
        Err(problem) => {
            tracing::warn!(%problem, "nobody tells when a network comes");
            return;
        }
    };
    loop {
        let change = changes.changed().await;
        if change.is_initial || change.addrs_added().next().is_none() {
            continue;
        }
        tokio::time::sleep(ONE_CHANGE).await;
        tracing::info!("a network came");
        session.on_environment_change();
    }
}

#[cfg(target_os = "linux")]
async fn watch_clock(session: SessionHandle) {
    loop {
        match crate::clock::timer::Timer::when_clock_is_set() {
            Ok(timer) => timer.rings().await,
            Err(problem) => {
                tracing::warn!(%problem, "nobody tells when the computer wakes");
                return;
            }
        }
        tracing::info!("the computer woke, or its clock was set");
        session.on_environment_change();
    }
}

/// Follows the keychain while it keeps the vault locked, and no longer.
#[cfg(target_os = "linux")]
async fn watch_keychain(session: SessionHandle) {
    use amiqus_core::app_state::{AppState, Screen};
    use std::sync::Arc;

    let is_locked = |state: &Option<Arc<AppState>>| {
        let screen = state.as_ref().map(|state| &state.screen);
        matches!(screen, Some(Screen::Locked { why }) if why.is_keychain_related())
    };
    let mut states = session.states();
    loop {
        if states.wait_for(is_locked).await.is_err() {
            return;
        }
        let opened = async {
            // An ended session opens nothing any more.
            let _ = states.wait_for(|state| !is_locked(state)).await;
        };
        let watching = async {
            let ended = crate::vault::watch_keychain(|| {
                tracing::info!("keychain: changed");
                session.keychain_changed();
            })
            .await;
            if let Err(problem) = ended {
                tracing::warn!(%problem, "keychain: nobody tells when it changes");
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = opened => {}
            () = watching => {}
        }
    }
}
