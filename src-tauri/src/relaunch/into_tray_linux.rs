//! Re-executes the process into the tray, under the same process ID, once its window is closed.
//!
//! The libraries that draw a window stay mapped for as long as the process lives: more memory than all the
//! rest of the app. A new program image drops them, and with them what they may have kept of a secret. On
//! other systems they are not in this process.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use amiqus_core::error::chain;
use amiqus_core::runtime::SessionHandle;
use tauri::utils::platform::current_exe;
use tauri::{AppHandle, Manager as _};

use crate::busy::Busy;
use crate::links::IncomingQueue;
use crate::links::loopback::Loopback;
use crate::links::start::{ACTIVATION_TOKEN_VARIABLE, STARTUP_ID_VARIABLE};
use crate::{logging, paths, start_at_login, updates, vault, window};

/// The exit code with which the event loop ends for a relaunch; no system uses it.
pub(crate) const EXIT_CODE: i32 = i32::MAX - 1;

/// Relaunches into the tray as soon as nothing is lost by it, unless the window is opened before. To be
/// called when the window was closed.
pub(crate) fn when_idle(app: &AppHandle) {
    let Some(session) = app.try_state::<SessionHandle>() else {
        return;
    };
    let session = SessionHandle::clone(&session);
    let app = app.clone();
    let busy = Busy::clone(&app.state::<Busy>());
    let requests = busy.window_requests();
    tauri::async_runtime::spawn(async move {
        // Another closing has a task of its own.
        let is_closed = || busy.window_requests() == requests && app.webview_windows().is_empty();
        let mut states = session.states();
        let mut activity = busy.changes();
        // The new program would not reap them.
        window::wait_for_web_processes(is_closed).await;
        while is_closed() {
            states.borrow_and_update();
            activity.mark_seen();
            if let Some(loopback) = app.try_state::<Loopback>() {
                loopback.wait_until_idle().await;
            }
            if !updates::is_ready(&app)
                && can_relaunch_unattended().await
                && is_closed()
                && busy.is_idle()
                && session.stop_if_quiescent().await
            {
                busy.decide_relaunch(requests);
                // A link that comes now is for the next process.
                app.state::<IncomingQueue>().close();
                tracing::info!("relaunch: started, into the tray");
                return app.exit(EXIT_CODE);
            }
            tokio::select! {
                changed = states.changed() => if changed.is_err() {
                    return;
                },
                () = activity.changed() => {}
            }
        }
    });
}

/// Whether the program is there, and its vault opens without asking the user for anything.
async fn can_relaunch_unattended() -> bool {
    let checked = tauri::async_runtime::spawn_blocking(|| {
        current_exe().is_ok_and(|program| program.exists())
            && paths::data()
                .is_some_and(|data| vault::opens_without_prompt(data.join(paths::VAULT)))
    });
    checked.await.unwrap_or(false)
}

/// Replaces this process by the program that lies now where this one lay. Returns only when that fails.
pub(crate) fn exec(busy: &Busy) -> ExitCode {
    // Some libraries open files without close-on-exec.
    close_fds::set_fds_cloexec_threadsafe(FIRST_NON_STANDARD_FD, &[]);
    let error = match current_exe() {
        Ok(program) => {
            let mut command = Command::new(program);
            if !busy.is_window_requested_since_decision() {
                command.arg(start_at_login::IN_THE_TRAY);
            }
            logging::flush();
            // They belong to a start that is over.
            command
                .env_remove(STARTUP_ID_VARIABLE)
                .env_remove(ACTIVATION_TOKEN_VARIABLE)
                .exec()
        }
        Err(error) => error,
    };
    tracing::error!(error = %chain(&error), "relaunch: failed");
    ExitCode::FAILURE
}

/// The first file descriptor after standard input, output and error.
const FIRST_NON_STANDARD_FD: i32 = 3;
