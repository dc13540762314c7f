//! The tray: how the accounts stand, and the few things that are done without a window.
//!
//! While there is a tray the app outlives its window; the process lives as long as it has one of the
//! two.

#[cfg(target_os = "linux")]
mod host_linux;
mod menu_model;

use std::sync::Arc;
use std::time::Duration;

use amiqus_core::app_state::AppState;
use amiqus_core::runtime::SessionHandle;
use tauri::menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;

use self::menu_model::{Line, MenuModel, Wish};
use crate::{updates, window, words};

const ID: &str = "tray";

/// How long a process that has neither a window nor a tray waits for one: at login it may start
/// before the panel does, and a panel that crashed is back in seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether there is a tray now.
pub(crate) struct Tray(watch::Receiver<bool>);

impl Tray {
    /// Whether there is a tray now.
    pub(crate) fn is_there(&self) -> bool {
        *self.0.borrow()
    }
}

/// Whether this desktop has a place for a tray just now.
#[cfg(target_os = "linux")]
pub(crate) fn has_host() -> bool {
    host_linux::is_there()
}

/// Puts the app into the tray, as soon and as long as there is one.
pub(crate) fn stand(app: &AppHandle, session: &SessionHandle) {
    let (tell, is_there) = watch::channel(false);
    app.manage(Tray(is_there));
    let app = app.clone();
    let session = session.clone();
    tauri::async_runtime::spawn(async move {
        #[cfg(target_os = "linux")]
        let mut hosts = host_linux::watch();
        // Windows and macOS always have one.
        #[cfg(not(target_os = "linux"))]
        let mut hosts = watch::channel(true).1;
        let mut following = session.follow();
        let mut updates = updates::ready(&app);
        let mut state: Option<Arc<AppState>> = None;
        let mut shown: Option<MenuModel> = None;
        loop {
            let has_host = *hosts.borrow_and_update();
            let is_update_ready = updates.borrow_and_update().is_some();
            if !has_host {
                if shown.take().is_some() {
                    on_main_thread(&app, |app| {
                        app.remove_tray_by_id(ID);
                        Ok(())
                    })
                    .await;
                }
            } else if let Some(state) = &state {
                let menu_model = MenuModel::of(state, is_update_ready);
                if shown.as_ref() != Some(&menu_model) {
                    let drawn = menu_model.clone();
                    if on_main_thread(&app, move |app| draw(app, &drawn)).await {
                        shown = Some(menu_model);
                    }
                }
            }
            tell.send_replace(shown.is_some());
            let has_nothing = shown.is_none() && app.webview_windows().is_empty();
            tokio::select! {
                () = change(&mut hosts) => {}
                Some(next) = following.next() => state = Some(next),
                () = change(&mut updates) => {}
                () = tokio::time::sleep(PATIENCE), if has_nothing => {
                    if app.webview_windows().is_empty() {
                        crate::end_at_rest(&app);
                    }
                }
            }
        }
    });
}

/// Waits for a change; for ever where nobody is left to tell of one.
async fn change<T>(news: &mut watch::Receiver<T>) {
    if news.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Trays belong to the main thread. Says whether it went well.
async fn on_main_thread(
    app: &AppHandle,
    work: impl FnOnce(&AppHandle) -> tauri::Result<()> + Send + 'static,
) -> bool {
    let (tell, outcome) = tokio::sync::oneshot::channel();
    let worker = app.clone();
    let asked = app.run_on_main_thread(move || {
        // Whoever asked may have gone with the app.
        let _ = tell.send(work(&worker));
    });
    match (asked, outcome.await) {
        (Ok(()), Ok(Ok(()))) => true,
        (Err(problem), _) | (_, Ok(Err(problem))) => {
            tracing::error!(%problem, "the tray can't be drawn");
            false
        }
        _ => false,
    }
}

fn draw(app: &AppHandle, menu_model: &MenuModel) -> tauri::Result<()> {
    let menu = Menu::new(app)?;
    for line in &menu_model.lines {
        match line {
            Line::Says(text) => {
                menu.append(&MenuItem::new(app, plain(text), false, None::<&str>)?)?;
            }
            Line::Does(wish, text) => {
                let item = MenuItem::with_id(app, wish.name(), plain(text), true, None::<&str>)?;
                menu.append(&item)?;
            }
            Line::Accounts(accounts) => {
                let choice = Submenu::new(app, words::SWITCH, true)?;
                for (id, name, is_current) in accounts {
                    choice.append(&CheckMenuItem::with_id(
                        app,
                        Wish::Switch(id.clone()).name(),
                        plain(name),
                        true,
                        *is_current,
                        None::<&str>,
                    )?)?;
                }
                menu.append(&choice)?;
            }
            Line::Gap => menu.append(&PredefinedMenuItem::separator(app)?)?,
        }
    }
    let icon = menu_model::icon(menu_model.needs_its_person);
    if let Some(tray) = app.tray_by_id(ID) {
        tray.set_icon(Some(icon))?;
        tray.set_tooltip(Some(words::APP))?;
        return tray.set_menu(Some(menu));
    }
    TrayIconBuilder::with_id(ID)
        .icon(icon)
        .tooltip(words::APP)
        .menu(&menu)
        .build(app)?;
    Ok(())
}

/// In a menu `&` marks a letter; a team may have one in its name.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

/// Does what was chosen in the tray. How it went, the state tells.
#[expect(
    clippy::needless_pass_by_value,
    reason = "what Tauri hands to such a function"
)]
pub(crate) fn on_menu(app: &AppHandle, event: MenuEvent) {
    let Some(wish) = Wish::named(event.id().as_ref()) else {
        return;
    };
    let Some(session) = app.try_state::<SessionHandle>() else {
        return;
    };
    let session = SessionHandle::clone(&session);
    match wish {
        Wish::Open => window::bring_to_front(app),
        Wish::Quit => crate::quit(app),
        Wish::Renew => go_on(async move { session.refresh().await }),
        Wish::Switch(account) => go_on(async move { session.switch_account(&account).await }),
        Wish::SignOut(account) => go_on(async move { session.sign_out(&account).await }),
    }
}

fn go_on(work: impl Future<Output = Result<(), amiqus_core::error::Problem>> + Send + 'static) {
    tauri::async_runtime::spawn(async move {
        if let Err(problem) = work.await {
            tracing::warn!(code = ?problem.code, "what was chosen in the tray was not done");
        }
    });
}
