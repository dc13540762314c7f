//! The redirect: an address that any page or program can send.

use amiqus_core::redirect::{
    self, AuthorizationResponse, MAX_REDIRECT_BYTES, ReceivedLink, RedirectError,
};
use amiqus_core::registration::{DEFAULT_REDIRECT_URL, RedirectUrl};
use amiqus_core::session::LinkOrigin;

use crate::reference::{self, Response};
use crate::{Target, Verdict, app};

pub(crate) const TARGET: Target = Target {
    name: "redirect",
    check,
    verdicts: &["granted", "denied", "of another attempt", "refused"],
};

/// A redirect URL with a listener instead of the custom scheme.
const LOOPBACK: &str = "http://127.0.0.1:8123/callback";

fn check(data: &[u8]) -> Verdict {
    let address = String::from_utf8_lossy(data);
    let expected = parse(&address, DEFAULT_REDIRECT_URL);
    parse(&address, LOOPBACK);
    app::receive(
        ReceivedLink::new(address),
        LinkOrigin::Link,
        expected.as_ref(),
    )
}

/// Checks that the product parses the address as the reference does.
fn parse(address: &str, redirect_url: &str) -> Option<Response> {
    let registration = app::registration();
    let issuer = &registration.base_url;
    let Ok(parsed_url) = RedirectUrl::parse(redirect_url) else {
        panic!("{redirect_url} is not valid");
    };
    let parsed = redirect::parse(&ReceivedLink::new(address), &parsed_url, issuer);
    let expected = reference::parse(address, redirect_url, issuer.as_str());
    let actual = match &parsed {
        Ok(AuthorizationResponse::Granted { code, state }) => Some(Response::Granted {
            code: code.expose().into(),
            state: state.expose().into(),
        }),
        Ok(AuthorizationResponse::Denied { state, .. }) => Some(Response::Denied {
            state: state.expose().into(),
        }),
        Err(_) => None,
    };
    assert_eq!(actual, expected, "{address:?}");
    let too_long = address.len() > MAX_REDIRECT_BYTES;
    assert_eq!(matches!(parsed, Err(RedirectError::TooLong)), too_long);
    expected
}
