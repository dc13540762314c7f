//! The tray: the accounts' status, and the few actions that need no window.
//!
//! While there is a tray the app outlives its window; the process lives as long as it has one of the
//! two.

#[cfg(target_os = "linux")]
pub(crate) mod host_linux;
mod menu_model;

use std::sync::Arc;
use std::time::Duration;

use amiqus_core::app_state::AppState;
use amiqus_core::error::Problem;
use amiqus_core::error::chain;
use amiqus_core::runtime::SessionHandle;
use tauri::menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;

use self::menu_model::{Action, Item, MenuModel};
use crate::updates::UpdateStatus;
use crate::window_requests::{self, WindowRequest};
use crate::{shutdown, updates, window, words};

const ID: &str = "tray";

/// Whether the system colours the icon itself.
const IS_TEMPLATE: bool = cfg!(target_os = "macos");

/// How long a process that has neither a window nor a tray waits for one: at login it may start
/// before the panel does, and a panel that crashed is back in seconds.
const HOST_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether the app is in the tray now.
pub(crate) struct Tray(watch::Receiver<bool>);

impl Tray {
    /// Whether the tray shows the app's icon now.
    pub(crate) fn is_shown_in(app: &AppHandle) -> bool {
        app.try_state::<Self>().is_some_and(|tray| *tray.0.borrow())
    }
}

/// Keeps the app in the tray for as long as the desktop has one.
pub(crate) fn start(app: &AppHandle, session: &SessionHandle) {
    let (is_shown, tray) = watch::channel(false);
    app.manage(Tray(tray));
    let app = app.clone();
    let session = session.clone();
    tauri::async_runtime::spawn(async move {
        #[cfg(target_os = "linux")]
        let mut hosts = host_linux::watch();
        // Windows and macOS always have one.
        #[cfg(not(target_os = "linux"))]
        let mut hosts = watch::channel(true).1;
        let mut states = session.follow();
        let mut updates = updates::follow(&app);
        let mut state: Option<Arc<AppState>> = None;
        let mut shown: Option<MenuModel> = None;
        loop {
            let has_host = *hosts.borrow_and_update();
            let is_update_ready = updates.borrow_and_update().status() == UpdateStatus::Ready;
            if !has_host {
                if shown.take().is_some() {
                    on_main_thread(&app, |app| {
                        app.remove_tray_by_id(ID);
                        Ok(())
                    })
                    .await;
                }
            } else if let Some(state) = &state {
                let menu = MenuModel::new(state, is_update_ready);
                if shown.as_ref() != Some(&menu) {
                    let next = menu.clone();
                    if on_main_thread(&app, move |app| show(app, &next)).await {
                        shown = Some(menu);
                    }
                }
            }
            is_shown.send_replace(shown.is_some());
            let is_unreachable = shown.is_none() && app.webview_windows().is_empty();
            tokio::select! {
                () = changed(&mut hosts) => {}
                Some(next) = states.next() => state = Some(next),
                () = changed(&mut updates) => {}
                () = tokio::time::sleep(HOST_TIMEOUT), if is_unreachable => {
                    if app.webview_windows().is_empty() {
                        shutdown::exit_when_idle(&app);
                    }
                }
            }
        }
    });
}

/// Waits for a change; never returns once the sender is gone.
async fn changed<T>(receiver: &mut watch::Receiver<T>) {
    if receiver.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Runs work on the main thread, which trays belong to; returns whether it succeeded.
async fn on_main_thread(
    app: &AppHandle,
    work: impl FnOnce(&AppHandle) -> tauri::Result<()> + Send + 'static,
) -> bool {
    let (sender, outcome) = tokio::sync::oneshot::channel();
    let worker = app.clone();
    let posted = app.run_on_main_thread(move || {
        // The receiver may have gone with the app.
        let _ = sender.send(work(&worker));
    });
    match (posted, outcome.await) {
        (Ok(()), Ok(Ok(()))) => true,
        (Err(error), _) | (_, Ok(Err(error))) => {
            tracing::error!(error = %chain(&error), "tray: update failed");
            false
        }
        _ => false,
    }
}

fn show(app: &AppHandle, model: &MenuModel) -> tauri::Result<()> {
    let menu = Menu::new(app)?;
    for item in &model.items {
        match item {
            Item::Label(label) => {
                menu.append(&MenuItem::new(app, escape(label), false, None::<&str>)?)?;
            }
            Item::Button { action, label } => {
                let id = action.id();
                let button = MenuItem::with_id(app, id, escape(label), true, None::<&str>)?;
                menu.append(&button)?;
            }
            Item::Accounts(accounts) => {
                let submenu = Submenu::new(app, words::SWITCH, true)?;
                for account in accounts {
                    submenu.append(&CheckMenuItem::with_id(
                        app,
                        Action::Switch(account.id.clone()).id(),
                        escape(&account.label),
                        true,
                        account.is_current,
                        None::<&str>,
                    )?)?;
                }
                menu.append(&submenu)?;
            }
            Item::Separator => menu.append(&PredefinedMenuItem::separator(app)?)?,
        }
    }
    let icon = model.status.icon();
    let tooltip = model.status.tooltip();
    if let Some(tray) = app.tray_by_id(ID) {
        tray.set_icon_with_as_template(Some(icon), IS_TEMPLATE)?;
        tray.set_tooltip(Some(tooltip))?;
        return tray.set_menu(Some(menu));
    }
    TrayIconBuilder::with_id(ID)
        .icon(icon)
        .icon_as_template(IS_TEMPLATE)
        .tooltip(tooltip)
        .menu(&menu)
        // Windows' users expect the menu at the other button.
        .show_menu_on_left_click(!cfg!(windows))
        .on_tray_icon_event(|tray, event| {
            if cfg!(windows) && is_left_click(&event) {
                window::bring_to_front(tray.app_handle());
            }
        })
        .build(app)?;
    Ok(())
}

/// Whether a click with the left button has ended.
fn is_left_click(event: &TrayIconEvent) -> bool {
    matches!(
        event,
        TrayIconEvent::Click {
            button: MouseButton::Left,
            button_state: MouseButtonState::Up,
            ..
        }
    )
}

/// Escapes `&`, which marks an access key in a menu; a team may have one in its name.
fn escape(label: &str) -> String {
    label.replace('&', "&&")
}

/// Runs the action that was chosen in the tray. Its outcome shows in the state.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that Tauri asks for"
)]
pub(crate) fn on_menu(app: &AppHandle, event: MenuEvent) {
    let Some(action) = Action::from_id(event.id().as_ref()) else {
        return;
    };
    let Some(session) = app.try_state::<SessionHandle>() else {
        return;
    };
    let session = SessionHandle::clone(&session);
    match action {
        Action::Open => window::bring_to_front(app),
        Action::Quit => shutdown::quit(app),
        Action::SignIn => {
            // It says what to do in the browser.
            window::bring_to_front(app);
            spawn(app, async move { session.authorize().await });
        }
        Action::Settings => window_requests::ask(app, WindowRequest::Settings),
        // The window shows its progress and its failure.
        Action::Update => window_requests::ask(app, WindowRequest::Update),
        Action::Renew => spawn(app, async move { session.refresh().await }),
        Action::Switch(account) => {
            spawn(app, async move { session.switch_account(&account).await });
        }
        // The window asks first.
        Action::SignOut(account) => {
            window_requests::ask(app, WindowRequest::SignOut { account });
        }
    }
}

/// Spawns an action. After a failure the window comes to the front: it shows the state that the action met.
fn spawn(app: &AppHandle, action: impl Future<Output = Result<(), Problem>> + Send + 'static) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(problem) = action.await {
            tracing::warn!(code = ?problem.code, "tray: action failed");
            window::bring_to_front(&app);
        }
    });
}
