//! The practice service as its callers meet it: over HTTP, through a real socket.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

mod api;
mod authorization;
mod caller;
mod controls;
mod faults;
mod pages;
mod program;
mod tokens;
