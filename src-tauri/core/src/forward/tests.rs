//! Hostile targets and headers.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{ForwardTarget, TargetError, request_headers, response_headers};
use crate::fixtures::Random;
use crate::registration::BaseUrl;

fn service() -> BaseUrl {
    BaseUrl::parse("https://id.amiqus.co").unwrap()
}

#[test]
fn resource_is_asked_for_as_it_was_written() {
    for target in [
        "/api/v2/me",
        "/api/v2/clients?page=2&limit=100",
        "/api/v2/clients?search=Zo%C3%AB%20%26%20Co&filter[status]=open",
        "/api/v2/records/7/steps?expand=check,review",
        "/api/v2/clients/7/files/9/download",
        "/api/v2/records?next=https://evil.example/%2e%2e/",
        "/api/v2/clients/",
        "/api/v2/clients/a%20b~c_d-e.f",
        "/api/v2/clients?",
    ] {
        let parsed =
            ForwardTarget::parse(target).unwrap_or_else(|error| panic!("{target}: {error}"));
        let url = parsed.url(&service()).unwrap_or_else(|| panic!("{target}"));
        assert_eq!(url.as_str(), format!("https://id.amiqus.co{target}"));
    }
    let name = ForwardTarget::parse("/api/v2/clients?search=O'Brien").unwrap();
    let url = name.url(&service()).unwrap();
    assert_eq!(
        url.as_str(),
        "https://id.amiqus.co/api/v2/clients?search=O%27Brien"
    );
    // Whatever a query may have in it, it is sent.
    for byte in (0..=u8::MAX).filter(u8::is_ascii_graphic) {
        let target = format!("/api/v2/clients?search={}", char::from(byte));
        if let Ok(parsed) = ForwardTarget::parse(&target) {
            assert!(parsed.url(&service()).is_some(), "{target}");
        }
    }
    let below = BaseUrl::parse("https://example.com/amiqus/").unwrap();
    let url = ForwardTarget::parse("/api/v2/me").unwrap().url(&below);
    assert_eq!(
        url.unwrap().as_str(),
        "https://example.com/amiqus/api/v2/me"
    );
}

#[test]
fn target_that_leads_elsewhere_is_rejected() {
    use TargetError::{Ambiguous, NotAPath, NotAUri, NotTheApi, TooLong};

    for (target, error) in [
        ("", NotAPath),
        ("*", NotAPath),
        ("https://evil.example/api/v2/me", NotAPath),
        ("evil.example:443", NotAPath),
        ("//evil.example/api/v2/me", NotAPath),
        ("/oauth/token", NotTheApi),
        ("/api/v1/me", NotTheApi),
        ("/api/v2", NotTheApi),
        ("/api/v2/", NotTheApi),
        ("/API/V2/me", NotTheApi),
        ("/api/v2/../../oauth/token", Ambiguous),
        ("/api/v2/./me", Ambiguous),
        ("/api/v2/..", Ambiguous),
        ("/api/v2//me", Ambiguous),
        ("/api/v2/%2e%2e/%2E%2E/oauth/token", Ambiguous),
        ("/api/v2/.%2e/oauth", Ambiguous),
        ("/api/v2/a%2fb", Ambiguous),
        ("/api/v2/a%5Cb", Ambiguous),
        ("/api/v2/a%252fb", Ambiguous),
        ("/api/v2/me%00", Ambiguous),
        ("/api/v2/me%0d%0aHost:%20evil.example", Ambiguous),
        ("/api/v2/me;a=b", Ambiguous),
        ("/api/v2/[me]", Ambiguous),
        ("/api/v2\\..\\oauth", NotAUri),
        ("/api/v2/me#fragment", NotAUri),
        ("/api/v2/me%", NotAUri),
        ("/api/v2/me%4", NotAUri),
        ("/api/v2/me%zz", NotAUri),
        ("/api/v2/me HTTP/1.1", NotAUri),
        ("/api/v2/me\r\nHost: evil.example", NotAUri),
        ("/api/v2/m\u{e9}", NotAUri),
        ("/api/v2/me?\u{0}", NotAUri),
    ] {
        assert_eq!(ForwardTarget::parse(target), Err(error), "{target:?}");
    }
    let long = format!("/api/v2/{}", "a".repeat(8 * 1024));
    assert_eq!(ForwardTarget::parse(&long), Err(TooLong));
}

/// Whatever is put together from parts that parsers stumble over: it leads to the API of the service, by the path
/// that was written, or nowhere.
#[test]
fn generated_target_never_leaves_the_api() {
    const PARTS: [&str; 24] = [
        "/",
        "//",
        "/api/v2/",
        "api",
        "v2",
        "..",
        ".",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "%25",
        "%00",
        "\\",
        "?",
        "#",
        "@",
        ":",
        "evil.example",
        "https:",
        "me",
        "[",
        " ",
        "\u{130}",
    ];
    let mut random = Random(7);
    let mut forwarded = 0;
    for _ in 0..100_000 {
        let mut target = if random.below(2) == 0 {
            String::from("/api/v2/")
        } else {
            String::new()
        };
        for _ in 0..random.below(6) {
            target.push_str(PARTS[random.below(PARTS.len())]);
        }
        let Ok(parsed) = ForwardTarget::parse(&target) else {
            continue;
        };
        forwarded += 1;
        let url = parsed.url(&service()).unwrap_or_else(|| panic!("{target}"));
        assert_eq!(url.as_str(), format!("https://id.amiqus.co{target}"));
        assert!(url.path().starts_with("/api/v2/"), "{target}");
        assert_eq!(url.host_str(), Some("id.amiqus.co"), "{target}");
    }
    assert!(forwarded > 1_000, "{forwarded}");
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
}

#[test]
fn programs_credentials_and_connection_stay_here() {
    let sent = headers(&[
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("if-none-match", "\"a\""),
        ("x-request-id", "7"),
        ("authorization", "Bearer hush"),
        ("cookie", "amiqus_session=hush"),
        ("host", "evil.example"),
        ("content-length", "7"),
        ("transfer-encoding", "chunked"),
        ("connection", "close, X-Secret-Hop"),
        ("x-secret-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authorization", "Basic hush"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
        ("sec-fetch-site", "cross-site"),
        ("forwarded", "for=1.2.3.4"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-http-method-override", "DELETE"),
        ("amiqus-account", "1"),
        ("prefer", "respond-async"),
        ("user-agent", "curl/8"),
        ("via", "1.1 me"),
        ("accept-encoding", "br"),
    ]);
    let passed = request_headers(&sent);
    let mut names: Vec<_> = passed.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["accept", "content-type", "if-none-match", "x-request-id"]
    );
}

#[test]
fn program_that_accepts_anything_is_given_json() {
    let accepted = |sent: &HeaderMap| {
        let passed = request_headers(sent);
        passed["accept"].to_str().unwrap().to_owned()
    };
    let json_first = "application/json, */*;q=0.8";
    assert_eq!(accepted(&HeaderMap::new()), json_first);
    assert_eq!(accepted(&headers(&[("accept", "*/*")])), json_first);
    let pdf = headers(&[("accept", "application/pdf")]);
    assert_eq!(accepted(&pdf), "application/pdf");
}

#[test]
fn services_cookies_and_browser_rules_stay_here() {
    let received = headers(&[
        ("content-type", "application/pdf"),
        ("content-disposition", "attachment; filename=\"a.pdf\""),
        ("content-length", "7"),
        ("x-ratelimit-remaining", "199"),
        ("retry-after", "47"),
        ("etag", "\"a\""),
        ("set-cookie", "amiqus_session=hush"),
        ("set-cookie", "XSRF-TOKEN=hush"),
        ("connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=1"),
        ("alt-svc", "h3=\":443\""),
    ]);
    let passed = response_headers(&received);
    let mut names: Vec<_> = passed.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "content-disposition",
            "content-length",
            "content-type",
            "etag",
            "retry-after",
            "x-ratelimit-remaining"
        ]
    );
}
