//! Text without secrets, the only text that a report takes. Secrets have types that don't print; this also
//! removes what looks like one from text of other origin: the log, the system's errors.

use std::fmt;

/// A run of letters and digits this long counts as a token: Amiqus's are longer (its client secrets have 40
/// characters, states and verifiers 43), words and times are shorter.
const MIN_TOKEN_BYTES: usize = 32;

/// Longer words are removed as a whole: to search one for secrets takes quadratic time.
const MAX_WORD_BYTES: usize = 1024;

/// Names whose value is a secret.
const SECRET_NAMES: [&str; 12] = [
    "code",
    "state",
    "access_token",
    "refresh_token",
    "client_secret",
    "code_verifier",
    "code_challenge",
    "password",
    "passphrase",
    "secret",
    "bearer",
    "authorization",
];

/// Replaces what is removed.
const REDACTED: &str = "[redacted]";

/// Text without secrets, and with no more of a user than the domain of their e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redacted(String);

impl fmt::Display for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Removes secrets from text.
#[derive(Default)]
pub(super) struct Redactor {
    /// The user's home folder, which often has their name in it.
    pub(super) home: Option<String>,
    /// Secrets that this process knows, of any length.
    pub(super) secrets: Vec<String>,
}

impl Redactor {
    /// Removes what must not be in a report.
    pub(super) fn redact(&self, text: &str) -> Redacted {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, REDACTED);
        }
        if let Some(home) = self.home.as_ref().filter(|home| home.len() > 1) {
            text = text.replace(home, "~");
        }
        let mut redacted = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            redact_line(line, &mut redacted);
        }
        Redacted(redacted)
    }
}

fn redact_line(line: &str, into: &mut String) {
    let mut follows_name = false;
    for word in line.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let space = &word[bare.len()..];
        if follows_name && !bare.is_empty() && !is_identifier(bare) {
            into.push_str(REDACTED);
            follows_name = false;
        } else {
            redact_word(bare, into);
            follows_name = precedes_secret(bare);
        }
        into.push_str(space);
    }
}

/// Whether the next word is a secret, as in `Bearer …` and `"code": …`.
fn precedes_secret(word: &str) -> bool {
    let precedes_value = word.ends_with([':', '=']) || word.eq_ignore_ascii_case("bearer");
    precedes_value && is_secret_name(word)
}

fn is_secret_name(word: &str) -> bool {
    let name = word.trim_matches(|character: char| !character.is_alphanumeric());
    SECRET_NAMES
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Whether a value is an identifier of the app's own, such as an error code: a secret has digits, or is
/// longer.
fn is_identifier(value: &str) -> bool {
    value.len() < MIN_TOKEN_BYTES
        && value.starts_with(|first: char| first.is_ascii_uppercase())
        && value
            .chars()
            .all(|character| character.is_ascii_alphabetic())
}

fn redact_word(word: &str, into: &mut String) {
    if word.len() > MAX_WORD_BYTES {
        into.push_str(REDACTED);
        return;
    }
    // The query of a URL may hold codes under any name.
    if word.contains("://")
        && let Some((address, _)) = word.split_once(['?', '#'])
    {
        redact_word(address, into);
        into.push('?');
        into.push_str(REDACTED);
        return;
    }
    if let Some((name, value)) = word.split_once(['=', ':'])
        && !value.is_empty()
        && is_secret_name(name)
        && !is_identifier(value)
    {
        into.push_str(&word[..=name.len()]);
        into.push_str(REDACTED);
        return;
    }
    // A name may precede its secret without a space, as in JSON.
    if let Some((before, after)) = word.split_once([',', '&', ';', '{', '('])
        && !after.is_empty()
    {
        redact_word(before, into);
        into.push_str(&word[before.len()..word.len() - after.len()]);
        redact_word(after, into);
        return;
    }
    if let Some((user, domain)) = word.rsplit_once('@')
        && !user.is_empty()
        && !word.contains("://")
    {
        into.push('…');
        into.push('@');
        into.push_str(domain);
        return;
    }
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest
            .find(|character| !is_token_char(character))
            .unwrap_or(rest.len());
        if run >= MIN_TOKEN_BYTES {
            into.push_str(REDACTED);
        } else {
            into.push_str(&rest[..run]);
        }
        let next = rest[run..].chars().next().map_or(0, char::len_utf8);
        into.push_str(&rest[run..run + next]);
        rest = &rest[run + next..];
    }
}

fn is_token_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '+' | '%' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "kq3X9mZ0b-7Yw1_pLr8TfV2sNc6HdJ4gUaEiQoBxRyM";

    fn redact(text: &str) -> String {
        Redactor {
            home: Some("/home/bob".to_owned()),
            secrets: vec!["s3cret".to_owned()],
        }
        .redact(text)
        .to_string()
    }

    /// Shows check 42.
    #[test]
    fn secrets_of_each_form_are_removed() {
        for text in [
            format!("the state was {STATE}"),
            format!("at co.amiqus.signin://oauth/callback?code=x&state={STATE}"),
            format!("co.amiqus.signin://oauth/callback#{STATE}"),
            format!("{{\"access_token\":\"{STATE}\"}}"),
            format!("Bearer eyJ0eXAiOiJKV1Qi.{STATE}.{STATE}"),
            format!("({STATE})"),
        ] {
            assert!(!redact(&text).contains(STATE), "{text}");
        }
        for (text, secret) in [
            ("code=abc", "abc"),
            ("\"code\": \"abc\"", "abc"),
            ("state: xyz", "xyz"),
            ("Authorization: Bearer abc", "abc"),
            ("authorization: bearer", "bearer"),
            ("client_secret=hunter2 and on", "hunter2"),
            ("it is s3cret indeed", "s3cret"),
            ("?code=abc co.amiqus.signin://x/y?code=abc", "abc"),
        ] {
            assert!(!redact(text).contains(secret), "{}", redact(text));
        }
    }

    /// Shows check 42.
    #[test]
    fn email_and_home_folder_keep_no_user_name() {
        assert_eq!(
            redact("it was bob@example.com, at /home/bob/Downloads"),
            "it was …@example.com, at ~/Downloads"
        );
    }

    #[test]
    fn very_long_word_is_removed() {
        let marks = "({".repeat(24 * 1024);
        assert_eq!(redact(&format!("a {marks} b\n")), "a [redacted] b\n");
        let longest = "a(".repeat(MAX_WORD_BYTES / 2);
        assert_eq!(redact(&longest), longest);
    }

    #[test]
    fn text_without_secrets_is_unchanged() {
        let line = "2026-11-23T09:14:48.123456Z  WARN amiqus_core::token: the answer was lost: \
                    operation timed out after 30 s set-aside-2026-11-23T17-25-00Z";
        assert_eq!(redact(line), line);
        assert_eq!(redact("a\n\n  b\n"), "a\n\n  b\n");
        assert_eq!(
            redact("service=https://id.amiqus.co code=CodeNotAccepted"),
            "service=https://id.amiqus.co code=CodeNotAccepted"
        );
    }
}
