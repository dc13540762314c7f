//! Random bytes, behind a trait so that tests can make them predictable.
//!
//! `rand`'s traits take `&mut self` and so can't be shared as `Arc<dyn …>`; one method is enough here.

use crate::error::Cause;

/// A source of unpredictable bytes.
pub trait EntropySource: Send + Sync + 'static {
    /// Fills the whole buffer with random bytes.
    ///
    /// # Errors
    /// [`EntropyError`] when the source can't be read. Then no sign-in may start (RFC 6749 §10.10).
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The random source can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the random source can't be read")]
pub struct EntropyError(#[source] Cause);

impl EntropyError {
    /// Wraps what a source failed with.
    pub fn new(cause: impl Into<Cause>) -> Self {
        Self(cause.into())
    }
}

/// The operating system's cryptographic random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl EntropySource for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(EntropyError::new)
    }
}
