//! Opens what Windows has a program for. The `open` crate goes through PowerShell, which is slow to start and which
//! companies forbid, or shows a message of the system's that blocks until somebody closes it.

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use winsafe::{CoInitializeEx, SHELLEXECUTEINFO, ShellExecuteEx, co};

use crate::deadline;

/// Opens an address, a file or a folder; returns once Windows has handed it over, or takes longer than that.
///
/// # Errors
/// When Windows has no program for it, or can't start that.
pub(crate) fn open(what: &OsStr, timeout: Duration) -> io::Result<()> {
    let what = what
        .to_str()
        .ok_or(io::ErrorKind::InvalidFilename)?
        .to_owned();
    // A thread of its own, because a program may be an object of COM's that wants a thread of this kind.
    let opened = deadline::within(timeout, move || shell_execute(&what));
    // What takes longer goes on.
    opened.unwrap_or(Ok(()))
}

fn shell_execute(what: &str) -> io::Result<()> {
    // Needed by some programs only, and reported by those.
    let _com = CoInitializeEx(co::COINIT::APARTMENTTHREADED | co::COINIT::DISABLE_OLE1DDE);
    ShellExecuteEx(&SHELLEXECUTEINFO {
        file: what,
        // No message of the system's, and not before the program has been handed it: this thread ends then.
        mask: co::SEE_MASK::FLAG_NO_UI | co::SEE_MASK::NOASYNC,
        show: co::SW::SHOWNORMAL,
        ..SHELLEXECUTEINFO::default()
    })
    .map_err(|error| io::Error::from_raw_os_error(error.raw().cast_signed()))
}
