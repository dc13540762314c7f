//! The login and logout pages, and the team switcher.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};
use url::form_urlencoded;

use super::layout::{Page, csrf_field, csrf_rejection, write_page_headers};
use super::redirect;
use crate::browser_sessions::{Login, Session};
use crate::database::Database;
use crate::form::{self, Form, parameter};
use crate::service::Service;

/// The path and query of the login page; the browser goes to `return_path` after the login.
pub(super) fn login_path(return_path: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_path);
    format!("/login?{}", query.finish())
}

/// The parameter `return_to`, if it is a path of this service; otherwise the home page. This prevents
/// open redirects.
fn return_path(parameters: &[(String, String)]) -> &str {
    parameter(parameters, "return_to")
        .filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .filter(|path| {
            path.bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        })
        .unwrap_or("/")
}

/// `GET /login`.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    let query = form::decode(uri.query().unwrap_or_default().as_bytes());
    let content = login_form(&service, &session, return_path(&query), None);
    Page::new("Log in", &service, &session).render(&content)
}

/// `POST /login`.
pub(super) async fn log_in(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(rejection) = csrf_rejection(&service, &session, &form) {
        return rejection;
    }
    let email = parameter(&form, "email").unwrap_or_default();
    let password = parameter(&form, "password").unwrap_or_default();
    let login = service.read(|db| {
        let person = db
            .person_by_email(email)
            .filter(|person| person.password == password)?;
        Some(Login {
            person_id: person.id,
            team_id: db.teams_of(person.id).first()?.id,
        })
    });
    let Some(login) = login else {
        let content = login_form(&service, &session, return_path(&form), Some(email));
        return Page::new("Log in", &service, &session)
            .with_status(StatusCode::UNPROCESSABLE_ENTITY)
            .render(&content);
    };
    let session = service.sessions.log_in(&session, login);
    let mut response = redirect(return_path(&form));
    write_page_headers(response.headers_mut(), &session);
    response
}

/// The login form, and a login button for each demo person. `failed_email` is the e-mail address of a
/// failed login.
fn login_form(
    service: &Service,
    session: &Session,
    return_path: &str,
    failed_email: Option<&str>,
) -> Markup {
    let people = service.read(Database::practice_people);
    html! {
        section.card.narrow {
            h1 { "Log in to Amiqus" }
            @if failed_email.is_some() {
                p.problem role="alert" { "This email address and password don’t match." }
            }
            form method="post" action="/login" {
                (csrf_field(session))
                input type="hidden" name="return_to" value=(return_path);
                label for="email" { "Email address" }
                input #email type="email" name="email" autocomplete="username" required
                    value=(failed_email.unwrap_or_default());
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="current-password"
                    required;
                button type="submit" { "Log in" }
            }
        }
        section.card.narrow {
            h2 { "Or use a practice account" }
            @for person in people {
                form method="post" action="/login" {
                    (csrf_field(session))
                    input type="hidden" name="return_to" value=(return_path);
                    input type="hidden" name="email" value=(person.email);
                    input type="hidden" name="password" value=(person.password);
                    button.secondary type="submit" { "Log in as " (person.name) }
                }
            }
        }
    }
}

/// `GET /logout`.
pub(super) async fn show_log_out(
    State(service): State<Arc<Service>>,
    session: Session,
) -> Response {
    Page::new("Log out", &service, &session).render(&html! {
        section.card.narrow {
            h1 { "Log out?" }
            form method="post" action="/logout" {
                (csrf_field(&session))
                button type="submit" { "Log out of Amiqus" }
            }
        }
    })
}

/// `POST /logout`.
pub(super) async fn log_out(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(rejection) = csrf_rejection(&service, &session, &form) {
        return rejection;
    }
    service.sessions.close(&session);
    redirect(&login_path(return_path(&form)))
}

/// `POST /team`: changes the active team.
pub(super) async fn switch_team(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(rejection) = csrf_rejection(&service, &session, &form) {
        return rejection;
    }
    let team_id = parameter(&form, "team").and_then(|id| id.parse().ok());
    let member = session.login.zip(team_id).filter(|(login, team_id)| {
        service.read(|db| db.membership(login.person_id, *team_id).is_some())
    });
    let Some((_, team_id)) = member else {
        return Page::new("Not your team", &service, &session)
            .with_status(StatusCode::FORBIDDEN)
            .render_message("You don’t work in this team.");
    };
    service.sessions.switch_team(&session, team_id);
    redirect(return_path(&form))
}
