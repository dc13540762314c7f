//! Whose a connection from this very computer is, where the system tells.

use std::net::SocketAddr;

/// Whether a connection may come from a process of this user's: it does, or the system doesn't tell, as of a
/// process in another network namespace.
#[cfg(target_os = "linux")]
pub(super) fn may_be_own_users(peer: SocketAddr, own: SocketAddr) -> bool {
    let connections = if peer.is_ipv4() {
        procfs::net::tcp()
    } else {
        procfs::net::tcp6()
    };
    let of_peer = connections.map(|connections| {
        connections
            .into_iter()
            .find(|other| other.local_address == peer && other.remote_address == own)
    });
    match of_peer {
        Ok(Some(connection)) => connection.uid == rustix::process::getuid().as_raw(),
        Ok(None) => true,
        Err(problem) => {
            tracing::debug!(%problem, "the system doesn't tell whose a connection is");
            true
        }
    }
}

/// Windows and macOS are not asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn may_be_own_users(_peer: SocketAddr, _own: SocketAddr) -> bool {
    true
}
