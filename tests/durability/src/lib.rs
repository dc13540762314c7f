//! A computer for tests: the app without its window ([`AppProcess`]), a real keychain ([`Keychain`]), the
//! real vault, and the fake server ([`Computer`]). Tests use it to show that the app survives kills,
//! restarts, full disks and a missing keychain.
//!
//! Each computer has folders, a session bus and a keychain of its own, so that any number of them can
//! run at once, and next to an installed copy of the app. Dropping one ends its processes.

mod app_process;
mod computer;
mod keychain;
mod processes;
pub mod protocol;

use std::io;
use std::path::PathBuf;

pub use app_process::{AppProcess, ExitReport};
pub use computer::Computer;
pub use keychain::{Keychain, Prompter};

/// Why a test can't continue.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// A system call failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// A required program is missing.
    #[error("{} is missing: {how}", program.display())]
    ProgramMissing {
        /// The program.
        program: PathBuf,
        /// How to get it.
        how: String,
    },
    /// A program failed.
    #[error("{program} failed: {output}")]
    ProgramFailed {
        /// The program.
        program: String,
        /// Its output.
        output: String,
    },
    /// A wait timed out.
    #[error("timed out after {seconds} s: {what}")]
    Timeout {
        /// The awaited condition.
        what: String,
        /// The time limit, in seconds.
        seconds: u64,
    },
    /// The `headless-app` exited while a reply was expected.
    #[error("the `headless-app` exited before {what}: {how}")]
    AppExited {
        /// The awaited condition.
        what: String,
        /// How it ended.
        how: String,
    },
    /// A command failed.
    #[error("{command} failed with {problem}")]
    CommandFailed {
        /// The command.
        command: String,
        /// The problem's code.
        problem: String,
    },
    /// A program's output can't be parsed or contradicts the test.
    #[error("unexpected output of {program}: {output:?}")]
    UnexpectedOutput {
        /// The program.
        program: String,
        /// The output.
        output: String,
    },
    /// A call on the session bus failed.
    #[error("the session bus: {0}")]
    Bus(#[from] zbus::Error),
    /// The fake server did not start.
    #[error(transparent)]
    ServerStart(#[from] practice_amiqus::StartError),
    /// The fake server rejected a control request.
    #[error(transparent)]
    ServerControl(#[from] practice_amiqus::ControlError),
}

/// The result of an operation of a test computer.
pub type Result<T> = std::result::Result<T, TestError>;

/// Adds the operation to an I/O error.
fn during<T>(what: impl Into<String>) -> impl FnOnce(io::Error) -> Result<T> {
    let what = what.into();
    |source| Err(TestError::Io { what, source })
}
