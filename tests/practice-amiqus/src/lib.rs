//! A fake Amiqus server, for automated tests and for trying the app out.
//!
//! It implements the HTTP interface of the real service (the authorization endpoint, `/oauth/token`,
//! `/api/v2`) on a real socket of the loopback interface, and it is *stricter*: it rejects requests
//! that the real service might tolerate (a duplicate parameter, a parameter of another grant,
//! credentials in a header), and records a [complaint](RequestRecord::complaints) about them. A client
//! that passes here does not depend on leniency that the real service may not have.
//!
//! It runs in two ways:
//!
//! - `cargo run -p practice-amiqus -- --port 0`, which prints one JSON line when it is ready;
//! - inside a test, with [`Practice::start`]:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use practice_amiqus::{Endpoint, Fault, Practice, Settings};
//!
//! let amiqus = Practice::start(Settings::default()).await?;
//! let redirect_url = "co.amiqus.signin://oauth/callback";
//!
//! // An authorization code, as if Bob had clicked Allow:
//! let code = amiqus.grant("bob@example.com", "Fusion Industries", redirect_url, None)?;
//! // The next refresh is processed, but its response is lost:
//! amiqus.set_fault(Fault::LoseAnswer.at(Endpoint::TokenRefresh).times(1));
//! // A year later:
//! amiqus.advance(std::time::Duration::from_secs(31_536_000));
//! # assert!(code.starts_with("def502"));
//! # Ok(()) }
//! ```
//!
//! Two people can log in, Bob Gale (a member of two teams) and Lorraine Baines (of one); see
//! [`Practice::people`]. Each team has clients, records, cases, files, credits and webhooks, which are
//! the same at each start; what a token reads and changes of them depends on its user's role
//! ([`Practice::set_role`]). A test sees what was sent in [`Practice::api_requests`], and what was
//! created and changed in [`Practice::changes`]. The first client of each team has a file `large.bin`
//! that is made while it is sent ([`Settings::large_file_bytes`]), and files that are gone or locked.
//!
//! The paths below `/practice/` are for tests only and don't exist in the real service: they advance
//! the clock, inject faults, return the request log and revoke access, all without authentication.
//!
//! The server is not safe to expose: its passwords are public. It binds to the loopback interface
//! only.

mod api;
mod authorization;
mod browser_sessions;
mod clients;
mod clock;
mod control;
mod database;
mod error;
mod faults;
mod form;
mod negotiation;
mod oauth_error;
mod pages;
mod paging;
mod people;
mod pkce;
mod practice;
mod random;
mod rate_limit;
mod request_body;
mod request_log;
mod resources;
mod roles;
mod server;
mod service;
mod settings;
mod token_endpoint;
mod user_actions;

pub use error::{ControlError, StartError};
pub use faults::{Endpoint, Fault, FaultPlan, RetryAfter};
pub use people::PracticePerson;
pub use practice::{Holder, Practice};
pub use request_log::RequestRecord;
pub use resources::Change;
pub use settings::{DEFAULT_REDIRECT_URL, Generation, Settings};
pub use token_endpoint::TokenSet;
pub use user_actions::Answer;
