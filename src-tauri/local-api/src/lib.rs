//! The local API of *Sign in with Amiqus*: its protocol, where its socket is, and a client.
//!
//! The app holds a connection to the user's Amiqus account and makes requests there for other programs of the same
//! user, when that user has allowed it. It speaks HTTP/1.1 over a socket that only the user can reach. There is no
//! TCP port, because web pages reach those.
//!
//! **The app doesn't serve it yet**: this crate is the first part.

#[cfg(unix)]
pub mod client;
pub mod problem;
pub mod protocol;
#[cfg(unix)]
pub mod socket;
