//! Strict JSON, for what this app wrote itself. Responses are read by [`crate::lenient_json`].

use serde::de::DeserializeOwned;

/// Deserializes a JSON object; `None` for anything else. serde by itself would also accept an array
/// and take its items for the fields, in their order.
pub(crate) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    first.filter(|byte| **byte == b'{')?;
    serde_json::from_slice(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Version {
        version: u32,
    }

    #[test]
    fn object_is_read_and_array_is_not() {
        for text in ["{\"version\":2}", " \r\n\t{\"version\": 2, \"more\": [1]} "] {
            assert_eq!(object(text.as_bytes()), Some(Version { version: 2 }));
        }
        for text in [
            "",
            " ",
            "2",
            "[2]",
            " [{\"version\":2}]",
            "{\"version\":2",
            "{2}",
        ] {
            assert_eq!(object::<Version>(text.as_bytes()), None, "{text}");
        }
    }
}
