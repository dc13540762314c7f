//! Team apps: which applications have access, and how to take it away.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use maud::html;

use super::layout::{Page, forgery_field, refuse_foreign_form};
use super::{login_first, redirect, team_name};
use crate::grants::field;
use crate::server::Form;
use crate::service::Service;
use crate::sessions::Session;

const ADDRESS: &str = "/team-apps";

/// The applications that have access to the active team through this person.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    session: Session,
    uri: Uri,
) -> Response {
    let Some(login) = session.login else {
        return login_first(&uri);
    };
    let now = service.clock.now();
    let (team, clients) = service.read(|records| {
        let clients: Vec<_> = records
            .clients
            .iter()
            .filter(|client| records.is_connected(&client.id, login.person, login.team, now))
            .map(|client| (client.id.clone(), client.name.clone()))
            .collect();
        (team_name(records, login), clients)
    });
    Page::new("Team apps", &service, &session)
        .at(ADDRESS)
        .show(&html! {
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
                                    (forgery_field(&session))
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

/// Revokes every token of an application for this person and the active team.
pub(super) async fn remove(
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
    let client_id = field(&form, "client_id").unwrap_or_default();
    service.change(|records| {
        records.revoke(|set| {
            set.grant.client_id == client_id
                && set.grant.person == login.person
                && set.grant.team == login.team
        })
    });
    redirect(ADDRESS)
}
