//! Which app opens our links, and how this one becomes it.

use std::io;
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use amiqus_core::error::chain;
use amiqus_core::registration::RedirectKind;
use amiqus_core::runtime::SessionHandle;
use tauri::{AppHandle, Manager as _};
#[cfg(not(target_os = "linux"))]
use tauri_plugin_deep_link::DeepLinkExt as _;

#[cfg(target_os = "linux")]
use super::claim_linux;
use crate::window;

/// How long a caller waits for the claim.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(3);

/// The app that opens our links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkHandler {
    /// No app.
    Absent,
    /// This app.
    ThisApp,
    /// Another app.
    Other {
        /// The name that the app gives itself, as plain text.
        name: String,
        /// Its desktop entry.
        entry: String,
    },
    /// The system doesn't report it.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux reports it"))]
    Unknown,
}

/// Asks the system which app opens our links. It may run another program. Blocks.
pub(crate) fn current_handler() -> LinkHandler {
    #[cfg(target_os = "linux")]
    return claim_linux::current();
    // Windows and macOS ask the user in dialogues of their own; neither reports the other app's name.
    #[cfg(not(target_os = "linux"))]
    LinkHandler::Unknown
}

/// Registers this app for our links where no other app is, once in the life of the process. It runs other
/// programs, so a caller waits for it, but no longer than [`CLAIM_TIMEOUT`]. Returns whether it is done.
pub(crate) fn claim(app: &AppHandle) -> bool {
    static STARTED: Once = Once::new();
    static IS_DONE: Mutex<bool> = Mutex::new(false);
    static DONE: Condvar = Condvar::new();
    if !uses_links(app) {
        return true;
    }
    let is_done = || IS_DONE.lock().unwrap_or_else(PoisonError::into_inner);
    STARTED.call_once(|| {
        let app = app.clone();
        let spawned = thread::Builder::new()
            .name("claim the links".to_owned())
            .spawn(move || {
                claim_scheme(&app);
                *IS_DONE.lock().unwrap_or_else(PoisonError::into_inner) = true;
                DONE.notify_all();
            });
        if let Err(error) = spawned {
            tracing::error!(error = %chain(&error), "links: claim not started");
        }
    });
    match DONE.wait_timeout_while(is_done(), CLAIM_TIMEOUT, |is_done| !*is_done) {
        Ok((_, waited)) if waited.timed_out() => {
            tracing::warn!("links: claim timed out");
            false
        }
        _ => true,
    }
}

/// Whether the browser returns by a link: not where the organisation's redirect URL is the loopback address.
fn uses_links(app: &AppHandle) -> bool {
    app.try_state::<SessionHandle>().is_none_or(|session| {
        let states = session.states();
        let state = states.borrow();
        state
            .as_ref()
            .is_none_or(|state| state.setup.redirect == RedirectKind::Scheme)
    })
}

/// Registers the scheme. On Windows the installer has done so and the app only repairs it; on macOS the
/// bundle's description does it.
fn claim_scheme(app: &AppHandle) {
    #[cfg(target_os = "linux")]
    claim_linux::claim_scheme();
    #[cfg(target_os = "windows")]
    if let Err(error) = app.deep_link().register_all() {
        tracing::warn!(error = %chain(&error), "links: registration failed");
    }
    #[cfg(not(target_os = "windows"))]
    let _ = app;
}

/// Makes this app the handler, in place of another app or of none; returns whether it is now.
pub(crate) fn take_back(app: &AppHandle) -> bool {
    #[cfg(target_os = "linux")]
    let registered = {
        let _ = app;
        claim_linux::register()
    };
    #[cfg(not(target_os = "linux"))]
    let registered = app.deep_link().register_all();
    if let Err(error) = registered {
        tracing::warn!(error = %chain(&error), "links: registration failed");
    }
    let handler = current_handler();
    tracing::info!(?handler, "links: taken back");
    matches!(handler, LinkHandler::ThisApp | LinkHandler::Unknown)
}

/// The app that opens our links once this one has tried to claim them: an absent handler means nothing
/// before.
pub(crate) async fn settled_handler(app: &AppHandle) -> LinkHandler {
    let ask = || async {
        let asked = tauri::async_runtime::spawn_blocking(current_handler);
        asked.await.unwrap_or(LinkHandler::Unknown)
    };
    match ask().await {
        LinkHandler::Absent => {}
        handler => return handler,
    }
    // As at each start: the processor is the window's until then.
    window::first_painted(app).await;
    let for_claim = app.clone();
    let claimed = tauri::async_runtime::spawn_blocking(move || claim(&for_claim)).await;
    if matches!(claimed, Ok(true)) {
        ask().await
    } else {
        LinkHandler::Unknown
    }
}

/// Removes the registration that this program made for the user; one by the package or another app stays. On
/// Windows the uninstaller removes it; macOS has none but the bundle's.
///
/// # Errors
/// When the entry can't be removed.
pub(crate) fn forget() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return claim_linux::forget();
    #[cfg(not(target_os = "linux"))]
    Ok(())
}
