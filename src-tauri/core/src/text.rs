//! Untrusted text, made safe to display.
//!
//! Unicode's properties come from `icu_properties`, grapheme clusters from `unicode-segmentation`.
//! No crate known here removes what is invisible and keeps the joiners that names and emoji need, so
//! that rule is written out below.

use icu_properties::props::{
    BinaryProperty as _, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier,
    EnumeratedProperty as _, ExtendedPictographic, GeneralCategory, GeneralCategoryGroup,
    IndicSyllabicCategory, JoiningType, VariationSelector,
};
use unicode_segmentation::UnicodeSegmentation as _;

#[cfg(test)]
mod tests;

/// The maximum length of a displayed text, in characters.
const MAX_CHARACTERS: usize = 200;

/// The maximum number of characters examined: each may look along a run of its neighbours, so the
/// work must not grow with the input.
const MAX_EXAMINED: usize = 4 * MAX_CHARACTERS;

/// The maximum number of combining marks on one base character. No script needs more, and a tower of
/// marks would be drawn across the window.
const MAX_STACKED_MARKS: usize = 8;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// The base of a subdivision flag's tag sequence, such as the flag of Scotland.
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';

/// Makes untrusted text safe to display: removes controls, bidirectional formatting and invisible
/// characters, and cuts it to 200 characters. Joiners and variation selectors stay where they change
/// what is drawn. A text with nothing visible becomes empty.
///
/// ```
/// use amiqus_core::text::plain_text;
///
/// assert_eq!(plain_text(" Bob\u{202e}\u{0} Gale\u{200b} "), "Bob Gale");
/// assert_eq!(plain_text("\u{200b}\u{feff}"), "");
/// ```
#[must_use]
pub fn plain_text(text: &str) -> String {
    let mut plain = String::new();
    let mut count = 0;
    for cluster in without_invisible(text).graphemes(true) {
        let length = cluster.chars().count();
        if count + length <= MAX_CHARACTERS {
            plain.push_str(cluster);
            count += length;
            continue;
        }
        if count == 0 {
            // A single cluster that is longer than the limit.
            plain.extend(cluster.chars().take(MAX_CHARACTERS));
        }
        break;
    }
    // The cut may have left a joiner at the end, with nothing to join.
    let plain = without_invisible(&plain);
    let plain = plain.trim();
    if plain.chars().any(is_visible_alone) {
        plain.to_owned()
    } else {
        String::new()
    }
}

fn without_invisible(text: &str) -> String {
    let characters: Vec<char> = text
        .chars()
        .filter_map(displayable)
        .take(MAX_EXAMINED)
        .collect();
    let mut plain = String::with_capacity(text.len());
    let mut marks = 0;
    for (index, character) in characters.iter().copied().enumerate() {
        let before = &characters[..index];
        let after = &characters[index + 1..];
        let is_kept = match character {
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER => is_joining(before, character, after),
            _ if VariationSelector::for_char(character) => {
                plain.chars().next_back().is_some_and(can_vary)
            }
            _ if is_tag(character) => is_in_flag(before, character, after),
            _ => true,
        };
        marks = if is_stacked_mark(character) {
            marks + 1
        } else {
            0
        };
        if is_kept && marks <= MAX_STACKED_MARKS {
            plain.push(character);
        }
    }
    plain
}

/// The character as it is displayed; `None` if it never is. Characters whose effect depends on their
/// neighbours are returned for a closer look.
fn displayable(character: char) -> Option<char> {
    let is_contextual = matches!(character, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER)
        || VariationSelector::for_char(character)
        || is_tag(character);
    // Bidirectional formatting is default-ignorable, but line and paragraph separators are not, nor are
    // interlinear annotations, the object replacement character, hieroglyph format controls and
    // the musical null notehead, which is blank.
    let is_hidden = character.is_control()
        || DefaultIgnorableCodePoint::for_char(character)
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffc}' | '\u{13430}'..='\u{1343f}' | '\u{1d159}');
    match character {
        // A Braille pattern without dots looks like a space.
        '\u{2800}' => Some(' '),
        _ => (is_contextual || !is_hidden).then_some(character),
    }
}

/// Whether a joiner changes what is drawn: by the scripts of its neighbours (after RFC 5892 appendix
/// A.1 and A.2), or by joining two emoji into one.
fn is_joining(before: &[char], joiner: char, after: &[char]) -> bool {
    let Some(last) = before.last().copied() else {
        return false;
    };
    if CanonicalCombiningClass::for_char(last) == CanonicalCombiningClass::Virama {
        return true;
    }
    // In a run of joiners, only the first one counts.
    let is_joiner = |it: &&char| matches!(**it, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER);
    let Some(next) = after.iter().find(|it| !is_joiner(it)).copied() else {
        return false;
    };
    if joiner == ZERO_WIDTH_JOINER && ExtendedPictographic::for_char(next) {
        let base = before.iter().rev().find(|it| {
            !VariationSelector::for_char(**it) && !EmojiModifier::for_char(**it) && !is_tag(**it)
        });
        return base.is_some_and(|base| ExtendedPictographic::for_char(*base));
    }
    let letter = before.iter().rev().find(|it| !is_stacked_mark(**it));
    letter.is_some_and(|letter| uses_joiners(*letter)) && uses_joiners(next)
}

/// Whether the letter belongs to a script that joins its letters or builds conjuncts.
fn uses_joiners(letter: char) -> bool {
    let is_joining = !matches!(
        JoiningType::for_char(letter),
        JoiningType::NonJoining | JoiningType::Transparent | JoiningType::JoinCausing
    );
    let is_indic = IndicSyllabicCategory::for_char(letter) != IndicSyllabicCategory::Other
        && !letter.is_ascii()
        && !matches!(letter, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER);
    is_joining || is_indic
}

/// Whether a variation selector after this character can change what is drawn.
fn can_vary(base: char) -> bool {
    !VariationSelector::for_char(base)
        && !matches!(base, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER)
        && !base.is_whitespace()
}

fn is_tag(character: char) -> bool {
    matches!(character, '\u{e0020}'..=CANCEL_TAG)
}

/// Whether a tag is part of a well-formed subdivision flag (UTS #51, ED-14a).
fn is_in_flag(before: &[char], tag: char, after: &[char]) -> bool {
    let tags = before
        .iter()
        .rev()
        .take_while(|it| is_tag(**it) && **it != CANCEL_TAG)
        .count();
    let rest = after
        .iter()
        .take_while(|it| is_tag(**it) && **it != CANCEL_TAG)
        .count();
    let is_terminated = tag == CANCEL_TAG || after.get(rest) == Some(&CANCEL_TAG);
    let length = tags + if tag == CANCEL_TAG { 0 } else { rest + 1 };
    let base = before
        .len()
        .checked_sub(tags + 1)
        .and_then(|index| before.get(index));
    base == Some(&BLACK_FLAG) && is_terminated && (3..=6).contains(&length)
}

fn is_stacked_mark(character: char) -> bool {
    matches!(
        GeneralCategory::for_char(character),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    ) && !VariationSelector::for_char(character)
}

/// Whether a character is visible with nothing beside it.
fn is_visible_alone(character: char) -> bool {
    let visible = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    !DefaultIgnorableCodePoint::for_char(character)
        && visible.contains(GeneralCategory::for_char(character))
        || matches!(
            GeneralCategory::for_char(character),
            GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::SpacingMark
        )
}
