//! A process that begins anew, under the same number and in the tray, once its window is closed.
//!
//! What `WebKit` mapped for a window stays mapped for as long as the process lives, and so does what a
//! library may have left of a secret: together more than all the rest of the app. The other systems draw
//! in processes of their own, which end with their window.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use amiqus_core::app_state::{AppState, StandingView};
use amiqus_core::keeper::Keeper;
use tauri::{AppHandle, Manager as _};

use crate::{STARTED_AGAIN, places, start_at_login, updates, vault, window};

/// With this the event loop ends for it; no system uses it.
pub(crate) const EXIT_CODE: i32 = i32::MAX - 1;

/// Begins anew as soon as nothing is lost by it, unless the window is opened before.
pub(crate) fn once_nothing_is_lost(app: &AppHandle) {
    let Some(keeper) = app.try_state::<Keeper>() else {
        return;
    };
    let keeper = Keeper::clone(&keeper);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut states = keeper.states();
        // Its parent must see them end: to a process that began anew they would be nobody's.
        window::swept().await;
        loop {
            let state = states.borrow_and_update().clone();
            if !app.webview_windows().is_empty() {
                return;
            }
            if state.is_some_and(|state| !needs_its_person(&state))
                && updates::ready(&app).borrow().is_none()
                && can_go_on_unasked().await
                && keeper.end_if_all_is_kept().await
            {
                break;
            }
            if states.changed().await.is_err() {
                return;
            }
        }
        // Whoever opened the window in this very moment gets another one.
        let wants_window = !app.webview_windows().is_empty();
        tracing::info!(wants_window, "begins anew");
        app.exit(if wants_window {
            tauri::RESTART_EXIT_CODE
        } else {
            EXIT_CODE
        });
    });
}

/// A notification about it may still be there, and leads to this process.
fn needs_its_person(state: &AppState) -> bool {
    let mut accounts = state.accounts.iter();
    accounts.any(|account| account.standing != StandingView::Connected)
}

/// Whether the program is there, and its vault opens without a word from anybody.
async fn can_go_on_unasked() -> bool {
    let looked = tauri::async_runtime::spawn_blocking(|| {
        let program = tauri::process::current_binary(&tauri::Env::default());
        program.is_ok_and(|program| program.exists())
            && places::data().is_some_and(|data| vault::opens_unasked(data.join(places::VAULT)))
    });
    looked.await.unwrap_or(false)
}

/// Becomes a new process of what lies now where this program lay. Comes back only when that fails.
pub(crate) fn begin() -> ExitCode {
    let problem = match tauri::process::current_binary(&tauri::Env::default()) {
        Ok(program) => Command::new(program)
            .arg(start_at_login::IN_THE_TRAY)
            .env_remove(STARTED_AGAIN)
            .exec(),
        Err(problem) => problem,
    };
    tracing::error!(%problem, "the app can't begin anew");
    ExitCode::FAILURE
}
