//! The sign-in: from the click to the code that is exchanged for tokens.

use jiff::Timestamp;

use super::{CommandOutcome, Effect, LinkOrigin, Open, SignIn, Step};
use crate::authorization::{Attempt, AttemptId};
use crate::error::Code;
use crate::redirect::pasted::PasteError;
use crate::redirect::{
    self, AuthorizationError, AuthorizationResponse, ReceivedLink, RedirectError,
};
use crate::registration::RedirectKind;
use crate::token::{TokenError, TokenSet};
use crate::vault::RecordName;

/// The code that the window shows when Amiqus answers with an error instead of a code.
/// `access_denied` is the user's own choice, so it has a code of its own.
fn code_of_denial(error: AuthorizationError) -> Code {
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

/// The code that the window shows when the exchange fails. The exchange is never repeated: a new
/// attempt is one click away and certain.
fn code_of_exchange(error: TokenError) -> Code {
    match error {
        TokenError::InvalidGrant { .. } => Code::CodeNotAccepted,
        TokenError::InvalidClient => Code::SetUpWrong,
        TokenError::Rejected(_) => Code::RequestNotAccepted,
        TokenError::NotProcessed(transient) | TokenError::PerhapsProcessed(transient) => {
            transient.into()
        }
    }
}

/// The code that the window shows when a pasted text is not the answer.
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

impl Open {
    pub(super) fn sign_in_requested(&mut self, attempt: Attempt, now: Timestamp) -> Step {
        let Some(registration) = &self.registration else {
            return Step::refused(Code::NotSetUp);
        };
        let url = attempt.authorization_url(registration);
        if let SignIn::ExchangingCode(_) | SignIn::Identifying = self.sign_in {
            return Step::default();
        }
        self.changing_setup = false;
        self.signed_out = false;
        self.just_signed_in = None;
        let mut step = Step::default();
        step.clear_problem();
        if self.sign_in_resumes_unclaimed(&mut step, now) {
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

    pub(super) fn browser_requested_again(&mut self) -> Step {
        let (SignIn::AwaitingBrowser(attempt), Some(registration)) =
            (&self.sign_in, &self.registration)
        else {
            return Step::refused(Code::LinkTooLate);
        };
        self.unusable_answer_to = None;
        let mut step = Step::default();
        step.clear_problem().run(Effect::OpenBrowser(
            attempt.id(),
            attempt.authorization_url(registration),
        ));
        step
    }

    pub(super) fn browser_did_not_open(&mut self, id: AttemptId) -> Step {
        let mut step = Step::default();
        if self.is_pending(id) {
            // The attempt stays pending: "Open the browser again" is the way forward.
            step.show_problem(Code::BrowserDidNotOpen);
        }
        step
    }

    /// Ends the attempt: its answer would be lost, or be sent to another program.
    pub(super) fn listen_failed(&mut self, id: AttemptId) -> Step {
        if !self.is_pending(id) {
            return Step::default();
        }
        self.end_attempt(Some(Code::PortTaken))
    }

    pub(super) fn deadline_passed(&mut self, id: AttemptId) -> Step {
        if !self.is_pending(id) {
            return Step::default();
        }
        self.end_attempt(Some(Code::AttemptExpired))
    }

    pub(super) fn cancelled(&mut self) -> Step {
        let mut step = Step::default();
        match self.sign_in {
            SignIn::AwaitingBrowser(_) => return self.end_attempt(None),
            // The code was posted already; tokens that it may bring are dropped.
            SignIn::ExchangingCode(_) => self.sign_in = SignIn::Idle,
            SignIn::Identifying => self.stop_identifying(),
            SignIn::Idle if self.changing_setup => {
                self.changing_setup = false;
                step.clear_problem();
            }
            SignIn::Idle => {}
        }
        step
    }

    /// Decides whether an address is the answer to the pending attempt. Any other address leaves
    /// the attempt pending.
    pub(super) fn address_received(
        &mut self,
        received: &ReceivedLink,
        origin: LinkOrigin,
        now: Timestamp,
    ) -> Step {
        let (SignIn::AwaitingBrowser(attempt), Some(registration)) =
            (&self.sign_in, &self.registration)
        else {
            tracing::warn!(?origin, "redirect: ignored, no attempt is pending");
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
                        tracing::warn!(%reason, "redirect: ignored, the pasted text is no answer");
                        return Step::refused(code_of_paste(reason));
                    }
                }
            }
            LinkOrigin::Link => match redirect::parse(received, redirect_url, issuer) {
                Ok(answer) => answer,
                Err(refusal) => {
                    tracing::warn!(reason = %refusal, "redirect: ignored, the link is no answer");
                    let is_ours = redirect::carries_state(received, redirect_url, &attempt.state);
                    let id = attempt.id();
                    return self.link_refused(id, refusal, is_ours);
                }
            },
        };
        if !attempt.state.matches(answer.state()) {
            tracing::warn!(?origin, "redirect: ignored, it answers another attempt");
            return Step::refused(Code::LinkTooLate);
        }
        if !attempt.is_alive(now) {
            let mut step = self.end_attempt(Some(Code::AttemptExpired));
            step.outcome = CommandOutcome::Refused(Code::LinkTooLate.into());
            return step;
        }
        match answer {
            AuthorizationResponse::Denied { error, .. } => {
                tracing::info!(attempt = %attempt.id(), ?error, "redirect: accepted, denied");
                let mut step = self.end_attempt(Some(code_of_denial(error)));
                step.run(Effect::BringToFront);
                step
            }
            AuthorizationResponse::Granted { code, .. } => {
                let id = attempt.id();
                tracing::info!(attempt = %id, "redirect: accepted, granted");
                let SignIn::AwaitingBrowser(attempt) =
                    std::mem::replace(&mut self.sign_in, SignIn::ExchangingCode(id))
                else {
                    return Step::default();
                };
                let mut step = Step::default();
                // The attempt's record is removed, durably, before its code is posted: no restart
                // can post the code a second time.
                step.clear_problem()
                    .change(RecordName::Attempt)
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

    fn link_refused(&mut self, id: AttemptId, refusal: RedirectError, is_ours: bool) -> Step {
        if is_ours {
            return self.unusable_answer(id, Code::AnswerNotUsable);
        }
        match refusal {
            RedirectError::DeniedWithoutState(_) => {
                self.unusable_answer(id, Code::DeniedWithoutState)
            }
            RedirectError::MissingState | RedirectError::NeitherCodeNorError => {
                Step::refused(Code::LinkIncomplete)
            }
            RedirectError::TooLong
            | RedirectError::OtherRedirectUrl
            | RedirectError::InvalidCharacters
            | RedirectError::Duplicate
            | RedirectError::CodeAndError
            | RedirectError::OtherIssuer => Step::refused(Code::LinkNotOurs),
        }
    }

    /// Shows that the browser came back with an unusable answer. The attempt stays pending, as the
    /// genuine answer may still arrive. The window comes to the front only once until the browser
    /// is opened again, because any page can send a denial without a `state`.
    fn unusable_answer(&mut self, id: AttemptId, code: Code) -> Step {
        let mut step = Step::refused(code);
        step.show_problem(code);
        if self.unusable_answer_to.replace(id) != Some(id) {
            step.run(Effect::BringToFront);
        }
        step
    }

    pub(super) fn code_exchanged(
        &mut self,
        id: AttemptId,
        result: Result<TokenSet, TokenError>,
    ) -> Step {
        if !matches!(self.sign_in, SignIn::ExchangingCode(pending) if pending == id) {
            tracing::warn!(attempt = %id, "exchange: answer dropped, the attempt is over");
            return Step::default();
        }
        let mut step = Step::default();
        match result {
            Ok(tokens) => self.identify_new(&mut step, tokens),
            Err(error) => {
                self.sign_in = SignIn::Idle;
                step.show_problem(code_of_exchange(error))
                    .run(Effect::BringToFront);
            }
        }
        step
    }

    fn is_pending(&self, id: AttemptId) -> bool {
        matches!(&self.sign_in, SignIn::AwaitingBrowser(attempt) if attempt.id() == id)
    }

    fn end_attempt(&mut self, problem: Option<Code>) -> Step {
        self.sign_in = SignIn::Idle;
        let mut step = Step::default();
        step.replace_problem(problem).change(RecordName::Attempt);
        step
    }
}
