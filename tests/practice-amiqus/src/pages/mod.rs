//! The pages for a browser. All HTML comes from the server; there is no script in it.

mod authorize;
mod developer_settings;
mod layout;
mod login;
mod team_apps;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use maud::html;

use crate::records::Records;
use crate::service::Service;
use crate::sessions::{Login, Session};
use layout::Page;

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/", get(home))
        .route("/style.css", get(style))
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", get(login::show_log_out).post(login::log_out))
        .route("/team", post(login::switch_team))
        .route(
            "/oauth/authorize",
            get(authorize::ask).post(authorize::answer),
        )
        .route(
            "/developer-settings",
            get(developer_settings::list).post(developer_settings::create),
        )
        .route("/developer-settings/new", get(developer_settings::new))
        .route(
            "/developer-settings/{id}",
            get(developer_settings::show).post(developer_settings::save_redirect_urls),
        )
        .route("/team-apps", get(team_apps::list))
        .route("/team-apps/remove", post(team_apps::remove))
}

async fn home(State(service): State<Arc<Service>>, session: Session) -> Response {
    let content = html! {
        section.card {
            @if session.login.is_some() {
                h1 { "Your practice account" }
                p { "Everything that the app needs from Amiqus can be tried here." }
                ul.links {
                    li {
                        a href="/developer-settings" { "Developer settings" }
                        " – register an application, find its client ID and secret"
                    }
                    li {
                        a href="/team-apps" { "Team apps" }
                        " – see which applications have access, and take it away"
                    }
                }
            } @else {
                h1 { "Practice Amiqus" }
                p { "A place to try signing in. Nothing here is real, so nothing can go wrong." }
                p { a.button href="/login" { "Log in" } }
            }
        }
    };
    Page::new("Home", &service, &session).show(&content)
}

async fn style() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
        .into_response()
}

/// 404, for a browser.
pub(crate) async fn not_found(State(service): State<Arc<Service>>, session: Session) -> Response {
    Page::new("Not found", &service, &session)
        .with_status(StatusCode::NOT_FOUND)
        .notice("There is no such page.")
}

/// 302 to the login page: what the service answers to a request that does not ask for JSON.
pub(crate) fn to_login() -> Response {
    let body = html! {
        (maud::DOCTYPE)
        html lang="en-GB" {
            head { meta charset="utf-8"; title { "Redirecting to /login" } }
            body { "Redirecting to " a href="/login" { "/login" } "." }
        }
    };
    (StatusCode::FOUND, [(header::LOCATION, "/login")], body).into_response()
}

/// 302 to another page of the service.
fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// 302 to the login page, which leads back here.
fn login_first(uri: &Uri) -> Response {
    redirect(&login::address(&address_of(uri)))
}

/// The address of a page, with its query.
fn address_of(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or("/", |address| address.as_str())
        .to_owned()
}

/// The name of a team, for a sentence.
fn team_name(records: &Records, login: Login) -> String {
    records
        .team(login.team)
        .map_or_else(String::new, |team| team.name.clone())
}
