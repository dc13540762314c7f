//! The redirect: an address that any page or program can send.

use amiqus_core::redirect::{self, MAX_REDIRECT_BYTES, ReceivedLink, Redirect, Refusal};
use amiqus_core::registration::{DEFAULT_REDIRECT_URL, RedirectUrl};
use amiqus_core::session::LinkOrigin;

use crate::reference::{self, Answer};
use crate::{Target, Verdict, app};

pub(crate) const TARGET: Target = Target {
    name: "redirect",
    check,
    verdicts: &["granted", "denied", "of another attempt", "refused"],
};

/// Where the browser's answer may come back instead of by the scheme.
const LOOPBACK: &str = "http://127.0.0.1:8123/callback";

fn check(data: &[u8]) -> Verdict {
    let address = String::from_utf8_lossy(data);
    let means = parse(&address, DEFAULT_REDIRECT_URL);
    parse(&address, LOOPBACK);
    app::receive(ReceivedLink::new(address), LinkOrigin::Link, means.as_ref())
}

/// The product's reading and the reference's are the same.
fn parse(address: &str, redirect_url: &str) -> Option<Answer> {
    let registration = app::registration();
    let issuer = &registration.base_url;
    let Ok(ours) = RedirectUrl::parse(redirect_url) else {
        panic!("{redirect_url} is none");
    };
    let read = redirect::parse(&ReceivedLink::new(address), &ours, issuer);
    let means = reference::read(address, redirect_url, issuer.as_str());
    let read_as = match &read {
        Ok(Redirect::Granted { code, state }) => Some(Answer::Granted {
            code: code.expose().into(),
            state: state.expose().into(),
        }),
        Ok(Redirect::Denied { state, .. }) => Some(Answer::Denied {
            state: state.expose().into(),
        }),
        Err(_) => None,
    };
    assert_eq!(read_as, means, "{address:?}");
    let too_long = address.len() > MAX_REDIRECT_BYTES;
    assert_eq!(matches!(read, Err(Refusal::TooLong)), too_long);
    means
}
