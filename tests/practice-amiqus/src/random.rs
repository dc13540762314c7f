//! Random values in the shapes that the service gives them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What every code and refresh token of the service starts with: the version bytes of the library
/// that encrypts them.
const ENCRYPTED_PREFIX: &str = "def502";

/// `N` bytes from the operating system.
#[expect(
    clippy::expect_used,
    reason = "Linux, macOS and Windows only refuse randomness to a system that is itself broken, \
              and a practice service without it must not go on"
)]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// An authorization code: 860 characters.
pub(crate) fn authorization_code() -> String {
    format!("{ENCRYPTED_PREFIX}{}", hex(&bytes::<427>()))
}

/// A refresh token: 790 characters.
pub(crate) fn refresh_token() -> String {
    format!("{ENCRYPTED_PREFIX}{}", hex(&bytes::<392>()))
}

/// An access token: a JWT in shape, about a thousand characters, signed by nobody.
pub(crate) fn access_token(
    client_id: &str,
    person: u64,
    issued_at: i64,
    expires_at: i64,
) -> String {
    let claims = serde_json::json!({
        "aud": client_id,
        "jti": hex(&bytes::<40>()),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": expires_at,
        "sub": person.to_string(),
        "scopes": [],
    });
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{}.{}.{}",
        part(br#"{"typ":"JWT","alg":"RS256"}"#),
        part(claims.to_string().as_bytes()),
        part(&bytes::<512>())
    )
}

/// A client secret: 40 letters and digits.
pub(crate) fn client_secret() -> String {
    hex(&bytes::<20>())
}

/// A client ID: a random UUID.
pub(crate) fn client_id() -> String {
    uuid::Builder::from_random_bytes(bytes())
        .into_uuid()
        .to_string()
}

/// A value that nobody can guess: for session cookies and anti-forgery tokens.
pub(crate) fn unguessable() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// What is kept in place of a token: enough to recognise it, not enough to use it.
pub(crate) fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The S256 challenge of a PKCE verifier.
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
