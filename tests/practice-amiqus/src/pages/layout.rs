//! The layout, headers and CSRF protection of all pages.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use crate::browser_sessions::Session;
use crate::form::parameter;
use crate::service::Service;

/// The value of `Content-Security-Policy`. It has no `form-action`, since the response to the form of
/// the consent page is a redirect to an application, whatever its scheme.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A builder for an HTML page.
pub(super) struct Page<'a> {
    title: &'a str,
    service: &'a Service,
    session: &'a Session,
    status: StatusCode,
    return_path: &'a str,
}

impl<'a> Page<'a> {
    pub(super) fn new(title: &'a str, service: &'a Service, session: &'a Session) -> Self {
        Self {
            title,
            service,
            session,
            status: StatusCode::OK,
            return_path: "/",
        }
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Sets the path that the browser returns to after switching the team.
    pub(super) fn with_return_path(mut self, path: &'a str) -> Self {
        self.return_path = path;
        self
    }

    /// Renders a page that consists of one sentence.
    pub(super) fn render_message(self, text: &str) -> Response {
        let title = self.title;
        self.render(&html! {
            section.card {
                h1 { (title) }
                p { (text) }
                p { a href="/" { "Go to the home page" } }
            }
        })
    }

    /// Renders a page with this content.
    pub(super) fn render(self, content: &Markup) -> Response {
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
        write_page_headers(response.headers_mut(), self.session);
        response
    }

    /// The page header: the brand, the logged-in user, the team switcher and the logout button.
    fn banner(&self) -> Markup {
        let account = self.session.login.and_then(|login| {
            self.service.read(|db| {
                let name = db.person(login.person_id)?.name.clone();
                let active = db.team(login.team_id)?.name.clone();
                let others: Vec<_> = db
                    .teams_of(login.person_id)
                    .into_iter()
                    .filter(|team| team.id != login.team_id)
                    .map(|team| (team.id, team.name.clone()))
                    .collect();
                Some((name, active, others))
            })
        });
        html! {
            header.banner {
                a.brand href="/" { "Amiqus" }
                @if let Some((name, active, others)) = account {
                    nav aria-label="Your account" {
                        span.who { strong { (name) } " · " (active) }
                        @for (id, team) in others {
                            form method="post" action="/team" {
                                (csrf_field(self.session))
                                input type="hidden" name="team" value=(id);
                                input type="hidden" name="return_to" value=(self.return_path);
                                button.quiet type="submit" { "Switch to " (team) }
                            }
                        }
                        form method="post" action="/logout" {
                            (csrf_field(self.session))
                            button.quiet type="submit" { "Log out" }
                        }
                    }
                }
            }
        }
    }
}

/// Adds the session cookie and the security headers of every page.
pub(super) fn write_page_headers(headers: &mut HeaderMap, session: &Session) {
    // A session ID is base64url, so that it is always a valid header value.
    if let Ok(cookie) = HeaderValue::from_str(&session.set_cookie()) {
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

/// The hidden form field with the CSRF token.
pub(super) fn csrf_field(session: &Session) -> Markup {
    html! { input type="hidden" name="_token" value=(session.csrf_token); }
}

/// The response to a form without the CSRF token of the session; `None` if the token is correct.
pub(super) fn csrf_rejection(
    service: &Service,
    session: &Session,
    form: &[(String, String)],
) -> Option<Response> {
    if parameter(form, "_token") == Some(session.csrf_token.as_str()) {
        return None;
    }
    // Laravel responds with 419 to a wrong or expired CSRF token.
    let status = StatusCode::from_u16(419).unwrap_or(StatusCode::FORBIDDEN);
    Some(
        Page::new("Page expired", service, session)
            .with_status(status)
            .render_message("This page has been open for too long. Go back and try again."),
    )
}
