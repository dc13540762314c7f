//! Ends the app once nothing is in progress: a response with new tokens that arrived after the end would
//! be lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use amiqus_core::runtime::SessionHandle;
use tauri::{AppHandle, Manager as _};
use tokio::time::timeout;

use crate::links::loopback::Loopback;

/// How long a quit waits for work in progress: longer than Amiqus may take, while a disk that hangs does
/// not keep the user from ending the app.
const QUIT_TIMEOUT: Duration = Duration::from_secs(45);

/// Ends the app once it is idle, unless a window was opened by then. Also waits for a browser that still
/// asks at the loopback address.
pub(crate) fn exit_when_idle(app: &AppHandle) {
    static IS_EXITING: AtomicBool = AtomicBool::new(false);
    if IS_EXITING.swap(true, Ordering::SeqCst) {
        return;
    }
    tracing::info!("shutdown: started, neither a window nor a tray is left");
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(loopback) = app.try_state::<Loopback>() {
            loopback.wait_until_idle().await;
        }
        if let Some(session) = app.try_state::<SessionHandle>() {
            session.wait_until_idle().await;
        }
        IS_EXITING.store(false, Ordering::SeqCst);
        if app.webview_windows().is_empty() {
            app.exit(0);
        }
    });
}

/// Ends the app at the user's request, once the session is idle.
pub(crate) fn quit(app: &AppHandle) {
    for window in app.webview_windows().values() {
        // A window that can't be hidden ends with the process.
        let _ = window.hide();
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(session) = app.try_state::<SessionHandle>()
            && timeout(QUIT_TIMEOUT, session.wait_until_idle())
                .await
                .is_err()
        {
            tracing::error!("shutdown: forced, work is still in progress");
        }
        app.exit(0);
    });
}
