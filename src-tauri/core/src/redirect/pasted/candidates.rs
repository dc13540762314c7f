//! The addresses that pasted text may contain.

use percent_encoding::percent_decode_str;

use super::cleaned_text::CleanedText;
use crate::redirect::ReceivedLink;
use crate::registration::{RedirectKind, RedirectUrl};

/// The maximum length of a paste, in bytes: an address of 8 KiB, with a mail around it.
const MAX_PASTED_BYTES: usize = 64 * 1024;

/// How often the whole paste may have been percent-encoded.
pub(super) const MAX_ENCODINGS: usize = 2;

/// The maximum number of places in a paste at which the address may start.
pub(super) const MAX_STARTS: usize = 3;

/// The maximum number of pieces into which spaces may have split an address.
pub(super) const MAX_PIECES: usize = 160;

/// The marks that may end a sentence or close a bracket around the address.
pub(super) const CLOSING_MARKS: [char; 10] = ['.', ',', ';', ':', '!', '?', ')', ']', '*', '\''];

/// The marks with which a chat emphasises words. A code may contain them, too.
pub(super) const EMPHASIS_MARKS: [char; 2] = ['_', '~'];

/// An address that a paste may contain.
pub(super) struct Candidate {
    pub(super) address: ReceivedLink,
    pub(super) end: End,
}

/// What marks the end of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The end of lines that were wrapped at one width.
    WrappedLines,
    /// The end of a piece that looks like a part of an address.
    AddressPiece,
    /// The end of a piece that looks like words.
    AfterWords,
}

/// All addresses that a paste may contain, the likeliest first. Each begins with the redirect URL.
#[must_use]
pub fn candidates(pasted: &ReceivedLink, redirect_url: &RedirectUrl) -> Vec<ReceivedLink> {
    candidates_by_start(pasted, redirect_url)
        .into_iter()
        .flatten()
        .map(|candidate| candidate.address)
        .collect()
}

/// Like [`candidates`], in a group for each place at which they start.
pub(super) fn candidates_by_start(
    pasted: &ReceivedLink,
    redirect_url: &RedirectUrl,
) -> Vec<Vec<Candidate>> {
    let mut groups: Vec<Vec<Candidate>> = Vec::new();
    if pasted.expose().len() > MAX_PASTED_BYTES {
        return groups;
    }
    let is_new = |groups: &[Vec<Candidate>], address: &str| {
        let mut known = groups.iter().flatten();
        known.all(|known| known.address.expose() != address)
    };
    let mut text = CleanedText::new(pasted.expose());
    for _ in 0..=MAX_ENCODINGS {
        for start in find_starts(&text, redirect_url) {
            let group = groups.len();
            groups.push(Vec::new());
            for (address, end) in start.addresses(redirect_url) {
                if is_new(&groups, &address) {
                    groups[group].push(Candidate {
                        address: ReceivedLink::new(address),
                        end,
                    });
                }
            }
        }
        let decoded = CleanedText::new(&percent_decode_str(&text.joined()).decode_utf8_lossy());
        if decoded == text {
            break;
        }
        text = decoded;
    }
    // The paste as it is, as if it had arrived as a link.
    let whole = pasted.expose().trim();
    if whole.starts_with(redirect_url.as_str())
        && whole.bytes().all(|byte| byte.is_ascii_graphic())
        && is_new(&groups, whole)
    {
        groups.push(vec![Candidate {
            address: ReceivedLink::new(whole),
            end: End::AddressPiece,
        }]);
    }
    groups
}

/// A place in a text at which the address may start.
struct Start<'a> {
    text: &'a CleanedText,
    /// The index at which the part after the redirect URL begins.
    rest: usize,
    /// What to insert between the redirect URL and the rest.
    separator: &'static str,
    /// The text right before the address, for example an opening quote or bracket.
    opening: &'a str,
}

fn find_starts<'a>(text: &'a CleanedText, redirect_url: &RedirectUrl) -> Vec<Start<'a>> {
    let packed = text.packed.as_str();
    let mut starts = Vec::new();
    let Some((scheme, rest)) = redirect_url.as_str().split_once("://") else {
        return starts;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    for (index, _) in packed.match_indices(path) {
        let Some(before) = strip_suffix_ignoring_case(&packed[..index], host) else {
            continue;
        };
        // In upper case; with `https`, which some browsers insist on; or without the scheme, which
        // some browsers hide.
        let is_loopback = redirect_url.kind() == RedirectKind::Loopback;
        let with_scheme = [scheme, if is_loopback { "https" } else { scheme }]
            .into_iter()
            .find_map(|scheme| strip_suffix_ignoring_case(before.strip_suffix("://")?, scheme));
        let is_start = match with_scheme {
            // A character before the scheme may make it another one.
            Some(before) => {
                let is_scheme = |last: char| last.is_ascii_alphanumeric() || "+-.".contains(last);
                text.has_end_at(before.len()) || !before.ends_with(is_scheme)
            }
            // After anything but quotes and brackets, this is the end of another address.
            None => text
                .piece_before(before.len())
                .chars()
                .all(|it| !it.is_ascii_alphanumeric() && !"/.:@%=&?".contains(it)),
        };
        let before = with_scheme.unwrap_or(before);
        if is_start {
            starts.push(Start {
                text,
                rest: index + path.len(),
                separator: "",
                opening: text.piece_before(before.len()),
            });
        }
        if starts.len() == MAX_STARTS {
            break;
        }
    }
    if starts.is_empty() {
        starts.extend(find_query(text));
    }
    starts
}

/// A query that was copied without the redirect URL.
fn find_query(text: &CleanedText) -> Option<Start<'_>> {
    let packed = text.packed.as_str();
    let query =
        packed.trim_start_matches(|first: char| !first.is_ascii_alphanumeric() && first != '?');
    let separator = if query.starts_with('?') {
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
        separator,
        opening: text.piece_before(rest),
    })
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

impl Start<'_> {
    /// The addresses that may start here, by their end.
    fn addresses(&self, redirect_url: &RedirectUrl) -> Vec<(String, End)> {
        let packed = &self.text.packed[self.rest..];
        let opening = self.opening.chars().next_back();
        let is_closing = |character: char| match opening {
            Some('\'') => character == '\'',
            Some('(') => character == ')',
            Some('[') => character == ']',
            _ => false,
        };
        let stop = packed
            .find(|character: char| {
                !character.is_ascii_graphic()
                    || "\"<>`{}|\\^".contains(character)
                    || is_closing(character)
            })
            .unwrap_or(packed.len());
        // Emphasis has as many marks after the address as before it.
        let emphasis = match opening {
            Some(mark) if EMPHASIS_MARKS.contains(&mark) => {
                &self.opening[self.opening.trim_end_matches(mark).len()..]
            }
            _ => "",
        };
        let mut addresses = Vec::new();
        for (index, end) in self.ends(stop) {
            let whole = &packed[..index];
            let plain = whole.trim_end_matches(CLOSING_MARKS);
            let unmarked = plain.strip_suffix(emphasis).unwrap_or(plain);
            for rest in [unmarked, plain, whole] {
                let address = format!("{}{}{rest}", redirect_url.as_str(), self.separator);
                addresses.push((address, end));
            }
        }
        addresses
    }

    /// Whether the address up to `end` was wrapped: into at least two lines of one width, and a last
    /// one that is no wider.
    fn is_wrapped(&self, end: usize) -> bool {
        let end = self.rest + end;
        let begin = self.rest - self.text.piece_before(self.rest).len();
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
    /// follow it. Pieces that look like parts of an address are included before they are left out;
    /// pieces that look like words are included last.
    fn ends(&self, stop: usize) -> Vec<(usize, End)> {
        let (rest, packed) = (self.rest, self.text.packed.as_str());
        let mut all = Vec::new();
        let mut likely = 0;
        let mut is_address = true;
        let mut start = rest;
        for end in self.text.ends.iter().copied().filter(|end| *end > rest) {
            let piece = &packed[start..end];
            is_address = is_address && (start == rest || looks_like_address(piece));
            let end = (end - rest).min(stop);
            all.push(end);
            if is_address {
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
        let likely = all.into_iter().rev().map(|index| {
            let end = if self.is_wrapped(index) {
                End::WrappedLines
            } else {
                End::AddressPiece
            };
            (index, end)
        });
        let unlikely = unlikely.into_iter().map(|index| (index, End::AfterWords));
        likely.chain(unlikely).collect()
    }
}

/// Whether a piece looks like a part of an address and not like a word.
fn looks_like_address(piece: &str) -> bool {
    piece.len() >= 16
        || piece
            .bytes()
            .any(|byte| byte.is_ascii_digit() || b"=&%_".contains(&byte))
}
