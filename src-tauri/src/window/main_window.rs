//! Opens the window and brings it to the front.

use amiqus_core::error::chain;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder};

use super::{LABEL, page, page_process};
#[cfg(target_os = "linux")]
use super::{page_process_linux, software_rendering_linux, startup_linux};
use crate::busy::Busy;

/// Opens the window. It navigates nowhere, opens no other window and takes no dropped files.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title(brand::NAME)
        .inner_size(440.0, 640.0)
        .min_inner_size(320.0, 480.0)
        .center()
        .disable_drag_drop_handler()
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_web_resource_request(page::embed_state(app))
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                page_process::watch_load(window.app_handle());
            }
        })
        .build()?;
    #[cfg(target_os = "linux")]
    {
        software_rendering_linux::disable_hardware_acceleration(&window)?;
        page_process_linux::connect(&window, page_process::page_ended, page_process::check_page)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = window;
    page_process::watch_load(app);
    page_process::check_periodically(app);
    Ok(())
}

/// Builds the window again if it was closed for that; returns whether it was.
pub(crate) fn rebuild(app: &AppHandle) -> bool {
    if !page_process::take_rebuild(app) {
        return false;
    }
    let app = app.clone();
    // Not inside the event loop's report that the old window is gone.
    tauri::async_runtime::spawn(async move {
        let worker = app.clone();
        let posted = app.run_on_main_thread(move || {
            // A request may have opened the window in between.
            if worker.get_webview_window(LABEL).is_none()
                && let Err(error) = open(&worker)
            {
                tracing::error!(error = %chain(&error), "window: rebuild failed");
            }
        });
        if let Err(error) = posted {
            tracing::error!(error = %chain(&error), "window: rebuild failed");
        }
    });
    true
}

/// Whether an address is the app's own page, under the names that the three systems give it.
fn is_own_page(url: &url::Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")) => true,
        _ => {
            tracing::warn!(scheme = url.scheme(), "window: navigation denied");
            false
        }
    }
}

/// Shows the window and requests the focus for it. A failure is only logged: the user still finds the
/// window in the task bar.
pub(crate) fn bring_to_front(app: &AppHandle) {
    let busy = app.state::<Busy>().begin_window_request();
    let worker = app.clone();
    // The main thread runs one request after the other: links that arrive at once, each on a thread of its
    // own, would each find no window and open one.
    let posted = app.run_on_main_thread(move || {
        show(&worker);
        drop(busy);
    });
    if let Err(error) = posted {
        tracing::warn!(error = %chain(&error), "window: bring to front failed");
    }
}

fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        #[cfg(target_os = "windows")]
        if super::missing_webview_windows::is_missing() {
            super::missing_webview_windows::tell();
            return;
        }
        page_process::forget_losses(app);
        if let Err(error) = open(app) {
            tracing::error!(error = %chain(&error), "window: open failed");
        }
        #[cfg(target_os = "linux")]
        if let Some(window) = app.get_webview_window(LABEL) {
            startup_linux::complete_with(&window);
        }
        return;
    };
    // Before the request for the focus, which is granted by it.
    #[cfg(target_os = "linux")]
    startup_linux::complete_with(&window);
    for outcome in [window.show(), window.unminimize(), window.set_focus()] {
        if let Err(error) = outcome {
            tracing::warn!(error = %chain(&error), "window: bring to front failed");
        }
    }
    page_process::check_page(app);
}

/// Closes the window, as its own close button does.
///
/// # Errors
/// When the app is ending.
pub(crate) fn close(app: &AppHandle) -> tauri::Result<()> {
    app.get_webview_window(LABEL)
        .map_or(Ok(()), |window| window.close())
}

/// Whether the window is open and has the focus.
pub(crate) fn has_focus(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL)
        .is_some_and(|window| window.is_focused().unwrap_or(false))
}
