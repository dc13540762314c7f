use super::*;
use crate::fixtures::{REDIRECT, Random, redirect_url};
use crate::registration::DEFAULT_BASE_URL;

fn judge(address: &str) -> Result<Redirect, Refusal> {
    let issuer = BaseUrl::parse(DEFAULT_BASE_URL).unwrap();
    parse(&ReceivedLink::new(address), &redirect_url(), &issuer)
}

fn refusal(address: &str) -> Option<Refusal> {
    judge(address).err()
}

/// Code and state of an address that must be a grant.
fn granted(address: &str) -> (String, String) {
    match judge(address) {
        Ok(Redirect::Granted { code, state }) => {
            (code.expose().to_owned(), state.expose().to_owned())
        }
        other => panic!("{address}: {other:?}"),
    }
}

/// Shows checks 10 and 15.
#[test]
fn a_grant_is_read_whatever_stands_beside_it() {
    let expected = ("c0de".to_owned(), "st4te".to_owned());
    for query in [
        "code=c0de&state=st4te",
        "state=st4te&code=c0de",
        "code=c0de&state=st4te&",
        "&&code=c0de&&state=st4te",
        "code=c0de&state=st4te&session_state=x&session_state=y",
        "code=c0de&state=st4te&error=",
        "code=c0de&state=st4te&Code=other&STATE=other",
        "code=c0de&state=st4te&iss=https%3A%2F%2Fid.amiqus.co",
        "code=c0de&state=st4te&iss=https://id.amiqus.co",
        "code=c0de&state=st4te&iss=https://id.amiqus.co/",
        "%63ode=c0d%65&state=st4te",
    ] {
        assert_eq!(granted(&format!("{REDIRECT}?{query}")), expected, "{query}");
    }
}

#[test]
fn a_code_is_decoded_once() {
    let (code, _) = granted(&format!("{REDIRECT}?code=a%2Bb+c%2525&state=s"));
    assert_eq!(code, "a+b c%25");
}

#[test]
fn a_code_of_real_length_is_read() {
    let real = "d".repeat(860);
    assert_eq!(granted(&format!("{REDIRECT}?code={real}&state=s")).0, real);
}

/// Shows check 12.
#[test]
fn each_error_of_the_rfc_is_told_apart() {
    use AuthorizationError as E;
    for (name, expected) in [
        ("access_denied", E::AccessDenied),
        ("invalid_request", E::InvalidRequest),
        ("unauthorized_client", E::UnauthorizedClient),
        ("unsupported_response_type", E::UnsupportedResponseType),
        ("invalid_scope", E::InvalidScope),
        ("server_error", E::ServerError),
        ("temporarily_unavailable", E::TemporarilyUnavailable),
        ("access_denied ", E::Other),
        ("ACCESS_DENIED", E::Other),
        ("<script>", E::Other),
    ] {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let address = format!("{REDIRECT}?error={name}&error_description=No&hint=None&state=st4te");
        match judge(&address) {
            Ok(Redirect::Denied { error, state }) => {
                assert_eq!(error, expected, "{name}");
                assert_eq!(state.expose(), "st4te");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

const GOOD: &str = "code=c0de&state=st4te";

fn assert_refused(addresses: &[(String, Refusal)]) {
    for (address, expected) in addresses {
        assert_eq!(refusal(address), Some(*expected), "{address:?}");
    }
}

/// Shows check 10.
#[test]
fn another_scheme_is_not_ours() {
    assert_refused(&[
        (String::new(), Refusal::NotOurs),
        ("?".to_owned(), Refusal::NotOurs),
        (format!("?{GOOD}"), Refusal::NotOurs),
        (format!("https://oauth/callback?{GOOD}"), Refusal::NotOurs),
        (
            format!("CO.AMIQUS.SIGNIN://oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.Amiqus.signin://oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin2://oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("xco.amiqus.signin://oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin:oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin:/oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin:///oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn another_host_a_user_or_a_port_is_not_ours() {
    assert_refused(&[
        (
            format!("co.amiqus.signin://evil/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://OAuth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth.evil/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://u@oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://u:p@oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://@oauth/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth:443/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth:/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn another_path_or_another_spelling_of_ours_is_not_ours() {
    assert_refused(&[
        (format!("co.amiqus.signin://oauth?{GOOD}"), Refusal::NotOurs),
        (
            format!("co.amiqus.signin://oauth/?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth/Callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth/callback/?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth/callback2?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth//callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth/./callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth/x/../callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth/c%61llback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth%2Fcallback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (
            format!("co.amiqus.signin://oauth\\callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (format!("{REDIRECT};x?{GOOD}"), Refusal::NotOurs),
        (format!("{REDIRECT}&{GOOD}"), Refusal::NotOurs),
    ]);
}

/// Shows check 10.
#[test]
fn fragment_is_cut_off_and_nothing_in_it_counts() {
    let expected = ("c0de".to_owned(), "st4te".to_owned());
    for fragment in [
        "#",
        "#_=_",
        "#/anything",
        "#code=other&state=other",
        "#?code=other",
        "##",
        "#\u{e9} \n",
        "&#",
        "&#x",
    ] {
        let address = format!("{REDIRECT}?{GOOD}{fragment}");
        assert_eq!(granted(&address), expected, "{address:?}");
    }
    // Encoded it is data.
    assert_eq!(
        granted(&format!("{REDIRECT}?code=a%23b&state=st4te")).0,
        "a#b"
    );
    assert_refused(&[
        (format!("{REDIRECT}#{GOOD}"), Refusal::NeitherCodeNorError),
        (format!("{REDIRECT}#?{GOOD}"), Refusal::NeitherCodeNorError),
        (format!("{REDIRECT}?#{GOOD}"), Refusal::NoState),
        (
            format!("{REDIRECT}?code=c0de#&state=st4te"),
            Refusal::NoState,
        ),
        (format!("{REDIRECT}/#?{GOOD}"), Refusal::NotOurs),
        (
            format!("co.amiqus.signin://oauth#/callback?{GOOD}"),
            Refusal::NotOurs,
        ),
        (format!("#{REDIRECT}?{GOOD}"), Refusal::NotOurs),
        (
            format!("{REDIRECT}?{GOOD}#{}", "x".repeat(MAX_REDIRECT_BYTES)),
            Refusal::TooLong,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn characters_that_no_address_has_are_refused_encoded_or_not() {
    assert_refused(&[
        (format!(" {REDIRECT}?{GOOD}"), Refusal::OddCharacters),
        (format!("{REDIRECT}?{GOOD}\n"), Refusal::OddCharacters),
        (format!("{REDIRECT}?{GOOD}\0"), Refusal::OddCharacters),
        (
            format!("{REDIRECT}?code=c\u{7f}&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=c\t&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=cødé&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=c\u{202e}&state=s"),
            Refusal::OddCharacters,
        ),
        (
            "co.amiqus.sıgnin://oauth/callback?code=c&state=s".to_owned(),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=%00&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=c%0d%0a&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=%C3%B8&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=%FF&state=s"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?code=c&state=%7f"),
            Refusal::OddCharacters,
        ),
        (
            format!("{REDIRECT}?error=%1b[31m&state=s"),
            Refusal::OddCharacters,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn a_parameter_that_stands_twice_is_refused() {
    assert_refused(&[
        (format!("{REDIRECT}?{GOOD}&code=other"), Refusal::Duplicate),
        (format!("{REDIRECT}?{GOOD}&code=c0de"), Refusal::Duplicate),
        (format!("{REDIRECT}?{GOOD}&code="), Refusal::Duplicate),
        (format!("{REDIRECT}?code=&{GOOD}"), Refusal::Duplicate),
        (
            format!("{REDIRECT}?{GOOD}&c%6fde=other"),
            Refusal::Duplicate,
        ),
        (format!("{REDIRECT}?{GOOD}&state=st4te"), Refusal::Duplicate),
        (
            format!("{REDIRECT}?error=a&error=b&state=s"),
            Refusal::Duplicate,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co&iss=https://id.amiqus.co"),
            Refusal::Duplicate,
        ),
    ]);
}

/// Shows check 13.
#[test]
fn an_answer_needs_a_state_and_either_a_code_or_an_error() {
    assert_refused(&[
        (
            format!("{REDIRECT}?{GOOD}&error=access_denied"),
            Refusal::CodeAndError,
        ),
        (REDIRECT.to_owned(), Refusal::NeitherCodeNorError),
        (
            format!("{REDIRECT}?state=st4te"),
            Refusal::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}?code=&state=st4te"),
            Refusal::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}?error=&state=st4te"),
            Refusal::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}?CODE=c0de&state=st4te"),
            Refusal::NeitherCodeNorError,
        ),
        (format!("{REDIRECT}?code=c0de"), Refusal::NoState),
        (format!("{REDIRECT}?code=c0de&state="), Refusal::NoState),
        (format!("{REDIRECT}?code=c0de&state"), Refusal::NoState),
        (
            format!("{REDIRECT}?error=access_denied"),
            Refusal::DeniedWithoutState(AuthorizationError::AccessDenied),
        ),
        (
            format!("{REDIRECT}?error=server_error&state="),
            Refusal::DeniedWithoutState(AuthorizationError::ServerError),
        ),
        (
            format!("{REDIRECT}?code=c0de&error=access_denied"),
            Refusal::NoState,
        ),
        (format!("{REDIRECT}?"), Refusal::NoState),
    ]);
}

#[test]
fn refused_address_with_the_state_in_it_carries_it() {
    let state = State::new("st4te");
    let carries =
        |address: String| carries_state(&ReceivedLink::new(address), &redirect_url(), &state);
    for query in [
        format!("{GOOD}&iss=https://evil.example"),
        format!("{GOOD}&error=x"),
        format!("{GOOD}&state=other"),
        format!("state=other&{GOOD}"),
        format!("{GOOD}#x"),
        "code=%00&st%61te=st4te".to_owned(),
    ] {
        assert!(carries(format!("{REDIRECT}?{query}")), "{query}");
    }
    for address in [
        format!("{REDIRECT}?code=c0de&state=st4t"),
        format!("{REDIRECT}?code=st4te"),
        format!("{REDIRECT}?code=c0de#state=st4te"),
        format!("{REDIRECT}2?{GOOD}"),
        format!("?{GOOD}"),
    ] {
        assert!(!carries(address.clone()), "{address}");
    }
}

/// Shows check 15.
#[test]
fn another_issuer_is_refused() {
    assert_refused(&[
        (
            format!("{REDIRECT}?{GOOD}&iss=https://evil.example"),
            Refusal::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=http://id.amiqus.co"),
            Refusal::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co.evil.example"),
            Refusal::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co/oauth"),
            Refusal::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co//"),
            Refusal::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=HTTPS://ID.AMIQUS.CO"),
            Refusal::OtherIssuer,
        ),
        (format!("{REDIRECT}?{GOOD}&iss="), Refusal::OtherIssuer),
        (format!("{REDIRECT}?{GOOD}&iss"), Refusal::OtherIssuer),
    ]);
}

/// Shows check 10.
#[test]
fn an_address_may_be_so_long_and_no_longer() {
    let address = |length: usize| {
        let start = format!("{REDIRECT}?state=s&code=");
        let code = "c".repeat(length - start.len());
        format!("{start}{code}")
    };
    assert!(judge(&address(MAX_REDIRECT_BYTES)).is_ok());
    for length in [MAX_REDIRECT_BYTES + 1, 1024 * 1024] {
        assert_eq!(refusal(&address(length)), Some(Refusal::TooLong));
    }
}

/// Shows check 10.
#[test]
fn a_loopback_redirect_url_is_compared_as_exactly() {
    let ours = RedirectUrl::parse("http://127.0.0.1:8123/callback").unwrap();
    let issuer = BaseUrl::parse(DEFAULT_BASE_URL).unwrap();
    let judge = |address: &str| parse(&ReceivedLink::new(address), &ours, &issuer);
    assert!(judge("http://127.0.0.1:8123/callback?code=c&state=s").is_ok());
    for address in [
        "http://127.0.0.1:81234/callback?code=c&state=s",
        "http://127.0.0.1:8124/callback?code=c&state=s",
        "http://127.0.0.1/callback?code=c&state=s",
        "http://localhost:8123/callback?code=c&state=s",
        "https://127.0.0.1:8123/callback?code=c&state=s",
        "http://127.0.0.1:8123/favicon.ico",
        "http://127.1:8123/callback?code=c&state=s",
    ] {
        assert_eq!(judge(address).err(), Some(Refusal::NotOurs), "{address}");
    }
}

/// What a mutation puts in.
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

/// Puts a piece in, takes one out, repeats one elsewhere, or changes one character.
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

/// That an address which was taken really is an answer, read once more by other means.
fn assert_really_an_answer(address: &str, answer: &Redirect) {
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
    assert_eq!(all("state"), [answer.state().expose()], "{address:?}");
    assert!(
        all("code").len() <= 1 && all("error").len() <= 1,
        "{address:?}"
    );
    let issuers = ["https://id.amiqus.co", "https://id.amiqus.co/"];
    assert!(
        all("iss").iter().all(|iss| issuers.contains(&iss.as_str())),
        "{address:?}"
    );
    match answer {
        Redirect::Granted { code, .. } => {
            assert_eq!(all("code"), [code.expose()], "{address:?}");
            assert!(all("error").concat().is_empty(), "{address:?}");
        }
        Redirect::Denied { .. } => {
            assert!(all("code").concat().is_empty(), "{address:?}");
        }
    }
}

/// Shows check 10.
#[test]
fn no_mutation_of_an_answer_is_accepted_unless_it_still_is_one() {
    let good = format!("{REDIRECT}?code=c0de&state=st4te&iss=https%3A%2F%2Fid.amiqus.co");
    let mut random = Random(0x0A31_9A5E);
    let mut taken = 0;
    for _ in 0..50_000 {
        let mut text: Vec<char> = good.chars().collect();
        for _ in 0..=random.below(4) {
            mutate(&mut text, &mut random);
        }
        let address: String = text.into_iter().collect();
        if let Ok(answer) = judge(&address) {
            taken += 1;
            assert_really_an_answer(&address, &answer);
        }
    }
    // The test is one only if some of both kinds came along.
    assert!((100..25_000).contains(&taken), "{taken}");
}

/// Shows check 10.
#[test]
fn no_single_byte_of_the_redirect_url_can_be_another() {
    for at in 0..REDIRECT.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = format!("{REDIRECT}?code=c&state=s").into_bytes();
            if bytes[at] == byte {
                continue;
            }
            bytes[at] = byte;
            if let Ok(address) = String::from_utf8(bytes) {
                assert!(judge(&address).is_err(), "{address:?}");
            }
        }
    }
}

/// Shows check 10.
#[test]
fn random_noise_never_panics() {
    let mut random = Random(0x5EED);
    for _ in 0..20_000 {
        let length = random.below(200);
        let noise: String = (0..length)
            .filter_map(|_| char::from_u32(u32::try_from(random.next() >> 43).unwrap()))
            .collect();
        assert!(judge(&noise).is_err());
        assert!(judge(&format!("{REDIRECT}{noise}")).is_err());
        let _ = pasted::readings(&ReceivedLink::new(noise), &redirect_url());
    }
}

/// Shows check 42.
#[test]
fn what_is_refused_is_told_without_any_of_the_address() {
    for address in [
        "hush://x",
        &format!("{REDIRECT}?code=hush&code=hush&state=hush"),
    ] {
        let refusal = refusal(address).unwrap();
        assert!(!format!("{refusal} {refusal:?}").contains("hush"));
    }
}

/// Shows check 42.
#[test]
fn an_answer_prints_none_of_its_secrets() {
    let received = ReceivedLink::new(format!("{REDIRECT}?code=hush-code&state=hush-state"));
    let answer = judge(received.expose()).unwrap();
    assert!(!format!("{received:?} {answer:?}").contains("hush"));
}
