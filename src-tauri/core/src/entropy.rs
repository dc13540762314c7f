//! Where random bytes come from, in a form that tests can fix.

/// A source of unpredictable bytes.
pub trait EntropySource: Send + Sync + 'static {
    /// Fills the whole buffer, or says that the system has no randomness to give. No sign-in may
    /// go on without it (RFC 6749 §10.10).
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system's source can't be read.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system would give no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random source can't be read")]
pub struct EntropyError;

/// The operating system's cryptographic random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl EntropySource for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}
