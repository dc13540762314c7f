//! The page *Team apps*, where users see and remove the access of applications.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use maud::html;

use super::layout::{Page, csrf_field, csrf_rejection};
use super::{redirect, redirect_to_login, team_name};
use crate::browser_sessions::Session;
use crate::form::{Form, parameter};
use crate::service::Service;

const PATH: &str = "/team-apps";

/// Lists the applications that this user has granted access to the active team.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    let Some(login) = session.login else {
        return redirect_to_login(&uri);
    };
    let now = service.clock.now();
    let (team, clients) = service.read(|db| {
        let clients: Vec<_> = db
            .clients
            .iter()
            .filter(|client| db.is_connected(&client.id, login.person_id, login.team_id, now))
            .map(|client| (client.id.clone(), client.name.clone()))
            .collect();
        (team_name(db, login), clients)
    });
    Page::new("Team apps", &service, &session)
        .with_return_path(PATH)
        .render(&html! {
            section.card {
                h1 { "Apps with access to " (team) }
                @if clients.is_empty() {
                    p { "You have given no app access to this team." }
                } @else {
                    p { "An app whose access you remove has to ask you again." }
                    ul.apps {
                        @for (id, name) in &clients {
                            li {
                                span #{"app-" (id)} { (name) }
                                form method="post" action="/team-apps/remove" {
                                    (csrf_field(&session))
                                    input type="hidden" name="client_id" value=(id);
                                    button.secondary type="submit" aria-describedby={"app-" (id)} {
                                        "Remove access"
                                    }
                                }
                            }
                        }
                    }
                }
            }
        })
}

/// Revokes all tokens of an application for this user and the active team.
pub(super) async fn remove(
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
    let client_id = parameter(&form, "client_id").unwrap_or_default();
    service.update(|db| {
        db.revoke(|set| {
            set.grant.client_id == client_id
                && set.grant.person_id == login.person_id
                && set.grant.team_id == login.team_id
        })
    });
    redirect(PATH)
}
