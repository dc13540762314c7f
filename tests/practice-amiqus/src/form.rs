//! URL-encoded parameters, from a query or from a form.

use axum::http::{HeaderMap, header};
use url::form_urlencoded;

/// The decoded parameters of a request's form, in order; empty for any other body.
#[derive(Debug, Clone)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

/// Decodes `application/x-www-form-urlencoded` text.
pub(crate) fn decode(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// The value of the first parameter with this name.
pub(crate) fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// The first name that occurs more than once.
pub(crate) fn duplicate_name(parameters: &[(String, String)]) -> Option<&str> {
    parameters
        .iter()
        .enumerate()
        .find_map(|(index, (name, _))| {
            parameters
                .iter()
                .take(index)
                .any(|(earlier, _)| earlier == name)
                .then_some(name.as_str())
        })
}

/// Whether the headers declare a URL-encoded form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| {
            media_type
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_name_is_found() {
        assert_eq!(duplicate_name(&decode(b"a=1&b=2")), None);
        assert_eq!(duplicate_name(&decode(b"a=1&b=2&a=1")), Some("a"));
    }
}
