//! Startup notification: the desktop shows a busy pointer, and keeps the focus, for a program that it
//! started, until that program says that it has.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gtk::gdk;
use gtk::prelude::*;
use tauri::{AppHandle, WebviewWindow};

use crate::links::start::Launch;

/// How long a start may take to bring the window to the front: the core judges its link first. After
/// that it was for nothing that is seen, and the desktop is told so.
const RAISE_TIMEOUT: Duration = Duration::from_secs(3);

/// Starts that the desktop waits for.
static PENDING: Mutex<Vec<Launch>> = Mutex::new(Vec::new());

/// Has the next window that comes to the front end this start; without one it ends after a while.
pub(crate) fn expect(app: &AppHandle, launch: Launch) {
    if launch.is_empty() {
        return;
    }
    pending(|pending| pending.push(launch.clone()));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(RAISE_TIMEOUT).await;
        let is_pending = pending(|pending| {
            let at = pending.iter().position(|other| *other == launch);
            at.map(|at| pending.remove(at)).is_some()
        });
        if is_pending {
            end(&app, launch);
        }
    });
}

/// Ends a start that brings no window.
pub(crate) fn end(app: &AppHandle, launch: Launch) {
    if launch.is_empty() {
        return;
    }
    // The display is the main thread's. Without that thread the app ends, and the display with it.
    let _ = app.run_on_main_thread(move || complete(&launch));
}

/// Ends all starts that wait, with this window as what came of the last.
pub(super) fn end_with(window: &WebviewWindow) {
    let mut launches = pending(std::mem::take);
    let last = launches.pop();
    for launch in launches {
        complete(&launch);
    }
    match (last.as_ref().and_then(identifier), window.gtk_window()) {
        // It also lets the window take the focus, on Wayland by the token.
        (Some(identifier), Ok(window)) => window.set_startup_id(identifier),
        (Some(_), Err(problem)) => tracing::warn!(%problem, "startup notification: no window"),
        (None, _) => {}
    }
}

fn pending<T>(change: impl FnOnce(&mut Vec<Launch>) -> T) -> T {
    change(&mut PENDING.lock().unwrap_or_else(PoisonError::into_inner))
}

fn complete(launch: &Launch) {
    if let (Some(display), Some(identifier)) = (gdk::Display::default(), identifier(launch)) {
        display.notify_startup_complete(identifier);
    }
}

/// The one that this display server knows.
fn identifier(launch: &Launch) -> Option<&str> {
    let is_wayland = gdk::Display::default().is_some_and(|display| display.backend().is_wayland());
    let (first, second) = if is_wayland {
        (&launch.activation_token, &launch.startup_id)
    } else {
        (&launch.startup_id, &launch.activation_token)
    };
    first.as_deref().or(second.as_deref())
}
