//! Measures the app against floors from the same run. Each part prints its rows as one line of JSON;
//! `bench.ts` runs each part on a separate desktop and interprets the rows.

mod amiqus;
mod app;
mod computer;
mod durable;
mod idle;
mod memory;
mod processes;
mod profile;
mod redirect;
mod screen;
mod start;
mod stock;
mod tokens;
mod vault;

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The measurements of a row.
#[derive(Serialize)]
struct Figures {
    /// The row's name, which `rows.ts` reads.
    row: String,
    /// The measurements of the app.
    ours: Vec<f64>,
    /// The measurements of its floor.
    floor: Vec<f64>,
}

impl Figures {
    /// A row without measurements.
    fn of(row: impl Into<String>) -> Self {
        Self {
            row: row.into(),
            ours: Vec::new(),
            floor: Vec::new(),
        }
    }
}

/// The options of a part.
struct Options {
    /// The app's program.
    ours: PathBuf,
    /// The bare window's program.
    bare: PathBuf,
    /// How often each thing is measured.
    rounds: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Shown to the developer.
            let _ = writeln!(std::io::stderr(), "{}: {problem}", arguments.join(" "));
            ExitCode::FAILURE
        }
    }
}

/// `PART FOLDER ROUNDS`: a part, the folder of the programs, and how often each thing is measured.
fn measure(arguments: &[String]) -> Result<()> {
    let [part, folder, rounds] = arguments else {
        return Err("usage: bench PART FOLDER ROUNDS".into());
    };
    let folder = PathBuf::from(folder);
    let options = Options {
        ours: folder.join("sign-in-with-amiqus"),
        bare: folder.join("bare-window"),
        rounds: rounds.parse()?,
    };
    let rows = match part.as_str() {
        "start" => start::measure(&options),
        "redirect" => redirect::measure(&options),
        "vault" => vault::measure(&options),
        "stock" => stock::measure(&options),
        "memory" => memory::measure(&options),
        "tray" => memory::measure_tray(&options),
        "idle" => idle::measure(&options),
        "profile" => profile::measure(&options),
        "tokens" => tokens::measure(&options),
        _ => Err(format!("there is no part {part:?}").into()),
    }?;
    let line = serde_json::to_string(&rows)?;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Sleeps.
#[expect(
    clippy::disallowed_methods,
    reason = "a settled state is measured; there is no event to wait for"
)]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Converts a duration to milliseconds.
fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
