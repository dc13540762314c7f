//! `crash-test`: repeatedly kills the app while it exchanges codes and refreshes tokens, restarts it, and
//! checks the accounts. No account may be signed out unnecessarily.

mod forced;
mod harness;
mod kill_points;
mod random;
mod tally;
mod trace;
mod verdict;
mod waiting;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use durability::TestError;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use self::harness::{Harness, Outcome};
use self::tally::Tally;
use self::verdict::Verdict;

/// Kills the app while it exchanges codes and refreshes tokens, and checks what is left.
///
/// A child process runs the real session on the real vault, with a real keychain, against the fake
/// server. It is killed with SIGKILL: first at the entry of every system call by which it makes
/// something durable and at every moment of its requests, then at random moments. Each time it is
/// restarted, and its reports are compared with the server's records.
///
/// The last line is JSON. It counts all kills; a restarted process that was killed as well is a part of
/// the same kill. The exit code is non-zero if an account was lost or damaged.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// How many kills at random moments there are, besides those at every step
    #[arg(long, default_value_t = 40)]
    kills: u32,

    /// Repeats a run's choices: what is killed, at which share of its time, and the service's delays.
    /// How the system shares its time out is not repeated, so single outcomes may differ
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let run = tokio::select! {
        run = run(options) => run,
        () = termination_requested() => Err("terminated".into()),
    };
    match run {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            print_progress(&format!("the crash test could not be done: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all kills had a good outcome.
async fn run(options: Options) -> Result<bool, Box<dyn Error>> {
    let begun = Instant::now();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    print_line(&format!(
        "{} kills at random moments with seed {seed}, and one at every step",
        options.kills
    ))?;
    let mut tally = Tally::default();
    let mut harness = Harness::set_up().await?;
    forced::check_tracing(&mut harness).await?;

    let mut unexpected = forced::kill_at_each_call(&mut harness, &mut tally).await?;
    unexpected.extend(kill_points::kill_at_each(&mut harness, &mut tally).await?);
    let at_steps = tally.kills();
    random::kill(&mut harness, &mut tally, options.kills, seed).await?;
    harness.renew_all().await?;
    harness.end().await?;

    print_line(&tally.summary())?;
    for surprise in &unexpected {
        print_progress(&format!("unexpected outcome: {surprise}"));
    }
    let kills = tally.kills();
    print_line(&format!(
        "{at_steps} kills at steps and {} at random in {} s",
        kills - at_steps,
        begun.elapsed().as_secs()
    ))?;
    print_line(&tally.json())?;
    Ok(tally.is_good() && unexpected.is_empty() && kills == at_steps + options.kills)
}

/// Waits for Ctrl-C or SIGTERM, so that child processes are dropped and thereby ended.
async fn termination_requested() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn unexpected_output(output: impl Into<String>) -> TestError {
    TestError::UnexpectedOutput {
        program: "the crash test".to_owned(),
        output: output.into(),
    }
}

/// Prints the details of a bad outcome.
fn explain(harness: &Harness, what: &str, outcome: &Outcome) {
    if let Verdict::Lost(why) = &outcome.verdict {
        print_progress(&format!("LOST at {what}: {why}"));
    }
    for damage in &outcome.others_damaged {
        print_progress(&format!("DAMAGED at {what}: {damage}"));
    }
    print_progress("requests to Amiqus:");
    for request in harness.computer.amiqus.requests() {
        print_progress(&format!(
            "  {} {} {:?}",
            request.method, request.path, request.status
        ));
    }
    print_progress("the end of the app's log:");
    let log = fs::read_to_string(harness.computer.log()).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    for line in lines.iter().skip(lines.len().saturating_sub(20)) {
        print_progress(&format!("  {line}"));
    }
}

fn print_line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", text.trim_end())
}

fn print_progress(text: &str) {
    // If standard error is closed as well, there is nowhere to report to.
    let _ = writeln!(io::stderr(), "{text}");
}
