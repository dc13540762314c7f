//! Where addresses come in: the registered scheme, with the app running, closed, or started a
//! second time, which end in [`Keeper::receive`]; and this computer's own address, which the core
//! has listened to while it waits. All of it is hostile input.

#[cfg(target_os = "linux")]
mod claim_linux;
pub(crate) mod loopback;

use amiqus_core::keeper::Keeper;
use amiqus_core::redirect::Received;
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;

/// Listens for links, takes the one that started the app, and sees to it that links come here.
pub(crate) fn listen(app: &AppHandle, keeper: &Keeper) {
    let for_links = keeper.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            for_links.receive(Received::new(url));
        }
    });
    match app.deep_link().get_current() {
        Ok(urls) => {
            for url in urls.into_iter().flatten() {
                keeper.receive(Received::new(url));
            }
        }
        Err(problem) => tracing::warn!(%problem, "the link that started the app can't be read"),
    }
    let app = app.clone();
    // It runs other programs, and nothing waits for it.
    tauri::async_runtime::spawn_blocking(move || claim_scheme(&app));
}

#[cfg(target_os = "linux")]
fn claim_scheme(app: &AppHandle) {
    claim_linux::claim_scheme(app);
}

/// On Windows the installer registers the scheme and the app only mends it; on macOS the bundle's
/// own description does it.
#[cfg(not(target_os = "linux"))]
fn claim_scheme(app: &AppHandle) {
    if cfg!(target_os = "windows")
        && let Err(problem) = app.deep_link().register_all()
    {
        tracing::warn!(%problem, "the scheme can't be registered");
    }
}
