//! The desktop shell: it plugs the core into a window, the vault, the system's links and browser.
//! This page says who is plugged into what; nothing here decides anything about signing in.

pub mod clock;
mod commands;
mod desktop;
mod links;
mod logging;
pub mod provisioning;
pub mod vault;
pub mod wake;
mod window;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use amiqus_core::chance::SystemChance;
use amiqus_core::http::Limits;
use amiqus_core::keeper::{Keeper, Parts};
use tauri::{App, AppHandle, Manager as _, RunEvent};

pub use commands::bindings;

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    leave_no_core_dumps();

    let app = tauri::Builder::default()
        // First of all: a second copy hands its link over and ends before it opens anything.
        .plugin(tauri_plugin_single_instance::init(
            |app, _arguments, _folder| {
                window::bring_to_front(app);
            },
        ))
        .plugin(tauri_plugin_deep_link::init())
        .invoke_handler(commands::handler())
        .setup(set_up)
        .build(context());
    match app {
        Ok(app) => ExitCode::from(u8::try_from(app.run_return(on_event)).unwrap_or(1)),
        Err(problem) => {
            #[cfg(unix)]
            let problem = start_again_unless(problem);
            say_why_it_did_not_start(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Set for a copy that was started again.
#[cfg(unix)]
const STARTED_AGAIN: &str = "AMIQUS_STARTED_AGAIN";

/// A copy that crashed holds its name on the session bus for a moment longer. Whoever hands a link
/// to it then is not answered, and the link would be lost: this process starts again, once, with the
/// same arguments. It comes back only with a problem of another kind.
#[cfg(unix)]
fn start_again_unless(problem: tauri::Error) -> tauri::Error {
    use std::os::unix::process::CommandExt as _;

    let is_other = !matches!(&problem, tauri::Error::PluginInitialization(plugin, _) if plugin == "single-instance");
    if is_other || std::env::var_os(STARTED_AGAIN).is_some() {
        return problem;
    }
    let Ok(program) = std::env::current_exe() else {
        return problem;
    };
    let failure = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(STARTED_AGAIN, "1")
        .exec();
    tauri::Error::Io(failure)
}

/// There may be no log yet: whoever started the app by hand, or reads the session's journal, is told.
#[expect(clippy::print_stderr, reason = "there may be no log yet")]
fn say_why_it_did_not_start(problem: &tauri::Error) {
    tracing::error!(%problem, "the app can't start");
    eprintln!("Sign in with Amiqus can't start: {problem}");
}

/// A crash writes no memory to the disk: there could be tokens in it.
fn leave_no_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Lowering one's own limit is always allowed.
        let _ = setrlimit(Resource::Core, none);
    }
}

#[expect(clippy::disallowed_methods, reason = "within Tauri's own macro")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// The window is closed and the app would end. It ends once nothing is on its way: an answer with
/// new tokens that arrived at nobody would be lost.
fn on_event(app: &AppHandle, event: RunEvent) {
    let RunEvent::ExitRequested {
        api, code: None, ..
    } = event
    else {
        return;
    };
    let Some(keeper) = app.try_state::<Keeper>() else {
        return;
    };
    let keeper = Keeper::clone(&keeper);
    let app = app.clone();
    api.prevent_exit();
    tauri::async_runtime::spawn(async move {
        keeper.at_rest().await;
        // Somebody may have opened it again meanwhile.
        if app.webview_windows().is_empty() {
            app.exit(0);
        }
    });
}

fn set_up(app: &mut App) -> Result<(), Box<dyn Error>> {
    logging::start(&app.path().app_log_dir()?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");

    // Before anything that could bring it to the front. Its page asks for nothing until this is done.
    window::open(app.handle())?;

    let clients = amiqus_core::http::clients(Limits::default())?;
    let door = Arc::new(vault::StrongholdDoor::new(
        app.path().app_data_dir()?.join("vault"),
    ));
    let surroundings = Arc::new(desktop::Desktop::new(app.handle().clone()));
    // Within the runtime, because the keeper's work is spawned on it.
    let keeper = tauri::async_runtime::block_on(async {
        let keeper = Keeper::start(Parts {
            door,
            clock: Arc::new(clock::SystemClock),
            chance: Arc::new(SystemChance),
            clients,
            surroundings,
            provisioning: Box::new(provisioning::read),
        });
        wake::watch(&keeper);
        keeper
    });
    links::listen(app.handle(), &keeper);
    app.manage(keeper);
    Ok(())
}
