//! Ten thousand links around the one that a person's browser brings back, while an attempt is
//! pending.
//!
//! What is right is exact, so that nothing need be guessed: the redirect URL byte for byte as it is
//! registered, then `?`, then each of the parameters at most once. A scheme and a host in capitals
//! mean the same by RFC 3986 §6.2.2.1, and are refused all the same: browsers hand over the
//! registered spelling, so only a forgery has another. A fragment is cut off: browsers add one.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use amiqus_core::redirect::{MAX_REDIRECT_BYTES, ReceivedLink};
use amiqus_core::registration::Page;
use amiqus_core::vault::SecretStore as _;
use fastrand::Rng;
use practice_amiqus::Answer;

use crate::app::*;

/// The valid link, and what a stranger may know besides.
struct Valid {
    link: String,
    code: String,
    state: String,
    /// The `state` of an attempt that was given up.
    given_up: String,
}

impl Valid {
    fn query(&self) -> String {
        format!("code={}&state={}", self.code, self.state)
    }

    /// The right query behind another beginning.
    fn behind(&self, beginning: &str) -> String {
        format!("{beginning}?{}", self.query())
    }

    /// Another `state`.
    fn with_state(&self, state: &str) -> String {
        with_query(&format!("code={}&state={state}", self.code))
    }
}

/// Another query behind the right beginning.
fn with_query(query: &str) -> String {
    format!("{REDIRECT}?{query}")
}

fn parameter(link: &str, name: &str) -> String {
    let url = url::Url::parse(link).unwrap();
    let found = url.query_pairs().find(|(other, _)| other == name);
    found.unwrap().1.into_owned()
}

/// One way to make a link that is not the answer.
type Forgery = fn(&Valid, &mut Rng) -> String;

const FORGERIES: [(&str, Forgery); 24] = [
    ("another scheme", another_scheme),
    ("other slashes", other_slashes),
    ("mixed case", mixed_case),
    ("a user", a_user),
    ("a port", a_port),
    ("another host", another_host),
    ("another path", another_path),
    ("an encoded beginning", an_encoded_beginning),
    ("a byte of the beginning", a_byte_of_the_beginning),
    ("a fragment", a_fragment),
    ("a control character", a_control_character),
    ("an encoded control character", an_encoded_control_character),
    ("a look-alike", a_look_alike),
    ("an invisible character", an_invisible_character),
    ("a parameter twice", a_parameter_twice),
    ("a code and an error", a_code_and_an_error),
    ("something missing", something_missing),
    ("another issuer", another_issuer),
    ("a state cut or drawn out", a_state_cut_or_drawn_out),
    ("a state almost right", a_state_almost_right),
    ("another attempt's state", another_attempts_state),
    ("other separators", other_separators),
    ("far too long", far_too_long),
    ("wrapped", wrapped),
];

/// Whether a forgery may be the answer, and dirt, when it is a person who pastes it.
fn could_be_dirt(kind: &str, link: &str) -> bool {
    const KINDS: [&str; 6] = [
        "mixed case",
        "a control character",
        "a look-alike",
        "an invisible character",
        "other separators",
        "wrapped",
    ];
    let in_other_case = link
        .get(..REDIRECT.len())
        .is_some_and(|start| start != REDIRECT && start.eq_ignore_ascii_case(REDIRECT));
    KINDS.contains(&kind) || in_other_case || link.contains('%')
}

fn pick<'a>(random: &mut Rng, of: &[&'a str]) -> &'a str {
    random.choice(of).unwrap()
}

/// Up to so many small letters.
fn word(random: &mut Rng, most: usize) -> String {
    let length = random.usize(1..=most);
    (0..length).map(|_| random.lowercase()).collect()
}

/// Where a character of the text begins.
fn place(random: &mut Rng, text: &str) -> usize {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    *random.choice(&places).unwrap()
}

fn insert(text: &str, at: usize, piece: &str) -> String {
    let (before, after) = text.split_at(at);
    format!("{before}{piece}{after}")
}

fn another_scheme(valid: &Valid, random: &mut Rng) -> String {
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

fn other_slashes(valid: &Valid, random: &mut Rng) -> String {
    let any = |random: &mut Rng| pick(random, &["", "/", "//", "///", "\\", "\\\\", "/\\", "%2F"]);
    loop {
        let (one, two, three) = (any(random), any(random), any(random));
        let beginning = format!("co.amiqus.signin:{one}oauth{two}callback{three}");
        if beginning != REDIRECT {
            return valid.behind(&beginning);
        }
    }
}

fn mixed_case(valid: &Valid, random: &mut Rng) -> String {
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

fn a_user(valid: &Valid, random: &mut Rng) -> String {
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

fn a_port(valid: &Valid, random: &mut Rng) -> String {
    let port = match random.u8(..4) {
        0 => String::new(),
        1 => word(random, 5),
        _ => random.u32(..100_000).to_string(),
    };
    valid.behind(&format!("co.amiqus.signin://oauth:{port}/callback"))
}

fn another_host(valid: &Valid, random: &mut Rng) -> String {
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

fn another_path(valid: &Valid, random: &mut Rng) -> String {
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

fn an_encoded_beginning(valid: &Valid, random: &mut Rng) -> String {
    let at = random.usize(..REDIRECT.len());
    let encoded = format!("%{:02x}", REDIRECT.as_bytes()[at]);
    let (before, after) = REDIRECT.split_at(at);
    valid.behind(&format!("{before}{encoded}{}", &after[1..]))
}

fn a_byte_of_the_beginning(valid: &Valid, random: &mut Rng) -> String {
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

fn a_fragment(valid: &Valid, random: &mut Rng) -> String {
    let fragment = match random.u8(..3) {
        0 => "#".to_owned(),
        1 => format!("#{}", valid.query()),
        _ => format!("#{}", word(random, 8)),
    };
    // Behind the whole of it, a fragment is the browser's doing and takes nothing away.
    let at = REDIRECT.len() + random.usize(..valid.link.len() - REDIRECT.len());
    insert(&valid.link, at, &fragment)
}

fn a_control_character(valid: &Valid, random: &mut Rng) -> String {
    let control = match random.u8(..4) {
        0 => '\0',
        1 => ' ',
        2 => '\u{7f}',
        _ => char::from(random.u8(..0x20)),
    };
    let at = place(random, &valid.link);
    insert(&valid.link, at, &control.to_string())
}

fn an_encoded_control_character(valid: &Valid, random: &mut Rng) -> String {
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

/// Letters that look like Latin ones, and are none.
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

fn a_look_alike(valid: &Valid, random: &mut Rng) -> String {
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

fn an_invisible_character(valid: &Valid, random: &mut Rng) -> String {
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

fn a_parameter_twice(valid: &Valid, random: &mut Rng) -> String {
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

fn a_code_and_an_error(valid: &Valid, random: &mut Rng) -> String {
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

fn something_missing(valid: &Valid, random: &mut Rng) -> String {
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

fn another_issuer(valid: &Valid, random: &mut Rng) -> String {
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

fn a_state_cut_or_drawn_out(valid: &Valid, random: &mut Rng) -> String {
    let state = &valid.state;
    valid.with_state(&match random.u8(..5) {
        0 => state[..random.usize(..state.len())].to_owned(),
        1 => state[random.usize(1..state.len())..].to_owned(),
        2 => format!("{state}{}", word(random, 8)),
        3 => format!("{}{state}", word(random, 8)),
        _ => state.repeat(random.usize(2..20)),
    })
}

fn a_state_almost_right(valid: &Valid, random: &mut Rng) -> String {
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

fn another_attempts_state(valid: &Valid, random: &mut Rng) -> String {
    let other = word(random, 6);
    with_query(&match random.u8(..4) {
        0 => format!("code={}&state={}&{other}", valid.code, valid.given_up),
        1 => format!("code={other}&state={}", valid.given_up),
        2 => format!("error=access_denied&state={}&{other}", valid.given_up),
        // The right words in the wrong places.
        _ => format!("code={}&state={}&{other}", valid.state, valid.code),
    })
}

fn other_separators(valid: &Valid, random: &mut Rng) -> String {
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

fn far_too_long(valid: &Valid, random: &mut Rng) -> String {
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

fn wrapped(valid: &Valid, random: &mut Rng) -> String {
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

/// So many different forgeries, and how many of each kind.
fn forgeries(
    valid: &Valid,
    many: usize,
    seed: u64,
) -> (Vec<(&'static str, String)>, BTreeMap<&'static str, usize>) {
    let mut random = Rng::with_seed(seed);
    let mut known = HashSet::new();
    let mut links = Vec::with_capacity(many);
    let mut kinds = BTreeMap::new();
    for (kind, forge) in FORGERIES.iter().cycle() {
        if links.len() == many {
            break;
        }
        let link = forge(valid, &mut random);
        if known.insert(link.clone()) {
            *kinds.entry(*kind).or_default() += 1;
            links.push((*kind, link));
        }
    }
    (links, kinds)
}

/// Begins an attempt, and has the browser's answer to it and to one that was given up.
async fn pending(computer: &Computer, app: &mut App) -> Valid {
    app.session.authorize().await.unwrap();
    let given_up = app.browser().await;
    app.session.cancel().await.unwrap();
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    let link = answer.expose().to_owned();
    let valid = Valid {
        code: parameter(&link, "code"),
        state: parameter(&link, "state"),
        given_up: parameter(given_up.as_str(), "state"),
        link,
    };
    assert_ne!(valid.state, valid.given_up);
    valid
}

/// Shows checks 10, 11 and 16.
#[tokio::test]
async fn ten_thousand_hostile_links_leave_the_attempt_pending() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let valid = pending(&computer, &mut app).await;
    // What all of them are made of is a link that is accepted, at the end.
    assert_eq!(valid.behind(REDIRECT), valid.link);
    let (links, kinds) = forgeries(&valid, 10_000, 5);
    assert_eq!(kinds.len(), FORGERIES.len(), "{kinds:?}");
    assert!(kinds.values().all(|many| *many >= 30), "{kinds:?}");
    computer.amiqus.clear_requests();
    let before = app.session.state().await.unwrap();
    assert!(matches!(before.screen, Screen::AwaitingBrowser { .. }));
    let kept = computer.drawer.read_all().unwrap();

    for (kind, link) in &links {
        app.session.receive(ReceivedLink::new(link.as_str()));
        // What a person pastes is cleaned; of what could be dirt, the tests of that tell.
        if !could_be_dirt(kind, link) {
            let pasted = app.session.exchange(ReceivedLink::new(link.as_str())).await;
            let code = pasted.expect_err(link).code;
            let refusals = [
                Code::LinkNotOurs,
                Code::LinkTooLate,
                Code::LinkIncomplete,
                Code::AnswerNotUsable,
            ];
            assert!(refusals.contains(&code), "{code:?}: {link:?}");
        }
        // Mail is read in its order: the link has been dealt with.
        app.session.page_address(Page::TeamApps).await.unwrap();
        let now = app.session.state().await.unwrap();
        assert_eq!(now.screen, before.screen, "{link:?}");
    }

    // Some of them know the attempt's own `state`, as the browser does: that is said, and no more.
    let problem = app.session.state().await.unwrap().problem.clone();
    assert_eq!(problem.map(|it| it.code), Some(Code::AnswerNotUsable));
    assert_eq!(before.problem, None);
    assert_eq!(app.fronts.load(Ordering::SeqCst), 1);
    assert_eq!(computer.drawer.read_all().unwrap(), kept);
    assert!(computer.amiqus.requests().is_empty());
    assert!(!app.browser_is_open());
    app.session.receive(ReceivedLink::new(valid.link.as_str()));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, Screen::SignedIn);
    assert_eq!(computer.posts(), 1);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// The other side of the same border: without it, a parser that refuses everything would do.
#[tokio::test]
async fn equivalent_spelling_of_the_valid_link_signs_in() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let spellings: [Forgery; 8] = [
        |valid, _| format!("{}#/anything", valid.link),
        |valid, _| format!("{}#code=other&state={}", valid.link, valid.given_up),
        |valid, _| valid.link.clone(),
        |valid, _| with_query(&format!("state={}&code={}", valid.state, valid.code)),
        |valid, _| {
            with_query(&format!(
                "{}&&session_state=a&session_state=b",
                valid.query()
            ))
        },
        |valid, _| with_query(&format!("{}&error=&Code=other", valid.query())),
        |valid, _| valid.link.replacen("code=", "c%6fd%65=", 1),
        |valid, _| {
            let encoded = valid.state.bytes().map(|byte| format!("%{byte:02x}"));
            valid.with_state(&encoded.collect::<Vec<_>>().concat())
        },
    ];
    for (posts, spell) in (1..).zip(spellings) {
        let valid = pending(&computer, &mut app).await;
        let link = spell(&valid, &mut Rng::with_seed(5));
        app.session.receive(ReceivedLink::new(link.as_str()));
        let state = app.end_of_sign_in().await;
        assert_eq!(state.screen, Screen::SignedIn, "{link}");
        assert_eq!(computer.posts(), posts, "{link}");
    }
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}
