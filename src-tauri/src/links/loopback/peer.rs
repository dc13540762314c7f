//! The user that a connection from this computer belongs to, where the system lists it.

use std::net::SocketAddr;

/// Whether a connection comes from a process of the same user. The system lists both ends of an open
/// connection; one that isn't listed is refused. Where the system lists no connections at all, every one is
/// accepted. Blocks: all connections are listed.
#[cfg(target_os = "linux")]
pub(super) fn is_same_user(peer: SocketAddr, own: SocketAddr) -> bool {
    // A client that speaks IPv6 also reaches an IPv4 port, and is in the other list.
    let canonical =
        |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (peer, own) = (canonical(peer), canonical(own));
    let mut has_list = false;
    for connections in [procfs::net::tcp(), procfs::net::tcp6()] {
        let Ok(connections) = connections else {
            continue;
        };
        has_list = true;
        let of_peer = connections.into_iter().find(|other| {
            canonical(other.local_address) == peer && canonical(other.remote_address) == own
        });
        if let Some(connection) = of_peer {
            return connection.uid == rustix::process::getuid().as_raw();
        }
    }
    if !has_list {
        tracing::warn!("loopback: the system lists no connections, their users are not checked");
    }
    !has_list
}

/// Windows and macOS are not asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_same_user(_peer: SocketAddr, _own: SocketAddr) -> bool {
    true
}
