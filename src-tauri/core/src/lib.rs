//! The whole sign-in with Amiqus, with no window, no Tauri and no platform in it.
//!
//! State comes down, commands go up. A [`runtime::SessionHandle`] owns the one [`session::Session`];
//! it feeds events to that pure machine, makes its changes durable in the
//! [`vault`], runs its effects (the browser, Amiqus over HTTPS, deadlines) and hands the window
//! an [`app_state::AppState`] that has no field for a secret.
//!
//! Where a rule comes from is said beside it: an RFC's section, or "Amiqus guide" for the
//! service's public OAuth 2.0 page.

pub mod account;
pub mod api;
pub mod app_state;
pub mod authorization;
pub mod check;
pub mod clock;
pub mod entropy;
pub mod error;
pub mod head_and_tail;
pub mod http;
mod json;
mod lenient_json;
pub mod redirect;
pub mod registration;
pub mod runtime;
pub mod secret;
pub mod session;
pub mod text;
pub mod token;
pub mod vault;

#[cfg(test)]
mod fixtures;
