//! The desktop shell: it plugs the core into a window, the vault, the system's links and browser.
//! This page says who is plugged into what; nothing here decides anything about signing in.

mod commands;
mod desktop;
mod links;
mod logging;
mod provisioning;
pub mod vault;
mod window;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use amiqus_core::chance::SystemChance;
use amiqus_core::clock::SystemClock;
use amiqus_core::keeper::{Keeper, Parts};
use tauri::{App, Manager as _};

pub use commands::bindings;

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    // Whatever this process writes is for its user alone.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);

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
        Ok(app) => ExitCode::from(u8::try_from(app.run_return(|_, _| {})).unwrap_or(1)),
        Err(problem) => {
            tracing::error!(%problem, "the app can't start");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "within Tauri's own macro")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

fn set_up(app: &mut App) -> Result<(), Box<dyn Error>> {
    logging::start(&app.path().app_log_dir()?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");

    let client = amiqus_core::http::client()?;
    let door = Arc::new(vault::StrongholdDoor::new(
        app.path().app_data_dir()?.join("vault"),
    ));
    let surroundings = Arc::new(desktop::Desktop::new(app.handle().clone()));
    // Within the runtime, because the keeper's work is spawned on it.
    let keeper = tauri::async_runtime::block_on(async {
        Keeper::start(Parts {
            door: door.clone(),
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            client,
            surroundings,
            provisioning: Box::new(provisioning::read),
        })
    });
    links::listen(app.handle(), &keeper);
    app.manage(keeper);
    app.manage(door);
    window::open(app.handle())?;
    Ok(())
}
