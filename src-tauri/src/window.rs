//! The one window.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder};

/// The window's name in `capabilities/`.
const LABEL: &str = "main";

/// Opens the window. It goes nowhere, opens nothing and takes no files.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Sign in with Amiqus")
        .inner_size(440.0, 640.0)
        .min_inner_size(320.0, 480.0)
        .center()
        .disable_drag_drop_handler()
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

/// Whether an address is the app's own page, under the names that the three systems give it.
fn is_own(url: &url::Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")) => true,
        _ => {
            tracing::warn!(
                scheme = url.scheme(),
                "the window was kept from going elsewhere"
            );
            false
        }
    }
}

/// Shows the window and gives it the focus. Failing to is no reason to fail: the person sees it in
/// the task bar.
pub(crate) fn bring_to_front(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        if let Err(problem) = open(app) {
            tracing::error!(%problem, "the window can't be opened again");
        }
        return;
    };
    for outcome in [window.show(), window.unminimize(), window.set_focus()] {
        if let Err(problem) = outcome {
            tracing::warn!(%problem, "the window can't be brought to the front");
        }
    }
}
