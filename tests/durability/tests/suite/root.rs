//! Commands that need root.

use std::process::Command as Program;

/// Runs a command as root; panics if it fails.
pub(crate) fn as_root(command: &[&str]) {
    let program = if rustix::process::geteuid().is_root() {
        "env"
    } else {
        "sudo"
    };
    let ended = Program::new(program).args(command).output().unwrap();
    assert!(ended.status.success(), "{command:?}: {ended:?}");
}
