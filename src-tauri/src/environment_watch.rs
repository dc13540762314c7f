//! Watches what the core can't see: the computer woke from sleep, its clock was set, a network came up, the
//! keychain changed.

use std::time::Duration;

use amiqus_core::error::chain;
use amiqus_core::runtime::SessionHandle;
use netwatcher::async_adapter::Tokio;

/// How long the changes that belong to one new network are collected.
const NETWORK_SETTLE_TIME: Duration = Duration::from_secs(2);

/// Reports each such change to the session, for as long as it lives. Must be called within a tokio
/// runtime.
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
        Err(error) => {
            tracing::warn!(error = %chain(&error), "network: watch failed");
            return;
        }
    };
    loop {
        let change = changes.changed().await;
        if change.is_initial || change.addrs_added().next().is_none() {
            continue;
        }
        tokio::time::sleep(NETWORK_SETTLE_TIME).await;
        tracing::info!("network: address added");
        session.on_environment_change();
    }
}

#[cfg(target_os = "linux")]
async fn watch_clock(session: SessionHandle) {
    loop {
        match crate::clock::timer::Timer::when_clock_is_set() {
            Ok(timer) => timer.expired().await,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "clock: watch failed");
                return;
            }
        }
        tracing::info!("clock: set, or the computer woke");
        session.on_environment_change();
    }
}

/// Watches the keychain while it keeps the vault locked, and no longer.
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
        let unlocked = async {
            // A session that ended opens nothing any more.
            let _ = states.wait_for(|state| !is_locked(state)).await;
        };
        let watching = async {
            let ended = crate::vault::watch_keychain(|| {
                tracing::info!("keychain: changed");
                session.keychain_changed();
            })
            .await;
            if let Err(error) = ended {
                tracing::warn!(error = %chain(&error), "keychain: watch failed");
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = unlocked => {}
            () = watching => {}
        }
    }
}
