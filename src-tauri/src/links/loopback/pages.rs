//! The pages that the browser shows last, which look like the window. No part of the request is ever in one.

use amiqus_core::runtime::{AttemptEnd, SignInOutcome};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::markup::escape;

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

/// The style of every page: the window's colours, light or dark as the system is.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#f5f7f6;--card:#fff;--edge:#dce3e1;--text:#13201e;--quiet:#54625f;--brand:#0b6a62;--done:#1f8744;--on-done:#fff}\
@media(prefers-color-scheme:dark){:root{--ground:#0e1514;--card:#182120;--edge:#2c3836;--text:#ebf2f0;--quiet:#a6b5b2;--brand:#56c9bb;--done:#3fae63;--on-done:#06240f}}\
body{display:grid;box-sizing:border-box;min-height:100vh;margin:0;padding:1.5rem;align-content:center;justify-items:center;gap:1.5rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground)}\
main{box-sizing:border-box;width:100%;max-width:24rem;padding:2.5rem 2rem;border:1px solid var(--edge);border-radius:.875rem;background:var(--card);text-align:center}\
h1{margin:1.25rem 0 .25rem;font-size:1.5rem;font-weight:600;line-height:1.25;letter-spacing:-.014em;text-wrap:balance}\
p{margin:0;color:var(--quiet);text-wrap:balance}\
main svg{width:3.5rem;height:3.5rem;color:var(--quiet)}\
main svg.done{color:var(--done)}\
.done path{stroke:var(--on-done)}\
[dir=rtl] .back{transform:scaleX(-1)}\
footer{display:flex;align-items:center;gap:.5rem;font-size:.875rem}\
footer span{display:flex;color:var(--brand)}\
footer svg{width:1.25rem;height:1.25rem}";

/// The content security policy: no scripts, no resources, no frames; the one style is allowed by its hash.
pub(super) const POLICY: &str = "default-src 'none'; \
     style-src 'sha256-4lbFqhYmtdPZwl302XRrctk9G9PATGWK0btz5uuccn8='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A tick on a disc.
const DONE: &str = r#"<svg class="done" viewBox="0 0 56 56" fill="none"><circle cx="28" cy="28" r="28" fill="currentColor"/><path d="m17.5 29 7.5 7.5 14-16" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>"#;

/// A cross in a ring.
const STOPPED: &str = r#"<svg viewBox="0 0 56 56" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"><circle cx="28" cy="28" r="26"/><path d="m20 20 16 16m0-16-16 16"/></svg>"#;

/// An arrow back in a ring.
const BACK: &str = r#"<svg class="back" viewBox="0 0 56 56" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"><circle cx="28" cy="28" r="26"/><path d="M39 28H17.5m9-9-9 9 9 9"/></svg>"#;

/// What a page shows: a picture, its title and a sentence.
const fn content(page: Page) -> [&'static str; 3] {
    use ::words::browser_page::{cancelled, denied, expired, otherwise, refused, signed_in};
    match page {
        Page::Ended(SignInOutcome::SignedIn) => [DONE, signed_in::TITLE, signed_in::SENTENCE],
        Page::Ended(SignInOutcome::Denied) => [STOPPED, denied::TITLE, denied::SENTENCE],
        Page::Over(AttemptEnd::Cancelled) => [STOPPED, cancelled::TITLE, cancelled::SENTENCE],
        Page::Over(AttemptEnd::Expired) => [BACK, expired::TITLE, expired::SENTENCE],
        Page::Ended(SignInOutcome::Otherwise | SignInOutcome::NotUsable)
        | Page::Over(AttemptEnd::Answered) => [BACK, otherwise::TITLE, otherwise::SENTENCE],
        Page::Refused(_) => [BACK, refused::TITLE, refused::SENTENCE],
    }
}

/// The HTML of a page.
pub(super) fn html(page: Page) -> String {
    use ::words::language::{DIR, LANG};
    let [picture, title, sentence] = content(page);
    let [title, sentence, app] = [title, sentence, brand::NAME].map(escape);
    let mark = brand::MARK;
    format!(
        "<!DOCTYPE html><html lang=\"{LANG}\" dir=\"{DIR}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><div aria-hidden=\"true\">{picture}</div>\
         <h1>{title}</h1><p>{sentence}</p></main>\
         <footer><span aria-hidden=\"true\">{mark}</span>{app}</footer></body></html>\n"
    )
}

/// The response that carries a page.
pub(super) fn response(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(html(page))));
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
