//! The resource that a request is for.

use url::Url;

use crate::registration::BaseUrl;

/// The maximum length of a target. Servers take some 8 kB.
const MAX_LENGTH: usize = 8 * 1024;

/// The path below which the API is (Amiqus API reference 2.0).
const PREFIX: &str = "/api/v2/";

/// The target of a request, in origin form (RFC 9112 §3.2.1), below `/api/v2/`. It is parsed once, so that nothing
/// that comes later can take it for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardTarget {
    path: String,
    query: Option<String>,
}

/// Why a target isn't forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is longer than 8 kB.
    #[error("the target is too long")]
    TooLong,
    /// It has another form: that of a proxy request, of CONNECT or of OPTIONS (RFC 9112 §3.2).
    #[error("the target isn't a path")]
    NotAPath,
    /// It isn't below `/api/v2/`.
    #[error("the target isn't below /api/v2/")]
    NotTheApi,
    /// It has characters that no URI has (RFC 3986 §2), or an incomplete percent-encoding.
    #[error("the target isn't a URI")]
    NotAUri,
    /// It has segments or encodings that one server reads as one path and another as a different one.
    #[error("the target's path is ambiguous")]
    Ambiguous,
}

impl ForwardTarget {
    /// Parses the target of a request line.
    ///
    /// # Errors
    /// The [`TargetError`] why it isn't forwarded.
    pub fn parse(target: &str) -> Result<Self, TargetError> {
        if target.len() > MAX_LENGTH {
            return Err(TargetError::TooLong);
        }
        if !target.starts_with('/') || target.starts_with("//") {
            return Err(TargetError::NotAPath);
        }
        if !is_uri(target) {
            return Err(TargetError::NotAUri);
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if is_ambiguous(path) {
            return Err(TargetError::Ambiguous);
        }
        let resource = path.strip_prefix(PREFIX).ok_or(TargetError::NotTheApi)?;
        if resource.is_empty() {
            return Err(TargetError::NotTheApi);
        }
        Ok(Self {
            path: path.to_owned(),
            query: query.map(str::to_owned),
        })
    }

    /// The path, without the query, which may have personal data in it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The address of the resource at a service; `None` where it would be another one than was asked for.
    #[must_use]
    pub fn url(&self, service: &BaseUrl) -> Option<Url> {
        let resource = self.path.strip_prefix(PREFIX)?;
        // The one character of a query that URLs encode (WHATWG URL, *special-query percent-encode set*) and URIs
        // don't. It means the same.
        let query = self.query.as_ref().map(|query| query.replace('\'', "%27"));
        let mut url = service.api("");
        let below = format!("{}{resource}", url.path());
        url.set_path(&below);
        url.set_query(query.as_deref());
        (url.path() == below && url.query() == query.as_deref() && service.contains(&url))
            .then_some(url)
    }
}

/// Whether a text has only characters of a URI without a fragment, with complete percent-encodings.
fn is_uri(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_valid = match byte {
            b'%' => {
                let mut is_hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                is_hex() && is_hex()
            }
            // Not in a URI, but sent as they are by many clients, in queries such as `filter[status]`.
            b'[' | b']' => true,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'#' => false,
            byte => byte.is_ascii_graphic(),
        };
        if !is_valid {
            return false;
        }
    }
    true
}

/// Whether a path has empty segments, those that lead upwards, or encodings of a dot, a slash, a backslash, a
/// percent sign or a control character.
fn is_ambiguous(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    let mut has_odd_segment = false;
    while let Some(segment) = segments.next() {
        let is_empty_within = segment.is_empty() && segments.peek().is_some();
        has_odd_segment |= is_empty_within || matches!(segment, "." | "..");
    }
    let has_odd_encoding = path.split('%').skip(1).any(|encoded| {
        let hex = encoded.get(..2).unwrap_or_default();
        u8::from_str_radix(hex, 16)
            .is_ok_and(|byte| matches!(byte, b'.' | b'/' | b'\\' | b'%') || byte.is_ascii_control())
    });
    has_odd_segment || has_odd_encoding || path.contains(['[', ']', ';'])
}
