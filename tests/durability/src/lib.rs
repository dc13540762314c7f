//! A computer for tests: the app without its window ([`AppProcess`]), a real keychain ([`Keychain`]), the
//! real vault, and a practice Amiqus ([`Computer`]). How the app outlives what can happen to it is
//! tried on it.
//!
//! Each computer has folders, a session bus and a keychain of its own, so that any number of them can
//! be in use at once, and beside an installed copy of the app. Whoever drops one ends what it started.

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

/// Why a test can't go on.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was to be done.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// A program that must be there isn't.
    #[error("there is no {}: {how}", program.display())]
    NotThere {
        /// The program.
        program: PathBuf,
        /// How to get it.
        how: String,
    },
    /// A program failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: String,
        /// What it said.
        said: String,
    },
    /// Something was waited for in vain.
    #[error("waited {seconds} s in vain until {what}")]
    Late {
        /// What it was.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// The `headless-app` ended while something was expected of it.
    #[error("the `headless-app` ended before {what}: {how}")]
    Ended {
        /// What was expected.
        what: String,
        /// How it ended.
        how: String,
    },
    /// A command did not go well.
    #[error("{command} ended in {problem:?}")]
    Refused {
        /// The command.
        command: String,
        /// The problem's code.
        problem: String,
    },
    /// Something was said that makes no sense.
    #[error("{who} said {said:?}")]
    Nonsense {
        /// Who said it.
        who: String,
        /// What.
        said: String,
    },
    /// The session bus, or the keychain on it, refused something.
    #[error("the session bus: {0}")]
    Bus(#[from] zbus::Error),
    /// The practice service did not start.
    #[error(transparent)]
    Practice(#[from] practice_amiqus::StartError),
    /// The practice service can't do what it was asked for.
    #[error(transparent)]
    Control(#[from] practice_amiqus::ControlError),
}

/// What comes of something that can meet [`TestError`].
pub type Result<T> = std::result::Result<T, TestError>;

/// Says what was being done when the system refused.
fn during<T>(what: impl Into<String>) -> impl FnOnce(io::Error) -> Result<T> {
    let what = what.into();
    |source| Err(TestError::System { what, source })
}
