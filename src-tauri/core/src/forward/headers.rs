//! The headers that pass between a program and the service.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED,
    HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    REFERER, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT, VIA,
};

/// Headers of one connection and not of the message (RFC 9110 §7.6.1), beside those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The same, by names that the library has no constants for.
const OLDER_HOP_BY_HOP: [&str; 2] = ["keep-alive", "proxy-connection"];

/// What a program has no say in: whose request it is, where it goes, how long it is, and how it came here.
const OURS: [HeaderName; 11] = [
    ACCEPT_ENCODING,
    AUTHORIZATION,
    CONTENT_LENGTH,
    COOKIE,
    EXPECT,
    FORWARDED,
    HOST,
    ORIGIN,
    REFERER,
    USER_AGENT,
    VIA,
];

/// Prefixes of headers that a program has no say in, or that are meant for this app.
const OUR_PREFIXES: [&str; 5] = [
    "x-forwarded-",
    "x-real-",
    "x-http-method",
    "sec-",
    "amiqus-",
];

/// The header that is meant for this app, and not for the service.
const PREFER: &str = "prefer";

/// What a program accepts that says nothing about it. Without JSON in the first place Amiqus answers an error with a
/// web page, or with a redirect to one; a file comes with either.
const ACCEPT_BY_DEFAULT: HeaderValue = HeaderValue::from_static("application/json, */*;q=0.8");

/// The headers of a program's request that go to the service.
#[must_use]
pub fn request_headers(headers: &HeaderMap) -> HeaderMap {
    let mut passed = end_to_end(headers);
    let accepts_anything = passed
        .get(ACCEPT)
        .is_none_or(|accepted| accepted.as_bytes().trim_ascii() == b"*/*");
    if accepts_anything {
        passed.insert(ACCEPT, ACCEPT_BY_DEFAULT);
    }
    for name in OURS {
        passed.remove(name);
    }
    passed.remove(PREFER);
    without(passed, |name| {
        OUR_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// The headers of the service's response that go to the program. Cookies would be a session of the user's.
#[must_use]
pub fn response_headers(headers: &HeaderMap) -> HeaderMap {
    let mut passed = end_to_end(headers);
    passed.remove(SET_COOKIE);
    // Rules for a browser, about another origin than the program sees.
    without(passed, |name| {
        name.starts_with("access-control-")
            || matches!(
                name,
                "set-cookie2" | "alt-svc" | "strict-transport-security" | "clear-site-data"
            )
    })
}

/// The headers that belong to the message.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    for value in headers.get_all(CONNECTION) {
        for name in value.to_str().unwrap_or_default().split(',') {
            if let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes()) {
                passed.remove(name);
            }
        }
    }
    for name in HOP_BY_HOP {
        passed.remove(name);
    }
    for name in OLDER_HOP_BY_HOP {
        passed.remove(name);
    }
    passed
}

fn without(headers: HeaderMap, is_dropped: impl Fn(&str) -> bool) -> HeaderMap {
    let dropped: Vec<_> = headers
        .keys()
        .filter(|name| is_dropped(name.as_str()))
        .cloned()
        .collect();
    let mut headers = headers;
    for name in dropped {
        headers.remove(name);
    }
    headers
}
