//! The errors of the Rust API.

/// Why the practice service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or there is no loopback interface.
    #[error("cannot listen on port {port} of 127.0.0.1")]
    Bind {
        /// The requested port.
        port: u16,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The state file cannot be read or written.
    #[error("cannot use the state file")]
    StateFile(#[source] std::io::Error),
    /// The state file has no API client.
    #[error("the state file has no API client")]
    MissingClient,
}

/// Why the practice service cannot do what a test asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No user has this e-mail address.
    #[error("no user has the e-mail address {0:?}")]
    UnknownPerson(String),
    /// The team does not exist, or the user is not a member of it.
    #[error("the user is not a member of a team {0:?}")]
    UnknownTeam(String),
    /// The first API client has not registered this redirect URL.
    #[error("the redirect URL {0:?} is not registered")]
    UnregisteredRedirectUrl(String),
    /// The authorization URL leads to an error page instead of a redirect.
    #[error("the service shows an error page: {0}")]
    ErrorPage(String),
}
