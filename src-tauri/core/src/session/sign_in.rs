//! The sign-in: from the click to the person's name.

use jiff::Timestamp;

use super::unclaimed::Unclaimed;
use super::{AccountEntry, Effect, LinkOrigin, Open, Outcome, PendingReply, SignIn, Step};
use crate::account::{Account, AccountKey, AccountStatus, Identity, Journal};
use crate::authorization::{Attempt, AttemptId};
use crate::error::{Code, Problem};
use crate::redirect::pasted::PasteError;
use crate::redirect::{
    self, AuthorizationError, AuthorizationResponse, ReceivedLink, RedirectError,
};
use crate::registration::RedirectKind;
use crate::token::{TokenError, TokenSet};
use crate::vault::RecordName;

/// What a person is told when Amiqus answers with an error in place of a code. `access_denied` is
/// the person's own choice; it leads to "try again" like no other.
fn code_of(error: AuthorizationError) -> Code {
    match error {
        AuthorizationError::AccessDenied => Code::AccessDenied,
        AuthorizationError::InvalidRequest
        | AuthorizationError::UnauthorizedClient
        | AuthorizationError::UnsupportedResponseType
        | AuthorizationError::InvalidScope
        | AuthorizationError::Other => Code::RequestNotAccepted,
        AuthorizationError::ServerError => Code::ServerError,
        AuthorizationError::TemporarilyUnavailable => Code::AmiqusBusy,
    }
}

/// What a person is told when the code could not be exchanged. It is never posted again: a new
/// attempt is a click away and certain.
fn code_of_failure(failure: TokenError) -> Code {
    match failure {
        TokenError::InvalidGrant { .. } => Code::CodeNotAccepted,
        TokenError::InvalidClient => Code::SetUpWrong,
        TokenError::Rejected(_) => Code::RequestNotAccepted,
        TokenError::NotProcessed(transient) | TokenError::PerhapsProcessed(transient) => {
            transient.into()
        }
    }
}

/// What a person is told whose paste is not the answer.
fn code_of_paste(reason: PasteError) -> Code {
    match reason {
        PasteError::NotFound => Code::LinkNotOurs,
        PasteError::ServicePage => Code::LinkBeforeAllow,
        PasteError::Incomplete => Code::LinkIncomplete,
        PasteError::AnotherAttempt => Code::LinkTooLate,
        PasteError::DeniedWithoutState => Code::DeniedWithoutState,
        PasteError::Unusable(_) => Code::AnswerNotUsable,
    }
}

/// An account that has just been given its pair.
pub(super) struct Admitted {
    pub(super) key: AccountKey,
    /// Whether it was here, with a pair that was believed to work.
    pub(super) was_connected: bool,
}

impl Open {
    pub(super) fn sign_in_requested(
        &mut self,
        problem: &mut Option<Problem>,
        attempt: Attempt,
        now: Timestamp,
    ) -> Step {
        let Some(registration) = &self.registration else {
            return Step::refused(Code::NotSetUp);
        };
        let url = attempt.authorization_url(registration);
        if let SignIn::ExchangingCode(_) | SignIn::Identifying = self.sign_in {
            return Step::default();
        }
        *problem = None;
        self.changing_setup = false;
        self.signed_out = false;
        let mut step = Step::default();
        if self.press_finishes(&mut step, now) {
            return step;
        }
        step.change(RecordName::Attempt)
            .run(Effect::ArmDeadline(attempt.id(), attempt.deadline()))
            .run(Effect::WarmUpTls)
            .run(match attempt.redirect_url.kind() {
                RedirectKind::Scheme => Effect::OpenBrowser(attempt.id(), url),
                RedirectKind::Loopback => {
                    Effect::Listen(attempt.id(), attempt.redirect_url.clone(), Some(url))
                }
            });
        self.sign_in = SignIn::AwaitingBrowser(attempt);
        step
    }

    pub(super) fn browser_requested_again(&mut self, problem: &mut Option<Problem>) -> Step {
        let (SignIn::AwaitingBrowser(attempt), Some(registration)) =
            (&self.sign_in, &self.registration)
        else {
            return Step::refused(Code::LinkTooLate);
        };
        *problem = None;
        self.came_back = None;
        let mut step = Step::default();
        step.run(Effect::OpenBrowser(
            attempt.id(),
            attempt.authorization_url(registration),
        ));
        step
    }

    pub(super) fn browser_did_not_open(
        &mut self,
        problem: &mut Option<Problem>,
        id: AttemptId,
    ) -> Step {
        if self.awaits(id) {
            // The attempt stays: "Open the browser again" is the way on.
            *problem = Some(Code::BrowserDidNotOpen.into());
        }
        Step::default()
    }

    /// The attempt ends: its answer would arrive at nobody, or at another program.
    pub(super) fn not_listening(&mut self, problem: &mut Option<Problem>, id: AttemptId) -> Step {
        if !self.awaits(id) {
            return Step::default();
        }
        self.end_attempt(problem, Some(Code::PortTaken))
    }

    pub(super) fn deadline_passed(&mut self, problem: &mut Option<Problem>, id: AttemptId) -> Step {
        if !self.awaits(id) {
            return Step::default();
        }
        self.end_attempt(problem, Some(Code::AttemptExpired))
    }

    pub(super) fn cancelled(&mut self, problem: &mut Option<Problem>) -> Step {
        match self.sign_in {
            SignIn::AwaitingBrowser(_) => return self.end_attempt(problem, None),
            // The code was posted, and the pair that may come is nobody's any more.
            SignIn::ExchangingCode(_) => self.sign_in = SignIn::Idle,
            SignIn::Identifying => self.stop_identifying(),
            SignIn::Idle if self.changing_setup => {
                self.changing_setup = false;
                *problem = None;
            }
            SignIn::Idle => {}
        }
        Step::default()
    }

    /// Judges an address. Whatever isn't the answer to the pending attempt costs it nothing.
    pub(super) fn address_received(
        &mut self,
        problem: &mut Option<Problem>,
        received: &ReceivedLink,
        origin: LinkOrigin,
        now: Timestamp,
    ) -> Step {
        let (SignIn::AwaitingBrowser(attempt), Some(registration)) =
            (&self.sign_in, &self.registration)
        else {
            tracing::warn!(
                ?origin,
                "an address arrived and no attempt is pending: ignored"
            );
            return Step::refused(Code::LinkTooLate);
        };
        let (redirect_url, issuer) = (&attempt.redirect_url, &registration.base_url);
        let answer = match origin {
            LinkOrigin::Pasted => {
                match redirect::pasted::find_response(
                    received,
                    redirect_url,
                    issuer,
                    &attempt.state,
                ) {
                    Ok(answer) => answer,
                    Err(reason) => {
                        tracing::warn!(%reason, "a pasted address is not the answer: ignored");
                        return Step::refused(code_of_paste(reason));
                    }
                }
            }
            LinkOrigin::Link => match redirect::parse(received, redirect_url, issuer) {
                Ok(answer) => answer,
                Err(refusal) => {
                    tracing::warn!(%refusal, "a link is not an answer: ignored");
                    let is_ours = redirect::carries_state(received, redirect_url, &attempt.state);
                    let id = attempt.id();
                    return match refusal {
                        _ if is_ours => self.came_back(problem, id, Code::AnswerNotUsable),
                        RedirectError::DeniedWithoutState(_) => {
                            self.came_back(problem, id, Code::DeniedWithoutState)
                        }
                        RedirectError::MissingState | RedirectError::NeitherCodeNorError => {
                            Step::refused(Code::LinkIncomplete)
                        }
                        _ => Step::refused(Code::LinkNotOurs),
                    };
                }
            },
        };
        if !attempt.state.matches(answer.state()) {
            tracing::warn!(?origin, "an address answers another attempt: ignored");
            return Step::refused(Code::LinkTooLate);
        }
        if !attempt.is_alive(now) {
            let mut step = self.end_attempt(problem, Some(Code::AttemptExpired));
            step.outcome = Outcome::Refused(Code::LinkTooLate.into());
            return step;
        }
        match answer {
            AuthorizationResponse::Denied { error, .. } => {
                tracing::info!(attempt = %attempt.id(), ?error, "the browser came back without a code");
                let mut step = self.end_attempt(problem, Some(code_of(error)));
                step.run(Effect::BringToFront);
                step
            }
            AuthorizationResponse::Granted { code, .. } => {
                let id = attempt.id();
                tracing::info!(attempt = %id, "the browser came back with a code");
                let SignIn::AwaitingBrowser(attempt) =
                    std::mem::replace(&mut self.sign_in, SignIn::ExchangingCode(id))
                else {
                    return Step::default();
                };
                *problem = None;
                let mut step = Step::default();
                // The attempt is forgotten, durably, before its code is posted: no restart can
                // post it a second time.
                step.change(RecordName::Attempt)
                    .run(Effect::BringToFront)
                    .run(Effect::Exchange {
                        attempt: id,
                        code,
                        verifier: attempt.verifier,
                        redirect_url: attempt.redirect_url,
                    });
                step
            }
        }
    }

    /// Says that the browser came back with nothing that can be used. The attempt stays: for all that
    /// is known the true answer is still to come. The window comes to the front once until the browser
    /// is opened again: any page can send a denial without a `state`.
    fn came_back(&mut self, problem: &mut Option<Problem>, id: AttemptId, code: Code) -> Step {
        *problem = Some(code.into());
        let mut step = Step::refused(code);
        if self.came_back.replace(id) != Some(id) {
            step.run(Effect::BringToFront);
        }
        step
    }

    pub(super) fn code_exchanged(
        &mut self,
        problem: &mut Option<Problem>,
        id: AttemptId,
        result: Result<TokenSet, TokenError>,
    ) -> Step {
        if !matches!(self.sign_in, SignIn::ExchangingCode(pending) if pending == id) {
            tracing::warn!(attempt = %id, "an answer came after its attempt was over: dropped");
            return Step::default();
        }
        match result {
            Ok(tokens) => {
                let mut step = Step::default();
                self.identify_new(&mut step, tokens);
                step
            }
            Err(failure) => {
                self.sign_in = SignIn::Idle;
                *problem = Some(code_of_failure(failure).into());
                let mut step = Step::default();
                step.run(Effect::BringToFront);
                step
            }
        }
    }

    /// Makes room for an account, or gives one that is here its new pair.
    pub(super) fn admit(
        &mut self,
        step: &mut Step,
        identity: Identity,
        claimed: Unclaimed,
        now: Timestamp,
    ) -> Admitted {
        let key = match identity.team {
            Some(_) => identity.key(),
            None => self.key_of_unknown_team(identity.user.id),
        };
        let was_connected = self.accounts.get(&key).is_some_and(|entry| {
            // Whoever waits for the old pair's renewal has a new pair.
            step.answer(PendingReply::Renewal(key), Ok(()));
            matches!(entry.account.status, AccountStatus::Connected { .. })
        });
        let account = Account {
            identity,
            as_of: now,
            status: AccountStatus::Connected {
                tokens: claimed.tokens,
                journal: Journal::default(),
            },
        };
        let mut entry = AccountEntry::new(account, claimed.generation);
        entry.plan(step, key, now);
        self.accounts.insert(key, entry);
        step.change(RecordName::Account(key));
        Admitted { key, was_connected }
    }

    fn awaits(&self, id: AttemptId) -> bool {
        matches!(&self.sign_in, SignIn::AwaitingBrowser(attempt) if attempt.id() == id)
    }

    fn end_attempt(&mut self, problem: &mut Option<Problem>, code: Option<Code>) -> Step {
        self.sign_in = SignIn::Idle;
        *problem = code.map(Problem::from);
        let mut step = Step::default();
        step.change(RecordName::Attempt);
        step
    }
}
