//! The text in a provisioning file's bytes: UTF-8, or the UTF-16 that PowerShell's `>` and Windows'
//! editors write.

use zeroize::Zeroizing;

use super::ProvisioningError;

/// The file's text, where its bytes leave no doubt about the encoding.
///
/// JSON begins with an ASCII character or a byte order mark, so the first bytes tell (RFC 4627 §3).
/// `std` decodes both encodings; a crate for them would bring the tables of forty others, and those can
/// only be guessed at.
pub(super) fn text_of(bytes: &[u8]) -> Result<Zeroizing<String>, ProvisioningError> {
    let text = match *bytes {
        // UTF-32, which nothing writes by itself.
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [1..=0xff, 0, 0, 0, ..]
        | [0, 0, 0, 1..=0xff, ..] => None,
        [0xff, 0xfe, ref rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, ref rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [1..=0xff, 0, ..] => utf_16(bytes, u16::from_le_bytes),
        [0, 1..=0xff, ..] => utf_16(bytes, u16::from_be_bytes),
        _ => str::from_utf8(bytes).ok().map(str::to_owned),
    };
    let text = Zeroizing::new(text.ok_or(ProvisioningError::NotUtf8)?);
    // Neither says anything: marks at the beginning, and zeros that fill up the end.
    let bare = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
    // Left within the text by two encodings in one file.
    if bare.contains('\0') {
        return Err(ProvisioningError::NotUtf8);
    }
    Ok(Zeroizing::new(bare.to_owned()))
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    // Enough for the longest: growing would leave copies behind.
    let mut text = String::with_capacity(3 * units.len());
    for character in char::decode_utf16(units.iter().copied().map(unit)) {
        text.push(character.ok()?);
    }
    Some(text)
}
