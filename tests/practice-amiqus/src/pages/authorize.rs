//! The authorization endpoint, `/oauth/authorize`: the consent page.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use maud::{Markup, html};

use super::layout::{Page, csrf_field, csrf_rejection};
use super::{path_and_query, redirect, redirect_to_login, team_name};
use crate::authorization::{self, AuthorizationRequest, AuthorizationRequestError};
use crate::browser_sessions::{Login, PendingRequest, Session};
use crate::form::{self, Form, duplicate_name, parameter};
use crate::oauth_error::OAuthError;
use crate::request_log::RequestId;
use crate::service::Service;

/// `GET /oauth/authorize`: shows the consent page.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(request_id): Extension<RequestId>,
    uri: Uri,
) -> Response {
    let query = form::decode(uri.query().unwrap_or_default().as_bytes());
    if let Some(name) = duplicate_name(&query) {
        service
            .request_log
            .add_complaint(request_id, format!("`{name}` occurs more than once"));
    }
    if parameter(&query, "scope").is_some() {
        service
            .request_log
            .add_complaint(request_id, "`scope` is not needed");
    }
    let generation = service.generation();
    let parsed = service.read(|db| AuthorizationRequest::parse(&query, db, generation));
    let request = match parsed {
        Ok(request) => request,
        Err(AuthorizationRequestError::Redirect(location)) => return redirect(&location),
        Err(AuthorizationRequestError::ErrorPage(text)) => {
            service.request_log.add_complaint(request_id, text.clone());
            return Page::new("This link does not work", &service, &session)
                .with_status(StatusCode::UNAUTHORIZED)
                .render_message(&text);
        }
    };
    let Some(login) = session.login else {
        return redirect_to_login(&uri);
    };
    let Login { person_id, team_id } = login;

    let now = service.clock.now();
    let is_connected =
        service.read(|db| db.is_connected(&request.client_id, person_id, team_id, now));
    if is_connected && service.skip_consent() {
        let code = authorization::issue_code(&service, &request, person_id, team_id);
        return redirect(&request.success_redirect(&code));
    }

    let path = path_and_query(&uri);
    let pending = PendingRequest {
        request: request.clone(),
        login,
        path: path.clone(),
    };
    let consent_token = service.sessions.add_pending(&session, pending);
    let content = consent_page(&service, &session, login, &request, &consent_token, &path);
    Page::new("Authorise", &service, &session)
        .with_return_path(&path)
        .render(&content)
}

fn consent_page(
    service: &Service,
    session: &Session,
    login: Login,
    request: &AuthorizationRequest,
    consent_token: &str,
    path: &str,
) -> Markup {
    let (name, email, team) = service.read(|db| {
        let person = db.person(login.person_id);
        (
            person.map_or_else(String::new, |person| person.name.clone()),
            person.map_or_else(String::new, |person| person.email.clone()),
            team_name(db, login),
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
                li { "see your name and email address" }
                li { "see the team " strong { (team) } " and your role in it" }
                li { "do anything in this team that you can do" }
            }
            form.answers method="post" action="/oauth/authorize" {
                (csrf_field(session))
                input type="hidden" name="auth_token" value=(consent_token);
                button type="submit" name="answer" value="allow" { "Allow" }
                button.secondary type="submit" name="answer" value="deny" { "Deny" }
            }
            p.hint {
                "You can remove access at any time on the "
                a href="/team-apps" { "Team apps" } " page."
            }
            form method="post" action="/logout" {
                (csrf_field(session))
                input type="hidden" name="return_to" value=(path);
                button.quiet type="submit" { "Use another account" }
            }
        }
    }
}

/// `POST /oauth/authorize`: the buttons of the consent page.
pub(super) async fn submit(
    State(service): State<Arc<Service>>,
    session: Session,
    Extension(Form(form)): Extension<Form>,
) -> Response {
    if let Some(rejection) = csrf_rejection(&service, &session, &form) {
        return rejection;
    }
    let pending = parameter(&form, "auth_token").and_then(|token| {
        if service.settings.allow_repeated_consent {
            service.sessions.pending(&session, token)
        } else {
            service.sessions.take_pending(&session, token)
        }
    });
    let Some(pending) = pending else {
        return Page::new("Already answered", &service, &session)
            .with_status(StatusCode::BAD_REQUEST)
            .render_message("You’ve already answered. Go back to the app and start again.");
    };
    if session.login != Some(pending.login) {
        // The active team was switched in another tab: show the page again for the new one.
        return redirect(&pending.path);
    }
    let PendingRequest { request, login, .. } = pending;
    let location = match parameter(&form, "answer") {
        Some("allow") => {
            let Login { person_id, team_id } = login;
            let code = authorization::issue_code(&service, &request, person_id, team_id);
            request.success_redirect(&code)
        }
        _ => request.error_redirect(&OAuthError::access_denied(), service.generation()),
    };
    redirect(&location)
}
