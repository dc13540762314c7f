//! Which app opens our links, and how this one becomes it.

use std::io;
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use amiqus_core::error::chain;
use amiqus_core::registration::RedirectKind;
use amiqus_core::runtime::SessionHandle;
use tauri::{AppHandle, Manager as _};

#[cfg(target_os = "linux")]
use super::claim_linux as system;
#[cfg(target_os = "windows")]
use super::claim_windows as system;
use crate::window;

/// How long a caller waits for the claim.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(3);

/// The app that opens our links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkHandler {
    /// No app.
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS reports none"))]
    Absent,
    /// This app.
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS reports none"))]
    ThisApp,
    /// Another app.
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS reports none"))]
    Other {
        /// The name that the app gives itself, as plain text.
        name: String,
        /// Its desktop entry.
        entry: String,
    },
    /// The system doesn't report it, or not in time.
    Unknown,
}

/// Asks the system which app opens our links. It may run another program. Blocks.
pub(crate) fn current_handler() -> LinkHandler {
    #[cfg(not(target_os = "macos"))]
    return system::current();
    // macOS has no name for the other app, and asks the user itself.
    #[cfg(target_os = "macos")]
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
        let spawned = thread::Builder::new()
            .name("claim the links".to_owned())
            .spawn(move || {
                claim_scheme();
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
fn claim_scheme() {
    #[cfg(not(target_os = "macos"))]
    system::claim_scheme();
}

/// Makes this app the handler, in place of another app or of none; returns whether it is now.
pub(crate) fn take_back() -> bool {
    #[cfg(not(target_os = "macos"))]
    if let Err(error) = system::register() {
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
/// Windows the installer's is the same one; macOS has none but the bundle's.
///
/// # Errors
/// When the entry can't be removed.
#[cfg_attr(
    target_os = "macos",
    expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")
)]
pub(crate) fn forget() -> io::Result<()> {
    #[cfg(not(target_os = "macos"))]
    return system::forget();
    #[cfg(target_os = "macos")]
    Ok(())
}
