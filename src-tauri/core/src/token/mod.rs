//! The token endpoint: exchanges an authorization code for tokens and refreshes them, as the Amiqus
//! guide's table specifies.
//!
//! [`read`] is the one table of what a response means; the README explains it in prose.

mod error;
mod request;
mod response;
mod token_set;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tolerance_tests;

pub use self::error::{RejectedPart, TokenError};
pub(crate) use self::request::probe;
pub use self::request::{exchange, refresh};
pub use self::response::{Grant, read};
pub use self::token_set::{AccessToken, RefreshToken, TokenSet};
pub use crate::transient::Transient;
