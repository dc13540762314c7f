//! The page *Developer settings*, where administrators register API clients.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};

use super::layout::{Page, csrf_field, csrf_rejection};
use super::{redirect, redirect_to_login, team_name};
use crate::browser_sessions::{Login, Session};
use crate::clients::{ApiClient, parse_redirect_urls};
use crate::form::{Form, parameter};
use crate::service::Service;

const TITLE: &str = "Developer settings";
const PATH: &str = "/developer-settings";

/// Lists the API clients of the active team.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    let Some(login) = session.login else {
        return redirect_to_login(&uri);
    };
    let (team, clients) = service.read(|db| {
        let clients: Vec<_> = db
            .clients
            .iter()
            .filter(|client| client.team_id == login.team_id)
            .cloned()
            .collect();
        (team_name(db, login), clients)
    });
    Page::new(TITLE, &service, &session)
        .with_return_path(PATH)
        .render(&html! {
            section.card {
                h1 { "API clients of " (team) }
                @if clients.is_empty() {
                    p { "No API clients yet." }
                } @else {
                    table {
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Client ID" } } }
                        tbody {
                            @for client in &clients {
                                tr {
                                    td { a href=(client_path(client)) { (client.name) } }
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

fn client_path(client: &ApiClient) -> String {
    format!("{PATH}/{}", client.id)
}

/// Shows the form for a new API client.
pub(super) async fn new(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    if session.login.is_none() {
        return redirect_to_login(&uri);
    }
    let content = create_form(&session, "", "", None);
    Page::new("Create an API client", &service, &session)
        .with_return_path(PATH)
        .render(&content)
}

/// Registers a new API client.
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
    uri: Uri,
) -> Response {
    if let Some(rejection) = csrf_rejection(&service, &session, &form) {
        return rejection;
    }
    let Some(login) = session.login else {
        return redirect_to_login(&uri);
    };
    let name = parameter(&form, "name").unwrap_or_default().trim();
    let redirect_urls = parameter(&form, "redirect_urls").unwrap_or_default();
    let validated = if name.is_empty() {
        Err("Enter a name.".to_owned())
    } else {
        parse_redirect_urls(redirect_urls)
    };
    match validated {
        Ok(urls) => {
            let client = ApiClient::register(name.to_owned(), login.team_id, urls);
            let path = client_path(&client);
            service.update(|db| db.clients.push(client));
            redirect(&path)
        }
        Err(error) => {
            let content = create_form(&session, name, redirect_urls, Some(&error));
            Page::new("Create an API client", &service, &session)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .with_return_path(PATH)
                .render(&content)
        }
    }
}

fn create_form(session: &Session, name: &str, urls: &str, error: Option<&str>) -> Markup {
    html! {
        section.card {
            h1 { "Create an API client" }
            (error_message(error))
            form method="post" action=(PATH) {
                (csrf_field(session))
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

fn error_message(error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error {
            p.problem role="alert" { (error) }
        }
    }
}

/// Finds an API client of the active team by its ID.
fn find(service: &Service, login: Login, id: &str) -> Option<ApiClient> {
    service.read(|db| {
        db.client(id)
            .filter(|client| client.team_id == login.team_id)
            .cloned()
    })
}

fn client_not_found(service: &Service, session: &Session) -> Response {
    Page::new("Not found", service, session)
        .with_status(StatusCode::NOT_FOUND)
        .with_return_path(PATH)
        .render_message("Your team has no such API client.")
}

/// Shows an API client with its secret.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    session: Session,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let Some(login) = session.login else {
        return redirect_to_login(&uri);
    };
    let Some(client) = find(&service, login, &id) else {
        return client_not_found(&service, &session);
    };
    let content = client_page(&session, &client, &client.redirect_urls.join("\n"), None);
    Page::new(&client.name, &service, &session)
        .with_return_path(PATH)
        .render(&content)
}

/// Replaces the redirect URLs of an API client.
pub(super) async fn save_redirect_urls(
    State(service): State<Arc<Service>>,
    session: Session,
    Path(id): Path<String>,
    Extension(Form(form)): Extension<Form>,
    uri: Uri,
) -> Response {
    if let Some(rejection) = csrf_rejection(&service, &session, &form) {
        return rejection;
    }
    let Some(login) = session.login else {
        return redirect_to_login(&uri);
    };
    let Some(client) = find(&service, login, &id) else {
        return client_not_found(&service, &session);
    };
    let text = parameter(&form, "redirect_urls").unwrap_or_default();
    match parse_redirect_urls(text) {
        Ok(urls) => {
            service.update(|db| {
                for client in db.clients.iter_mut().filter(|client| client.id == id) {
                    client.redirect_urls.clone_from(&urls);
                }
            });
            redirect(&client_path(&client))
        }
        Err(error) => {
            let content = client_page(&session, &client, text, Some(&error));
            Page::new(&client.name, &service, &session)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .with_return_path(PATH)
                .render(&content)
        }
    }
}

fn client_page(session: &Session, client: &ApiClient, urls: &str, error: Option<&str>) -> Markup {
    html! {
        section.card {
            p { a href=(PATH) { "All API clients" } }
            h1 { (client.name) }
            label for="client-id" { "Client ID" }
            input #client-id type="text" readonly value=(client.id);
            label for="client-secret" { "Client secret" }
            input #client-secret type="text" readonly value=(client.secret);
        }
        section.card {
            h2 { "Where people are sent back to" }
            (error_message(error))
            form method="post" action=(client_path(client)) {
                (csrf_field(session))
                (redirect_urls_field(urls))
                button type="submit" { "Save redirect URLs" }
            }
        }
    }
}
