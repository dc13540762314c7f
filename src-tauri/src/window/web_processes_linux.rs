//! The helper processes that `WebKit` starts for a window.

use std::io;
use std::time::Duration;

use amiqus_core::error::chain;
use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, getpid, kill_process};

/// The name of the network process, of which the kernel keeps fifteen characters.
const NETWORK_PROCESS: &str = "WebKitNetworkPr";
/// The name of the process that draws the page, likewise.
const PAGE_PROCESS: &str = "WebKitWebProces";

/// How often a closed window's processes are checked: for some seconds in all.
const MAX_CHECKS: u32 = 100;
/// The pause between two checks.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Ends the network process, which `WebKit` keeps for as long as the app lives: some 40 MB for a window
/// that is closed. It starts another when it needs one.
pub(crate) fn end_network_process() {
    let ended = children_named(&[NETWORK_PROCESS]).and_then(|children| {
        children
            .into_iter()
            .try_for_each(|child| Ok(kill_process(child, Signal::TERM)?))
    });
    if let Err(error) = ended {
        tracing::warn!(error = %chain(&error), "window: network process not ended");
    }
}

/// Waits until a closed window's processes have ended and are reaped, for as long as the window is closed.
pub(crate) async fn wait_for_web_processes(is_closed: impl Fn() -> bool) {
    for _ in 0..MAX_CHECKS {
        if !is_closed() {
            return;
        }
        match children_named(&[NETWORK_PROCESS, PAGE_PROCESS]) {
            Ok(children) if children.is_empty() => return,
            Ok(_) => tokio::time::sleep(CHECK_INTERVAL).await,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "window: process check failed");
                return;
            }
        }
    }
    tracing::warn!("window: closed, but its processes are still running");
}

/// This process's children of one of these names; also those that ended and are not reaped yet.
fn children_named(names: &[&str]) -> io::Result<Vec<Pid>> {
    let own_pid = getpid().as_raw_pid();
    let children = all_processes()
        .map_err(io::Error::other)?
        // A process may end while the list is read.
        .filter_map(|process| process.and_then(|process: Process| process.stat()).ok())
        .filter(|stat| is_child(&stat.comm, stat.ppid, names, own_pid))
        .filter_map(|stat| Pid::from_raw(stat.pid));
    Ok(children.collect())
}

/// Whether a process of this name and parent is one of the named children. Another copy of the app has
/// processes of the same names.
fn is_child(name: &str, parent: i32, names: &[&str], own_pid: i32) -> bool {
    parent == own_pid && names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_process_of_another_parent_is_left_alone() {
        let is_ended = |name, parent| is_child(name, parent, &[NETWORK_PROCESS], 4242);
        assert!(is_ended("WebKitNetworkPr", 4242));
        assert!(!is_ended("WebKitNetworkPr", 4243));
        assert!(!is_ended("WebKitWebProces", 4242));
        assert!(!is_ended("a) WebKitNetworkPr", 4242));
    }
}
