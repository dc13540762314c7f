//! Whose a connection from this very computer is, where the system tells.

use std::net::SocketAddr;

/// Whether a connection comes from a process of this user's. While it is open the system lists both of its
/// ends; one that isn't listed is refused, because nobody can tell whose it was. Blocks: the system lists
/// every connection. Where it lists none at all, every caller passes.
#[cfg(target_os = "linux")]
pub(super) fn is_own_users(peer: SocketAddr, own: SocketAddr) -> bool {
    // A caller that speaks IPv6 reaches an IPv4 port, too, and stands in the other list.
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (peer, own) = (plain(peer), plain(own));
    let mut is_told = false;
    for connections in [procfs::net::tcp(), procfs::net::tcp6()] {
        let Ok(connections) = connections else {
            continue;
        };
        is_told = true;
        let of_peer = connections
            .into_iter()
            .find(|other| plain(other.local_address) == peer && plain(other.remote_address) == own);
        if let Some(connection) = of_peer {
            return connection.uid == rustix::process::getuid().as_raw();
        }
    }
    if !is_told {
        tracing::warn!("the system doesn't tell whose a connection is");
    }
    !is_told
}

/// Windows and macOS are not asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_own_users(_peer: SocketAddr, _own: SocketAddr) -> bool {
    true
}
