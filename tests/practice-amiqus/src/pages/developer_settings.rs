//! Developer settings: where an administrator registers an application.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};

use super::layout::{Page, forgery_field, refuse_foreign_form};
use super::{login_first, redirect, team_name};
use crate::clients::{ApiClient, redirect_urls_from};
use crate::grants::field;
use crate::server::Form;
use crate::service::Service;
use crate::sessions::{Login, Session};

const TITLE: &str = "Developer settings";
const ADDRESS: &str = "/developer-settings";

/// The API clients of the active team.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    let Some(login) = session.login else {
        return login_first(&uri);
    };
    let (team, clients) = service.read(|records| {
        let clients: Vec<_> = records
            .clients
            .iter()
            .filter(|client| client.team == login.team)
            .cloned()
            .collect();
        (team_name(records, login), clients)
    });
    Page::new(TITLE, &service, &session)
        .at(ADDRESS)
        .show(&html! {
            section.card {
                h1 { "API clients of " (team) }
                @if clients.is_empty() {
                    p { "There is no API client yet." }
                } @else {
                    table {
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Client ID" } } }
                        tbody {
                            @for client in &clients {
                                tr {
                                    td { a href=(address(client)) { (client.name) } }
                                    td { code { (client.id) } }
                                }
                            }
                        }
                    }
                }
                p { a.button href="/developer-settings/new" { "Create an API client" } }
            }
        })
}

fn address(client: &ApiClient) -> String {
    format!("{ADDRESS}/{}", client.id)
}

/// The form for a new API client.
pub(super) async fn new(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    if session.login.is_none() {
        return login_first(&uri);
    }
    let content = create_form(&session, "", "", None);
    Page::new("Create an API client", &service, &session)
        .at(ADDRESS)
        .show(&content)
}

/// Registers a new API client.
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
    uri: Uri,
) -> Response {
    if let Some(refusal) = refuse_foreign_form(&service, &session, &form) {
        return refusal;
    }
    let Some(login) = session.login else {
        return login_first(&uri);
    };
    let name = field(&form, "name").unwrap_or_default().trim();
    let redirect_urls = field(&form, "redirect_urls").unwrap_or_default();
    let checked = match redirect_urls_from(redirect_urls) {
        _ if name.is_empty() => Err("Enter a name.".to_owned()),
        checked => checked,
    };
    match checked {
        Ok(urls) => {
            let client = ApiClient::register(name.to_owned(), login.team, urls);
            let address = address(&client);
            service.change(|records| records.clients.push(client));
            redirect(&address)
        }
        Err(problem) => {
            let content = create_form(&session, name, redirect_urls, Some(&problem));
            Page::new("Create an API client", &service, &session)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .at(ADDRESS)
                .show(&content)
        }
    }
}

fn create_form(session: &Session, name: &str, urls: &str, problem: Option<&str>) -> Markup {
    html! {
        section.card {
            h1 { "Create an API client" }
            (problem_shown(problem))
            form method="post" action=(ADDRESS) {
                (forgery_field(session))
                label for="name" { "Name" }
                input #name type="text" name="name" required aria-describedby="name-hint"
                    value=(name);
                p.hint #name-hint { "People see it when they are asked for access." }
                (redirect_urls_field(urls))
                button type="submit" { "Create API client" }
            }
        }
    }
}

fn redirect_urls_field(urls: &str) -> Markup {
    html! {
        label for="redirect-urls" { "Redirect URLs" }
        textarea #redirect-urls name="redirect_urls" rows="4" required spellcheck="false"
            aria-describedby="redirect-urls-hint" { (urls) }
        p.hint #redirect-urls-hint { "One per line. They can be changed at any time." }
    }
}

fn problem_shown(problem: Option<&str>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            p.problem role="alert" { (problem) }
        }
    }
}

/// An API client of the active team, by its ID.
fn find(service: &Service, login: Login, id: &str) -> Option<ApiClient> {
    service.read(|records| {
        records
            .client(id)
            .filter(|it| it.team == login.team)
            .cloned()
    })
}

fn no_such_client(service: &Service, session: &Session) -> Response {
    Page::new("Not found", service, session)
        .with_status(StatusCode::NOT_FOUND)
        .at(ADDRESS)
        .notice("Your team has no such API client.")
}

/// One API client, with its secret.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    session: Session,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let Some(login) = session.login else {
        return login_first(&uri);
    };
    let Some(client) = find(&service, login, &id) else {
        return no_such_client(&service, &session);
    };
    let content = client_shown(&session, &client, &client.redirect_urls.join("\n"), None);
    Page::new(&client.name, &service, &session)
        .at(ADDRESS)
        .show(&content)
}

/// Replaces the redirect URLs of an API client.
pub(super) async fn save_redirect_urls(
    State(service): State<Arc<Service>>,
    session: Session,
    Path(id): Path<String>,
    Extension(Form(form)): Extension<Form>,
    uri: Uri,
) -> Response {
    if let Some(refusal) = refuse_foreign_form(&service, &session, &form) {
        return refusal;
    }
    let Some(login) = session.login else {
        return login_first(&uri);
    };
    let Some(client) = find(&service, login, &id) else {
        return no_such_client(&service, &session);
    };
    let text = field(&form, "redirect_urls").unwrap_or_default();
    match redirect_urls_from(text) {
        Ok(urls) => {
            service.change(|records| {
                for client in records.clients.iter_mut().filter(|client| client.id == id) {
                    client.redirect_urls.clone_from(&urls);
                }
            });
            redirect(&address(&client))
        }
        Err(problem) => {
            let content = client_shown(&session, &client, text, Some(&problem));
            Page::new(&client.name, &service, &session)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .at(ADDRESS)
                .show(&content)
        }
    }
}

fn client_shown(
    session: &Session,
    client: &ApiClient,
    urls: &str,
    problem: Option<&str>,
) -> Markup {
    html! {
        section.card {
            p { a href=(ADDRESS) { "All API clients" } }
            h1 { (client.name) }
            label for="client-id" { "Client ID" }
            input #client-id type="text" readonly value=(client.id);
            label for="client-secret" { "Client secret" }
            input #client-secret type="text" readonly value=(client.secret);
        }
        section.card {
            h2 { "Where people are sent back to" }
            (problem_shown(problem))
            form method="post" action=(address(client)) {
                (forgery_field(session))
                (redirect_urls_field(urls))
                button type="submit" { "Save redirect URLs" }
            }
        }
    }
}
