//! The fault table: every fault of the practice service, at the exchange, at the refresh and at
//! `/me`, and the resulting state of the window and the account.

use std::time::Duration;

use amiqus_core::account::SignInAgainReason;
use amiqus_core::app_state::{AccountStatusView, Screen};
use amiqus_core::error::Code;
use amiqus_core::http::{self, RequestError};
use practice_amiqus::{Endpoint, Fault, RetryAfter};
use tokio::task::JoinSet;

use crate::app::*;

/// The result of a refresh with a fault. The account stays listed in each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refresh {
    /// The new tokens are used.
    Renewed,
    /// The new access token is in use, beside the old refresh token.
    RenewedWithOldToken,
    /// The old tokens are still used, and this problem is shown.
    Kept(Code),
    /// The account must sign in again.
    Ended(SignInAgainReason),
}

/// The result of a check with a fault; the account is signed in before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Me {
    /// The identity is updated.
    Told,
    /// The same, after a 401 and a renewal.
    ToldAfterRenewal,
    /// The identity could not be requested.
    NotTold(Code),
}

impl From<Option<Code>> for Me {
    fn from(failure: Option<Code>) -> Self {
        failure.map_or(Self::Told, Self::NotTold)
    }
}

/// One row of the table: `None` where the request succeeds.
struct Row {
    fault: Fault,
    /// What a sign-in ends with, in `signed-out`.
    exchange: Option<Code>,
    refresh: Refresh,
    me: Me,
}

fn row(fault: Fault, exchange: Option<Code>, refresh: Refresh, me: impl Into<Me>) -> Row {
    Row {
        fault,
        exchange,
        refresh,
        me: me.into(),
    }
}

/// A temporary fault that means the same everywhere.
fn passing(fault: Fault, code: Code) -> Row {
    row(fault, Some(code), Refresh::Kept(code), Some(code))
}

/// An answer whose token part is damaged: its tokens are lost.
fn lost_pair(fault: Fault, me: Option<Code>) -> Row {
    let ended = Refresh::Ended(SignInAgainReason::AnswerLost);
    row(fault, Some(Code::UnexpectedResponse), ended, me)
}

/// A status in answer to a request that was processed.
fn lost_to(code: u16, exchange: Code, me: Code) -> Row {
    let ended = Refresh::Ended(SignInAgainReason::AnswerLost);
    row(Fault::Status { code }, Some(exchange), ended, Some(me))
}

/// A fault without effect.
fn harmless(fault: Fault) -> Row {
    row(fault, None, Refresh::Renewed, None)
}

fn table() -> Vec<Row> {
    use Code::{AmiqusBusy, Offline, UnexpectedResponse};
    let lost = Refresh::Ended(SignInAgainReason::AnswerLost);
    let mut rows = vec![
        // The connection.
        passing(Fault::DropBeforeProcessing, Offline),
        row(Fault::LoseAnswer, Some(Offline), lost, Some(Offline)),
        row(Fault::CutBody, Some(Offline), lost, Some(Offline)),
        harmless(Fault::DelayBeforeProcessing { ms: 500 }),
        harmless(Fault::DelayAfterProcessing { ms: 500 }),
        harmless(Fault::Trickle { bytes: 512, ms: 10 }),
        // Damaged answers.
        lost_pair(Fault::MissingAccessToken, None),
        // A refresh keeps the old one (RFC 6749 §6); a sign-in that can't be renewed is none.
        row(
            Fault::MissingRefreshToken,
            Some(UnexpectedResponse),
            Refresh::RenewedWithOldToken,
            None,
        ),
        lost_pair(Fault::TokenTypeMac, None),
        harmless(Fault::ExpiresInString),
        harmless(Fault::ExpiresInNegative),
        harmless(Fault::ExpiresInZero),
        harmless(Fault::ExpiresInHuge),
        harmless(Fault::ExpiresInMissing),
        harmless(Fault::ExpiresInFloat),
        harmless(Fault::ExtraFields),
        harmless(Fault::DuplicatedKeys),
        harmless(Fault::ByteOrderMark),
        harmless(Fault::InvalidUtf8),
        harmless(Fault::WrongContentType),
        lost_pair(Fault::GzipGarbage, Some(UnexpectedResponse)),
        harmless(Fault::Gzip),
        harmless(Fault::Status { code: 201 }),
        harmless(Fault::Status { code: 202 }),
        harmless(Fault::Status { code: 206 }),
        // A gateway that had passed the request on.
        lost_to(408, UnexpectedResponse, UnexpectedResponse),
        lost_to(404, UnexpectedResponse, UnexpectedResponse),
        lost_to(503, AmiqusBusy, AmiqusBusy),
        harmless(Fault::LeadingJunk),
        harmless(Fault::TrailingBytes),
        harmless(Fault::Utf16),
        harmless(Fault::MissingTokenType),
        harmless(Fault::BrokenSurrogate),
        harmless(Fault::OddMembers),
        harmless(Fault::OtherFields {
            fields: serde_json::Map::from_iter([("name".to_owned(), "bob@example.com".into())]),
        }),
        harmless(Fault::NextLinkElsewhere {
            url: "http://127.0.0.1:9/api/v2/clients?page=2".to_owned(),
        }),
    ];
    rows.extend(false_answers());
    rows
}

/// The answers that replace the real one.
fn false_answers() -> Vec<Row> {
    use Code::{AmiqusBusy, CaptivePortal, NotPermitted, ServerError, UnexpectedResponse};
    let retry_after = Some(RetryAfter::Seconds(30));
    vec![
        passing(Fault::InternalServerError { retry_after }, ServerError),
        passing(Fault::BadGateway { retry_after }, ServerError),
        passing(Fault::ServiceUnavailable { retry_after }, AmiqusBusy),
        passing(Fault::TooManyRequests { retry_after }, AmiqusBusy),
        row(
            Fault::Unauthenticated,
            Some(UnexpectedResponse),
            Refresh::Kept(UnexpectedResponse),
            Me::ToldAfterRenewal,
        ),
        passing(Fault::Forbidden, NotPermitted),
        passing(Fault::NotFound, UnexpectedResponse),
        passing(Fault::UnprocessableContent, UnexpectedResponse),
        passing(Fault::HtmlWith200, CaptivePortal),
        passing(Fault::HtmlWith500, CaptivePortal),
        passing(Fault::HtmlWith403, CaptivePortal),
        passing(
            Fault::RedirectElsewhere {
                location: "http://127.0.0.1:9/elsewhere".to_owned(),
            },
            CaptivePortal,
        ),
        passing(Fault::EmptyBody, UnexpectedResponse),
        passing(Fault::JsonArray, UnexpectedResponse),
        passing(Fault::JsonNull, UnexpectedResponse),
        passing(Fault::JsonString, UnexpectedResponse),
        passing(Fault::DeepJson, UnexpectedResponse),
        passing(Fault::HugeBody, UnexpectedResponse),
        row(
            Fault::LongErrorDescription,
            Some(Code::RequestNotAccepted),
            Refresh::Kept(Code::RequestNotAccepted),
            Some(UnexpectedResponse),
        ),
        row(
            Fault::InvalidClient,
            Some(Code::SetUpWrong),
            Refresh::Kept(Code::SetUpWrong),
            Me::ToldAfterRenewal,
        ),
        row(
            Fault::DeadRefreshToken,
            Some(Code::CodeNotAccepted),
            Refresh::Ended(SignInAgainReason::AccessRemoved),
            Some(UnexpectedResponse),
        ),
        passing(
            Fault::AuthorizationError {
                error: "temporarily_unavailable".to_owned(),
            },
            UnexpectedResponse,
        ),
    ]
}

/// The rows that end by a time limit.
fn slow_table() -> Vec<Row> {
    let lost = Refresh::Ended(SignInAgainReason::AnswerLost);
    let offline = Some(Code::Offline);
    vec![
        row(Fault::SlowBody, offline, lost, offline),
        row(
            Fault::DelayAfterProcessing { ms: 60_000 },
            offline,
            lost,
            offline,
        ),
        passing(Fault::DelayBeforeProcessing { ms: 60_000 }, Code::Offline),
    ]
}

/// Shows check 21.
#[test]
fn fault_table_has_a_row_for_each_fault() {
    let mut rows = table();
    rows.extend(slow_table());
    for fault in Fault::all() {
        let kind = std::mem::discriminant(&fault);
        assert!(
            rows.iter()
                .any(|row| std::mem::discriminant(&row.fault) == kind),
            "{fault:?}"
        );
    }
    assert!(rows.len() >= 40);
}

/// Shows checks 20, 21, 22 and 24.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_leads_to_its_state_and_code() {
    try_all(table(), Duration::from_mins(1)).await;
}

/// Shows check 21.
#[tokio::test]
async fn oversized_body_is_not_read_to_its_end() {
    let computer = Computer::set_up().await;
    computer.amiqus.set_fault(Fault::HugeBody.at(Endpoint::Any));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{}/api/v2/me", computer.amiqus.base_url()));
    let outcome = http::send(request).await;
    assert!(matches!(outcome, Err(RequestError::TooLarge)));
}

/// Shows check 20.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_past_its_timeout_is_aborted() {
    try_all(slow_table(), Duration::from_millis(1_500)).await;
}

/// How many attempts are made at once.
const AT_ONCE: usize = 24;

async fn try_all(table: Vec<Row>, limit: Duration) {
    let mut rows = JoinSet::new();
    let mut wrong = Vec::new();
    for row in table {
        // Each has apps and services of its own: all at once would only wait for each other.
        while rows.len() >= AT_ONCE {
            wrong.extend(rows.join_next().await.and_then(Result::unwrap));
        }
        let fault = row.fault.clone();
        rows.spawn(async move { try_exchange(fault, row.exchange, limit).await });
        let fault = row.fault.clone();
        rows.spawn(async move { try_refresh(fault, row.refresh, limit).await });
        rows.spawn(async move { try_me(row.fault, row.me, limit).await });
    }
    wrong.extend(rows.join_all().await.into_iter().flatten());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Describes what differs from the expectation.
fn differs<T: std::fmt::Debug + PartialEq>(what: &str, is: &T, expected: &T) -> Option<String> {
    (is != expected).then(|| format!("{what}: {is:?} and not {expected:?}"))
}

async fn try_exchange(fault: Fault, expected: Option<Code>, limit: Duration) -> Option<String> {
    let name = format!("{fault:?} at the exchange");
    let computer = Computer::set_up().await.within(limit);
    let mut app = computer.start().await;
    computer.amiqus.set_fault(fault.at(Endpoint::TokenExchange));
    app.go(&computer, BOB, FUSION).await;
    let state = app.end_of_sign_in().await;
    let screen = match expected {
        Some(_) => Screen::SignedOut { just_now: false },
        None => JUST_SIGNED_IN,
    };
    let kept = computer.store.text().contains("\"refresh\"");
    differs(
        &name,
        &(&state.screen, code(&state), kept, computer.posts()),
        &(&screen, expected, expected.is_none(), 1),
    )
    .or_else(|| differs(&name, &computer.amiqus.complaints(), &Vec::new()))
}

async fn try_refresh(fault: Fault, expected: Refresh, limit: Duration) -> Option<String> {
    let name = format!("{fault:?} at the refresh");
    let computer = Computer::set_up().await.within(limit);
    let other = computer.add(LORRAINE, HILL_VALLEY, false);
    let old = computer.add(BOB, FUSION, false);
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer
        .amiqus
        .set_fault(fault.at(Endpoint::TokenRefresh).times(1));
    let outcome = app.session.refresh().await.map_err(|problem| problem.code);
    let state = app.session.state().await.unwrap();
    let bob = account(&state, BOB);
    let text = computer.store.text();
    let kept = text.contains(old.refresh.expose());
    let alive = computer.amiqus.is_refresh_token_live(old.refresh.expose());
    let is = (outcome, &state.screen, bob.status, kept, alive);
    let expected = match expected {
        Refresh::Renewed => {
            let status = AccountStatusView::Connected;
            (Ok(()), &SIGNED_IN, status, false, false)
        }
        Refresh::RenewedWithOldToken => {
            let status = AccountStatusView::Connected;
            (Ok(()), &SIGNED_IN, status, true, false)
        }
        Refresh::Kept(code) => {
            let status = AccountStatusView::Connected;
            (Err(code), &SIGNED_IN, status, true, true)
        }
        Refresh::Ended(why) => (
            Err(Code::NotSignedIn),
            &Screen::SignInAgain { why },
            AccountStatusView::SignInAgain { why },
            false,
            why == SignInAgainReason::AccessRemoved,
        ),
    };
    let sent = computer.posts();
    let most = if expected.1 == &SIGNED_IN { 1 } else { 2 };
    differs(&name, &is, &expected)
        .or_else(|| (sent > most).then(|| format!("{name}: {sent} posts")))
        .or_else(|| differs(&name, &text.contains(other.refresh.expose()), &true))
        .or_else(|| differs(&name, &bob.name.as_str(), &"Bob Gale"))
        .or_else(|| differs(&name, &computer.amiqus.complaints(), &Vec::new()))
}

async fn try_me(fault: Fault, expected: Me, limit: Duration) -> Option<String> {
    let name = format!("{fault:?} at /me");
    let (computer, _) = Computer::with_bob().await;
    let computer = computer.within(limit);
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    computer.amiqus.set_fault(fault.at(Endpoint::Me).times(1));
    let outcome = app.session.me().await.map_err(|problem| problem.code);
    // A 401 leads to a renewal, which works.
    let state = app.until(|state| !account(state, BOB).renewing).await;
    let posts = usize::from(expected == Me::ToldAfterRenewal);
    let expected = match expected {
        Me::Told | Me::ToldAfterRenewal => Ok(()),
        Me::NotTold(code) => Err(code),
    };
    differs(
        &name,
        &(outcome, &state.screen, computer.posts()),
        &(expected, &SIGNED_IN, posts),
    )
    .or_else(|| differs(&name, &computer.amiqus.complaints(), &Vec::new()))
}
