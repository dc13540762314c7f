//! Mutations of a response, and noise.

use super::*;
use crate::fixtures::Random;

/// The pieces that a mutation inserts.
const PIECES: [&str; 34] = [
    "code=",
    "&code=x",
    "state=",
    "&state=",
    "error=",
    "&error=x",
    "iss=",
    "&",
    "=",
    "?",
    "#",
    "%",
    "%00",
    "%0",
    "%2",
    "%26",
    "%3D",
    "+",
    " ",
    "\0",
    "\n",
    "\u{7f}",
    "ø",
    "\u{202e}",
    "/",
    "//",
    "..",
    "@",
    ":",
    "\\",
    "co.amiqus.signin:",
    "https://evil.example",
    "A",
    ";",
];

/// Inserts a piece, removes a part, repeats one elsewhere, or changes a character.
fn mutate(text: &mut Vec<char>, random: &mut Random) {
    let at = random.below(text.len() + 1);
    let to = (at + random.below(12)).min(text.len());
    match random.below(4) {
        0 => {
            let piece = PIECES[random.below(PIECES.len())].chars();
            text.splice(at..at, piece);
        }
        1 => {
            text.drain(at..to);
        }
        2 => {
            let piece = text[at..to].to_vec();
            let there = random.below(text.len() + 1);
            text.splice(there..there, piece);
        }
        _ => {
            if let Some(character) = text.get_mut(at) {
                *character = char::from(u8::try_from(random.below(256)).unwrap());
            }
        }
    }
}

/// Checks by other means that an accepted address is a response.
fn assert_is_response(address: &str, response: &AuthorizationResponse) {
    let before_fragment = address.split('#').next().unwrap();
    assert!(before_fragment.is_ascii(), "{address:?}");
    let query = address.strip_prefix(REDIRECT);
    let query = query.and_then(|rest| rest.strip_prefix('?'));
    let query = query.unwrap_or_else(|| panic!("{address:?}"));
    let query = query.split('#').next().unwrap();
    let all = |name: &str| -> Vec<String> {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    };
    assert_eq!(all("state"), [response.state().expose()], "{address:?}");
    assert!(
        all("code").len() <= 1 && all("error").len() <= 1,
        "{address:?}"
    );
    let issuers = ["https://id.amiqus.co", "https://id.amiqus.co/"];
    assert!(
        all("iss").iter().all(|iss| issuers.contains(&iss.as_str())),
        "{address:?}"
    );
    match response {
        AuthorizationResponse::Granted { code, .. } => {
            assert_eq!(all("code"), [code.expose()], "{address:?}");
            assert!(all("error").concat().is_empty(), "{address:?}");
        }
        AuthorizationResponse::Denied { .. } => {
            assert!(all("code").concat().is_empty(), "{address:?}");
        }
    }
}

/// Shows check 10.
#[test]
fn mutated_response_is_accepted_only_if_still_valid() {
    let good = format!("{REDIRECT}?code=c0de&state=st4te&iss=https%3A%2F%2Fid.amiqus.co");
    let mut random = Random(0x0A31_9A5E);
    let mut accepted = 0;
    for _ in 0..50_000 {
        let mut text: Vec<char> = good.chars().collect();
        for _ in 0..=random.below(4) {
            mutate(&mut text, &mut random);
        }
        let address: String = text.into_iter().collect();
        if let Ok(response) = parse_link(&address) {
            accepted += 1;
            assert_is_response(&address, &response);
        }
    }
    // The test is meaningful only with enough of both kinds.
    assert!((100..25_000).contains(&accepted), "{accepted}");
}

/// Shows check 10.
#[test]
fn redirect_url_with_any_byte_changed_is_rejected() {
    for at in 0..REDIRECT.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = format!("{REDIRECT}?code=c&state=s").into_bytes();
            if bytes[at] == byte {
                continue;
            }
            bytes[at] = byte;
            if let Ok(address) = String::from_utf8(bytes) {
                assert!(parse_link(&address).is_err(), "{address:?}");
            }
        }
    }
}

/// Shows check 10.
#[test]
fn random_noise_is_rejected_without_a_panic() {
    let mut random = Random(0x5EED);
    for _ in 0..20_000 {
        let length = random.below(200);
        let noise: String = (0..length)
            .filter_map(|_| char::from_u32(u32::try_from(random.next() >> 43).unwrap()))
            .collect();
        assert!(parse_link(&noise).is_err());
        assert!(parse_link(&format!("{REDIRECT}{noise}")).is_err());
        let _ = pasted::candidates(&ReceivedLink::new(noise), &redirect_url());
    }
}
