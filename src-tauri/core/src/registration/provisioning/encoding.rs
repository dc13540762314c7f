//! Decodes a provisioning file: UTF-8, or the UTF-16 that PowerShell's `>` and Windows' editors write.
//!
//! `std` decodes both. `encoding_rs` would add the tables of forty legacy encodings, which can't be
//! detected with certainty.

use zeroize::Zeroizing;

/// Decodes the file; `None` if the encoding is not certain.
///
/// JSON begins with an ASCII character or a byte order mark, so the first bytes identify the encoding
/// (RFC 4627 §3).
pub(super) fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = match *bytes {
        // UTF-32, which no editor writes by default.
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [1..=0xff, 0, 0, 0, ..]
        | [0, 0, 0, 1..=0xff, ..] => None,
        [0xff, 0xfe, ref rest @ ..] => decode_utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, ref rest @ ..] => decode_utf_16(rest, u16::from_be_bytes),
        [1..=0xff, 0, ..] => decode_utf_16(bytes, u16::from_le_bytes),
        [0, 1..=0xff, ..] => decode_utf_16(bytes, u16::from_be_bytes),
        _ => str::from_utf8(bytes).ok().map(str::to_owned),
    };
    let text = Zeroizing::new(text?);
    // Byte order marks at the beginning and padding at the end have no meaning.
    let content = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
    // A zero within the text means that the file mixes two encodings.
    (!content.contains('\0')).then(|| Zeroizing::new(content.to_owned()))
}

fn decode_utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    // Large enough for any text, because growing would leave copies of the secret behind.
    let mut text = String::with_capacity(3 * units.len());
    for character in char::decode_utf16(units.iter().copied().map(unit)) {
        text.push(character.ok()?);
    }
    Some(text)
}
