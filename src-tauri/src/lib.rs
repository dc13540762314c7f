//! The desktop shell: it plugs the core into a window, the vault, the system's links and browser.
//! This page says who is plugged into what; nothing here decides anything about signing in.

mod certificate_trust;
pub mod clock;
mod commands;
mod deadline;
mod desktop;
#[cfg(target_os = "linux")]
mod desktop_entry_linux;
mod diagnostics;
pub mod environment_watch;
mod error_chain;
#[cfg(test)]
mod fixtures;
mod forget;
mod links;
pub mod logging;
mod notices;
mod paths;
mod private_fs;
pub mod provisioning;
#[cfg(target_os = "linux")]
mod proxy_linux;
#[cfg(target_os = "linux")]
mod relaunch_linux;
mod standard_error;
mod start_at_login;
mod tray;
pub mod updates;
pub mod vault;
mod window;
mod words;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use amiqus_core::entropy::SystemEntropy;
use amiqus_core::http::Limits;
use amiqus_core::runtime::{Dependencies, SessionHandle};
use tauri::{App, AppHandle, Manager as _, RunEvent, WindowEvent};
use tokio::time::timeout;

use crate::links::loopback::Loopback;
#[cfg(target_os = "linux")]
use crate::links::single_instance_linux::Instance;

pub use commands::bindings;

/// Runs the app until it is closed. With `--diagnose` it prints the report for support instead, with
/// `--forget-everything` it removes what it keeps, and with `--in-the-tray` it begins without a window.
#[must_use]
pub fn run() -> ExitCode {
    leave_no_core_dumps();
    logging::watch_for_panics();
    let code = run_what_is_asked_for();
    logging::flush();
    code
}

fn run_what_is_asked_for() -> ExitCode {
    // Before anything that a copy which is running would notice.
    if is_asked_for(diagnostics::ARGUMENT) {
        return diagnostics::print();
    }
    if is_asked_for(forget::ARGUMENT) {
        return forget::run();
    }

    let handed_over = links::Letterbox::default();
    #[cfg(target_os = "linux")]
    let (name_owner, is_name_taken) = {
        let start = links::take_own_start();
        let (owner, is_taken) = match links::single_instance_linux::claim(&start, &handed_over) {
            Instance::First(owner) => (Some(owner), false),
            Instance::Unknown => (None, false),
            Instance::NameTaken => (None, true),
            // No thread but the bus's runs yet: nothing is in the way of the process's end.
            Instance::HandedOver => return ExitCode::SUCCESS,
            Instance::NotAnswered => return ExitCode::FAILURE,
        };
        if let links::start::StartRequest::Link(_) = start.request {
            // The window opens anyway, and the toolkit tells the desktop.
            let launch = links::start::Launch::default();
            handed_over.put(links::start::Start { launch, ..start });
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
    // First of all: a second copy hands its link over and ends before it opens anything.
    #[cfg(not(target_os = "linux"))]
    let builder = {
        let letterbox = handed_over.clone();
        builder.plugin(tauri_plugin_single_instance::init(
            move |_app, arguments, _folder| {
                let arguments = arguments.into_iter().skip(1).map(OsString::from);
                letterbox.put(links::start::Start {
                    request: links::start::StartRequest::of(arguments),
                    launch: links::start::Launch::default(),
                });
            },
        ))
    };
    let builder = builder
        .plugin(tauri_plugin_deep_link::init())
        .invoke_handler(commands::handler())
        .on_menu_event(tray::on_menu)
        .setup(move |app| set_up(app, &handed_over, is_name_taken));
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
            // What starts in this copy's place is the first.
            #[cfg(target_os = "linux")]
            if let Some(owner) = name_owner {
                owner.release();
            }
            match code {
                tauri::RESTART_EXIT_CODE => start_again_with_a_window(),
                #[cfg(target_os = "linux")]
                relaunch_linux::EXIT_CODE => relaunch_linux::begin(),
                code => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            }
        }
        Err(problem) => {
            say_why_it_did_not_start(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Starts what lies now where this program lay, for a person who is waiting for it: with a window,
/// and without a link that this copy has dealt with.
fn start_again_with_a_window() -> ! {
    let mut env = tauri::Env::default();
    env.args_os.truncate(1);
    // It would be another program's: this one is none.
    #[cfg(target_os = "linux")]
    {
        env.appimage = None;
    }
    logging::flush();
    tauri::process::restart(&env)
}

/// There may be no log yet: whoever started the app by hand, or reads the session's journal, is told.
fn say_why_it_did_not_start(problem: &tauri::Error) {
    tracing::error!(%problem, "the app can't start");
    standard_error::say(&format!("{} can't start: {problem}\n", brand::NAME));
}

/// A crash writes no memory to the disk: there could be tokens in it.
///
/// One byte and not none: no dump fits into it either, and to the kernel it means no dump also where
/// it pipes dumps to a program that collects them, for which it asks after no other limit (`core(5)`).
/// To forbid others to look into the process altogether (`PR_SET_DUMPABLE`) would keep the desktop's
/// portal from telling who asks it for the colour scheme, and keep out nobody: who runs as this person
/// can ask the keychain for the key.
fn leave_no_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(1),
            maximum: Some(1),
        };
        // Lowering one's own limit is always allowed; one that is at nothing already stays there.
        let _ = setrlimit(Resource::Core, none);
    }
}

#[expect(clippy::disallowed_methods, reason = "within Tauri's own macro")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::ExitRequested {
            api, code: None, ..
        } => {
            api.prevent_exit();
            if !window::rebuild(app) {
                on_closed(app);
            }
        }
        // Somebody comes to a window whose page may be gone.
        RunEvent::WindowEvent {
            event: WindowEvent::Focused(true),
            ..
        } => {
            window::check_page(app);
            // Where nobody tells of a keychain that was unlocked, its person comes back from doing so.
            #[cfg(not(target_os = "linux"))]
            if let Some(session) = app.try_state::<SessionHandle>() {
                session.keychain_changed();
            }
        }
        RunEvent::Exit => {
            if let Some(letterbox) = app.try_state::<links::Letterbox>() {
                letterbox.close();
            }
        }
        _ => {}
    }
}

/// The window is closed and the app would end. Where there is a tray it stays there.
fn on_closed(app: &AppHandle) {
    if app
        .try_state::<tray::Tray>()
        .is_some_and(|tray| tray.is_there())
    {
        tracing::info!("the window is closed; the app stays in the tray");
        window::sweep();
        #[cfg(target_os = "linux")]
        relaunch_linux::once_nothing_is_lost(app);
    } else {
        end_at_rest(app);
    }
}

/// Ends the app unless it is opened again meanwhile, once nothing is on its way: an answer with new
/// tokens that arrived at nobody would be lost, and a browser that comes once more would find nobody.
pub(crate) fn end_at_rest(app: &AppHandle) {
    static IS_ENDING: AtomicBool = AtomicBool::new(false);
    if IS_ENDING.swap(true, Ordering::SeqCst) {
        return;
    }
    tracing::info!("neither a window nor a tray: the app ends");
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(loopback) = app.try_state::<Loopback>() {
            loopback.at_rest().await;
        }
        if let Some(session) = app.try_state::<SessionHandle>() {
            session.at_rest().await;
        }
        IS_ENDING.store(false, Ordering::SeqCst);
        if app.webview_windows().is_empty() {
            app.exit(0);
        }
    });
}

/// Ends the app because its person said so, once nothing is on its way.
pub(crate) fn quit(app: &AppHandle) {
    for window in app.webview_windows().values() {
        // It ends with the process at the latest.
        let _ = window.hide();
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(session) = app.try_state::<SessionHandle>()
            && timeout(QUIT_TIMEOUT, session.at_rest()).await.is_err()
        {
            tracing::error!("ends though something is on its way");
        }
        app.exit(0);
    });
}

/// How long what is on its way is waited for when a person quits: longer than Amiqus may take, and a disk
/// that hangs keeps nobody from ending the app.
const QUIT_TIMEOUT: Duration = Duration::from_secs(45);

/// Whether this argument was given, and no other: what a link adds to a command line asks for nothing.
fn is_asked_for(argument: &str) -> bool {
    is_the_only(argument, std::env::args_os().skip(1))
}

fn is_the_only(argument: &str, given: impl Iterator<Item = OsString>) -> bool {
    given.eq([argument])
}

fn set_up(
    app: &mut App,
    handed_over: &links::Letterbox,
    is_name_taken: bool,
) -> Result<(), Box<dyn Error>> {
    let data = paths::data().ok_or(paths::NO_FOLDER)?;
    logging::start(&paths::log().ok_or(paths::NO_FOLDER)?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    certificate_trust::log();
    if is_name_taken {
        tracing::error!(
            "another program has this app's name on the session bus: it is handed nothing"
        );
        notices::say(app.handle(), words::NAME_TAKEN, words::NAME_TAKEN_ADVICE);
    }

    let has_window = !is_asked_for(start_at_login::IN_THE_TRAY);
    // With a window the toolkit does it.
    #[cfg(target_os = "linux")]
    if !has_window {
        window::startup_linux::end(app.handle(), links::start::Launch::of_this_process());
    }
    app.manage(window::FirstPage::awaited(has_window));
    app.manage(window::PageProcess::new());
    // The vault and the keychain open beside the window.
    let opener = Arc::new(vault::StrongholdOpener::new(data.join(paths::VAULT)));
    let loopback = Loopback::default();
    app.manage(loopback.clone());
    let host = Arc::new(desktop::Desktop::new(app.handle().clone(), loopback));
    #[cfg(target_os = "linux")]
    let clients = proxy_linux::clients(Limits::default());
    #[cfg(not(target_os = "linux"))]
    let clients = amiqus_core::http::clients(Limits::default());
    // Within the runtime, because the keeper's work is spawned on it.
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
        window::open(app.handle())?;
    }

    app.manage(handed_over.clone());
    links::listen(app.handle(), &session, handed_over);
    updates::watch(app.handle(), clients);
    tray::stand(app.handle(), &session);
    notices::watch(app.handle(), &session, data);
    once_painted(app.handle().clone(), session);
    Ok(())
}

/// Whether a developer wants to enter a practice service on this computer in the window.
fn allows_plain_http() -> bool {
    std::env::var_os("AMIQUS_ALLOW_HTTP").is_some_and(|value| value == "1")
}

/// Does what nobody waits for once the window is painted: before that it would take the processor from
/// it. It runs other programs, and reads the network's interfaces.
fn once_painted(app: AppHandle, session: SessionHandle) {
    tauri::async_runtime::spawn(async move {
        window::first_painted(&app).await;
        environment_watch::watch(&session);
        // A network may have come before anybody watched.
        session.on_environment_change();
        tauri::async_runtime::spawn_blocking(move || {
            links::claim(&app);
            start_at_login::settle();
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows check 16.
    #[test]
    fn nothing_beside_a_link_is_asked_for() {
        let given = |given: &[&str]| {
            let given: Vec<_> = given.iter().map(OsString::from).collect();
            is_the_only(forget::ARGUMENT, given.into_iter())
        };
        assert!(given(&["--forget-everything"]));
        for other in [
            &["co.amiqus.signin://x", "--forget-everything"][..],
            &["--forget-everything", "co.amiqus.signin://x"],
            &["--forget-everything", "--forget-everything"],
            &["co.amiqus.signin:x --forget-everything"],
            &[],
        ] {
            assert!(!given(other), "{other:?}");
        }
    }
}
