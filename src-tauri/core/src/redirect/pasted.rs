//! What a person pastes: the address as a mail, a chat, a terminal or a form made it look.
//!
//! Only what can't belong to an address is taken off, and where that leaves more than one reading,
//! each is judged as strictly as a link. A wrong reading would have to carry the pending attempt's
//! `state` by chance. Where the code stands after the `state`, readings that end in different places
//! may all carry it: then none is accepted unless the lines of a mail tell which is right.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{AuthorizationCode, ReceivedLink, Redirect, Refusal, carries_state, parse};
use crate::authorization::{STATE_LENGTH, State};
use crate::registration::{BaseUrl, RedirectKind, RedirectUrl};

#[cfg(test)]
mod tests;

/// No more of a paste is read, in bytes: an answer has 8 KiB at most, and a mail around it some more.
const MAX_PASTED: usize = 64 * 1024;

/// How often a paste may have been percent-encoded as a whole.
const MAX_ENCODINGS: usize = 2;

/// How many places in a paste are tried as the beginning of the address.
const MAX_STARTS: usize = 3;

/// How many pieces between spaces an address may have been broken into.
const MAX_PIECES: usize = 160;

/// What may close a sentence or a bracket around the address.
const CLOSING_MARKS: [char; 10] = ['.', ',', ';', ':', '!', '?', ')', ']', '*', '\''];

/// What chats put around words that are to stand out, and a code may have in it.
const EMPHASIS: [char; 2] = ['_', '~'];

/// Why a paste is not the answer to the pending attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTheAnswer {
    /// Nothing in it begins with the redirect URL, or what does is no answer.
    #[error("it holds no answer")]
    NotOurs,
    /// A page of the service's own: the person has not been sent back yet.
    #[error("it is a page of the service")]
    PageOfService,
    /// It begins like an answer and a part is missing.
    #[error("a part of it is missing")]
    Incomplete,
    /// An answer to another attempt.
    #[error("it answers another attempt")]
    AnotherAttempt,
    /// A denial that doesn't say whose.
    #[error("it is a denial without a state")]
    DeniedWithoutState,
    /// It carries the pending attempt's `state` and can't be used.
    #[error("it can't be used: {0}")]
    ProvisioningError(Refusal),
}

/// Finds the answer to the pending attempt in what a person pasted.
///
/// # Errors
/// Why it isn't there, as far as that helps the person.
pub fn find_answer(
    pasted: &ReceivedLink,
    redirect_url: &RedirectUrl,
    issuer: &BaseUrl,
    expected: &State,
) -> Result<Redirect, NotTheAnswer> {
    let mut reason = NotTheAnswer::NotOurs;
    if names_page_of(pasted.expose(), issuer) {
        reason = NotTheAnswer::PageOfService;
    }
    for readings in readings_by_start(pasted, redirect_url) {
        let mut answers = Vec::new();
        for reading in readings {
            let why_not = match parse(&reading.address, redirect_url, issuer) {
                Ok(answer) if expected.matches(answer.state()) => {
                    answers.push((answer, reading.end));
                    continue;
                }
                Ok(answer) if is_cut_off(answer.state()) => NotTheAnswer::Incomplete,
                Ok(_) => NotTheAnswer::AnotherAttempt,
                Err(Refusal::DeniedWithoutState(_)) => NotTheAnswer::DeniedWithoutState,
                Err(Refusal::NoState | Refusal::NeitherCodeNorError) => NotTheAnswer::Incomplete,
                Err(refusal) if carries_state(&reading.address, redirect_url, expected) => {
                    NotTheAnswer::ProvisioningError(refusal)
                }
                Err(_) => continue,
            };
            if why_not.helps_more_than(reason) {
                reason = why_not;
            }
        }
        if !answers.is_empty() {
            return the_one_meant(answers).ok_or(NotTheAnswer::Incomplete);
        }
    }
    Err(reason)
}

/// Of answers that begin at the same place, the one that is meant: the first, unless they bring
/// different codes. A wrong code would spend the attempt.
fn the_one_meant(answers: Vec<(Redirect, End)>) -> Option<Redirect> {
    let (first, _) = answers.first()?;
    let is_certain = answers
        .iter()
        .all(|(other, end)| *end == End::BehindWords || is_same(first, other));
    let mut answers = answers.into_iter();
    if is_certain {
        answers.next().map(|(answer, _)| answer)
    } else {
        answers.find_map(|(answer, end)| (end == End::OfLines).then_some(answer))
    }
}

/// Whether two readings differ in nothing but the marks around them.
fn is_same(one: &Redirect, other: &Redirect) -> bool {
    let bare = |code: &AuthorizationCode| {
        let code = code.expose();
        code.trim_end_matches(CLOSING_MARKS)
            .trim_end_matches(EMPHASIS)
            .len()
    };
    match (one, other) {
        (Redirect::Granted { code: one, .. }, Redirect::Granted { code: other, .. }) => {
            bare(one) == bare(other)
        }
        (Redirect::Denied { .. }, Redirect::Denied { .. }) => true,
        (Redirect::Granted { .. }, Redirect::Denied { .. })
        | (Redirect::Denied { .. }, Redirect::Granted { .. }) => false,
    }
}

impl NotTheAnswer {
    /// Of several readings, the one that got furthest tells what is wrong.
    fn helps_more_than(self, other: Self) -> bool {
        let rank = |reason| match reason {
            Self::NotOurs => 0,
            Self::PageOfService => 1,
            Self::Incomplete => 2,
            Self::DeniedWithoutState => 3,
            Self::AnotherAttempt => 4,
            Self::ProvisioningError(_) => 5,
        };
        rank(self) > rank(other)
    }
}

/// Whether a `state` looks like most of one of ours. It isn't compared with the pending one: how much
/// of that was right must stay unknown.
fn is_cut_off(state: &State) -> bool {
    (STATE_LENGTH / 2..STATE_LENGTH).contains(&state.expose().len())
}

/// One meaning of a paste.
struct Reading {
    address: ReceivedLink,
    end: End,
}

/// Where a reading ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With lines that look as if a mail had broken it.
    OfLines,
    /// With a piece that looks like more of an address.
    OfPieces,
    /// Behind what looks like words.
    BehindWords,
}

/// All that a paste can mean, the likeliest first. Each begins with the redirect URL.
#[must_use]
pub fn readings(pasted: &ReceivedLink, redirect_url: &RedirectUrl) -> Vec<ReceivedLink> {
    readings_by_start(pasted, redirect_url)
        .into_iter()
        .flatten()
        .map(|reading| reading.address)
        .collect()
}

/// The same, those together that begin at the same place.
fn readings_by_start(pasted: &ReceivedLink, redirect_url: &RedirectUrl) -> Vec<Vec<Reading>> {
    let mut readings: Vec<Vec<Reading>> = Vec::new();
    if pasted.expose().len() > MAX_PASTED {
        return readings;
    }
    let is_new = |readings: &[Vec<Reading>], address: &str| {
        let mut known = readings.iter().flatten();
        known.all(|known| known.address.expose() != address)
    };
    let mut text = visible(pasted.expose());
    for _ in 0..=MAX_ENCODINGS {
        for start in starts(&text, redirect_url) {
            let begun_here = readings.len();
            readings.push(Vec::new());
            for (address, end) in start.addresses(redirect_url) {
                if is_new(&readings, &address) {
                    readings[begun_here].push(Reading {
                        address: ReceivedLink::new(address),
                        end,
                    });
                }
            }
        }
        let decoded = visible(&percent_decode_str(&text.packed_with_spaces()).decode_utf8_lossy());
        if decoded == text {
            break;
        }
        text = decoded;
    }
    // As a link it would be read so, whatever looks like dirt in it.
    let whole = pasted.expose().trim();
    if whole.starts_with(redirect_url.as_str())
        && whole.bytes().all(|byte| byte.is_ascii_graphic())
        && is_new(&readings, whole)
    {
        readings.push(vec![Reading {
            address: ReceivedLink::new(whole),
            end: End::OfPieces,
        }]);
    }
    readings
}

/// A paste without what nobody sees, in the pieces that spaces, line breaks and quoting marks left.
#[derive(PartialEq, Eq)]
struct Text {
    /// The pieces, put together again.
    packed: String,
    /// Where each piece ends in it.
    ends: Vec<usize>,
}

impl Text {
    fn has_end_at(&self, at: usize) -> bool {
        at == 0 || self.ends.binary_search(&at).is_ok()
    }

    /// What of the piece that goes on at this place stands before it.
    fn opened_at(&self, at: usize) -> &str {
        let start = self.ends.iter().rev().find(|end| **end <= at);
        &self.packed[start.copied().unwrap_or_default()..at]
    }

    fn packed_with_spaces(&self) -> String {
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

fn visible(text: &str) -> Text {
    let seen: String = text
        .chars()
        .filter(|character| !is_invisible(*character))
        .collect();
    let seen = unescaped(&seen);
    let is_space = |character: char| character.is_whitespace() || character.is_control();
    let mut packed = String::with_capacity(seen.len());
    let mut ends = Vec::new();
    for piece in seen.split(is_space) {
        // How a mail marks the lines that it quotes. No address has such a character.
        let piece = piece.trim_start_matches(['>', '|']);
        if !piece.is_empty() {
            packed.push_str(piece);
            ends.push(packed.len());
        }
    }
    Text { packed, ends }
}

/// What takes no room on a screen: soft hyphens, zero-width and direction marks, byte-order marks.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Without the character references of an HTML source. No parameter is called `amp;…` or `#38;…`.
fn unescaped(text: &str) -> Cow<'_, str> {
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
    // Escaped again by each program that it went through.
    for _ in 0..3 {
        for (reference, means) in REFERENCES {
            if text.contains(reference) {
                text = Cow::Owned(text.replace(reference, means));
            }
        }
    }
    text
}

/// A place in a text where the address may begin.
struct Start<'a> {
    text: &'a Text,
    /// Where what follows the redirect URL begins.
    rest: usize,
    /// What to put between the redirect URL and the rest.
    joint: &'static str,
    /// What stands right before the address, as its opening quote or bracket.
    opened: &'a str,
}

fn starts<'a>(text: &'a Text, redirect_url: &RedirectUrl) -> Vec<Start<'a>> {
    let packed = text.packed.as_str();
    let mut starts = Vec::new();
    let Some((scheme, rest)) = redirect_url.as_str().split_once("://") else {
        return starts;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    for at in ends_of(packed, path) {
        let Some(before) = strip_suffix_ignoring_case(&packed[..at - path.len()], host) else {
            continue;
        };
        // Upper case, `https` where the browser insists on it, or the scheme that it hides.
        let is_loopback = redirect_url.kind() == RedirectKind::Loopback;
        let with_scheme = [scheme, if is_loopback { "https" } else { scheme }]
            .into_iter()
            .find_map(|scheme| strip_suffix_ignoring_case(before.strip_suffix("://")?, scheme));
        let begins = match with_scheme {
            // A longer scheme is another one.
            Some(before) => {
                let goes_on = |last: char| last.is_ascii_alphanumeric() || "+-.".contains(last);
                text.has_end_at(before.len()) || !before.ends_with(goes_on)
            }
            // Nothing but quotes and brackets before it: else it is the end of another address.
            None => text
                .opened_at(before.len())
                .chars()
                .all(|it| !it.is_ascii_alphanumeric() && !"/.:@%=&?".contains(it)),
        };
        let before = with_scheme.unwrap_or(before);
        if begins {
            starts.push(Start {
                text,
                rest: at,
                joint: "",
                opened: text.opened_at(before.len()),
            });
        }
        if starts.len() == MAX_STARTS {
            break;
        }
    }
    if starts.is_empty() {
        starts.extend(query_alone(text));
    }
    starts
}

/// What follows the redirect URL, copied without it.
fn query_alone(text: &Text) -> Option<Start<'_>> {
    let packed = text.packed.as_str();
    let query =
        packed.trim_start_matches(|first: char| !first.is_ascii_alphanumeric() && first != '?');
    let joint = if query.starts_with('?') {
        ""
    } else if ["code=", "state=", "error=", "iss="]
        .iter()
        .any(|name| query.starts_with(name))
    {
        "?"
    } else {
        return None;
    };
    let rest = packed.len() - query.len();
    Some(Start {
        text,
        rest,
        joint,
        opened: text.opened_at(rest),
    })
}

/// Where a text has `part`: after it.
fn ends_of<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(part).map(|(at, part)| at + part.len())
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

impl Start<'_> {
    /// The addresses that may begin here, by where they may end.
    fn addresses(&self, redirect_url: &RedirectUrl) -> Vec<(String, End)> {
        let packed = &self.text.packed[self.rest..];
        let opening = self.opened.chars().next_back();
        let closes = |character: char| match opening {
            Some('\'') => character == '\'',
            Some('(') => character == ')',
            Some('[') => character == ']',
            _ => false,
        };
        let stop = packed
            .find(|character: char| {
                !character.is_ascii_graphic()
                    || "\"<>`{}|\\^".contains(character)
                    || closes(character)
            })
            .unwrap_or(packed.len());
        // Emphasis in a chat: as many as stand before the address stand behind it.
        let emphasis = match opening {
            Some(mark) if EMPHASIS.contains(&mark) => {
                &self.opened[self.opened.trim_end_matches(mark).len()..]
            }
            _ => "",
        };
        let mut addresses = Vec::new();
        for (end, kind) in self.ends(stop) {
            let whole = &packed[..end];
            let plain = whole.trim_end_matches(CLOSING_MARKS);
            let unmarked = plain.strip_suffix(emphasis).unwrap_or(plain);
            for rest in [unmarked, plain, whole] {
                let address = format!("{}{}{rest}", redirect_url.as_str(), self.joint);
                addresses.push((address, kind));
            }
        }
        addresses
    }

    /// Whether what ends here was broken into lines: at least two of one width, and a last one that is
    /// no wider.
    fn is_wrapped(&self, end: usize) -> bool {
        let end = self.rest + end;
        let begin = self.rest - self.text.opened_at(self.rest).len();
        let mut start = begin;
        let mut widths = Vec::new();
        for piece_end in self.text.ends.iter().copied().filter(|at| *at > begin) {
            let piece_end = piece_end.min(end);
            widths.push(piece_end - start);
            start = piece_end;
            if piece_end == end {
                break;
            }
        }
        match widths.as_slice() {
            [width, full @ .., last] if !full.is_empty() => {
                full.iter().all(|other| other == width) && last <= width
            }
            _ => false,
        }
    }

    /// Where the address may end, the likeliest first: a line break may be within it, and words may
    /// follow it. Pieces that look like more of an address are taken along before they are left out;
    /// what looks like words is taken along last.
    fn ends(&self, stop: usize) -> Vec<(usize, End)> {
        let (rest, packed) = (self.rest, self.text.packed.as_str());
        let mut all = Vec::new();
        let mut likely = 0;
        let mut goes_on = true;
        let mut start = rest;
        for end in self.text.ends.iter().copied().filter(|end| *end > rest) {
            let piece = &packed[start..end];
            goes_on = goes_on && (start == rest || looks_like_more(piece));
            let end = (end - rest).min(stop);
            all.push(end);
            if goes_on {
                likely = all.len();
            }
            if end == stop || all.len() == MAX_PIECES {
                break;
            }
            start = rest + end;
        }
        if all.is_empty() {
            // Nothing follows the redirect URL.
            all.push(0);
            likely = 1;
        }
        let unlikely = all.split_off(likely);
        let likely = all.into_iter().rev().map(|end| {
            let is_wrapped = self.is_wrapped(end);
            (
                end,
                if is_wrapped {
                    End::OfLines
                } else {
                    End::OfPieces
                },
            )
        });
        let unlikely = unlikely.into_iter().map(|end| (end, End::BehindWords));
        likely.chain(unlikely).collect()
    }
}

/// Whether a piece is more of an address, and no word.
fn looks_like_more(piece: &str) -> bool {
    piece.len() >= 16
        || piece
            .bytes()
            .any(|byte| byte.is_ascii_digit() || b"=&%_".contains(&byte))
}

/// Whether a text names a page of the service.
fn names_page_of(text: &str, issuer: &BaseUrl) -> bool {
    let service = issuer.as_str();
    let host = service.split_once("://").map_or(service, |(_, host)| host);
    let (text, host) = (text.to_ascii_lowercase(), host.to_ascii_lowercase());
    text.match_indices(&host).any(|(at, _)| {
        let before = &text[..at];
        let before = ["https://", "http://"]
            .iter()
            .find_map(|scheme| before.strip_suffix(scheme))
            .unwrap_or(before);
        let begins = before.is_empty()
            || before.ends_with(|last: char| last.is_whitespace() || "<(\"'“‘".contains(last));
        let after = text[at + host.len()..].chars().next();
        begins && after.is_none_or(|next| "/?#".contains(next) || next.is_whitespace())
    })
}
