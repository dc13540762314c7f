//! Pasted text: an address or a part of it, with anything around it.

use amiqus_core::redirect::ReceivedLink;
use amiqus_core::redirect::pasted::candidates;
use amiqus_core::registration::DEFAULT_REDIRECT_URL;
use amiqus_core::session::LinkOrigin;

use crate::app::STATE;
use crate::reference::Response;
use crate::{Target, Verdict, app};

pub(crate) const TARGET: Target = Target {
    name: "pasted_address",
    check,
    verdicts: &["granted", "denied", "of another attempt", "refused"],
};

/// The maximum number of candidates in one paste.
const MAX_CANDIDATES: usize = 5_000;

fn check(data: &[u8]) -> Verdict {
    let pasted = String::from_utf8_lossy(data);
    let candidates = candidates(&ReceivedLink::new(&*pasted), &app::redirect_url());
    assert!(candidates.len() <= MAX_CANDIDATES, "{}", candidates.len());

    // The first candidate that is the response to the pending attempt is accepted. A candidate is parsed
    // like a link and contains nothing that was not pasted. If several have different codes, none need
    // be accepted.
    let mut expected = None;
    let mut all: Vec<Response> = Vec::new();
    for candidate in &candidates {
        let address = candidate.expose();
        let rest = address.strip_prefix(DEFAULT_REDIRECT_URL);
        assert!(
            rest.is_some_and(|rest| was_pasted(rest.strip_prefix('?').unwrap_or(rest), &pasted)),
            "{pasted:?} became {address:?}"
        );
        let response = app::parse(address);
        if let Some(ours) = response.clone().filter(is_ours) {
            all.push(ours);
        } else if all.is_empty() {
            expected = expected.or(response);
        }
    }
    if let Some(first) = all.first() {
        expected = Some(first.clone());
    }
    if all.iter().any(|other| trimmed(other) != trimmed(&all[0])) {
        let accepted = app::code_of_paste(ReceivedLink::new(&*pasted));
        expected = all
            .into_iter()
            .find(|response| accepted.as_deref() == Some(code_of(response)));
        return app::receive(
            ReceivedLink::new(&*pasted),
            LinkOrigin::Pasted,
            expected.as_ref(),
        );
    }
    // An address that is valid as a link is accepted when pasted, too, with the same result; only
    // punctuation at its end is removed.
    let clean = pasted
        .trim()
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '*', '\'']);
    if let Some(as_link) = app::parse(clean).filter(is_ours)
        && !clean.contains(['"', '<', '>', '`', '{', '}', '|', '\\', '^', '#'])
        && !clean.contains("&amp;")
    {
        assert_eq!(expected, Some(as_link), "{pasted:?}");
    }
    app::receive(
        ReceivedLink::new(&*pasted),
        LinkOrigin::Pasted,
        expected.as_ref(),
    )
}

fn code_of(response: &Response) -> &[u8] {
    match response {
        Response::Granted { code, .. } => code,
        Response::Denied { .. } => b"",
    }
}

/// A code without punctuation at its end.
fn trimmed(response: &Response) -> &[u8] {
    let mut code = code_of(response);
    while let [rest @ .., last] = code
        && b".,;:!?)]*'_~".contains(last)
    {
        code = rest;
    }
    code
}

fn is_ours(response: &Response) -> bool {
    response.state() == STATE.as_bytes()
}

/// Whether all bytes of `part` are in the paste, in this order, once that is decoded often enough.
fn was_pasted(part: &str, pasted: &str) -> bool {
    // An apostrophe may have been a character reference.
    let part: Vec<u8> = part.bytes().filter(|byte| *byte != b'\'').collect();
    let mut text = pasted.as_bytes().to_vec();
    for _ in 0..4 {
        // An invisible character may be within an escape; a visible one ends it.
        text = String::from_utf8_lossy(&text)
            .replace(is_invisible, "")
            .into_bytes();
        let mut rest = text.iter();
        if part.iter().all(|byte| rest.any(|other| other == byte)) {
            return true;
        }
        text = decode(&text);
    }
    false
}

/// Unicode's `Default_Ignorable_Code_Point`.
fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff
        | 0xffa0 | 0xfff0..=0xfff8 | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// Removes percent-encoding once, and nothing else.
fn decode(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let digits = (*byte == b'%').then(|| Some((digit(at + 1)?, digit(at + 2)?)));
        if let Some((high, low)) = digits.flatten() {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
    bytes
}
