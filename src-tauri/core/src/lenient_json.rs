//! JSON as servers and the gateways in front of them really send it: finds the members of an object
//! in spite of what stands around the object or in its other members.
//!
//! `serde_json` gives up at the first syntax error and loses the tokens beside it, and the crates that
//! repair JSON guess; this reads only the members that are intact. What this app wrote itself is read by
//! [`crate::json`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use zeroize::Zeroizing;

/// Decodes a body: UTF-8 or UTF-16, with or without a byte order mark. Invalid sequences become
/// U+FFFD, and raw control characters, which JSON forbids within strings, become spaces.
pub(crate) fn decode(bytes: &[u8]) -> Zeroizing<String> {
    let utf_16 = |read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .map(without_control)
            .collect()
    };
    Zeroizing::new(match bytes {
        [0xff, 0xfe, ..] | [b'{', 0, ..] => utf_16(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'{', ..] => utf_16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes)
            .chars()
            .map(without_control)
            .collect(),
    })
}

fn without_control(character: char) -> char {
    if character < ' ' { ' ' } else { character }
}

/// Whether a body starts like an object, possibly after a prefix that guards against script inclusion.
pub(crate) fn starts_object(text: &str) -> bool {
    const PREFIXES: [&str; 4] = [")]}',", ")]}'", "while(1);", "for(;;);"];
    let text = trim_start(text);
    PREFIXES
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
        .trim_start()
        .starts_with('{')
}

/// The text without leading white space and byte order marks.
pub(crate) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}')
}

/// Finds the top-level objects of a body, in order. An array has none: its items aren't the response.
pub(crate) fn objects(text: &str) -> impl Iterator<Item = Object<'_>> {
    let mut rest = trim_start(text);
    if rest.starts_with('[') {
        rest = "";
    }
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('{')?;
            // Skip the braces of a style sheet or a script.
            if !after.trim_start().starts_with(['"', '}', ',']) {
                rest = after;
                continue;
            }
            let (object, remainder) = Object::split(after);
            rest = remainder;
            return Some(object);
        }
    })
}

/// The members of an object, each value as its source text.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    members: Vec<(Zeroizing<String>, &'a str)>,
    /// Whether the closing brace is there.
    pub(crate) is_complete: bool,
}

impl<'a> Object<'a> {
    /// Splits the text after an opening brace into members; also returns what follows the closing
    /// brace. Only brackets, strings, commas and colons are looked at, so a malformed member does not
    /// affect its neighbours.
    fn split(text: &'a str) -> (Self, &'a str) {
        let mut object = Self {
            members: Vec::new(),
            is_complete: false,
        };
        let (mut depth, mut start, mut colon) = (0_usize, 0, None);
        let (mut in_string, mut is_escaped) = (false, false);
        // JSON's structural characters are ASCII, so none is part of a longer UTF-8 sequence.
        for (index, byte) in text.bytes().enumerate() {
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
                    object.push(text, start, colon, index);
                    object.is_complete = true;
                    return (object, text.get(index + 1..).unwrap_or_default());
                }
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 => {
                    object.push(text, start, colon.take(), index);
                    start = index + 1;
                }
                b':' if depth == 0 && colon.is_none() => colon = Some(index),
                _ => {}
            }
        }
        // A last value may have been cut off, except a string, which has its closing quote.
        if colon.is_some_and(|colon| text.get(colon + 1..).and_then(parse_string).is_some()) {
            object.push(text, start, colon, text.len());
        }
        (object, "")
    }

    fn push(&mut self, text: &'a str, start: usize, colon: Option<usize>, end: usize) {
        if let Some(colon) = colon
            && let Some(name) = text.get(start..colon).and_then(parse_string)
            && let Some(value) = text.get(colon + 1..end)
        {
            self.members.push((name, value.trim()));
        }
    }

    /// All values of a member, as their source text: a name may occur more than once.
    pub(crate) fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.members
            .iter()
            .filter(move |(other, _)| **other == name)
            .map(|(_, value)| *value)
    }

    /// All values of a member that are strings, trimmed.
    pub(crate) fn strings(&self, name: &str) -> impl DoubleEndedIterator<Item = Zeroizing<String>> {
        self.values(name)
            .filter_map(parse_string)
            .map(|text| Zeroizing::new(text.trim().to_owned()))
    }

    /// The last value of a member that is a string and not empty; most parsers use the last one, too.
    pub(crate) fn string(&self, name: &str) -> Option<Zeroizing<String>> {
        self.strings(name).rfind(|text| !text.is_empty())
    }

    /// All values of a member as text, whether they are strings or other literals.
    pub(crate) fn literals(
        &self,
        name: &str,
    ) -> impl DoubleEndedIterator<Item = Zeroizing<String>> {
        self.values(name)
            .map(|value| parse_string(value).unwrap_or_else(|| Zeroizing::new(value.to_owned())))
            .map(|text| Zeroizing::new(text.trim().to_owned()))
    }

    /// The objects in the last value of a member that is an array.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<Object<'a>>> {
        let items = self
            .values(name)
            .rev()
            .find_map(|value| value.strip_prefix('['))?;
        Some(objects(items).collect())
    }

    /// The last value of a member that reads as a boolean; false without one.
    pub(crate) fn boolean(&self, name: &str) -> bool {
        let parse = |literal: Zeroizing<String>| match literal.to_ascii_lowercase().as_str() {
            "true" | "1" | "1.0" | "yes" => Some(true),
            "false" | "0" | "0.0" | "no" => Some(false),
            _ => None,
        };
        self.literals(name).rev().find_map(parse).unwrap_or(false)
    }
}

/// Parses a JSON string. An unpaired surrogate becomes U+FFFD.
fn parse_string(source: &str) -> Option<Zeroizing<String>> {
    serde_json::from_str::<Text>(source)
        .ok()
        .map(|Text(text)| text)
}

struct Text(Zeroizing<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for bytes, serde_json accepts an unpaired surrogate as well.
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
