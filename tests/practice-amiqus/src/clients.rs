//! API clients: the applications that an organisation has registered.

use serde::{Deserialize, Serialize};

use crate::random;

/// An application that may ask people for access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ApiClient {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// What people see on the consent page.
    pub(crate) name: String,
    /// The organisation that registered it.
    pub(crate) team: u64,
    pub(crate) redirect_urls: Vec<String>,
}

impl ApiClient {
    /// A newly registered application, with an ID and a secret of its own.
    pub(crate) fn register(name: String, team: u64, redirect_urls: Vec<String>) -> Self {
        Self {
            id: random::client_id(),
            secret: random::client_secret(),
            name,
            team,
            redirect_urls,
        }
    }
}

/// The redirect URLs in a text area, one a line; or the sentence to show when they won't do.
pub(crate) fn redirect_urls_from(text: &str) -> Result<Vec<String>, String> {
    let mut urls: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !is_redirect_url(line) {
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

/// Whether the service's form takes this as a redirect URL: `scheme://host`, with or without more
/// behind it, but never a fragment. `scheme:/path` is not taken.
pub(crate) fn is_redirect_url(text: &str) -> bool {
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
    fn a_redirect_url_has_a_scheme_and_a_host() {
        for fine in [
            "co.amiqus.signin://oauth/callback",
            "http://127.0.0.1:4180/callback",
            "https://example.com/callback?tenant=1",
        ] {
            assert!(is_redirect_url(fine), "{fine}");
        }
        for wrong in [
            "co.amiqus.signin:/oauth/callback",
            "co.amiqus.signin:///callback",
            "https://example.com/#fragment",
            "https://example.com/a b",
            "1scheme://host/path",
            "callback",
            "",
        ] {
            assert!(!is_redirect_url(wrong), "{wrong}");
        }
    }

    #[test]
    fn redirect_urls_come_one_a_line() {
        assert_eq!(
            redirect_urls_from("a://b/c\r\n\n  d://e/f  \na://b/c"),
            Ok(vec!["a://b/c".to_owned(), "d://e/f".to_owned()])
        );
        assert!(redirect_urls_from("  \n").is_err());
        assert!(redirect_urls_from("a://b/c\nnonsense").is_err());
    }
}
