//! The consent page: may this application act for this person, in this team?

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};
use url::form_urlencoded;

use super::layout::{Page, forgery_field, refuse_foreign_form};
use super::{address_of, login_first, redirect, team_name};
use crate::grants::{self, AuthorizationRequest, Refusal, duplicated, field};
use crate::oauth_error::OAuthError;
use crate::requests::Ticket;
use crate::server::Form;
use crate::service::Service;
use crate::sessions::{Login, PendingRequest, Session};

/// `GET /oauth/authorize`.
pub(super) async fn ask(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(ticket): Extension<Ticket>,
    uri: Uri,
) -> Response {
    let query: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    if let Some(name) = duplicated(&query) {
        service
            .log
            .complain(ticket, format!("`{name}` is there more than once"));
    }
    if field(&query, "scope").is_some() {
        service.log.complain(ticket, "`scope` is not needed");
    }
    let generation = service.generation();
    let checked = service.read(|records| AuthorizationRequest::check(&query, records, generation));
    let request = match checked {
        Ok(request) => request,
        Err(Refusal::Redirected(location)) => return redirect(&location),
        Err(Refusal::Shown(text)) => {
            service.log.complain(ticket, text.clone());
            return Page::new("This link does not work", &service, &session)
                .with_status(StatusCode::UNAUTHORIZED)
                .notice(&text);
        }
    };
    let Some(login) = session.login else {
        return login_first(&uri);
    };
    let Login { person, team } = login;

    let now = service.clock.now();
    let is_connected =
        service.read(|records| records.is_connected(&request.client_id, person, team, now));
    if is_connected && service.skips_consent() {
        let code = grants::issue_code(&service, &request, person, team);
        return redirect(&request.granted(&code));
    }

    let address = address_of(&uri);
    let pending = PendingRequest {
        request: request.clone(),
        login,
        address: address.clone(),
    };
    let token = service.sessions.ask(&session, pending);
    let content = consent(&service, &session, login, &request, &token, &address);
    Page::new("Authorise", &service, &session)
        .at(&address)
        .show(&content)
}

fn consent(
    service: &Service,
    session: &Session,
    login: Login,
    request: &AuthorizationRequest,
    token: &str,
    address: &str,
) -> Markup {
    let (name, email, team) = service.read(|records| {
        let person = records.person(login.person);
        (
            person.map_or_else(String::new, |person| person.name.clone()),
            person.map_or_else(String::new, |person| person.email.clone()),
            team_name(records, login),
        )
    });
    html! {
        section.card.narrow {
            h1 { "Let " span.app { (request.client_name) } " use your Amiqus account?" }
            dl {
                dt { "You are" }
                dd { (name) " (" (email) ")" }
                dt { "Team" }
                dd { (team) }
            }
            h2 { "It will be able to" }
            ul {
                li { "see your name and your e-mail address" }
                li { "see the team " strong { (team) } " and your role in it" }
                li { "do in this team what you can do yourself" }
            }
            form.answers method="post" action="/oauth/authorize" {
                (forgery_field(session))
                input type="hidden" name="auth_token" value=(token);
                button type="submit" name="answer" value="allow" { "Allow" }
                button.secondary type="submit" name="answer" value="deny" { "Deny" }
            }
            p.hint {
                "You can take this back at any time on the page "
                a href="/team-apps" { "Team apps" } "."
            }
            form method="post" action="/logout" {
                (forgery_field(session))
                input type="hidden" name="return_to" value=(address);
                button.quiet type="submit" { "Use another account" }
            }
        }
    }
}

/// `POST /oauth/authorize`: the buttons of the page.
pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(refusal) = refuse_foreign_form(&service, &session, &form) {
        return refusal;
    }
    let pending = field(&form, "auth_token").and_then(|token| {
        if service.settings.consent_answers_again {
            service.sessions.pending(&session, token)
        } else {
            service.sessions.take_pending(&session, token)
        }
    });
    let Some(pending) = pending else {
        return Page::new("Already answered", &service, &session)
            .with_status(StatusCode::BAD_REQUEST)
            .notice("This question has been answered. Go back to the app, and start again there.");
    };
    if session.login != Some(pending.login) {
        // Someone switched teams in another tab: ask again, with the team that is active now.
        return redirect(&pending.address);
    }
    let PendingRequest { request, login, .. } = pending;
    let location = match field(&form, "answer") {
        Some("allow") => request.granted(&grants::issue_code(
            &service,
            &request,
            login.person,
            login.team,
        )),
        _ => request.refused(&OAuthError::access_denied(), service.generation()),
    };
    redirect(&location)
}
