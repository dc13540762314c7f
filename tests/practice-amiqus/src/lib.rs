//! A stand-in for Amiqus, for tests and for people who try the app out.
//!
//! It speaks the wire of the real service (the authorisation page, `/oauth/token`, `/api/v2`) over a
//! real socket on the loopback interface, and it is *stricter*: whatever the real service might let
//! pass (a duplicated field, a field that belongs to another grant, credentials in a header) is
//! refused here and noted as a [complaint](RequestRecord::complaints), so that a client that satisfies
//! the practice service has no habits that the real one could stumble over.
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
//! // A code, as if Bob had clicked Allow:
//! let code = amiqus.grant("bob@example.com", "Fusion Industries", redirect_url, None)?;
//! // The next refresh is processed, but its answer never arrives:
//! amiqus.set_fault(Fault::LoseAnswer.at(Endpoint::TokenRefresh).times(1));
//! // A year goes by:
//! amiqus.advance(std::time::Duration::from_secs(31_536_000));
//! # assert!(code.starts_with("def502"));
//! # Ok(()) }
//! ```
//!
//! Two people can log in, Bob Gale (in two teams) and Lorraine Baines (in one); see
//! [`Practice::people`]. Everything below `/practice/` on the socket is for tests only and exists in
//! no real service: it turns the clock, switches faults on, shows the request log and revokes access
//! without asking who wants it.
//!
//! Nothing here is real, and nothing here is safe to expose: the passwords are public, and the
//! service binds to the loopback interface only.

mod api;
mod clients;
mod clock;
mod control;
mod faults;
mod grants;
mod limits;
mod oauth_error;
mod pages;
mod people;
mod practice;
mod random;
mod records;
mod requests;
mod server;
mod service;
mod sessions;
mod settings;
mod tokens;

pub use faults::{Endpoint, Fault, FaultPlan, RetryAfter};
pub use people::PracticePerson;
pub use practice::{Answer, Holder, Practice, StartError, Unable};
pub use requests::RequestRecord;
pub use settings::{DEFAULT_REDIRECT_URL, Generation, Settings};
pub use tokens::TokenSet;
