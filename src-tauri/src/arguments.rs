//! The command line: what kind of run it asks for.

use std::ffi::OsString;

use crate::{diagnostics, forget, start_at_login};

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// To print the report for support.
    Diagnose,
    /// To remove everything that the app keeps.
    ForgetEverything,
    /// To run the app in the tray, without a window.
    InTheTray,
    /// To run the app with its window.
    Window,
}

impl Mode {
    /// Reads the command line of this process.
    pub(crate) fn of_this_process() -> Self {
        Self::of(std::env::args_os().skip(1))
    }

    /// A switch counts only where it is the only argument: what a link adds to a command line switches
    /// nothing.
    fn of(mut arguments: impl Iterator<Item = OsString>) -> Self {
        match (arguments.next(), arguments.next()) {
            (Some(switch), None) if switch == diagnostics::ARGUMENT => Self::Diagnose,
            (Some(switch), None) if switch == forget::ARGUMENT => Self::ForgetEverything,
            (Some(switch), None) if switch == start_at_login::IN_THE_TRAY => Self::InTheTray,
            _ => Self::Window,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(arguments: &[&str]) -> Mode {
        Mode::of(arguments.iter().map(OsString::from))
    }

    #[test]
    fn switch_alone_selects_its_mode() {
        assert_eq!(mode(&["--diagnose"]), Mode::Diagnose);
        assert_eq!(mode(&["--forget-everything"]), Mode::ForgetEverything);
        assert_eq!(mode(&["--in-the-tray"]), Mode::InTheTray);
        assert_eq!(mode(&[]), Mode::Window);
    }

    /// Shows check 16.
    #[test]
    fn switch_beside_another_argument_is_ignored() {
        for other in [
            &["co.amiqus.signin://x", "--forget-everything"][..],
            &["--forget-everything", "co.amiqus.signin://x"],
            &["--forget-everything", "--forget-everything"],
            &["co.amiqus.signin:x --forget-everything"],
        ] {
            assert_eq!(mode(other), Mode::Window, "{other:?}");
        }
    }
}
