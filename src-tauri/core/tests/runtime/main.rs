//! The real runtime against the practice service, over a real socket; only the vault and the
//! desktop are fakes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

mod app;
mod callers;
mod check;
mod driven_clock;
mod extension;
mod faults;
mod forwarding;
mod gate;
mod host;
mod hostile_links;
mod loopback;
mod other_teams;
mod outages;
mod programs;
mod provisioning;
mod renewals;
mod restarts;
mod saving;
mod secrets;
mod sign_in;
mod store;
mod unfinished;
mod world;
mod years;
