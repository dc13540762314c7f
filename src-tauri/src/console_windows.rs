//! The console that a command line was typed into. A program that opens windows is given none, or it would flash up at
//! each start.

use winsafe::{AttachConsole, PidParent};

use crate::arguments::Mode;

/// Makes what a mode prints appear in the console of the process that started this one, if it has one. Where the
/// output is redirected, that is left as it is.
pub(crate) fn attach(mode: Mode) {
    match mode {
        Mode::Diagnose | Mode::ForgetEverything => {
            // There may be none, or this process may have it already.
            let _ = AttachConsole(PidParent::Parent);
        }
        Mode::InTheTray | Mode::Window => {}
    }
}
