//! Forgeries of the query and of the link as a whole.

use amiqus_core::redirect::MAX_REDIRECT_BYTES;
use fastrand::Rng;

use super::{Valid, pick, with_query, word};
use crate::app::REDIRECT;

pub(super) fn a_parameter_twice(valid: &Valid, random: &mut Rng) -> String {
    let name = pick(
        random,
        &[
            "code",
            "state",
            "c%6fde",
            "%73tate",
            "st%61te",
            "%63%6f%64%65",
        ],
    );
    let value = match random.u8(..4) {
        0 => String::new(),
        1 => valid.code.clone(),
        2 => valid.state.clone(),
        _ => word(random, 8),
    };
    let again = format!("{name}={value}");
    with_query(&if random.bool() {
        format!("{}&{again}", valid.query())
    } else {
        format!("{again}&{}", valid.query())
    })
}

pub(super) fn a_code_and_an_error(valid: &Valid, random: &mut Rng) -> String {
    let error = match random.u8(..3) {
        0 => "access_denied".to_owned(),
        1 => "server_error".to_owned(),
        _ => word(random, 12),
    };
    let name = pick(random, &["error", "%65rror", "err%6fr"]);
    with_query(&if random.bool() {
        format!("{}&{name}={error}", valid.query())
    } else {
        format!("{name}={error}&{}", valid.query())
    })
}

pub(super) fn something_missing(valid: &Valid, random: &mut Rng) -> String {
    let (code, state, other) = (&valid.code, &valid.state, word(random, 6));
    with_query(&match random.u8(..8) {
        0 => format!("code={code}&{other}"),
        1 => format!("state={state}&{other}"),
        2 => format!("code=&state={state}&{other}"),
        3 => format!("code={code}&state=&{other}"),
        4 => format!("CODE={code}&state={state}&{other}"),
        5 => format!("code={code}&State={state}&{other}"),
        6 => format!("{other}code={code}&state={state}"),
        _ => format!("code={code}&{other}state={state}"),
    })
}

pub(super) fn another_issuer(valid: &Valid, random: &mut Rng) -> String {
    let other = word(random, 8);
    let issuer = match random.u8(..6) {
        0 => format!("https://{other}.example"),
        1 => format!("https://id.amiqus.co.{other}.example"),
        2 => format!("http://127.0.0.1:{}", random.u16(..1024)),
        3 => format!("https://id.amiqus.co/{other}"),
        4 => other,
        _ => String::new(),
    };
    with_query(&format!("{}&iss={issuer}", valid.query()))
}

pub(super) fn a_state_cut_or_drawn_out(valid: &Valid, random: &mut Rng) -> String {
    let state = &valid.state;
    valid.with_state(&match random.u8(..5) {
        0 => state[..random.usize(..state.len())].to_owned(),
        1 => state[random.usize(1..state.len())..].to_owned(),
        2 => format!("{state}{}", word(random, 8)),
        3 => format!("{}{state}", word(random, 8)),
        _ => state.repeat(random.usize(2..20)),
    })
}

pub(super) fn a_state_almost_right(valid: &Valid, random: &mut Rng) -> String {
    loop {
        let mut letters: Vec<char> = valid.state.chars().collect();
        let (one, other) = (random.usize(..letters.len()), random.usize(..letters.len()));
        match random.u8(..3) {
            0 => letters[one] = random.alphanumeric(),
            1 => letters.swap(one, other),
            _ => {
                letters[one] = if letters[one].is_lowercase() {
                    'A'
                } else {
                    'a'
                }
            }
        }
        let state: String = letters.into_iter().collect();
        if state != valid.state {
            return valid.with_state(&state);
        }
    }
}

pub(super) fn another_attempts_state(valid: &Valid, random: &mut Rng) -> String {
    let other = word(random, 6);
    with_query(&match random.u8(..4) {
        0 => format!("code={}&state={}&{other}", valid.code, valid.given_up),
        1 => format!("code={other}&state={}", valid.given_up),
        2 => format!("error=access_denied&state={}&{other}", valid.given_up),
        // The right words in the wrong places.
        _ => format!("code={}&state={}&{other}", valid.state, valid.code),
    })
}

pub(super) fn other_separators(valid: &Valid, random: &mut Rng) -> String {
    let (code, state, other) = (&valid.code, &valid.state, word(random, 6));
    match random.u8(..7) {
        0 => with_query(&format!("code={code};state={state};{other}")),
        1 => with_query(&format!("code={code}&amp;state={state}&{other}")),
        2 => with_query(&format!("code={code}%26state={state}&{other}")),
        3 => with_query(&format!("code%3D{code}&state%3D{state}&{other}")),
        4 => with_query(&format!("{other}?code={code}&state={state}")),
        5 => format!("{REDIRECT}%3F{}&{other}", valid.query()),
        _ => format!("{REDIRECT}&{}&{other}", valid.query()),
    }
}

pub(super) fn far_too_long(valid: &Valid, random: &mut Rng) -> String {
    let most = if random.u8(..) == 0 {
        1024 * 1024
    } else {
        4096
    };
    let more = MAX_REDIRECT_BYTES + random.usize(..most);
    match random.u8(..3) {
        0 => with_query(&format!("{}&more={}", valid.query(), "x".repeat(more))),
        1 => with_query(&format!("{}{}", valid.query(), "&".repeat(more))),
        _ => with_query(&format!("{}{}", "&".repeat(more), valid.query())),
    }
}

pub(super) fn wrapped(valid: &Valid, random: &mut Rng) -> String {
    let (link, other) = (&valid.link, word(random, 6));
    match random.u8(..7) {
        0 => format!("https://{other}.example/{link}"),
        1 => format!("https://{other}.example/?to={link}"),
        2 => format!("\"{link}\"{other}"),
        3 => format!("<{link}>{other}"),
        4 => format!("{other}:{link}"),
        5 => format!("{link}\r\n{other}"),
        _ => format!("{link} {link}{other}"),
    }
}
