//! Errors as the log shows them: with their causes.

use std::error::Error;
use std::fmt;

/// Displays an error followed by its causes. A cause that the text before it names already is left out.
pub(crate) struct ErrorChain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        write!(formatter, "{text}")?;
        for cause in std::iter::successors(self.0.source(), |cause| (*cause).source()) {
            let next = cause.to_string();
            if !text.contains(&next) {
                write!(formatter, ": {next}")?;
            }
            text = next;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("save failed")]
    struct SaveError(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("write failed: {0}")]
    struct WriteError(#[source] io::Error);

    #[test]
    fn chain_shows_each_cause_once() {
        let full = || io::Error::other("disk full");
        assert_eq!(
            ErrorChain(&SaveError(full())).to_string(),
            "save failed: disk full"
        );
        assert_eq!(
            ErrorChain(&WriteError(full())).to_string(),
            "write failed: disk full"
        );
    }
}
