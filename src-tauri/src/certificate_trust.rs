//! Environment variables that replace the system's trusted certificates.

use std::ffi::OsString;

/// `OpenSSL`'s variables, which `rustls` honours where it reads a system's certificates from files. Some
/// systems set them for all users (`NixOS`); set for this app alone, they let an attacker intercept its
/// connections.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The variables that are set, with their values.
pub(crate) fn overrides() -> Vec<(&'static str, String)> {
    overrides_in(|name| std::env::var_os(name))
}

fn overrides_in(variable: impl Fn(&str) -> Option<OsString>) -> Vec<(&'static str, String)> {
    VARIABLES
        .into_iter()
        .filter_map(|name| Some((name, variable(name)?)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

/// Logs the variables that are set.
pub(crate) fn log() {
    for (variable, value) in overrides() {
        tracing::warn!(
            variable,
            value,
            "trust: a variable names certificates in place of the system's"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows check 40.
    #[test]
    fn variable_with_a_value_is_listed() {
        let set = |name: &str| match name {
            "SSL_CERT_FILE" => Some("/tmp/ca.pem".into()),
            _ => Some(OsString::new()),
        };
        assert_eq!(
            overrides_in(set),
            [("SSL_CERT_FILE", "/tmp/ca.pem".to_owned())]
        );
        assert_eq!(overrides_in(|_| None), []);
    }
}
