//! A process that begins anew, under the same number and in the tray, once its window is closed.
//!
//! The libraries that draw a window stay mapped for as long as the process lives that had one: more memory
//! than all the rest of the app. And what they, or the desktop's other libraries, may have left of a secret
//! goes with them. On other systems they are not in this process.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};

use amiqus_core::runtime::SessionHandle;
use tauri::utils::platform::current_exe;
use tauri::{AppHandle, Manager as _};

use crate::links::Letterbox;
use crate::links::loopback::Loopback;
use crate::links::start::{ACTIVATION_TOKEN, STARTUP_ID};
use crate::{diagnostics, logging, notices, paths, start_at_login, updates, vault, window};

/// With this the event loop ends for it; no system uses it.
pub(crate) const EXIT_CODE: i32 = i32::MAX - 1;

/// How often the window had been asked for when it was last closed.
static WISHES_AT_CLOSING: AtomicU64 = AtomicU64::new(0);

/// Begins anew as soon as nothing is lost by it, unless somebody asks for the window before. To be called
/// when it was closed.
pub(crate) fn once_nothing_is_lost(app: &AppHandle) {
    let Some(session) = app.try_state::<SessionHandle>() else {
        return;
    };
    let session = SessionHandle::clone(&session);
    let app = app.clone();
    let wishes = window::wishes();
    WISHES_AT_CLOSING.store(wishes, Ordering::SeqCst);
    tauri::async_runtime::spawn(async move {
        let is_closed = || window::wishes() == wishes && app.webview_windows().is_empty();
        let mut states = session.states();
        let mut notices = notices::shown();
        // Its parent must see them end: to a process that began anew they would be nobody's.
        window::swept(is_closed).await;
        while is_closed() {
            states.borrow_and_update();
            // A click on a notification would find nobody.
            let shown = *notices.borrow_and_update();
            if let Some(loopback) = app.try_state::<Loopback>() {
                loopback.at_rest().await;
            }
            let nothing_saved = diagnostics::no_report_is_being_saved().await;
            if shown == 0
                && updates::ready(&app).borrow().is_none()
                && can_go_on_unasked().await
                && is_closed()
                && session.stop_if_quiescent().await
            {
                // A link that comes now is the next process's.
                app.state::<Letterbox>().close();
                tracing::info!("begins anew");
                return app.exit(EXIT_CODE);
            }
            drop(nothing_saved);
            let has_changed = tokio::select! {
                changed = states.changed() => changed,
                changed = notices.changed() => changed,
            };
            if has_changed.is_err() {
                return;
            }
        }
    });
}

/// Whether the program is there, and its vault opens without a word from anybody.
async fn can_go_on_unasked() -> bool {
    let looked = tauri::async_runtime::spawn_blocking(|| {
        current_exe().is_ok_and(|program| program.exists())
            && paths::data()
                .is_some_and(|data| vault::opens_without_prompt(data.join(paths::VAULT)))
    });
    looked.await.unwrap_or(false)
}

/// Becomes a new process of what lies now where this program lay. Comes back only when that fails.
pub(crate) fn begin() -> ExitCode {
    // Not every library sees to that.
    close_fds::set_fds_cloexec_threadsafe(FIRST_AFTER_STANDARD_ERROR, &[]);
    let problem = match current_exe() {
        Ok(program) => {
            let mut anew = Command::new(program);
            // Whoever has asked for the window in this very moment gets it.
            if window::wishes() == WISHES_AT_CLOSING.load(Ordering::SeqCst) {
                anew.arg(start_at_login::IN_THE_TRAY);
            }
            logging::flush();
            // They were for a start that is long over.
            anew.env_remove(STARTUP_ID)
                .env_remove(ACTIVATION_TOKEN)
                .exec()
        }
        Err(problem) => problem,
    };
    tracing::error!(%problem, "the app can't begin anew");
    ExitCode::FAILURE
}

/// The number of the first file that a new process has no use for.
const FIRST_AFTER_STANDARD_ERROR: i32 = 3;
