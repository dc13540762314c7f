//! JSON, read as strictly as it is written.

use serde::de::DeserializeOwned;

/// Reads an object. serde alone would take a list for one, its fields by their order: an answer that
/// no Amiqus gives, and no record that this app wrote.
pub(crate) fn object<Object: DeserializeOwned>(bytes: &[u8]) -> Option<Object> {
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    begins.filter(|byte| **byte == b'{')?;
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
    fn an_object_is_read_and_a_list_is_none() {
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
