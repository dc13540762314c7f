//! An HTTP client with the policy of this app: encrypted, no redirects, bounded in time and memory.

mod clients;
mod decompress;
mod error;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use reqwest::Client;

pub use self::clients::{Clients, DesktopProxy, Timeouts};
pub use self::decompress::decompress;
pub use self::error::{ConnectError, RequestError};
pub(crate) use self::request::{PartialResponse, send_keeping_part};
pub use self::request::{read, send, send_with_limit};
pub use self::response::{HttpResponse, MAX_BODY_BYTES, MAX_RETRY_AFTER, retry_after};
