//! Logging in, logging out, and switching teams.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};
use url::form_urlencoded;

use super::layout::{Page, forgery_field, refuse_foreign_form, write_headers};
use super::redirect;
use crate::grants::field;
use crate::records::Records;
use crate::server::Form;
use crate::service::Service;
use crate::sessions::{Login, Session};

/// The address of the login page that leads to another page.
pub(super) fn address(return_to: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_to);
    format!("/login?{}", query.finish())
}

/// Where to go after a form: an address of this service, or home.
fn return_to(fields: &[(String, String)]) -> &str {
    field(fields, "return_to")
        .filter(|address| address.starts_with('/') && !address.starts_with("//"))
        .filter(|address| {
            address
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        })
        .unwrap_or("/")
}

pub(super) async fn show(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    let query: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let content = login_form(&service, &session, return_to(&query), None);
    Page::new("Log in", &service, &session).show(&content)
}

pub(super) async fn log_in(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(refusal) = refuse_foreign_form(&service, &session, &form) {
        return refusal;
    }
    let email = field(&form, "email").unwrap_or_default();
    let password = field(&form, "password").unwrap_or_default();
    let login = service.read(|records| {
        let person = records
            .person_by_email(email)
            .filter(|it| it.password == password)?;
        let team = records.teams_of(person.id).first()?.id;
        Some(Login {
            person: person.id,
            team,
        })
    });
    let Some(login) = login else {
        let content = login_form(&service, &session, return_to(&form), Some(email));
        return Page::new("Log in", &service, &session)
            .with_status(StatusCode::UNPROCESSABLE_ENTITY)
            .show(&content);
    };
    let session = service.sessions.log_in(&session, login);
    let mut response = redirect(return_to(&form));
    write_headers(response.headers_mut(), &session);
    response
}

/// The form, and a button for each person; `failed` is the e-mail address of an attempt that failed.
fn login_form(
    service: &Service,
    session: &Session,
    return_to: &str,
    failed: Option<&str>,
) -> Markup {
    let people = service.read(Records::practice_people);
    html! {
        section.card.narrow {
            h1 { "Log in to Amiqus" }
            @if failed.is_some() {
                p.problem role="alert" { "This e-mail address and password don’t go together." }
            }
            form method="post" action="/login" {
                (forgery_field(session))
                input type="hidden" name="return_to" value=(return_to);
                label for="email" { "E-mail address" }
                input #email type="email" name="email" autocomplete="username" required
                    value=(failed.unwrap_or_default());
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="current-password"
                    required;
                button type="submit" { "Log in" }
            }
        }
        section.card.narrow {
            h2 { "Or, because this is practice" }
            @for person in people {
                form method="post" action="/login" {
                    (forgery_field(session))
                    input type="hidden" name="return_to" value=(return_to);
                    input type="hidden" name="email" value=(person.email);
                    input type="hidden" name="password" value=(person.password);
                    button.secondary type="submit" { "Log in as " (person.name) }
                }
            }
        }
    }
}

pub(super) async fn show_log_out(
    State(service): State<Arc<Service>>,
    session: Session,
) -> Response {
    Page::new("Log out", &service, &session).show(&html! {
        section.card.narrow {
            h1 { "Log out?" }
            form method="post" action="/logout" {
                (forgery_field(&session))
                button type="submit" { "Log out of Amiqus" }
            }
        }
    })
}

pub(super) async fn log_out(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(refusal) = refuse_foreign_form(&service, &session, &form) {
        return refusal;
    }
    service.sessions.close(&session);
    redirect(&address(return_to(&form)))
}

pub(super) async fn switch_team(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(refusal) = refuse_foreign_form(&service, &session, &form) {
        return refusal;
    }
    let team = field(&form, "team").and_then(|team| team.parse().ok());
    let is_member = session.login.zip(team).filter(|(login, team)| {
        service.read(|records| records.membership(login.person, *team).is_some())
    });
    let Some((_, team)) = is_member else {
        return Page::new("Not your team", &service, &session)
            .with_status(StatusCode::FORBIDDEN)
            .notice("You don’t work in this team.");
    };
    service.sessions.switch_team(&session, team);
    redirect(return_to(&form))
}
