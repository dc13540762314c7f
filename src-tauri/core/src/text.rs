//! Plain text from outside, made safe to show.

use icu_properties::props::{
    BinaryProperty as _, CanonicalCombiningClass, DefaultIgnorableCodePoint,
    EnumeratedProperty as _, ExtendedPictographic, GeneralCategory, GeneralCategoryGroup,
    IndicSyllabicCategory, JoiningType,
};
use unicode_segmentation::UnicodeSegmentation as _;

#[cfg(test)]
mod tests;

/// No more of a text is shown, in characters.
const MAX_CHARACTERS: usize = 200;

/// No more of a text is looked at, in characters that depend on their neighbours or can be seen: runs of
/// them are looked along from each.
const MAX_LOOKED_AT: usize = 4 * MAX_CHARACTERS;

/// No more marks are stacked on one letter than any script needs: more would be drawn across the window.
const MAX_STACKED_MARKS: usize = 8;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// A black flag, which tags behind it make the flag of a part of a country.
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';

/// A server's text as a person may see it: nothing that turns the direction of what stands around it,
/// nothing invisible but what joins or parts letters and pictures where that shows, and no more than
/// 200 characters. A text without anything to see is empty.
#[must_use]
pub fn plain_text(text: &str) -> String {
    let mut plain = String::new();
    let mut count = 0;
    for cluster in visible(text).graphemes(true) {
        let length = cluster.chars().count();
        if count + length <= MAX_CHARACTERS {
            plain.push_str(cluster);
            count += length;
            continue;
        }
        if count == 0 {
            // One picture of endless parts.
            plain.extend(cluster.chars().take(MAX_CHARACTERS));
        }
        break;
    }
    // What the cut has left at the end joins nothing any more.
    let plain = visible(&plain);
    let plain = plain.trim();
    if plain.chars().any(shows_alone) {
        plain.to_owned()
    } else {
        String::new()
    }
}

/// The text without what is not to be shown.
fn visible(text: &str) -> String {
    let characters: Vec<char> = text.chars().filter_map(seen).take(MAX_LOOKED_AT).collect();
    let mut plain = String::with_capacity(text.len());
    let mut marks = 0;
    for (at, character) in characters.iter().copied().enumerate() {
        let before = &characters[..at];
        let after = &characters[at + 1..];
        let stays = match character {
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER => joins(before, character, after),
            _ if is_variation_selector(character) => {
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
        if stays && marks <= MAX_STACKED_MARKS {
            plain.push(character);
        }
    }
    plain
}

/// The character if it can be shown at all, or depends on its neighbours.
fn seen(character: char) -> Option<char> {
    let depends = matches!(character, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER)
        || is_variation_selector(character)
        || is_tag(character);
    // What reorders is among the ignorable ones, all but the ends of lines and paragraphs. Beside them:
    // interlinear marks, the place of an object, hieroglyph controls, and a note head that is blank.
    let hides = character.is_control()
        || DefaultIgnorableCodePoint::for_char(character)
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffc}' | '\u{13430}'..='\u{1343f}' | '\u{1d159}');
    match character {
        // Braille without a dot is a space to everyone who sees it.
        '\u{2800}' => Some(' '),
        _ => (depends || !hides).then_some(character),
    }
}

/// Whether a joiner between these makes a difference that can be seen, by the scripts of its neighbours
/// (after RFC 5892 appendix A.1 and A.2), or makes one picture of two.
fn joins(before: &[char], joiner: char, after: &[char]) -> bool {
    let Some(last) = before.last().copied() else {
        return false;
    };
    if CanonicalCombiningClass::for_char(last) == CanonicalCombiningClass::Virama {
        return true;
    }
    // Of several, the first counts.
    let is_joiner = |it: &&char| matches!(**it, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER);
    let Some(next) = after.iter().find(|it| !is_joiner(it)).copied() else {
        return false;
    };
    if joiner == ZERO_WIDTH_JOINER && ExtendedPictographic::for_char(next) {
        let base = before
            .iter()
            .rev()
            .find(|it| !is_variation_selector(**it) && !is_skin_tone(**it) && !is_tag(**it));
        return base.is_some_and(|base| ExtendedPictographic::for_char(*base));
    }
    let letter = before.iter().rev().find(|it| !is_stacked_mark(**it));
    letter.is_some_and(|letter| uses_joiners(*letter)) && uses_joiners(next)
}

/// Whether a letter's script joins its letters, or makes one of several.
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

/// Whether a variation selector behind this can be seen: an emoji, an ideograph, a letter.
fn can_vary(base: char) -> bool {
    !is_variation_selector(base)
        && !matches!(base, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER)
        && !base.is_whitespace()
}

fn is_variation_selector(character: char) -> bool {
    matches!(character, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_skin_tone(character: char) -> bool {
    matches!(character, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_tag(character: char) -> bool {
    matches!(character, '\u{e0020}'..=CANCEL_TAG)
}

/// Whether a tag is one of those behind a black flag that end as they should (UTS #51, ED-14a).
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
    let ends = tag == CANCEL_TAG || after.get(rest) == Some(&CANCEL_TAG);
    let length = tags + if tag == CANCEL_TAG { 0 } else { rest + 1 };
    let base = before
        .len()
        .checked_sub(tags + 1)
        .and_then(|at| before.get(at));
    base == Some(&BLACK_FLAG) && ends && (3..=6).contains(&length)
}

fn is_stacked_mark(character: char) -> bool {
    matches!(
        GeneralCategory::for_char(character),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    ) && !is_variation_selector(character)
}

/// Whether a character can be seen with nothing beside it.
fn shows_alone(character: char) -> bool {
    let shown = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    !DefaultIgnorableCodePoint::for_char(character)
        && shown.contains(GeneralCategory::for_char(character))
        || matches!(
            GeneralCategory::for_char(character),
            GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::SpacingMark
        )
}
