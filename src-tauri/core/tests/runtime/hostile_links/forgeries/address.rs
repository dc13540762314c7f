//! Forgeries of the redirect URL and of single characters.

use fastrand::Rng;

use super::{Valid, insert, pick, place, with_query, word};
use crate::app::REDIRECT;

pub(super) fn another_scheme(valid: &Valid, random: &mut Rng) -> String {
    let scheme = match random.u8(..4) {
        0 => pick(
            random,
            &["https", "http", "file", "javascript", "data", "amiqus", ""],
        )
        .to_owned(),
        1 => format!("co.amiqus.signin{}", word(random, 4)),
        2 => format!("{}co.amiqus.signin", word(random, 4)),
        _ => format!("co.amiqus.{}", word(random, 8).replace("signin", "other")),
    };
    valid.behind(&format!("{scheme}://oauth/callback"))
}

pub(super) fn other_slashes(valid: &Valid, random: &mut Rng) -> String {
    let any = |random: &mut Rng| pick(random, &["", "/", "//", "///", "\\", "\\\\", "/\\", "%2F"]);
    loop {
        let (one, two, three) = (any(random), any(random), any(random));
        let beginning = format!("co.amiqus.signin:{one}oauth{two}callback{three}");
        if beginning != REDIRECT {
            return valid.behind(&beginning);
        }
    }
}

pub(super) fn mixed_case(valid: &Valid, random: &mut Rng) -> String {
    loop {
        let mixed: String = REDIRECT
            .chars()
            .map(|letter| {
                if random.bool() {
                    letter.to_ascii_uppercase()
                } else {
                    letter
                }
            })
            .collect();
        if mixed != REDIRECT {
            return valid.behind(&mixed);
        }
    }
}

pub(super) fn a_user(valid: &Valid, random: &mut Rng) -> String {
    let (user, password) = (word(random, 6), word(random, 6));
    let user = match random.u8(..5) {
        0 => user,
        1 => format!("{user}:{password}"),
        2 => format!("oauth:{password}"),
        3 => format!("{user}%40{password}"),
        _ => "id.amiqus.co".to_owned(),
    };
    valid.behind(&format!("co.amiqus.signin://{user}@oauth/callback"))
}

pub(super) fn a_port(valid: &Valid, random: &mut Rng) -> String {
    let port = match random.u8(..4) {
        0 => String::new(),
        1 => word(random, 5),
        _ => random.u32(..100_000).to_string(),
    };
    valid.behind(&format!("co.amiqus.signin://oauth:{port}/callback"))
}

pub(super) fn another_host(valid: &Valid, random: &mut Rng) -> String {
    let other = word(random, 8);
    let host = match random.u8(..6) {
        0 => format!("oauth.{other}"),
        1 => format!("{other}.oauth"),
        2 => format!("oauth{other}"),
        3 => format!("{other}oauth"),
        4 => "oauth.".to_owned(),
        _ => format!(
            "{}.{}.{}.{}",
            random.u8(..),
            random.u8(..),
            random.u8(..),
            random.u8(..)
        ),
    };
    valid.behind(&format!("co.amiqus.signin://{host}/callback"))
}

pub(super) fn another_path(valid: &Valid, random: &mut Rng) -> String {
    let other = word(random, 6);
    let path = match random.u8(..7) {
        0 => format!("/{other}/../callback"),
        1 => format!("/{other}/%2e%2e/callback"),
        2 => format!("/callback/{other}"),
        3 => format!("/callback;{other}"),
        4 => format!("/callback{other}"),
        5 => format!("/{other}callback"),
        _ => format!("/./{other}"),
    };
    valid.behind(&format!("co.amiqus.signin://oauth{path}"))
}

pub(super) fn an_encoded_beginning(valid: &Valid, random: &mut Rng) -> String {
    let at = random.usize(..REDIRECT.len());
    let encoded = format!("%{:02x}", REDIRECT.as_bytes()[at]);
    let (before, after) = REDIRECT.split_at(at);
    valid.behind(&format!("{before}{encoded}{}", &after[1..]))
}

pub(super) fn a_byte_of_the_beginning(valid: &Valid, random: &mut Rng) -> String {
    let at = random.usize(..REDIRECT.len());
    loop {
        let other = char::from(random.u8(b'!'..=b'~'));
        let (before, after) = REDIRECT.split_at(at);
        let changed = format!("{before}{other}{}", &after[1..]);
        if changed != REDIRECT {
            return valid.behind(&changed);
        }
    }
}

pub(super) fn a_fragment(valid: &Valid, random: &mut Rng) -> String {
    let fragment = match random.u8(..3) {
        0 => "#".to_owned(),
        1 => format!("#{}", valid.query()),
        _ => format!("#{}", word(random, 8)),
    };
    // At the very end a fragment is harmless: browsers add one.
    let at = REDIRECT.len() + random.usize(..valid.link.len() - REDIRECT.len());
    insert(&valid.link, at, &fragment)
}

pub(super) fn a_control_character(valid: &Valid, random: &mut Rng) -> String {
    let control = match random.u8(..4) {
        0 => '\0',
        1 => ' ',
        2 => '\u{7f}',
        _ => char::from(random.u8(..0x20)),
    };
    let at = place(random, &valid.link);
    insert(&valid.link, at, &control.to_string())
}

pub(super) fn an_encoded_control_character(valid: &Valid, random: &mut Rng) -> String {
    let byte = match random.u8(..3) {
        0 => random.u8(..0x20),
        1 => 0x7f,
        _ => random.u8(0x80..),
    };
    let (code, state) = (&valid.code, &valid.state);
    let encoded = format!("%{byte:02X}");
    if random.bool() {
        let at = random.usize(..=code.len());
        let code = insert(code, at, &encoded);
        with_query(&format!("code={code}&state={state}"))
    } else {
        let at = random.usize(..=state.len());
        valid.with_state(&insert(state, at, &encoded))
    }
}

/// Characters that look like Latin letters and are not.
const LOOK_ALIKES: [(char, &str); 12] = [
    ('a', "аａα"),
    ('c', "сｃϲ"),
    ('d', "ԁｄ"),
    ('e', "еｅ"),
    ('g', "ɡｇ"),
    ('i', "іıｉ"),
    ('o', "оοｏ"),
    ('q', "ԛｑ"),
    ('s', "ѕｓ"),
    ('t', "ｔт"),
    ('u', "υｕ"),
    ('/', "⁄∕／"),
];

pub(super) fn a_look_alike(valid: &Valid, random: &mut Rng) -> String {
    loop {
        let at = place(random, &valid.link);
        let (before, after) = valid.link.split_at(at);
        let found = LOOK_ALIKES
            .iter()
            .find(|(real, _)| after.starts_with(*real));
        if let Some((real, alike)) = found {
            let alikes: Vec<char> = alike.chars().collect();
            let alike = random.choice(&alikes).unwrap();
            return format!("{before}{alike}{}", &after[real.len_utf8()..]);
        }
    }
}

pub(super) fn an_invisible_character(valid: &Valid, random: &mut Rng) -> String {
    let invisible = pick(
        random,
        &[
            "\u{200b}", "\u{200e}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{ad}", "\u{61c}",
            "\u{a0}",
        ],
    );
    let at = place(random, &valid.link);
    insert(&valid.link, at, invisible)
}
