//! Startup notification: the desktop shows a busy pointer for a program that it started, and holds back the
//! focus, until that program reports that it has started.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use amiqus_core::error::chain;
use gtk::gdk;
use gtk::prelude::*;
use tauri::{AppHandle, WebviewWindow};

use crate::links::start::Launch;

/// How long a start may take to bring the window to the front: the core judges its link first. After
/// that it is reported as complete without a window.
const RAISE_TIMEOUT: Duration = Duration::from_secs(3);

/// Starts that the desktop waits for.
static PENDING: Mutex<Vec<Launch>> = Mutex::new(Vec::new());

/// Has the next window that comes to the front complete this start; without one it completes after
/// [`RAISE_TIMEOUT`].
pub(crate) fn expect_window(app: &AppHandle, launch: Launch) {
    if launch.is_empty() {
        return;
    }
    with_pending(|pending| pending.push(launch.clone()));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(RAISE_TIMEOUT).await;
        let is_pending = with_pending(|pending| {
            let at = pending.iter().position(|other| *other == launch);
            at.map(|at| pending.remove(at)).is_some()
        });
        if is_pending {
            complete(&app, launch);
        }
    });
}

/// Completes a start that brings no window.
pub(crate) fn complete(app: &AppHandle, launch: Launch) {
    if launch.is_empty() {
        return;
    }
    // The display belongs to the main thread. Without that thread the app is ending.
    let _ = app.run_on_main_thread(move || notify_complete(&launch));
}

/// Completes all pending starts; this window is what came of the last.
pub(super) fn complete_with(window: &WebviewWindow) {
    let mut launches = with_pending(std::mem::take);
    let last = launches.pop();
    for launch in launches {
        notify_complete(&launch);
    }
    match (last.as_ref().and_then(identifier), window.gtk_window()) {
        // It also lets the window take the focus, on Wayland by the token.
        (Some(identifier), Ok(window)) => window.set_startup_id(identifier),
        (Some(_), Err(error)) => {
            tracing::warn!(error = %chain(&error), "startup notification: no window");
        }
        (None, _) => {}
    }
}

fn with_pending<T>(work: impl FnOnce(&mut Vec<Launch>) -> T) -> T {
    work(&mut PENDING.lock().unwrap_or_else(PoisonError::into_inner))
}

fn notify_complete(launch: &Launch) {
    if let (Some(display), Some(identifier)) = (gdk::Display::default(), identifier(launch)) {
        display.notify_startup_complete(identifier);
    }
}

/// The identifier that this display server knows.
fn identifier(launch: &Launch) -> Option<&str> {
    let is_wayland = gdk::Display::default().is_some_and(|display| display.backend().is_wayland());
    let (first, second) = if is_wayland {
        (&launch.activation_token, &launch.startup_id)
    } else {
        (&launch.startup_id, &launch.activation_token)
    };
    first.as_deref().or(second.as_deref())
}
