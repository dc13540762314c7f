//! Pasted text without what can't be part of an address.

use std::borrow::Cow;

use icu_properties::props::{BinaryProperty as _, DefaultIgnorableCodePoint};

/// Pasted text without invisible characters, split into pieces at spaces, line breaks and quote marks.
#[derive(PartialEq, Eq)]
pub(super) struct CleanedText {
    /// All pieces, concatenated.
    pub(super) packed: String,
    /// The index in `packed` at which each piece ends.
    pub(super) ends: Vec<usize>,
}

impl CleanedText {
    pub(super) fn new(text: &str) -> Self {
        // Soft hyphens, zero-width and direction marks, byte order marks and the like.
        let visible: String = text
            .chars()
            .filter(|character| !DefaultIgnorableCodePoint::for_char(*character))
            .collect();
        let unescaped = unescape(&visible);
        let is_space = |character: char| character.is_whitespace() || character.is_control();
        let mut packed = String::with_capacity(unescaped.len());
        let mut ends = Vec::new();
        for piece in unescaped.split(is_space) {
            // The marks of a quoted line in a mail. No address has these characters.
            let piece = piece.trim_start_matches(['>', '|']);
            if !piece.is_empty() {
                packed.push_str(piece);
                ends.push(packed.len());
            }
        }
        Self { packed, ends }
    }

    pub(super) fn has_end_at(&self, index: usize) -> bool {
        index == 0 || self.ends.binary_search(&index).is_ok()
    }

    /// The part of the piece around `index` that precedes it.
    pub(super) fn piece_before(&self, index: usize) -> &str {
        let start = self.ends.iter().rev().find(|end| **end <= index);
        &self.packed[start.copied().unwrap_or_default()..index]
    }

    /// The pieces, joined by spaces.
    pub(super) fn joined(&self) -> String {
        let mut start = 0;
        let mut text = String::with_capacity(self.packed.len() + self.ends.len());
        for end in &self.ends {
            if start > 0 {
                text.push(' ');
            }
            text.push_str(&self.packed[start..*end]);
            start = *end;
        }
        text
    }
}

/// Replaces the character references that the HTML source of an address can have; a crate would know
/// two thousand more. No parameter's name begins with `amp;` or `#38;`.
fn unescape(text: &str) -> Cow<'_, str> {
    const REFERENCES: [(&str, &str); 12] = [
        ("&amp;", "&"),
        ("&AMP;", "&"),
        ("&#38;", "&"),
        ("&#x26;", "&"),
        ("&#038;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
    ];
    let mut text = Cow::Borrowed(text);
    // Each program on the way may have escaped the text once more.
    for _ in 0..3 {
        for (reference, character) in REFERENCES {
            if text.contains(reference) {
                text = Cow::Owned(text.replace(reference, character));
            }
        }
    }
    text
}
