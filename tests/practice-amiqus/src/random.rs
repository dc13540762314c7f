//! Random secrets and identifiers in the formats of the real service.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The start of every authorization code and refresh token: the version bytes of the library that
/// encrypts them.
const ENCRYPTED_PREFIX: &str = "def502";

/// `N` random bytes from the operating system.
#[expect(
    clippy::expect_used,
    reason = "Linux, macOS and Windows fail to give random bytes only when the system itself is \
              broken, and the service cannot work without them"
)]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Encodes bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A new authorization code of 860 characters.
pub(crate) fn authorization_code() -> String {
    format!("{ENCRYPTED_PREFIX}{}", hex(&bytes::<427>()))
}

/// A new refresh token of 790 characters.
pub(crate) fn refresh_token() -> String {
    format!("{ENCRYPTED_PREFIX}{}", hex(&bytes::<392>()))
}

/// A new access token: a JWT of about a thousand characters with a random signature.
pub(crate) fn access_token(
    client_id: &str,
    person_id: u64,
    issued_at: i64,
    expires_at: i64,
) -> String {
    let claims = serde_json::json!({
        "aud": client_id,
        "jti": hex(&bytes::<40>()),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": expires_at,
        "sub": person_id.to_string(),
        "scopes": [],
    });
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{}.{}.{}",
        encode(br#"{"typ":"JWT","alg":"RS256"}"#),
        encode(claims.to_string().as_bytes()),
        encode(&bytes::<512>())
    )
}

/// A new client secret of 40 letters and digits.
pub(crate) fn client_secret() -> String {
    hex(&bytes::<20>())
}

/// A new client ID, a random UUID.
pub(crate) fn client_id() -> String {
    uuid::Builder::from_random_bytes(bytes())
        .into_uuid()
        .to_string()
}

/// A new unguessable value for session IDs and CSRF tokens.
pub(crate) fn opaque_token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// The SHA-256 hash of a secret, which is stored in its place.
pub(crate) fn sha256_hex(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}
