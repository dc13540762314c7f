//! Responses of the token endpoint: of Amiqus in both server generations, a gateway, a portal, or
//! anyone in between.

use amiqus_core::account::Account;
use amiqus_core::app_state::AccountStatusView;
use amiqus_core::http::HttpResponse;
use amiqus_core::session::{Effect, Event, RenewalReason};
use amiqus_core::token::{self, Grant, RefreshToken, TokenError, TokenSet, Transient};
use amiqus_core::vault::Records;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::{Target, Verdict, answer, app};

pub(crate) const TARGET: Target = Target {
    name: "token_answer",
    check,
    verdicts: &[
        "no answer",
        "a pair",
        "dead",
        "set-up wrong",
        "refused",
        "not processed",
        "perhaps processed",
    ],
};

fn check(data: &[u8]) -> Verdict {
    let Some(response) = answer::read(data) else {
        return "no answer";
    };
    judge(Grant::Code, &response);
    judge(Grant::Refresh, &response)
}

/// The refresh token in use before the response.
const OLD: &str = "hush-old-refresh";

fn read(grant: Grant, response: &HttpResponse) -> Result<TokenSet, TokenError> {
    let old = RefreshToken::new(OLD);
    let current = (grant == Grant::Refresh).then_some(&old);
    token::read(grant, response, current, &app::redirect_url(), app::now())
}

fn judge(grant: Grant, response: &HttpResponse) -> Verdict {
    let read = || read(grant, response);
    let verdict = match read() {
        Ok(tokens) => {
            assert_is_from_response(grant, &tokens, response);
            "a pair"
        }
        Err(error) => {
            assert_error_is_justified(grant, response, error);
            match error {
                TokenError::InvalidGrant { .. } => "dead",
                TokenError::InvalidClient => "set-up wrong",
                TokenError::Rejected(_) => "refused",
                TokenError::NotProcessed(_) => "not processed",
                TokenError::PerhapsProcessed(_) => "perhaps processed",
            }
        }
    };
    if grant == Grant::Refresh {
        let stays = is_signed_in_after(read());
        // The vault is consulted before an invalid refresh token is believed; nothing else ends an account.
        assert!(stays, "{verdict}");
    }
    assert_invalid_grant_is_recognised(grant, response);
    assert_tokens_are_recognised(grant, response);
    verdict
}

/// A well-formed token response (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Pair {
    token_type: String,
    access_token: String,
    refresh_token: String,
}

fn is_valid(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An error response (RFC 6749 §5.2).
#[derive(Deserialize)]
struct ErrorResponse {
    error: Option<String>,
    error_description: Option<String>,
    hint: Option<String>,
}

/// Checks that tokens are those in the response, and that their times are bounded.
fn assert_is_from_response(grant: Grant, tokens: &TokenSet, response: &HttpResponse) {
    assert!(response.status.is_success());
    let (access, refresh) = (tokens.access.expose(), tokens.refresh.expose());
    assert!(is_valid(access) && is_valid(refresh));
    if let Some(body) = answer::object::<Pair>(&response.body) {
        assert_eq!(access, body.access_token.trim());
        let keeps_old = grant == Grant::Refresh && body.refresh_token.trim().is_empty();
        assert_eq!(
            refresh,
            if keeps_old {
                OLD
            } else {
                body.refresh_token.trim()
            }
        );
        let kind = body.token_type.trim().to_ascii_lowercase();
        assert!(kind != "mac" && kind != "dpop", "{kind}");
    }
    let now = app::now();
    assert_eq!(tokens.received_at, now);
    assert_eq!(tokens.redirect_url, app::redirect_url());
    let allowed = SignedDuration::from_mins(1)..=SignedDuration::from_hours(10 * 365 * 24);
    assert!(allowed.contains(&tokens.lifetime), "{}", tokens.lifetime);
    assert_eq!(tokens.ends_at(), now + tokens.lifetime);
    let due = tokens.renewal_due_at(now);
    assert!(now < due && due < tokens.ends_at(), "{due}");
}

/// Checks that the response justifies the error.
fn assert_error_is_justified(grant: Grant, response: &HttpResponse, error: TokenError) {
    let status = response.status.as_u16();
    let body = answer::object::<ErrorResponse>(&response.body);
    let oauth_error = body.as_ref().and_then(|body| body.error.as_deref());
    let is_oauth = matches!(status, 200..=299 | 400..=499);
    // Only the product reads an object with something around it.
    let is_known = body.is_some();
    match error {
        TokenError::InvalidGrant { .. } => {
            let is_invalid_grant = match oauth_error.map(str::trim) {
                Some("invalid_grant") => true,
                Some("invalid_request") => grant == Grant::Refresh || status != 401,
                _ => !is_known,
            };
            assert!(is_oauth && is_invalid_grant, "{status} {oauth_error:?}");
        }
        TokenError::InvalidClient => {
            let named = !is_known || oauth_error.map(str::trim) == Some("invalid_client");
            assert!(is_oauth && named, "{status}");
        }
        TokenError::Rejected(_) => assert!(is_oauth, "{status}"),
        TokenError::NotProcessed(transient) => {
            // Any other status may come from a gateway that had passed the request on.
            let is_certain = match status {
                403 => transient == Transient::NotPermitted,
                407 => transient == Transient::ProxyNeedsPassword,
                429 => matches!(transient, Transient::Busy(_)),
                _ => false,
            };
            assert!(is_certain, "{status} {transient:?}");
            if let Transient::Busy(wait) = transient {
                answer::assert_bounded(wait);
            }
        }
        TokenError::PerhapsProcessed(transient) => {
            assert!(!matches!(status, 407 | 429), "{status}");
            if let Transient::Busy(wait) = transient {
                assert_eq!(status, 503);
                answer::assert_bounded(wait);
            }
        }
    }
    match status {
        429 => assert!(
            matches!(error, TokenError::NotProcessed(Transient::Busy(_))),
            "{error:?}"
        ),
        503 => assert!(
            matches!(error, TokenError::PerhapsProcessed(Transient::Busy(_))),
            "{error:?}"
        ),
        300..=399 => assert_eq!(
            error,
            TokenError::PerhapsProcessed(Transient::CaptivePortal)
        ),
        _ => {}
    }
}

/// Checks that an invalid grant as reported by both server generations is always recognised.
fn assert_invalid_grant_is_recognised(grant: Grant, response: &HttpResponse) {
    let Some(body) = answer::object::<ErrorResponse>(&response.body) else {
        return;
    };
    let error = body.error.unwrap_or_default();
    let description = body.error_description.unwrap_or_default();
    let hint = body.hint.unwrap_or_default();
    let is_invalid_grant = match (response.status.as_u16(), error.as_str(), grant) {
        (400 | 401, "invalid_grant", _) => true,
        (401, "invalid_request", Grant::Refresh) => {
            description == "The refresh token is invalid." || !hint.is_empty()
        }
        (400, "invalid_request", Grant::Code) => hint == "Authorization code has expired",
        _ => false,
    };
    if is_invalid_grant {
        let read = read(grant, response);
        assert!(
            matches!(read, Err(TokenError::InvalidGrant { .. })),
            "{error} {hint}"
        );
    }
}

/// Checks that well-formed tokens are never lost, whichever 2xx they came with.
fn assert_tokens_are_recognised(grant: Grant, response: &HttpResponse) {
    let body = answer::object::<Pair>(&response.body).filter(|body| {
        response.status.is_success()
            && body.token_type.eq_ignore_ascii_case("bearer")
            && is_valid(&body.access_token)
            && is_valid(&body.refresh_token)
    });
    assert!(body.is_none() || read(grant, response).is_ok());
}

/// Whether Bob is still signed in after this result of a refresh.
fn is_signed_in_after(result: Result<TokenSet, TokenError>) -> bool {
    let bob: Account = app::bob();
    let key = bob.identity.key();
    let (mut session, _) = app::opened(Records {
        registration: Some(app::registration()),
        accounts: [(key, bob)].into(),
        current: Some(key),
        ..Records::default()
    });
    let event = Event::RenewalRequested(key, RenewalReason::Asked);
    let step = session.step(event, app::now());
    let generation = step.effects.iter().find_map(|effect| match effect {
        Effect::Refresh(_, generation, ..) => Some(*generation),
        _ => None,
    });
    let Some(generation) = generation else {
        panic!("no refresh was sent: {step:?}");
    };
    session.step(Event::Refreshed(key, generation, result), app::now());
    let state = session.app_state(1);
    !matches!(
        state.accounts[..],
        [] | [amiqus_core::app_state::AccountView {
            status: AccountStatusView::SignInAgain { .. },
            ..
        }]
    )
}
