//! Whose certificates are trusted: the system's, unless a variable names others.

use std::ffi::OsString;

/// Variables that name certificates in place of the system's: `OpenSSL`'s own, which `rustls` keeps to where
/// it reads a system's certificates from files. Some systems set them for everybody (`NixOS`), and whoever
/// sets them for this app alone can stand between it and Amiqus.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The variables that are set, and to what.
pub(crate) fn replaced_by() -> Vec<(&'static str, String)> {
    among(|name| std::env::var_os(name))
}

fn among(variable: impl Fn(&str) -> Option<OsString>) -> Vec<(&'static str, String)> {
    VARIABLES
        .into_iter()
        .filter_map(|name| Some((name, variable(name)?)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

/// Says so in the log.
pub(crate) fn log() {
    for (variable, value) in replaced_by() {
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
    fn variable_that_is_set_and_not_empty_is_named() {
        let set = |name: &str| match name {
            "SSL_CERT_FILE" => Some("/tmp/ca.pem".into()),
            _ => Some(OsString::new()),
        };
        assert_eq!(among(set), [("SSL_CERT_FILE", "/tmp/ca.pem".to_owned())]);
        assert_eq!(among(|_| None), []);
    }
}
