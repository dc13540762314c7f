//! What the app takes, beside its floors, measured in the same run. Each part
//! prints its rows' figures as one line of JSON; what they mean together is in `bench.ts`, which gives
//! each part a desktop of its own.

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

/// A row's figures, one for each time that it was measured.
#[derive(Serialize)]
struct Figures {
    /// Names the row.
    row: String,
    /// What the app took.
    ours: Vec<f64>,
    /// What its floor took.
    floor: Vec<f64>,
}

impl Figures {
    /// None yet.
    fn of(row: impl Into<String>) -> Self {
        Self {
            row: row.into(),
            ours: Vec::new(),
            floor: Vec::new(),
        }
    }
}

/// What a part is given.
struct Options {
    /// The app's program.
    ours: PathBuf,
    /// The bare window's.
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
    let given = Options {
        ours: folder.join("sign-in-with-amiqus"),
        bare: folder.join("bare-window"),
        rounds: rounds.parse()?,
    };
    let rows = match part.as_str() {
        "start" => start::measure(&given),
        "redirect" => redirect::measure(&given),
        "vault" => vault::measure(&given),
        "stock" => stock::measure(&given),
        "memory" => memory::measure(&given),
        "tray" => memory::measure_tray(&given),
        "idle" => idle::measure(&given),
        "profile" => profile::measure(&given),
        "tokens" => tokens::measure(&given),
        _ => Err(format!("there is no part {part:?}").into()),
    }?;
    let line = serde_json::to_string(&rows)?;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Lets time go by.
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is what is so after a while; there is no event to wait for"
)]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// In milliseconds.
fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
