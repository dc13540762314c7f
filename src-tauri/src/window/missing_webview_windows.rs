//! What the user is told where Windows has no `WebView2` Runtime, which draws the window. Windows 11 comes with it, and
//! the installers bring it; a company may have left it out or removed it.

use ::words::command_line::WEBVIEW_MISSING;
use winsafe::prelude::Handle as _;
use winsafe::{HWND, co};

use crate::words;

/// Whether there is none.
pub(crate) fn is_missing() -> bool {
    tauri::webview_version().is_err()
}

/// Says so, in a message of Windows' own. Blocks until it is closed.
pub(crate) fn tell() {
    tracing::error!("window: there is no WebView2 Runtime");
    let style = co::MB::ICONERROR | co::MB::SETFOREGROUND;
    if let Err(error) = HWND::NULL.MessageBox(WEBVIEW_MISSING, words::APP, style) {
        tracing::error!(%error, "window: message not shown");
    }
}
