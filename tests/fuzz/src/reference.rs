//! A second parser of authorization responses, to compare the product's with: it works byte by byte,
//! without the libraries that the product uses.

/// An authorization response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    /// The user allowed the access.
    Granted { code: Vec<u8>, state: Vec<u8> },
    /// The user or Amiqus denied the access.
    Denied { state: Vec<u8> },
}

impl Response {
    pub(crate) fn state(&self) -> &[u8] {
        match self {
            Self::Granted { state, .. } | Self::Denied { state } => state,
        }
    }
}

/// Parses an address; `None` if it is not a response.
pub(crate) fn parse(address: &str, redirect_url: &str, issuer: &str) -> Option<Response> {
    match meaning(address, redirect_url, issuer)? {
        Meaning::Response(response) => Some(response),
        Meaning::DeniedWithoutState => None,
    }
}

/// Whether the window comes to the front for an address that is not a response: a denial without a
/// `state`, or anything at the redirect URL with this `state`.
pub(crate) fn is_shown(address: &str, redirect_url: &str, issuer: &str, state: &[u8]) -> bool {
    let is_denial = matches!(
        meaning(address, redirect_url, issuer),
        Some(Meaning::DeniedWithoutState)
    );
    let parameters = parameters(address, redirect_url).unwrap_or_default();
    is_denial
        || parameters
            .iter()
            .any(|(name, value)| name == b"state" && value == state)
}

enum Meaning {
    Response(Response),
    DeniedWithoutState,
}

/// The parameters in the query after the redirect URL, up to a fragment.
fn parameters(address: &str, redirect_url: &str) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let address = address.as_bytes();
    let end = address.iter().position(|byte| *byte == b'#');
    let address = &address[..end.unwrap_or(address.len())];
    let (start, query) = address.split_at_checked(redirect_url.len() + 1)?;
    if start != [redirect_url.as_bytes(), b"?"].concat() {
        return None;
    }
    let mut parameters = Vec::new();
    for pair in query.split(|byte| *byte == b'&') {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(parts.next().unwrap_or_default());
        let value = decode(parts.next().unwrap_or_default());
        parameters.push((name, value));
    }
    Some(parameters)
}

fn meaning(address: &str, redirect_url: &str, issuer: &str) -> Option<Meaning> {
    let is_printable = |byte: u8| (0x21..=0x7e).contains(&byte);
    let mut before_fragment = address.bytes().take_while(|byte| *byte != b'#');
    if address.len() > 8192 || !before_fragment.all(is_printable) {
        return None;
    }
    let parameters = parameters(address, redirect_url)?;
    // At most one of each; `None` for a second one, or for one that is not printable.
    let one = |name: &[u8]| -> Option<Option<Vec<u8>>> {
        let mut found = parameters.iter().filter(|(other, _)| other == name);
        let first = found.next().map(|(_, value)| value.clone());
        let is_text = |value: &Vec<u8>| value.iter().all(|byte| (0x20..=0x7e).contains(byte));
        (found.next().is_none() && first.iter().all(is_text)).then_some(first)
    };
    let filled = |value: Option<Vec<u8>>| value.filter(|value| !value.is_empty());
    let (code, state) = (filled(one(b"code")?), filled(one(b"state")?));
    let (error, claimed) = (filled(one(b"error")?), one(b"iss")?);
    if let Some(claimed) = claimed {
        let with_slash = [issuer.as_bytes(), b"/"].concat();
        if claimed != issuer.as_bytes() && claimed != with_slash {
            return None;
        }
    }
    match (code, error, state) {
        (Some(code), None, Some(state)) => {
            Some(Meaning::Response(Response::Granted { code, state }))
        }
        (None, Some(_), Some(state)) => Some(Meaning::Response(Response::Denied { state })),
        (None, Some(_), None) => Some(Meaning::DeniedWithoutState),
        _ => None,
    }
}

/// Decodes `application/x-www-form-urlencoded`; a `%` without two digits stays as it is.
fn decode(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| -> Option<u8> {
        let digit = char::from(*text.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                at += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
        at += 1;
    }
    bytes
}
