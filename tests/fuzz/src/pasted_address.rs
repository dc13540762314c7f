//! What a person pastes: all of an address, or what they took of it, and what clung to it.

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

/// The most readings that one paste may have.
const MAX_CANDIDATES: usize = 5_000;

fn check(data: &[u8]) -> Verdict {
    let pasted = String::from_utf8_lossy(data);
    let ours = app::redirect_url();
    let candidates = candidates(&ReceivedLink::new(&*pasted), &ours);
    assert!(candidates.len() <= MAX_CANDIDATES, "{}", candidates.len());

    // What is accepted is the first reading that answers the pending attempt; a reading is judged as a
    // link is, and holds nothing that was not pasted. Where several bring different codes, none need be.
    let mut expected = None;
    let mut all: Vec<Response> = Vec::new();
    for reading in &candidates {
        let made = reading.expose();
        let rest = made.strip_prefix(DEFAULT_REDIRECT_URL);
        assert!(
            rest.is_some_and(|rest| was_pasted(rest.strip_prefix('?').unwrap_or(rest), &pasted)),
            "{pasted:?} became {made:?}"
        );
        let answer = app::meaning(made);
        if let Some(ours) = answer.clone().filter(is_ours) {
            all.push(ours);
        } else if all.is_empty() {
            expected = expected.or(answer);
        }
    }
    if let Some(first) = all.first() {
        expected = Some(first.clone());
    }
    if all.iter().any(|other| bare(other) != bare(&all[0])) {
        let taken = app::code_of_paste(ReceivedLink::new(&*pasted));
        expected = all
            .into_iter()
            .find(|answer| taken.as_deref() == Some(code_of(answer)));
        return app::receive(
            ReceivedLink::new(&*pasted),
            LinkOrigin::Pasted,
            expected.as_ref(),
        );
    }
    // An address that would do as a link does pasted, too, and means the same; only a full stop and the
    // like at its end are left out.
    let clean = pasted
        .trim()
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '*', '\'']);
    if let Some(as_link) = app::meaning(clean).filter(is_ours)
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

fn code_of(answer: &Response) -> &[u8] {
    match answer {
        Response::Granted { code, .. } => code,
        Response::Denied { .. } => b"",
    }
}

/// A code without what may close a sentence around it.
fn bare(answer: &Response) -> &[u8] {
    let mut code = code_of(answer);
    while let [rest @ .., last] = code
        && b".,;:!?)]*'_~".contains(last)
    {
        code = rest;
    }
    code
}

fn is_ours(answer: &Response) -> bool {
    answer.state() == STATE.as_bytes()
}

/// Whether all of this stands in the paste, in its order, once that is decoded often enough.
fn was_pasted(part: &str, pasted: &str) -> bool {
    // An apostrophe may have been a character reference.
    let part: Vec<u8> = part.bytes().filter(|byte| *byte != b'\'').collect();
    let mut text = pasted.as_bytes().to_vec();
    for _ in 0..4 {
        // What takes no room may stand within an escape; what does take room ends it.
        text = String::from_utf8_lossy(&text)
            .replace(is_invisible, "")
            .into_bytes();
        let mut there = text.iter();
        if part.iter().all(|byte| there.any(|other| other == byte)) {
            return true;
        }
        text = decoded(&text);
    }
    false
}

fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x34f | 0x61c | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f
        | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe0fff)
}

/// Percent-encoding taken off once, and nothing else.
fn decoded(text: &[u8]) -> Vec<u8> {
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
