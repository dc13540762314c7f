//! Signing in with Amiqus, without a window, Tauri or platform code.
//!
//! State comes down, commands go up. A [`runtime::SessionHandle`] sends events to the one
//! [`session::Session`], a pure state machine; the runtime saves its changes in the [`vault`], runs
//! its effects (the browser, HTTPS requests to Amiqus, deadlines) and gives the window an
//! [`app_state::AppState`], which has no field for a secret.
//!
//! Each rule names its source: a section of an RFC, or "Amiqus guide" for the service's public
//! OAuth 2.0 page.

pub mod account;
pub mod api;
pub mod app_state;
pub mod authorization;
pub mod check;
pub mod clock;
pub mod entropy;
pub mod error;
pub mod forward;
pub mod head_and_tail;
pub mod http;
mod json;
mod lenient_json;
pub mod program;
pub mod redirect;
pub mod registration;
pub mod runtime;
pub mod secret;
pub mod session;
pub mod text;
pub mod token;
pub mod transient;
pub mod vault;

#[cfg(test)]
mod fixtures;
