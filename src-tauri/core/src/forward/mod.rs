//! Requests that this app makes at the service for another program: which resource, and which headers go along.
//!
//! All of it comes from the program, and is hostile input. A request leads to the API of the registered service and
//! nowhere else, with this app's own credentials and none of the program's.

mod headers;
mod method;
mod pacer;
mod target;

#[cfg(test)]
mod tests;

pub use self::headers::{request_headers, response_headers};
pub use self::method::ForwardMethod;
pub use self::pacer::Pacer;
pub use self::target::{ForwardTarget, TargetError};
