//! JSON as Amiqus writes it.

use std::fmt::Write as _;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

/// A response with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (status, content_type, to_ascii(body)).into_response()
}

/// Writes JSON with escapes for all characters outside ASCII, as Amiqus's documentation of its data
/// formats says.
fn to_ascii(value: &Value) -> String {
    let text = value.to_string();
    let mut ascii = String::with_capacity(text.len());
    let mut units = [0; 2];
    for character in text.chars() {
        if character.is_ascii() {
            ascii.push(character);
            continue;
        }
        // Such characters occur in strings only, where an escape means the same.
        for unit in character.encode_utf16(&mut units) {
            // Writing to a `String` cannot fail.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn characters_outside_ascii_are_escaped() {
        let value = json!({"message": "Tomás starts on 27/05/2024 😊"});
        let text = to_ascii(&value);
        assert_eq!(
            text,
            r#"{"message":"Tom\u00e1s starts on 27/05/2024 \ud83d\ude0a"}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
