//! What all pages have in common.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use crate::grants::field;
use crate::service::Service;
use crate::sessions::Session;

/// No scripts, no frames, nothing from elsewhere. `form-action` is left open: the answer to a form on
/// the consent page is a redirect to an application, whatever its scheme.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page that is about to be shown.
pub(super) struct Page<'a> {
    title: &'a str,
    service: &'a Service,
    session: &'a Session,
    status: StatusCode,
    address: &'a str,
}

impl<'a> Page<'a> {
    pub(super) fn new(title: &'a str, service: &'a Service, session: &'a Session) -> Self {
        Self {
            title,
            service,
            session,
            status: StatusCode::OK,
            address: "/",
        }
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Where the team switcher leads back to.
    pub(super) fn at(mut self, address: &'a str) -> Self {
        self.address = address;
        self
    }

    /// A page that says one sentence.
    pub(super) fn notice(self, text: &str) -> Response {
        let title = self.title;
        self.show(&html! {
            section.card {
                h1 { (title) }
                p { (text) }
                p { a href="/" { "Go to the home page" } }
            }
        })
    }

    pub(super) fn show(self, content: &Markup) -> Response {
        let markup = html! {
            (DOCTYPE)
            html lang="en-GB" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " – Practice Amiqus" }
                    link rel="stylesheet" href="/style.css";
                }
                body {
                    p.ribbon { "Practice Amiqus: nothing here is real" }
                    (self.banner())
                    main { (content) }
                }
            }
        };
        let mut response = (self.status, markup).into_response();
        write_headers(response.headers_mut(), self.session);
        response
    }

    /// The brand, who is logged in, and the way to another team and out.
    fn banner(&self) -> Markup {
        let person = self.session.login.and_then(|login| {
            self.service.read(|records| {
                let name = records.person(login.person)?.name.clone();
                let active = records.team(login.team)?.name.clone();
                let others: Vec<_> = records
                    .teams_of(login.person)
                    .into_iter()
                    .filter(|team| team.id != login.team)
                    .map(|team| (team.id, team.name.clone()))
                    .collect();
                Some((name, active, others))
            })
        });
        html! {
            header.banner {
                a.brand href="/" { "Amiqus" }
                @if let Some((name, active, others)) = person {
                    nav aria-label="Your account" {
                        span.who { strong { (name) } " · " (active) }
                        @for (id, team) in others {
                            form method="post" action="/team" {
                                (forgery_field(self.session))
                                input type="hidden" name="team" value=(id);
                                input type="hidden" name="return_to" value=(self.address);
                                button.quiet type="submit" { "Switch to " (team) }
                            }
                        }
                        form method="post" action="/logout" {
                            (forgery_field(self.session))
                            button.quiet type="submit" { "Log out" }
                        }
                    }
                }
            }
        }
    }
}

/// The headers of every page: the cookie, and what a browser may do with the page.
pub(super) fn write_headers(headers: &mut HeaderMap, session: &Session) {
    // A session ID has only characters that a header can have.
    if let Ok(cookie) = HeaderValue::from_str(&session.cookie()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The field that makes a form ours.
pub(super) fn forgery_field(session: &Session) -> Markup {
    html! { input type="hidden" name="_token" value=(session.forgery_token); }
}

/// The refusal of a form that another site made; `None` when the form is ours.
pub(super) fn refuse_foreign_form(
    service: &Service,
    session: &Session,
    form: &[(String, String)],
) -> Option<Response> {
    if field(form, "_token") == Some(session.forgery_token.as_str()) {
        return None;
    }
    // 419 is what Laravel answers: the page was open for too long, or is not ours.
    let status = StatusCode::from_u16(419).unwrap_or(StatusCode::FORBIDDEN);
    Some(
        Page::new("Page expired", service, session)
            .with_status(status)
            .notice("This page has been open for too long. Go back and try again."),
    )
}
