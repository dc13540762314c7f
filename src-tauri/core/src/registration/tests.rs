use url::Url;

use super::*;
use crate::fixtures::draft;

fn problems(draft: &RegistrationDraft) -> Vec<(Field, Reason)> {
    let problems = draft.validate(Provenance::ByHand).err().unwrap_or_default();
    problems.iter().map(|it| (it.field, it.reason)).collect()
}

/// Shows check 7.
#[test]
fn omitted_fields_have_their_defaults() {
    let registration = draft().validate(Provenance::ByHand).unwrap();
    assert_eq!(registration.redirect_url.as_str(), DEFAULT_REDIRECT_URL);
    assert_eq!(registration.redirect_url.kind(), RedirectKind::Scheme);
    assert_eq!(registration.base_url.as_str(), DEFAULT_BASE_URL);
    assert!(registration.pkce);
}

#[test]
fn white_space_around_a_value_is_removed() {
    let mut pasted = draft();
    pasted.client_id = " 9a1c0ffe\n".to_owned();
    pasted.client_secret = "\thush-client-secret ".to_owned();
    pasted.redirect_url = Some("  ".to_owned());
    pasted.base_url = Some(format!(" {DEFAULT_BASE_URL}/ "));
    pasted.organisation = Some("  ".to_owned());
    let registration = pasted.validate(Provenance::ByHand).unwrap();
    assert_eq!(registration.client_id.as_str(), "9a1c0ffe");
    assert_eq!(registration.client_secret.expose(), "hush-client-secret");
    assert_eq!(registration.redirect_url.as_str(), DEFAULT_REDIRECT_URL);
    assert_eq!(registration.base_url.as_str(), DEFAULT_BASE_URL);
    assert_eq!(registration.organisation, None);
}

#[test]
fn client_id_and_secret_must_be_printable_and_short() {
    let long = "x".repeat(2049);
    for (value, reason) in [
        ("", Reason::Missing),
        (" \n", Reason::Missing),
        ("a b", Reason::HasSpaces),
        ("a\nb", Reason::HasSpaces),
        ("a\0b", Reason::HasSpaces),
        ("a\u{200b}b", Reason::HasSpaces),
        ("ä", Reason::HasSpaces),
        (long.as_str(), Reason::TooLong),
    ] {
        let mut invalid = draft();
        invalid.client_id = value.to_owned();
        assert_eq!(problems(&invalid), [(Field::ClientId, reason)], "{value:?}");
        let mut invalid = draft();
        invalid.client_secret = value.to_owned();
        assert_eq!(
            problems(&invalid),
            [(Field::ClientSecret, reason)],
            "{value:?}"
        );
    }
}

#[test]
fn all_problems_are_listed_in_the_order_of_the_form() {
    let invalid = RegistrationDraft {
        client_id: String::new(),
        client_secret: "a b".to_owned(),
        redirect_url: Some("https://example.com".to_owned()),
        base_url: Some("http://example.com".to_owned()),
        organisation: Some("x".repeat(3000)),
        pkce: None,
    };
    assert_eq!(
        problems(&invalid),
        [
            (Field::ClientId, Reason::Missing),
            (Field::ClientSecret, Reason::HasSpaces),
            (Field::RedirectUrl, Reason::WrongKind),
            (Field::BaseUrl, Reason::NotHttps),
            (Field::Organisation, Reason::TooLong),
        ]
    );
}

/// Shows checks 7 and 8.
#[test]
fn redirect_url_that_misses_this_app_is_rejected() {
    for (text, expected) in [
        (
            "co.amiqus.signin://oauth/callback",
            Ok(RedirectKind::Scheme),
        ),
        ("co.amiqus.signin://x/y", Ok(RedirectKind::Scheme)),
        ("http://127.0.0.1:8123/callback", Ok(RedirectKind::Loopback)),
        ("http://127.0.0.1:1024/", Ok(RedirectKind::Loopback)),
        ("http://127.0.0.1/", Err(Reason::LoopbackIncomplete)),
        ("http://127.0.0.1/callback", Err(Reason::LoopbackIncomplete)),
        ("http://127.0.0.1:1023/x", Err(Reason::LoopbackIncomplete)),
        ("http://127.0.0.1:8123", Err(Reason::LoopbackIncomplete)),
        ("http://[::1]:8123", Err(Reason::LoopbackIncomplete)),
        ("http://127.5.0.9:8123/x", Err(Reason::LoopbackNotLiteral)),
        ("http://[::1]:8123/callback", Ok(RedirectKind::Loopback)),
        (
            "co.amiqus.signin:/oauth/callback",
            Err(Reason::SchemeWithoutHost),
        ),
        ("co.amiqus.signin:oauth", Err(Reason::SchemeWithoutHost)),
        (
            "co.amiqus.signin:///callback",
            Err(Reason::SchemeWithoutHost),
        ),
        (
            "amiqus://oauth/callback",
            Err(Reason::SchemeNotReverseDomain),
        ),
        ("javascript:alert(1)", Err(Reason::SchemeNotReverseDomain)),
        ("co.amiqus.other://oauth/callback", Err(Reason::WrongKind)),
        ("https://example.com/callback", Err(Reason::WrongKind)),
        (
            "http://localhost:8123/callback",
            Err(Reason::LoopbackNotLiteral),
        ),
        (
            "http://192.168.0.1:8123/callback",
            Err(Reason::LoopbackNotLiteral),
        ),
        (
            "http://127.0.0.1.example.com/",
            Err(Reason::LoopbackNotLiteral),
        ),
        (
            "http://[::2]:8123/callback",
            Err(Reason::LoopbackNotLiteral),
        ),
        ("http://u@127.0.0.1:8123/callback", Err(Reason::HasUserInfo)),
        (
            "co.amiqus.signin://u:p@oauth/callback",
            Err(Reason::HasUserInfo),
        ),
        (
            "co.amiqus.signin://oauth/callback#",
            Err(Reason::HasFragment),
        ),
        (
            "co.amiqus.signin://oauth/callback#x",
            Err(Reason::HasFragment),
        ),
        ("co.amiqus.signin://oauth/callback?", Err(Reason::HasQuery)),
        ("co.amiqus.signin://oauth/a,b", Err(Reason::HasComma)),
        (
            "co.amiqus.signin://oauth/callback,http://127.0.0.1:8123/callback",
            Err(Reason::HasComma),
        ),
        ("http://127.0.0.1:8123/a,b", Err(Reason::HasComma)),
        (
            "co.amiqus.signin://oauth/callback?x=y",
            Err(Reason::HasQuery),
        ),
        (
            "CO.amiqus.signin://oauth/callback",
            Err(Reason::NotAnAddress),
        ),
        ("http://127.0.0.1:80/", Err(Reason::LoopbackIncomplete)),
        ("http://127.1:8123/callback", Err(Reason::NotAnAddress)),
        ("http://127.0.0.1:8123/a/../b", Err(Reason::NotAnAddress)),
        (
            "co.amiqus.signin://oauth/\\callback",
            Err(Reason::NotAnAddress),
        ),
        ("nonsense", Err(Reason::NotAnAddress)),
        ("", Err(Reason::Missing)),
        ("co.amiqus.signin://oauth/call back", Err(Reason::HasSpaces)),
    ] {
        let parsed = RedirectUrl::parse_entered(text);
        if let Ok(parsed) = &parsed {
            assert_eq!(parsed.as_str(), text);
        }
        assert_eq!(parsed.map(|url| url.kind()), expected, "{text}");
    }
}

#[test]
fn list_of_redirect_urls_is_rejected_even_if_it_is_no_address() {
    let text = "http://127.0.0.1:8123,http://127.0.0.1:8124";
    assert_eq!(RedirectUrl::parse(text), Err(Reason::NotAnAddress));
    assert_eq!(RedirectUrl::parse_entered(text), Err(Reason::HasComma));
}

#[test]
fn redirect_url_with_a_comma_is_rejected_only_where_it_is_entered() {
    let mut entered = draft();
    entered.redirect_url = Some("co.amiqus.signin://oauth/a,b".to_owned());
    assert_eq!(problems(&entered), [(Field::RedirectUrl, Reason::HasComma)]);
    entered.validate_stored(Provenance::ByHand).unwrap();
}

#[test]
fn loopback_redirect_url_has_a_listen_address() {
    for (text, address) in [
        ("http://127.0.0.1:8123/callback", Some("127.0.0.1:8123")),
        ("http://[::1]:8123/callback", Some("[::1]:8123")),
        (DEFAULT_REDIRECT_URL, None),
    ] {
        let mut with = draft();
        with.redirect_url = Some(text.to_owned());
        let registration = with.validate(Provenance::ByHand).unwrap();
        let listen_address = registration.redirect_url.listen_address();
        assert_eq!(listen_address.map(|at| at.to_string()).as_deref(), address);
    }
}

/// Shows check 18.
#[test]
fn base_url_without_https_or_loopback_is_rejected() {
    for (text, expected) in [
        ("https://id.amiqus.co", Ok("https://id.amiqus.co")),
        ("https://id.amiqus.co/", Ok("https://id.amiqus.co")),
        ("https://ID.amiqus.co:443", Ok("https://id.amiqus.co")),
        (
            "https://example.com/amiqus/",
            Ok("https://example.com/amiqus"),
        ),
        ("http://127.0.0.1:4000", Ok("http://127.0.0.1:4000")),
        ("http://[::1]:4000", Ok("http://[::1]:4000")),
        ("http://localhost:4000", Err(Reason::NotHttps)),
        ("http://127.1:4000", Ok("http://127.0.0.1:4000")),
        ("http://id.amiqus.co", Err(Reason::NotHttps)),
        ("http://192.168.0.1", Err(Reason::NotHttps)),
        ("http://localhost.example.com", Err(Reason::NotHttps)),
        ("ftp://id.amiqus.co", Err(Reason::NotAnAddress)),
        ("file:///etc/passwd", Err(Reason::NotAnAddress)),
        ("id.amiqus.co", Err(Reason::NotAnAddress)),
        ("https://user@id.amiqus.co", Err(Reason::HasUserInfo)),
        ("https://id.amiqus.co/?x", Err(Reason::HasQuery)),
        ("https://id.amiqus.co/#x", Err(Reason::HasFragment)),
        ("", Err(Reason::Missing)),
    ] {
        let parsed = BaseUrl::parse(text);
        let parsed = parsed.as_ref().map(BaseUrl::as_str).map_err(|it| *it);
        assert_eq!(parsed, expected, "{text}");
    }
}

/// Shows check 40.
#[test]
fn base_url_contains_only_its_own_addresses() {
    let contains = |base_url: &str, url: &str| {
        BaseUrl::parse(base_url)
            .unwrap()
            .contains(&Url::parse(url).unwrap())
    };
    let own = BaseUrl::parse("https://a.example/amiqus").unwrap();
    for url in [own.authorization_endpoint(), own.page(Page::TeamApps)] {
        assert!(own.contains(&url), "{url}");
    }
    assert!(contains(
        "https://a.example",
        "https://a.example:443/x?state=1"
    ));
    assert!(contains("http://127.0.0.1:80", "http://127.0.0.1/x"));
    for other in [
        "https://a.example/elsewhere",
        "https://a.example/amiqus-elsewhere",
        "https://a.example/amiqus/../elsewhere",
        "https://b.example/amiqus/x",
        "https://a.example:444/amiqus/x",
        "https://bob@a.example/amiqus/x",
        "https://:secret@a.example/amiqus/x",
        "http://a.example/amiqus/x",
        "file:///amiqus/x",
    ] {
        assert!(!contains("https://a.example/amiqus", other), "{other}");
    }
}

#[test]
fn endpoints_are_those_of_the_guide() {
    let base_url = BaseUrl::parse(DEFAULT_BASE_URL).unwrap();
    for (endpoint, expected) in [
        (
            base_url.authorization_endpoint(),
            "https://id.amiqus.co/oauth/authorize",
        ),
        (
            base_url.token_endpoint(),
            "https://id.amiqus.co/oauth/token",
        ),
        (base_url.api("me"), "https://id.amiqus.co/api/v2/me"),
        (
            base_url.api("team/me"),
            "https://id.amiqus.co/api/v2/team/me",
        ),
    ] {
        assert_eq!(endpoint.as_str(), expected);
    }
}

/// Shows check 42.
#[test]
fn registration_prints_no_secret() {
    let draft = draft();
    let registration = draft.validate(Provenance::ByHand).unwrap();
    let printed = format!("{draft:?} {registration:?}");
    assert!(!printed.contains("hush-"), "{printed}");
}

/// Shows check 14.
#[test]
fn organisation_is_plain_text() {
    let mut odd = draft();
    odd.organisation = Some("Gale\u{202e} & \u{0}Partners\n".to_owned());
    let registration = odd.validate(Provenance::ByHand).unwrap();
    assert_eq!(
        registration.organisation.as_deref(),
        Some("Gale & Partners")
    );
}

#[test]
fn invisible_organisation_is_none() {
    let mut invisible = draft();
    invisible.organisation = Some(" \u{200b}\u{61c} ".to_owned());
    let registration = invisible.validate(Provenance::ByHand).unwrap();
    assert_eq!(registration.organisation, None);
}

#[test]
fn base_url_with_trailing_slashes_is_stable() {
    for (text, endpoint) in [
        ("https://id.amiqus.co", "https://id.amiqus.co/oauth/token"),
        ("https://id.amiqus.co//", "https://id.amiqus.co/oauth/token"),
        (
            "https://id.amiqus.co/eu//",
            "https://id.amiqus.co/eu/oauth/token",
        ),
    ] {
        let url = BaseUrl::parse(text).unwrap();
        assert_eq!(url.token_endpoint().as_str(), endpoint);
        assert_eq!(BaseUrl::parse(url.as_str()), Ok(url));
    }
}

/// A change that an administrator makes.
type Change = fn(&mut RegistrationDraft);

/// Shows check 22.
#[test]
fn current_secret_is_kept_only_for_the_same_protection() {
    let current = draft().validate(Provenance::ByHand).unwrap();
    let changes: [(&str, bool, Change); 8] = [
        ("nothing", true, |_| ()),
        ("the organisation", true, |draft| {
            draft.organisation = Some("Another".to_owned());
        }),
        ("PKCE, on", true, |draft| draft.pkce = Some(true)),
        ("PKCE, off", false, |draft| draft.pkce = Some(false)),
        ("the redirect URL", false, |draft| {
            draft.redirect_url = Some("http://127.0.0.1:8123/callback".to_owned());
        }),
        ("the redirect URL's path", false, |draft| {
            draft.redirect_url = Some("co.amiqus.signin://oauth/other".to_owned());
        }),
        ("the client", false, |draft| {
            draft.client_id = "other".to_owned();
        }),
        ("the service", false, |draft| {
            draft.base_url = Some("https://example.com".to_owned());
        }),
    ];
    for (what, is_kept, change) in changes {
        let mut draft = draft();
        draft.client_secret = String::new();
        change(&mut draft);
        let entered = draft.with_current_secret(Some(&current));
        match entered.validate(Provenance::ByHand) {
            Ok(registration) => {
                assert!(is_kept, "{what}");
                let kept = registration.client_secret.expose();
                assert_eq!(kept, current.client_secret.expose(), "{what}");
            }
            Err(problems) => {
                assert!(!is_kept, "{what}");
                let (field, reason) = (Field::ClientSecret, Reason::Missing);
                assert_eq!(problems, [FieldProblem { field, reason }], "{what}");
            }
        }
    }
}
