//! JSON as servers and what stands before them really send it: the members of an object are found,
//! whatever stands around the object or in its other members.
//!
//! Not for what this app wrote itself: that is read by [`crate::json`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use zeroize::Zeroizing;

/// The text of a body: UTF-8 or UTF-16, with or without a byte order mark. What is neither becomes
/// U+FFFD, and raw control characters, which JSON forbids within strings, become spaces.
pub(crate) fn decode(bytes: &[u8]) -> Zeroizing<String> {
    let units = |read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .map(printable)
            .collect()
    };
    Zeroizing::new(match bytes {
        [0xff, 0xfe, ..] | [b'{', 0, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'{', ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes)
            .chars()
            .map(printable)
            .collect(),
    })
}

fn printable(character: char) -> char {
    if character < ' ' { ' ' } else { character }
}

/// Whether a body is an object, before anything is known of its members.
pub(crate) fn begins_an_object(text: &str) -> bool {
    const PREFIXES: [&str; 4] = [")]}',", ")]}'", "while(1);", "for(;;);"];
    let text = trimmed(text);
    PREFIXES
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
        .trim_start()
        .starts_with('{')
}

/// A text without the byte order mark and the space before it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}')
}

/// The objects of a body that stand in no other value, in their order. A list has none: its items
/// aren't the answer.
pub(crate) fn objects(text: &str) -> impl Iterator<Item = Object<'_>> {
    let mut rest = trimmed(text);
    if rest.starts_with('[') {
        rest = "";
    }
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('{')?;
            // Not the braces of a style sheet or of a script.
            if !after.trim_start().starts_with(['"', '}', ',']) {
                rest = after;
                continue;
            }
            let (object, left) = Object::split(after);
            rest = left;
            return Some(object);
        }
    })
}

/// An object's members, as they are written.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    members: Vec<(Zeroizing<String>, &'a str)>,
    /// Whether its end is there.
    pub(crate) is_whole: bool,
}

impl<'a> Object<'a> {
    /// Splits what follows an opening brace; also returns what follows the closing one. A parser
    /// would give up at the first member that isn't as it should be, and with it the ones beside.
    fn split(text: &'a str) -> (Self, &'a str) {
        let mut object = Self {
            members: Vec::new(),
            is_whole: false,
        };
        let (mut depth, mut start, mut colon) = (0_usize, 0, None);
        let (mut in_string, mut is_escaped) = (false, false);
        // All of JSON's own characters are ASCII, so each is a byte of its own.
        for (at, byte) in text.bytes().enumerate() {
            if in_string {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' => is_escaped = true,
                    b'"' => in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => {
                    object.push(text, start, colon, at);
                    object.is_whole = true;
                    return (object, text.get(at + 1..).unwrap_or_default());
                }
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 => {
                    object.push(text, start, colon.take(), at);
                    start = at + 1;
                }
                b':' if depth == 0 && colon.is_none() => colon = Some(at),
                _ => {}
            }
        }
        // A value that was cut off can't be told from a whole one, unless it is text.
        if colon.is_some_and(|colon| text.get(colon + 1..).and_then(string).is_some()) {
            object.push(text, start, colon, text.len());
        }
        (object, "")
    }

    fn push(&mut self, text: &'a str, start: usize, colon: Option<usize>, end: usize) {
        if let Some(colon) = colon
            && let Some(name) = text.get(start..colon).and_then(string)
            && let Some(value) = text.get(colon + 1..end)
        {
            self.members.push((name, value.trim()));
        }
    }

    /// All values of a name, as they are written: a name may be there twice.
    pub(crate) fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.members
            .iter()
            .filter(move |(other, _)| **other == name)
            .map(|(_, value)| *value)
    }

    /// All values of a name that are text, without the space around it.
    pub(crate) fn texts(&self, name: &str) -> impl DoubleEndedIterator<Item = Zeroizing<String>> {
        self.values(name)
            .filter_map(string)
            .map(|text| Zeroizing::new(text.trim().to_owned()))
    }

    /// The last value of a name that is text and not empty, as most readers have it.
    pub(crate) fn text(&self, name: &str) -> Option<Zeroizing<String>> {
        self.texts(name).rfind(|text| !text.is_empty())
    }

    /// What the values of a name are as text, whether they are written as text or as numbers.
    pub(crate) fn words(&self, name: &str) -> impl DoubleEndedIterator<Item = Zeroizing<String>> {
        self.values(name)
            .map(|value| string(value).unwrap_or_else(|| Zeroizing::new(value.to_owned())))
            .map(|text| Zeroizing::new(text.trim().to_owned()))
    }

    /// Whether the last value of a name that says anything says yes.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let says = |word: Zeroizing<String>| match word.to_ascii_lowercase().as_str() {
            "true" | "1" | "1.0" | "yes" => Some(true),
            "false" | "0" | "0.0" | "no" => Some(false),
            _ => None,
        };
        self.words(name).rev().find_map(says).unwrap_or(false)
    }
}

/// A string as JSON writes it. Half of a surrogate pair becomes U+FFFD.
fn string(written: &str) -> Option<Zeroizing<String>> {
    serde_json::from_str::<Text>(written)
        .ok()
        .map(|Text(text)| text)
}

struct Text(Zeroizing<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes, serde_json takes half of a surrogate pair as well.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(Zeroizing::new(
            String::from_utf8_lossy(bytes).into_owned(),
        )))
    }
}
