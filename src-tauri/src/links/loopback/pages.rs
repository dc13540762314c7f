//! The pages that the browser shows last. No part of the request is ever in one.

use amiqus_core::runtime::{AttemptEnd, SignInOutcome};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// How the sign-in ended.
    Ended(SignInOutcome),
    /// The attempt was over before the request came.
    Over(AttemptEnd),
    /// The request was not the attempt's response.
    Refused(StatusCode),
}

/// The style of every page, which follows the system's colour scheme.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark}\
body{max-width:26rem;margin:20vh auto;padding:0 1.5rem;font:1rem/1.5 system-ui,sans-serif;text-align:center}\
h1{font-size:1.5rem}";

/// The content security policy: no scripts, no resources, no frames; the one style is allowed by its hash.
pub(super) const POLICY: &str = "default-src 'none'; \
     style-src 'sha256-xRXFEc+cFNjHHkKbutQ9WgMb64Ho9yqVXj0i6cg7i9o='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The text of a page: its title and a sentence.
fn text(page: Page) -> (&'static str, String) {
    let app = brand::NAME;
    match page {
        Page::Ended(SignInOutcome::SignedIn) => (
            "You are signed in",
            format!("You can close this tab and go back to {app}."),
        ),
        Page::Ended(SignInOutcome::Denied) => (
            "You chose not to allow it",
            "Nothing was shared and nothing has changed. You can close this tab.".to_owned(),
        ),
        Page::Over(AttemptEnd::Cancelled) => (
            "The sign-in was cancelled",
            format!("Nobody was signed in. You can close this tab, or sign in again from {app}."),
        ),
        Page::Over(AttemptEnd::Expired) => (
            "That took too long",
            format!(
                "A sign-in ends after ten minutes. You can close this tab. To try again, sign in \
                 from {app}."
            ),
        ),
        Page::Ended(SignInOutcome::Otherwise | SignInOutcome::NotUsable)
        | Page::Over(AttemptEnd::Answered) => (
            "Please go back to the app",
            format!("{app} says how it went. You can close this tab."),
        ),
        Page::Refused(_) => (
            "Nothing happened",
            format!(
                "This isn’t the answer that {app} waits for. Go back to the app and open the \
                 browser from there."
            ),
        ),
    }
}

/// The response that carries a page.
pub(super) fn response(page: Page) -> Response<Full<Bytes>> {
    let (title, sentence) = text(page);
    let html = format!(
        "<!DOCTYPE html><html lang=\"en-GB\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{sentence}</p></main></body></html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Page::Refused(status) = page {
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        *response.status_mut() = status;
    }
    response
}
