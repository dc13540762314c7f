//! The HTML pages for a browser. They contain no scripts.

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

use crate::browser_sessions::{Login, Session};
use crate::database::Database;
use crate::service::Service;
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
            get(authorize::show).post(authorize::submit),
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
                p { "Try everything that the app needs from Amiqus." }
                ul.links {
                    li {
                        a href="/developer-settings" { "Developer settings" }
                        " – register an app, find its client ID and secret"
                    }
                    li {
                        a href="/team-apps" { "Team apps" }
                        " – see which apps have access, and remove it"
                    }
                }
            } @else {
                h1 { "Practice Amiqus" }
                p { "A place to try signing in. Nothing here is real." }
                p { a.button href="/login" { "Log in" } }
            }
        }
    };
    Page::new("Home", &service, &session).render(&content)
}

async fn style() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
        .into_response()
}

/// The page for an unknown path.
pub(crate) async fn not_found(State(service): State<Arc<Service>>, session: Session) -> Response {
    Page::new("Not found", &service, &session)
        .with_status(StatusCode::NOT_FOUND)
        .render_message("There is no such page.")
}

/// A redirect to the login page, without a path to return to.
pub(crate) fn login_redirect() -> Response {
    let body = html! {
        (maud::DOCTYPE)
        html lang="en-GB" {
            head { meta charset="utf-8"; title { "Redirecting to /login" } }
            body { "Redirecting to " a href="/login" { "/login" } "." }
        }
    };
    (StatusCode::FOUND, [(header::LOCATION, "/login")], body).into_response()
}

/// A redirect (302) to a path of the service or to an application.
fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// A redirect to the login page; the browser returns to `uri` after the login.
fn redirect_to_login(uri: &Uri) -> Response {
    redirect(&login::login_path(&path_and_query(uri)))
}

/// The path and query of a URI.
fn path_and_query(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned()
}

/// The name of the active team.
fn team_name(db: &Database, login: Login) -> String {
    db.team(login.team_id)
        .map_or_else(String::new, |team| team.name.clone())
}
