//! The desktop shell: it connects the core to a window, the vault, and the system's links and browser. This
//! file is the composition root: it shows what is connected to what, and decides nothing about signing in.

mod arguments;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "only Linux relaunches into the tray")
)]
mod busy;
mod certificate_trust;
mod clipboard;
pub mod clock;
#[cfg(target_os = "windows")]
mod command_line_windows;
mod commands;
#[cfg(target_os = "windows")]
mod console_windows;
mod core_dumps;
mod deadline;
mod desktop;
#[cfg(target_os = "linux")]
mod desktop_entry_linux;
mod diagnostics;
pub mod environment_watch;
#[cfg(test)]
mod fixtures;
mod forget;
mod links;
pub mod logging;
mod markup;
mod notifications;
#[cfg(target_os = "windows")]
mod opener_windows;
mod paths;
mod preferences;
mod private_fs;
#[cfg(target_os = "linux")]
mod program_linux;
pub mod provisioning;
#[cfg(target_os = "linux")]
mod proxy_linux;
mod relaunch;
#[cfg(target_os = "windows")]
mod roaming_windows;
#[cfg(target_os = "windows")]
mod security_windows;
mod setup_watch;
mod shutdown;
mod start_at_login;
mod stderr;
#[cfg(target_os = "windows")]
mod taskbar_windows;
mod this_computer;
mod tray;
pub mod updates;
pub mod vault;
mod window;
mod window_requests;
mod words;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use amiqus_core::entropy::SystemEntropy;
use amiqus_core::error::chain;
use amiqus_core::http::Timeouts;
use amiqus_core::runtime::{Dependencies, SessionHandle};
use tauri::{App, AppHandle, Manager as _, RunEvent, WindowEvent};

use crate::arguments::Mode;
use crate::busy::Busy;
use crate::links::IncomingQueue;
use crate::links::loopback::Loopback;
#[cfg(target_os = "linux")]
use crate::links::single_instance_linux::Instance;
use crate::preferences::Preferences;
use crate::tray::Tray;
use crate::window_requests::WindowRequests;

pub use commands::bindings;

/// Runs the app until it is closed. With `--diagnose` it prints the report for support instead, with
/// `--forget-everything` it removes what it keeps, and with `--in-the-tray` it starts without a window.
#[must_use]
pub fn run() -> ExitCode {
    core_dumps::disable();
    logging::watch_for_panics();
    let mode = Mode::of_this_process();
    #[cfg(target_os = "windows")]
    console_windows::attach(mode);
    // The first two affect no copy that is running.
    let code = match mode {
        Mode::Diagnose => diagnostics::print(),
        Mode::ForgetEverything => forget::run(),
        Mode::InTheTray => run_app(false),
        Mode::Window => run_app(true),
    };
    logging::flush();
    code
}

fn run_app(has_window: bool) -> ExitCode {
    let queue = IncomingQueue::default();
    let busy = Busy::default();
    #[cfg(target_os = "linux")]
    let (name_owner, is_name_taken) = {
        let start = links::take_own_start();
        let (owner, is_taken) = match links::single_instance_linux::claim(&start, &queue) {
            Instance::First(owner) => (Some(owner), false),
            Instance::Unknown => (None, false),
            Instance::NameTaken => (None, true),
            // Only the bus has a thread yet, which doesn't delay the end of the process.
            Instance::HandedOver => return ExitCode::SUCCESS,
            Instance::Unresponsive => return ExitCode::FAILURE,
        };
        if let links::start::StartRequest::Link(_) = start.request {
            // The window opens anyway, and the toolkit completes the startup notification.
            let launch = links::start::Launch::default();
            queue.push(links::start::Start { launch, ..start });
        }
        (owner, is_taken)
    };
    #[cfg(not(target_os = "linux"))]
    let is_name_taken = false;
    // The windows' class on X11 and their app ID on Wayland: the desktop entry's name.
    #[cfg(target_os = "linux")]
    gtk::glib::set_prgname(Some(brand::IDENTIFIER));

    let mut context = context();
    let builder = tauri::Builder::default();
    // The first plugin: a second copy hands its link over and ends before it opens anything.
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(links::single_instance(queue.clone()));
    let builder = builder
        .manage(queue)
        .manage(busy.clone())
        .manage(WindowRequests::default())
        .plugin(tauri_plugin_deep_link::init())
        .invoke_handler(commands::handler())
        .on_menu_event(tray::on_menu)
        .setup(move |app| set_up(app, has_window, is_name_taken));
    #[cfg(target_os = "macos")]
    let builder = builder.on_web_content_process_terminate(|page| {
        window::page_ended(page.app_handle(), window::Loss::Ended);
    });
    let builder = match updates::distributor() {
        Some(distributor) => updates::plug_in(builder, &mut context, &distributor),
        None => builder,
    };
    match builder.build(context) {
        Ok(app) => {
            let code = app.run_return(on_event);
            // Before a relaunch, so that the new process is the first copy.
            #[cfg(target_os = "linux")]
            if let Some(owner) = name_owner {
                owner.release();
            }
            match code {
                tauri::RESTART_EXIT_CODE => relaunch::with_window(),
                #[cfg(target_os = "linux")]
                relaunch::into_tray_linux::EXIT_CODE => relaunch::into_tray_linux::exec(&busy),
                code => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            }
        }
        Err(error) => {
            let error = chain(&error);
            tracing::error!(%error, "app: start failed");
            // There may be no log yet.
            let words = ::words::command_line::cannot_start(&error.to_string());
            stderr::write(&format!("{words}\n"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "within Tauri's own macro")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

fn set_up(app: &mut App, has_window: bool, is_name_taken: bool) -> Result<(), Box<dyn Error>> {
    let data = paths::data().ok_or(paths::NO_FOLDER)?;
    logging::start(&paths::log().ok_or(paths::NO_FOLDER)?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    #[cfg(target_os = "windows")]
    {
        taskbar_windows::identify();
        roaming_windows::move_out();
        if security_windows::is_elevated().unwrap_or(false) {
            tracing::warn!(
                "started as administrator: a link opens another copy, which can't open the vault"
            );
        }
    }
    certificate_trust::log();
    app.manage(Preferences::read(&data));
    if is_name_taken {
        tracing::error!("single instance: another program owns this app's name on the bus");
        notifications::show(app.handle(), words::NAME_TAKEN, words::NAME_TAKEN_ADVICE);
    }

    // With a window the toolkit does it.
    #[cfg(target_os = "linux")]
    if !has_window {
        window::startup_linux::complete(app.handle(), links::start::Launch::of_this_process());
    }
    app.manage(window::FirstPage::new(has_window));
    app.manage(window::PageProcess::new(|app| {
        notifications::show(app, words::WINDOW_CLOSED, words::WINDOW_CLOSED_ADVICE);
    }));
    // The vault and the keychain open in parallel to the window.
    let opener = Arc::new(vault::StrongholdOpener::new(data.join(paths::VAULT)));
    let queue = IncomingQueue::clone(&app.state::<IncomingQueue>());
    let loopback = Loopback::default();
    app.manage(loopback.clone());
    let host = Arc::new(desktop::Desktop::new(
        app.handle().clone(),
        loopback,
        queue.clone(),
    ));
    #[cfg(target_os = "linux")]
    let clients = proxy_linux::clients(Timeouts::default());
    #[cfg(not(target_os = "linux"))]
    let clients = amiqus_core::http::Clients::new(Timeouts::default());
    // Within the runtime, because the session spawns its work on it.
    let session = tauri::async_runtime::block_on(async {
        SessionHandle::start(Dependencies {
            opener,
            clock: Arc::new(clock::SystemClock),
            entropy: Arc::new(SystemEntropy),
            clients: clients.clone(),
            host,
            allows_plain_http: allows_plain_http(),
            provisioning: Box::new(provisioning::read),
        })
    });
    logging::state::follow(&session);
    app.manage(session.clone());

    // Before anything that could bring it to the front.
    if has_window {
        // Not earlier: a second copy hands its link over and needs none.
        #[cfg(target_os = "windows")]
        if window::missing_webview_windows::is_missing() {
            window::missing_webview_windows::tell();
            app.handle().exit(1);
            return Ok(());
        }
        window::open(app.handle())?;
    }

    links::listen(app.handle(), &session, &queue);
    updates::watch(app.handle(), clients);
    tray::start(app.handle(), &session);
    notifications::watch(app.handle(), &session, data);
    setup_watch::watch(&session);
    spawn_after_first_paint(app.handle().clone(), session);
    Ok(())
}

/// Whether a developer may enter a practice service on this computer in the window.
fn allows_plain_http() -> bool {
    std::env::var_os("AMIQUS_ALLOW_HTTP").is_some_and(|value| value == "1")
}

/// Spawns background work once the window is painted: before that it would compete with it for the
/// processor. It runs other programs, and reads the network's interfaces.
fn spawn_after_first_paint(app: AppHandle, session: SessionHandle) {
    tauri::async_runtime::spawn(async move {
        window::first_painted(&app).await;
        environment_watch::watch(&session);
        // A network may have come up before the watch began.
        session.on_environment_change();
        tauri::async_runtime::spawn_blocking(move || {
            links::claim(&app);
            start_at_login::apply();
        });
    });
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::ExitRequested {
            api, code: None, ..
        } => {
            api.prevent_exit();
            window::page_closed(app);
            if !window::rebuild(app) {
                on_window_closed(app);
            }
        }
        RunEvent::WindowEvent {
            event: WindowEvent::Focused(true),
            ..
        } => {
            // The page may have been lost while the window was in the background.
            window::check_page(app);
            if let Some(session) = app.try_state::<SessionHandle>() {
                let session = SessionHandle::clone(&session);
                // Where the keychain reports no change, the user may come back from unlocking it.
                #[cfg(not(target_os = "linux"))]
                session.keychain_changed();
                tauri::async_runtime::spawn(async move { setup_watch::reload(&session).await });
            }
        }
        RunEvent::Exit => app.state::<IncomingQueue>().close(),
        _ => {}
    }
}

/// Keeps the app in the tray when the window is closed; ends it where there is no tray.
fn on_window_closed(app: &AppHandle) {
    let session = app.try_state::<SessionHandle>();
    if let Some(session) = &session {
        session.window_closed();
    }
    let is_given_up = window::take_given_up(app);
    if Tray::is_shown_in(app) {
        tracing::info!("window: closed, the app stays in the tray");
        // Of a window that was given up the user is told something else.
        if let Some(session) = session.filter(|_| !is_given_up) {
            notifications::tell_about_tray(app, &session);
        }
        #[cfg(target_os = "linux")]
        {
            window::end_network_process();
            relaunch::into_tray_linux::when_idle(app);
        }
    } else {
        shutdown::exit_when_idle(app);
    }
}
