//! The one type of text that a report takes. Secrets have types that don't print; this is the belt
//! to those braces, for text that comes from elsewhere: the log, an error of the system's.

use std::fmt;

/// A run of letters and digits this long is taken for a token: Amiqus's are longer (its client
/// secrets have 40 characters, our states and verifiers 43), words and times are shorter.
const SHORTEST_TOKEN: usize = 32;

/// A longer word helps nobody, and looking for secrets at each of its marks would take for ever.
const LONGEST_WORD: usize = 1024;

/// After these names stands a secret.
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

const TAKEN_OUT: &str = "[taken out]";

/// Text without secrets, and with no more of a person than the domain of their e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redacted(String);

impl fmt::Display for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is known of this computer and must not be in the report.
#[derive(Default)]
pub(super) struct Known {
    /// Where the person's files are; their name is often in it.
    pub(super) home: Option<String>,
    /// Secrets that this process knows of, however short.
    pub(super) secrets: Vec<String>,
}

impl Known {
    /// Takes out of a text what must not be in a report.
    pub(super) fn redact(&self, text: &str) -> Redacted {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, TAKEN_OUT);
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
    let mut is_secret = false;
    for word in line.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let space = &word[bare.len()..];
        if is_secret && !bare.is_empty() && !is_name(bare) {
            into.push_str(TAKEN_OUT);
            is_secret = false;
        } else {
            redact_word(bare, into);
            is_secret = announces_a_secret(bare);
        }
        into.push_str(space);
    }
}

/// `Bearer …`, `"code": …`
fn announces_a_secret(word: &str) -> bool {
    let announced = word.ends_with([':', '=']) || word.eq_ignore_ascii_case("bearer");
    announced && is_secret_name(word)
}

fn is_secret_name(word: &str) -> bool {
    let name = word.trim_matches(|character: char| !character.is_alphanumeric());
    SECRET_NAMES
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// One of our own names, such as a problem's code: a real code has digits, and is long.
fn is_name(value: &str) -> bool {
    value.len() < SHORTEST_TOKEN
        && value.starts_with(|first: char| first.is_ascii_uppercase())
        && value
            .chars()
            .all(|character| character.is_ascii_alphabetic())
}

fn redact_word(word: &str, into: &mut String) {
    if word.len() > LONGEST_WORD {
        into.push_str(TAKEN_OUT);
        return;
    }
    // The query of an address holds codes, whatever they are called.
    if word.contains("://")
        && let Some((address, _)) = word.split_once(['?', '#'])
    {
        redact_word(address, into);
        into.push('?');
        into.push_str(TAKEN_OUT);
        return;
    }
    if let Some((name, value)) = word.split_once(['=', ':'])
        && !value.is_empty()
        && is_secret_name(name)
        && !is_name(value)
    {
        into.push_str(&word[..=name.len()]);
        into.push_str(TAKEN_OUT);
        return;
    }
    // Between quotes and brackets a name may stand before its secret without a space.
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
            .find(|character| !is_of_a_token(character))
            .unwrap_or(rest.len());
        if run >= SHORTEST_TOKEN {
            into.push_str(TAKEN_OUT);
        } else {
            into.push_str(&rest[..run]);
        }
        let next = rest[run..].chars().next().map_or(0, char::len_utf8);
        into.push_str(&rest[run..run + next]);
        rest = &rest[run + next..];
    }
}

fn is_of_a_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '+' | '%' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "kq3X9mZ0b-7Yw1_pLr8TfV2sNc6HdJ4gUaEiQoBxRyM";

    fn redact(text: &str) -> String {
        Known {
            home: Some("/home/bob".to_owned()),
            secrets: vec!["s3cret".to_owned()],
        }
        .redact(text)
        .to_string()
    }

    /// Shows check 42.
    #[test]
    fn whatever_looks_like_a_secret_is_taken_out() {
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
        for (text, kept_back) in [
            ("code=abc", "abc"),
            ("\"code\": \"abc\"", "abc"),
            ("state: xyz", "xyz"),
            ("Authorization: Bearer abc", "abc"),
            ("authorization: bearer", "bearer"),
            ("client_secret=hunter2 and on", "hunter2"),
            ("it is s3cret indeed", "s3cret"),
            ("?code=abc co.amiqus.signin://x/y?code=abc", "abc"),
        ] {
            assert!(!redact(text).contains(kept_back), "{}", redact(text));
        }
    }

    /// Shows check 42.
    #[test]
    fn of_a_person_no_more_is_left_than_the_domain() {
        assert_eq!(
            redact("it was bob@example.com, at /home/bob/Downloads"),
            "it was …@example.com, at ~/Downloads"
        );
    }

    #[test]
    fn very_long_word_is_taken_out() {
        let marks = "({".repeat(24 * 1024);
        assert_eq!(redact(&format!("a {marks} b\n")), "a [taken out] b\n");
        let longest = "a(".repeat(LONGEST_WORD / 2);
        assert_eq!(redact(&longest), longest);
    }

    #[test]
    fn what_helps_stays() {
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
