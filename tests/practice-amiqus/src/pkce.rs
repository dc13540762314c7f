//! Proof Key for Code Exchange (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Whether the text has the syntax of a code challenge or a code verifier.
pub(crate) fn is_valid_value(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// The `S256` code challenge of a code verifier.
pub(crate) fn s256_challenge(code_verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_outside_43_to_128_unreserved_characters_is_invalid() {
        assert!(is_valid_value(&"a".repeat(43)));
        assert!(is_valid_value(&"~".repeat(128)));
        assert!(!is_valid_value(&"a".repeat(42)));
        assert!(!is_valid_value(&"a".repeat(129)));
        assert!(!is_valid_value(&"=".repeat(43)));
    }

    #[test]
    fn challenge_matches_the_example_of_rfc_7636_appendix_b() {
        assert_eq!(
            s256_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
