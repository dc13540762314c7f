//! Ways to make a link that is not the answer to the pending attempt.

mod address;
mod query;

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;

use self::address::*;
use self::query::*;
use crate::app::REDIRECT;

/// The valid link, and what an attacker may know in addition.
pub(crate) struct Valid {
    pub(crate) link: String,
    pub(crate) code: String,
    pub(crate) state: String,
    /// The `state` of a cancelled attempt.
    pub(crate) given_up: String,
}

impl Valid {
    pub(crate) fn query(&self) -> String {
        format!("code={}&state={}", self.code, self.state)
    }

    /// The valid query after another redirect URL.
    pub(crate) fn behind(&self, beginning: &str) -> String {
        format!("{beginning}?{}", self.query())
    }

    /// The valid link with another `state`.
    pub(crate) fn with_state(&self, state: &str) -> String {
        with_query(&format!("code={}&state={state}", self.code))
    }
}

/// Another query after the valid redirect URL.
pub(crate) fn with_query(query: &str) -> String {
    format!("{REDIRECT}?{query}")
}

pub(crate) fn parameter(link: &str, name: &str) -> String {
    let url = url::Url::parse(link).unwrap();
    let found = url.query_pairs().find(|(other, _)| other == name);
    found.unwrap().1.into_owned()
}

/// One way to make a link that is not the answer.
pub(crate) type Forgery = fn(&Valid, &mut Rng) -> String;

pub(crate) const FORGERIES: [(&str, Forgery); 24] = [
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

/// Whether a forgery may be accepted as the answer after the clean-up of pasted text.
pub(crate) fn could_be_dirt(kind: &str, link: &str) -> bool {
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

/// A word of at most this many lowercase letters.
fn word(random: &mut Rng, most: usize) -> String {
    let length = random.usize(1..=most);
    (0..length).map(|_| random.lowercase()).collect()
}

/// A random character boundary of the text.
fn place(random: &mut Rng, text: &str) -> usize {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    *random.choice(&places).unwrap()
}

fn insert(text: &str, at: usize, piece: &str) -> String {
    let (before, after) = text.split_at(at);
    format!("{before}{piece}{after}")
}

/// This many different forgeries, and the number of each kind.
pub(crate) fn forgeries(
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
