use super::candidates::{MAX_ENCODINGS, MAX_PIECES, MAX_STARTS};
use super::*;
use crate::fixtures::{REDIRECT, redirect_url};
use crate::registration::DEFAULT_BASE_URL;

/// A `state` of real length that ends with an emphasis mark.
const STATE: &str = "q1-Zc0de_0123456789abcdefghijABCDEFGHIJ-kl_";

/// A code of real length, which a mail breaks into many lines.
fn code() -> String {
    "def50200a1b2c3".repeat(50)
}

fn query() -> String {
    format!("code={}&state={STATE}", code())
}

fn address() -> String {
    format!("{REDIRECT}?{}", query())
}

fn find_at(redirect_url: &RedirectUrl, pasted: &str) -> Result<AuthorizationResponse, PasteError> {
    let issuer = BaseUrl::parse(DEFAULT_BASE_URL).unwrap();
    let expected = State::new(STATE);
    find_response(&ReceivedLink::new(pasted), redirect_url, &issuer, &expected)
}

fn find(pasted: &str) -> Result<AuthorizationResponse, PasteError> {
    find_at(&redirect_url(), pasted)
}

fn assert_granted(result: Result<AuthorizationResponse, PasteError>, pasted: &str) {
    match result {
        Ok(AuthorizationResponse::Granted { code: found, .. }) => {
            assert_eq!(found.expose(), code(), "{pasted}");
        }
        other => panic!("{pasted:?}: {other:?}"),
    }
}

/// Inserts a break after each `width` characters.
fn wrapped(text: &str, width: usize, break_with: &str) -> String {
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(width)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    lines.join(break_with)
}

/// The address as changed by programs and people on the way, each with a description.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn dirty(address: &str) -> Vec<(&'static str, String)> {
    let escaped = address.replace('&', "&amp;");
    let upper = address.replacen("co.amiqus.signin://oauth", "CO.AMIQUS.SIGNIN://OAUTH", 1);
    let encoded =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    vec![
        ("as it is", address.to_owned()),
        ("spaces around it", format!(" \t{address}\r\n")),
        ("a no-break space", format!("\u{a0}{address}\u{a0}")),
        ("line breaks", wrapped(address, 60, "\n")),
        ("line breaks of Windows", wrapped(address, 72, "\r\n")),
        ("line breaks made spaces", wrapped(address, 60, " ")),
        (
            "indentation",
            wrapped(&format!("    {address}"), 60, "\n    "),
        ),
        ("a break in the beginning", wrapped(address, 17, "\n")),
        (
            "quoted by a mail",
            format!("> {}", wrapped(address, 70, "\n> ")),
        ),
        (
            "quoted twice, in one line",
            format!(">> {}", wrapped(address, 70, " >> ")),
        ),
        (
            "quoted with bars",
            format!("| {}", wrapped(address, 70, "\n| ")),
        ),
        ("angle brackets", format!("<{address}>")),
        ("angle brackets of a mail", format!("<URL:{address}>")),
        ("quotes", format!("\"{address}\"")),
        ("single quotes", format!("'{address}'")),
        ("typographic quotes", format!("“{address}”")),
        ("single typographic quotes", format!("‘{address}’")),
        ("guillemets", format!("« {address} »")),
        ("low quotes", format!("„{address}“")),
        ("brackets", format!("({address})")),
        ("brackets and a stop", format!("(see {address}).")),
        ("square brackets", format!("[{address}]")),
        ("bold", format!("**{address}**")),
        ("bold in a chat", format!("*{address}*")),
        ("italics", format!("_{address}_")),
        ("italics twice", format!("__{address}__")),
        ("struck out", format!("~~{address}~~")),
        ("code", format!("`{address}`")),
        ("a block of code", format!("```\n{address}\n```")),
        ("a Markdown link", format!("[Sign in]({address})")),
        (
            "a Markdown link of itself",
            format!("[{address}]({address})"),
        ),
        ("an HTML link", format!("<a href=\"{escaped}\">Sign in</a>")),
        ("zero-width spaces", wrapped(address, 40, "\u{200b}")),
        ("a byte-order mark", format!("\u{feff}{address}")),
        ("soft hyphens", wrapped(address, 30, "\u{ad}")),
        (
            "direction marks",
            format!("\u{2068}{address}\u{2069}\u{200e}"),
        ),
        ("a word joiner", format!("\u{2060}{address}\u{2060}")),
        ("escaped", escaped.clone()),
        ("escaped twice", escaped.replace("&amp;", "&amp;amp;")),
        ("escaped by number", address.replace('&', "&#38;")),
        ("escaped brackets", format!("&lt;{escaped}&gt;")),
        ("a full stop", format!("{address}.")),
        ("an ellipsis", format!("{address}…")),
        ("a comma", format!("{address},")),
        ("a question", format!("Is it {address}?")),
        ("an exclamation", format!("{address}!!")),
        ("upper case", upper),
        ("encoded as a whole", encoded(address)),
        ("encoded twice as a whole", encoded(&encoded(address))),
        (
            "its query encoded",
            address
                .replacen('?', "%3F", 1)
                .replace('=', "%3D")
                .replace('&', "%26"),
        ),
        ("a word before it", format!("Adresse: {address}")),
        (
            "words around it",
            format!("I got to {address} and it says nothing more."),
        ),
        (
            "words and numbers after it",
            format!("{address} 27 Nov 2026 at 18:20"),
        ),
        (
            "a letter around it",
            format!("Hello,\n\nthis is where it ends:\n\n{address}\n\nThanks\nBob"),
        ),
        (
            "a letter around it, in one line",
            format!(
                "Hello, this is it: {} Thanks Bob",
                wrapped(address, 60, " ")
            ),
        ),
        (
            "what a browser's console says",
            format!(
                "Failed to launch '{address}' because the scheme does not have a registered handler."
            ),
        ),
        ("a fragment", format!("{address}#/anything")),
        ("an empty fragment and a stop", format!("{address}#.")),
        (
            "another address before it",
            format!("https://id.amiqus.co/oauth/authorize?client_id=1 {address}"),
        ),
        (
            "a link checker before it",
            format!("https://safe.example/?url={}&data=1", encoded(address)),
        ),
    ]
}

/// Shows check 10.
#[test]
fn address_changed_by_pasting_is_found() {
    for (how, pasted) in dirty(&address()) {
        assert_granted(find(&pasted), how);
    }
}

#[test]
fn loopback_address_changed_by_pasting_is_found() {
    const LOOPBACK: &str = "http://127.0.0.1:8123/callback";
    let ours = RedirectUrl::parse(LOOPBACK).unwrap();
    let address = format!("{LOOPBACK}?{}", query());
    for (how, pasted) in dirty(&address) {
        assert_granted(find_at(&ours, &pasted), how);
    }
    // Browsers hide the scheme, or insist on https.
    let hidden = address.strip_prefix("http://").unwrap();
    for pasted in [
        hidden.to_owned(),
        format!("Address: {hidden}."),
        format!("<{hidden}>"),
        format!("https://{hidden}"),
        format!("HTTP://{hidden}"),
        wrapped(hidden, 60, " "),
    ] {
        assert_granted(find_at(&ours, &pasted), &pasted);
    }
}

#[test]
fn query_pasted_alone_is_found() {
    let query = query();
    for pasted in [
        query.clone(),
        format!("?{query}"),
        format!(" ?{query} "),
        format!("\"{query}\""),
        format!("state={STATE}&code={}", code()),
        wrapped(&query, 60, "\n"),
        query.replace('&', "&amp;"),
    ] {
        assert_granted(find(&pasted), &pasted);
    }
}

/// Other servers put the code last: then no `state` marks its end.
#[test]
fn pasted_code_at_the_end_is_complete_or_rejected() {
    let address = format!("{REDIRECT}?state={STATE}&code={}", code());
    for pasted in [
        address.clone(),
        format!("{address}."),
        format!("{address}, thanks"),
        format!("<{address}>"),
        format!("_{address}_"),
        wrapped(&address, 60, "\n"),
        format!("> {}", wrapped(&address, 70, " > ")),
        format!("Failed to launch '{address}' because"),
    ] {
        assert_granted(find(&pasted), &pasted);
    }
    // Followed by words with digits, the end of the code is uncertain.
    for words in ["27 Nov 2026 at 18:20", "2026", "0123456789abcdef", "a=1"] {
        for (pasted, is_clear) in [
            (format!("{address} {words}"), false),
            (format!("{address}\n{words}"), false),
            (format!("<{address}> {words}"), true),
            (format!("{}\n{words}", wrapped(&address, 60, "\n")), true),
        ] {
            match (find(&pasted), is_clear) {
                (Err(error), false) => assert_eq!(error, PasteError::Incomplete, "{pasted}"),
                (result, true) => assert_granted(result, &pasted),
                (Ok(response), false) => panic!("{pasted}: {response:?}"),
            }
        }
    }
    // A code that ends with an emphasis mark.
    let odd = format!("{REDIRECT}?state={STATE}&code=ab_c-_");
    assert!(
        matches!(find(&odd), Ok(AuthorizationResponse::Granted { code, .. }) if code.expose() == "ab_c-_")
    );
}

/// Shows check 12.
#[test]
fn pasted_denial_is_found() {
    let denied = format!("> {REDIRECT}?error=access_denied&amp;state={STATE}.");
    assert!(matches!(
        find(&denied),
        Ok(AuthorizationResponse::Denied { .. })
    ));
}

#[test]
fn pasted_text_without_the_response_has_the_right_reason() {
    use PasteError as E;
    let code = code();
    let other = "o".repeat(43);
    let part = &STATE[..30];
    for (pasted, expected) in [
        (String::new(), E::NotFound),
        ("> \u{200b}".to_owned(), E::NotFound),
        ("correct horse battery".to_owned(), E::NotFound),
        ("bob@id.amiqus.co".to_owned(), E::NotFound),
        (
            "Dear Bob, see https://example.com/x?code=1&state=2".to_owned(),
            E::NotFound,
        ),
        (
            format!("https://evil.example/oauth/callback?{}", query()),
            E::NotFound,
        ),
        (
            format!("http://127.0.0.1:8123/callback?{}", query()),
            E::NotFound,
        ),
        (REDIRECT.to_owned(), E::Incomplete),
        (format!("{REDIRECT}?code={code}"), E::Incomplete),
        (format!("{REDIRECT}?code={code}&amp;state"), E::Incomplete),
        (
            format!("{REDIRECT}?code={code}&state={part}"),
            E::Incomplete,
        ),
        (
            format!("<{REDIRECT}?code={code}&state={part}>"),
            E::Incomplete,
        ),
        (
            format!("{REDIRECT}?code={code}&state={other}"),
            E::AnotherAttempt,
        ),
        (
            format!("{REDIRECT}?code={code}&state={other} and words"),
            E::AnotherAttempt,
        ),
        (
            format!("{REDIRECT}?code=a&state=guessed"),
            E::AnotherAttempt,
        ),
        (
            format!("{REDIRECT}?error=access_denied"),
            E::DeniedWithoutState,
        ),
        (
            format!("{}&iss=https://evil.example", address()),
            E::Unusable(RedirectError::OtherIssuer),
        ),
        (
            format!("{}&error=x", address()),
            E::Unusable(RedirectError::CodeAndError),
        ),
        (
            format!(
                "https://id.amiqus.co/oauth/authorize?client_id=1&redirect_uri=co.amiqus.signin%3A%2F%2Foauth%2Fcallback&response_type=code&state={STATE}"
            ),
            E::ServicePage,
        ),
        ("id.amiqus.co/login".to_owned(), E::ServicePage),
        ("<https://ID.amiqus.co>".to_owned(), E::NotFound),
        (
            "See https://id.amiqus.co/login?return_to=%2Foauth".to_owned(),
            E::ServicePage,
        ),
        (
            "https://id.amiqus.co.evil.example/oauth/authorize".to_owned(),
            E::NotFound,
        ),
    ] {
        assert_eq!(find(&pasted).err(), Some(expected), "{pasted:?}");
    }
}

/// Shows check 42.
#[test]
fn paste_error_prints_nothing_of_the_paste() {
    let error = find(&format!("{REDIRECT}?code=hush&state=hush")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"));
}

/// Shows check 11.
#[test]
fn pasted_text_of_any_size_has_few_candidates() {
    for pasted in [
        format!("{REDIRECT}?").repeat(2_000),
        format!("{REDIRECT}?code=1 ").repeat(1_000),
        format!("{REDIRECT}{}", "%25".repeat(10_000)),
        format!("{REDIRECT}?{}", " 1".repeat(20_000)),
        "_".repeat(60_000),
        "x".repeat(10_000_000),
    ] {
        let candidates = candidates(&ReceivedLink::new(pasted), &redirect_url());
        assert!(candidates.len() <= (1 + MAX_ENCODINGS) * MAX_STARTS * MAX_PIECES * 3);
    }
}
