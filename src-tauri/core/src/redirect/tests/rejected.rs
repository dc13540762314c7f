//! Addresses that are not an authorization response to this app.

use super::RedirectError::OtherRedirectUrl;
use super::*;

const GOOD: &str = "code=c0de&state=st4te";

fn assert_rejected(addresses: &[(String, RedirectError)]) {
    for (address, expected) in addresses {
        assert_eq!(error(address), Some(*expected), "{address:?}");
    }
}

/// Shows check 10.
#[test]
fn redirect_with_another_scheme_is_rejected() {
    assert_rejected(&[
        (String::new(), OtherRedirectUrl),
        ("?".to_owned(), OtherRedirectUrl),
        (format!("?{GOOD}"), OtherRedirectUrl),
        (format!("https://oauth/callback?{GOOD}"), OtherRedirectUrl),
        (
            format!("CO.AMIQUS.SIGNIN://oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.Amiqus.signin://oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin2://oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("xco.amiqus.signin://oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin:oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin:/oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin:///oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn redirect_with_another_host_user_or_port_is_rejected() {
    assert_rejected(&[
        (
            format!("co.amiqus.signin://evil/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://OAuth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth.evil/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://u@oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://u:p@oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://@oauth/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth:443/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth:/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn redirect_with_another_path_or_spelling_is_rejected() {
    assert_rejected(&[
        (format!("co.amiqus.signin://oauth?{GOOD}"), OtherRedirectUrl),
        (
            format!("co.amiqus.signin://oauth/?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth/Callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth/callback/?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth/callback2?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth//callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth/./callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth/x/../callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth/c%61llback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth%2Fcallback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (
            format!("co.amiqus.signin://oauth\\callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (format!("{REDIRECT};x?{GOOD}"), OtherRedirectUrl),
        (format!("{REDIRECT}&{GOOD}"), OtherRedirectUrl),
    ]);
}

/// Shows check 10.
#[test]
fn fragment_is_ignored() {
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
    // Percent-encoded, it is data.
    assert_eq!(
        granted(&format!("{REDIRECT}?code=a%23b&state=st4te")).0,
        "a#b"
    );
    assert_rejected(&[
        (
            format!("{REDIRECT}#{GOOD}"),
            RedirectError::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}#?{GOOD}"),
            RedirectError::NeitherCodeNorError,
        ),
        (format!("{REDIRECT}?#{GOOD}"), RedirectError::MissingState),
        (
            format!("{REDIRECT}?code=c0de#&state=st4te"),
            RedirectError::MissingState,
        ),
        (format!("{REDIRECT}/#?{GOOD}"), OtherRedirectUrl),
        (
            format!("co.amiqus.signin://oauth#/callback?{GOOD}"),
            OtherRedirectUrl,
        ),
        (format!("#{REDIRECT}?{GOOD}"), OtherRedirectUrl),
        (
            format!("{REDIRECT}?{GOOD}#{}", "x".repeat(MAX_REDIRECT_BYTES)),
            RedirectError::TooLong,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn redirect_with_invalid_characters_is_rejected() {
    assert_rejected(&[
        (
            format!(" {REDIRECT}?{GOOD}"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?{GOOD}\n"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?{GOOD}\0"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=c\u{7f}&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=c\t&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=cødé&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=c\u{202e}&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            "co.amiqus.sıgnin://oauth/callback?code=c&state=s".to_owned(),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=%00&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=c%0d%0a&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=%C3%B8&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=%FF&state=s"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?code=c&state=%7f"),
            RedirectError::InvalidCharacters,
        ),
        (
            format!("{REDIRECT}?error=%1b[31m&state=s"),
            RedirectError::InvalidCharacters,
        ),
    ]);
}

/// Shows check 10.
#[test]
fn redirect_with_duplicate_parameter_is_rejected() {
    assert_rejected(&[
        (
            format!("{REDIRECT}?{GOOD}&code=other"),
            RedirectError::Duplicate,
        ),
        (
            format!("{REDIRECT}?{GOOD}&code=c0de"),
            RedirectError::Duplicate,
        ),
        (format!("{REDIRECT}?{GOOD}&code="), RedirectError::Duplicate),
        (format!("{REDIRECT}?code=&{GOOD}"), RedirectError::Duplicate),
        (
            format!("{REDIRECT}?{GOOD}&c%6fde=other"),
            RedirectError::Duplicate,
        ),
        (
            format!("{REDIRECT}?{GOOD}&state=st4te"),
            RedirectError::Duplicate,
        ),
        (
            format!("{REDIRECT}?error=a&error=b&state=s"),
            RedirectError::Duplicate,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co&iss=https://id.amiqus.co"),
            RedirectError::Duplicate,
        ),
    ]);
}

/// Shows check 13.
#[test]
fn redirect_without_state_or_without_result_is_rejected() {
    assert_rejected(&[
        (
            format!("{REDIRECT}?{GOOD}&error=access_denied"),
            RedirectError::CodeAndError,
        ),
        (REDIRECT.to_owned(), RedirectError::NeitherCodeNorError),
        (
            format!("{REDIRECT}?state=st4te"),
            RedirectError::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}?code=&state=st4te"),
            RedirectError::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}?error=&state=st4te"),
            RedirectError::NeitherCodeNorError,
        ),
        (
            format!("{REDIRECT}?CODE=c0de&state=st4te"),
            RedirectError::NeitherCodeNorError,
        ),
        (format!("{REDIRECT}?code=c0de"), RedirectError::MissingState),
        (
            format!("{REDIRECT}?code=c0de&state="),
            RedirectError::MissingState,
        ),
        (
            format!("{REDIRECT}?code=c0de&state"),
            RedirectError::MissingState,
        ),
        (
            format!("{REDIRECT}?error=access_denied"),
            RedirectError::DeniedWithoutState(AuthorizationError::AccessDenied),
        ),
        (
            format!("{REDIRECT}?error=server_error&state="),
            RedirectError::DeniedWithoutState(AuthorizationError::ServerError),
        ),
        (
            format!("{REDIRECT}?code=c0de&error=access_denied"),
            RedirectError::MissingState,
        ),
        (format!("{REDIRECT}?"), RedirectError::MissingState),
    ]);
}

#[test]
fn rejected_address_with_the_state_carries_it() {
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
fn redirect_with_another_issuer_is_rejected() {
    assert_rejected(&[
        (
            format!("{REDIRECT}?{GOOD}&iss=https://evil.example"),
            RedirectError::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=http://id.amiqus.co"),
            RedirectError::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co.evil.example"),
            RedirectError::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co/oauth"),
            RedirectError::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=https://id.amiqus.co//"),
            RedirectError::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss=HTTPS://ID.AMIQUS.CO"),
            RedirectError::OtherIssuer,
        ),
        (
            format!("{REDIRECT}?{GOOD}&iss="),
            RedirectError::OtherIssuer,
        ),
        (format!("{REDIRECT}?{GOOD}&iss"), RedirectError::OtherIssuer),
    ]);
}

/// Shows check 10.
#[test]
fn redirect_over_the_maximum_length_is_rejected() {
    let address = |length: usize| {
        let start = format!("{REDIRECT}?state=s&code=");
        let code = "c".repeat(length - start.len());
        format!("{start}{code}")
    };
    assert!(parse_link(&address(MAX_REDIRECT_BYTES)).is_ok());
    for length in [MAX_REDIRECT_BYTES + 1, 1024 * 1024] {
        assert_eq!(error(&address(length)), Some(RedirectError::TooLong));
    }
}

/// Shows check 10.
#[test]
fn loopback_redirect_url_is_compared_exactly() {
    let ours = RedirectUrl::parse("http://127.0.0.1:8123/callback").unwrap();
    let issuer = BaseUrl::parse(DEFAULT_BASE_URL).unwrap();
    let parse_link = |address: &str| parse(&ReceivedLink::new(address), &ours, &issuer);
    assert!(parse_link("http://127.0.0.1:8123/callback?code=c&state=s").is_ok());
    for address in [
        "http://127.0.0.1:81234/callback?code=c&state=s",
        "http://127.0.0.1:8124/callback?code=c&state=s",
        "http://127.0.0.1/callback?code=c&state=s",
        "http://localhost:8123/callback?code=c&state=s",
        "https://127.0.0.1:8123/callback?code=c&state=s",
        "http://127.0.0.1:8123/favicon.ico",
        "http://127.1:8123/callback?code=c&state=s",
    ] {
        assert_eq!(
            parse_link(address).err(),
            Some(OtherRedirectUrl),
            "{address}"
        );
    }
}
