//! Tests of the practice service over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure in a shared helper must fail the test"
)]

mod api;
mod authorization;
mod binary;
mod client;
mod control;
mod faults;
mod pages;
mod token_endpoint;
