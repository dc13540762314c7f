//! What the app takes, beside the least that anything could take. Each part prints one line of JSON,
//! with times in milliseconds; who runs the parts, and what they mean together, is in `bench.ts`.

mod screen;
mod start;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().unwrap_or_default();
    let rest: Vec<_> = arguments.collect();
    let printed = match part.as_str() {
        "start" => start::measure(&rest).and_then(|told| print(&told)),
        _ => Err(format!("there is no part {part:?}").into()),
    };
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Whoever runs it reads why.
            let _ = writeln!(std::io::stderr(), "{part}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn print(told: &impl serde::Serialize) -> Result<()> {
    let line = serde_json::to_string(told)?;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// In milliseconds.
fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
