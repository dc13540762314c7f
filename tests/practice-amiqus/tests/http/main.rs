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
mod clients;
mod control;
mod faults;
mod files;
mod lists;
mod pages;
mod roles;
mod token_endpoint;
