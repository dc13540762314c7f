//! Texts of the app's log that tests wait for.

/// The app gave up waiting for an unanswered prompt.
pub(crate) const PROMPT_ABANDONED: &str = "keychain: prompt abandoned";

/// The session bus did not answer.
pub(crate) const NO_BUS: &str = "keychain: no connection to the bus";

/// The file system lacks an operation; the operation's name follows.
pub(crate) const SAFEGUARD_MISSING: &str = "vault: safeguard missing: ";
