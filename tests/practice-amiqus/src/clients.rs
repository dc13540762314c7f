//! API clients: the applications that a team has registered (OAuth clients).

use serde::{Deserialize, Serialize};

use crate::random;

/// An application that can request access to a user's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ApiClient {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// The name that the consent page shows.
    pub(crate) name: String,
    /// The team that registered it.
    #[serde(rename = "team")] // the format of the state file
    pub(crate) team_id: u64,
    pub(crate) redirect_urls: Vec<String>,
}

impl ApiClient {
    /// Creates an API client with a random ID and secret.
    pub(crate) fn register(name: String, team_id: u64, redirect_urls: Vec<String>) -> Self {
        Self {
            id: random::client_id(),
            secret: random::client_secret(),
            name,
            team_id,
            redirect_urls,
        }
    }

    /// Whether the redirect URL is registered, compared as an exact string.
    pub(crate) fn has_redirect_url(&self, redirect_url: &str) -> bool {
        self.redirect_urls.iter().any(|url| url == redirect_url)
    }
}

/// Parses the text of a form: one redirect URL per line. The error is a sentence for the user.
pub(crate) fn parse_redirect_urls(text: &str) -> Result<Vec<String>, String> {
    let mut urls: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !is_valid_redirect_url(line) {
            return Err(format!("“{line}” is not a valid URL."));
        }
        if !urls.iter().any(|url| url == line) {
            urls.push(line.to_owned());
        }
    }
    if urls.is_empty() {
        return Err("Enter at least one redirect URL.".to_owned());
    }
    Ok(urls)
}

/// Whether the service accepts a redirect URL: `scheme://host`, optionally with a path and a query,
/// but without a fragment. A URL without an authority (`scheme:/path`) is not accepted.
fn is_valid_redirect_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
        && !host.is_empty()
        && rest
            .chars()
            .all(|c| c.is_ascii_graphic() && !"#\"<>\\^`{|}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_url_without_scheme_or_host_is_invalid() {
        for valid in [
            "co.amiqus.signin://oauth/callback",
            "http://127.0.0.1:4180/callback",
            "https://example.com/callback?tenant=1",
        ] {
            assert!(is_valid_redirect_url(valid), "{valid}");
        }
        for invalid in [
            "co.amiqus.signin:/oauth/callback",
            "co.amiqus.signin:///callback",
            "https://example.com/#fragment",
            "https://example.com/a b",
            "1scheme://host/path",
            "callback",
            "",
        ] {
            assert!(!is_valid_redirect_url(invalid), "{invalid}");
        }
    }

    #[test]
    fn redirect_urls_are_parsed_one_per_line_without_duplicates() {
        assert_eq!(
            parse_redirect_urls("a://b/c\r\n\n  d://e/f  \na://b/c"),
            Ok(vec!["a://b/c".to_owned(), "d://e/f".to_owned()])
        );
        assert!(parse_redirect_urls("  \n").is_err());
        assert!(parse_redirect_urls("a://b/c\nnonsense").is_err());
    }
}
