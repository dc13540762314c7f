//! What answers at the token endpoint: Amiqus in both server generations, a gateway, a portal, or
//! anybody who got in between.

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
    let Some(answer) = answer::read(data) else {
        return "no answer";
    };
    judge(Grant::Code, &answer);
    judge(Grant::Refresh, &answer)
}

/// The refresh token that is in use before the answer comes.
const OLD: &str = "hush-old-refresh";

fn read(grant: Grant, answer: &HttpResponse) -> Result<TokenSet, TokenError> {
    let old = RefreshToken::new(OLD);
    let app = (grant == Grant::Refresh).then_some(&old);
    token::read(grant, answer, app, &app::redirect_url(), app::now())
}

fn judge(grant: Grant, answer: &HttpResponse) -> Verdict {
    let read = || read(grant, answer);
    let verdict = match read() {
        Ok(tokens) => {
            assert_is_the_answers(grant, &tokens, answer);
            "a pair"
        }
        Err(failure) => {
            assert_means(grant, answer, failure);
            match failure {
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
        // A dead refresh token is confirmed by the vault first; nothing else ever ends an account.
        assert!(stays, "{verdict}");
    }
    assert_the_dead_are_recognised(grant, answer);
    assert_pairs_are_recognised(grant, answer);
    verdict
}

/// What a pair's answer says where all is as it should be (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Pair {
    token_type: String,
    access_token: String,
    refresh_token: String,
}

fn is_sound(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What an error's answer may say (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
    error_description: Option<String>,
    hint: Option<String>,
}

/// A pair is the one in the answer, and its times are bounded.
fn assert_is_the_answers(grant: Grant, tokens: &TokenSet, answer: &HttpResponse) {
    assert!(answer.status.is_success());
    let (access, refresh) = (tokens.access.expose(), tokens.refresh.expose());
    assert!(is_sound(access) && is_sound(refresh));
    if let Some(said) = answer::object::<Pair>(&answer.body) {
        assert_eq!(access, said.access_token.trim());
        let is_kept = grant == Grant::Refresh && said.refresh_token.trim().is_empty();
        assert_eq!(
            refresh,
            if is_kept {
                OLD
            } else {
                said.refresh_token.trim()
            }
        );
        let kind = said.token_type.trim().to_ascii_lowercase();
        assert!(kind != "mac" && kind != "dpop", "{kind}");
    }
    let now = app::now();
    assert_eq!(tokens.received_at, now);
    assert_eq!(tokens.redirect_url, app::redirect_url());
    let believed = SignedDuration::from_mins(1)..=SignedDuration::from_hours(10 * 365 * 24);
    assert!(believed.contains(&tokens.lifetime), "{}", tokens.lifetime);
    assert_eq!(tokens.ends_at(), now + tokens.lifetime);
    let due = tokens.renewal_due_at(now);
    assert!(now < due && due < tokens.ends_at(), "{due}");
}

/// What each failure may mean at the most.
fn assert_means(grant: Grant, answer: &HttpResponse, failure: TokenError) {
    let status = answer.status.as_u16();
    let said = answer::object::<Refusal>(&answer.body);
    let error = said.as_ref().and_then(|said| said.error.as_deref());
    let is_oauth = matches!(status, 200..=299 | 400..=499);
    // An object with something around it is read by the product alone.
    let is_known = said.is_some();
    match failure {
        TokenError::InvalidGrant { .. } => {
            let dead = match error.map(str::trim) {
                Some("invalid_grant") => true,
                Some("invalid_request") => grant == Grant::Refresh || status != 401,
                _ => !is_known,
            };
            assert!(is_oauth && dead, "{status} {error:?}");
        }
        TokenError::InvalidClient => {
            let named = !is_known || error.map(str::trim) == Some("invalid_client");
            assert!(is_oauth && named, "{status}");
        }
        TokenError::Rejected(_) => assert!(is_oauth, "{status}"),
        TokenError::NotProcessed(transient) => {
            // Any other response may come from a gateway that had passed the request on.
            let knows = match status {
                403 => transient == Transient::NotPermitted,
                407 => transient == Transient::ProxyNeedsPassword,
                429 => matches!(transient, Transient::Busy(_)),
                _ => false,
            };
            assert!(knows, "{status} {transient:?}");
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
            matches!(failure, TokenError::NotProcessed(Transient::Busy(_))),
            "{failure:?}"
        ),
        503 => assert!(
            matches!(failure, TokenError::PerhapsProcessed(Transient::Busy(_))),
            "{failure:?}"
        ),
        300..=399 => assert_eq!(
            failure,
            TokenError::PerhapsProcessed(Transient::CaptivePortal)
        ),
        _ => {}
    }
}

/// What both server generations say of a dead grant is always taken for that, whatever stands
/// beside it.
fn assert_the_dead_are_recognised(grant: Grant, answer: &HttpResponse) {
    let Some(said) = answer::object::<Refusal>(&answer.body) else {
        return;
    };
    let error = said.error.unwrap_or_default();
    let description = said.error_description.unwrap_or_default();
    let hint = said.hint.unwrap_or_default();
    let is_dead = match (answer.status.as_u16(), error.as_str(), grant) {
        (400 | 401, "invalid_grant", _) => true,
        (401, "invalid_request", Grant::Refresh) => {
            description == "The refresh token is invalid." || !hint.is_empty()
        }
        (400, "invalid_request", Grant::Code) => hint == "Authorization code has expired",
        _ => false,
    };
    if is_dead {
        let read = read(grant, answer);
        assert!(
            matches!(read, Err(TokenError::InvalidGrant { .. })),
            "{error} {hint}"
        );
    }
}

/// A pair that is one by the letter is never thrown away, with whichever success it came.
fn assert_pairs_are_recognised(grant: Grant, answer: &HttpResponse) {
    let said = answer::object::<Pair>(&answer.body).filter(|said| {
        answer.status.is_success()
            && said.token_type.eq_ignore_ascii_case("bearer")
            && is_sound(&said.access_token)
            && is_sound(&said.refresh_token)
    });
    assert!(said.is_none() || read(grant, answer).is_ok());
}

/// Whether Bob is still signed in when this is what came of his refresh.
fn is_signed_in_after(result: Result<TokenSet, TokenError>) -> bool {
    let bob: Account = app::bob();
    let key = bob.identity.key();
    let (mut session, _) = app::opened(Records {
        registration: Some(app::registration()),
        accounts: [(key, bob)].into(),
        current: Some(key),
        ..Records::default()
    });
    let asked = Event::RenewalRequested(key, RenewalReason::Asked);
    let step = session.step(asked, app::now());
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
