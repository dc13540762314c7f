//! The accounts' life after the sign-in: renewing, checking, switching, signing out.

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Held, Open, Outcome, Question, Renewal, Serial, Step, WhyRenew};
use crate::account::{AccountKey, Identity, RefreshIntent, Standing, WhySignInAgain};
use crate::api::ApiFailure;
use crate::error::{Code, Problem};
use crate::token::{Failure, TokenSet, Transient};
use crate::vault::RecordName;

/// When a renewal that didn't work this time is tried again, unless Amiqus says when.
const RENEWAL_RETRY: SignedDuration = SignedDuration::from_mins(15);

/// The first wait before `/status` is asked again; it doubles each time.
const FIRST_PROBE_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// The longest wait before `/status` is asked again.
const LONGEST_PROBE_WAIT: SignedDuration = SignedDuration::from_mins(15);

impl Serial {
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Open {
    pub(super) fn renewal_requested(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        why: WhyRenew,
        now: Timestamp,
    ) -> Step {
        let Some(held) = self.accounts.get_mut(&key) else {
            return Step::refused(Code::NotSignedIn);
        };
        let Some(mut step) = held.begin_renewal(key, now) else {
            return Step::refused(Code::NotSignedIn);
        };
        if why == WhyRenew::Asked {
            held.asked = true;
            *problem = None;
        }
        step.outcome = Outcome::Later(Question::Renewal(key));
        step
    }

    pub(super) fn refreshed(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        serial: Serial,
        result: Result<TokenSet, Failure>,
        now: Timestamp,
    ) -> Step {
        let Some(held) = self.accounts.get_mut(&key) else {
            return Step::default();
        };
        if held.serial != serial {
            return Step::default();
        }
        let last_try = held.renewal == Renewal::LastTry;
        let question = Question::Renewal(key);
        let mut step = Step::default();
        match result {
            Ok(tokens) => {
                held.serial = serial.next();
                held.renewal = Renewal::None;
                held.asked = false;
                held.offline = false;
                put_right(problem);
                step.change(RecordName::Account(key))
                    .run(Effect::PlanRenewal(key, tokens.renewal_due_at()))
                    .run(Effect::Check(key, held.serial, tokens.access.clone()))
                    .answer(question, Ok(()));
                held.account.standing = Standing::Connected {
                    tokens,
                    intent: None,
                };
            }
            Err(Failure::Dead { expired }) => {
                let why = match (expired, last_try) {
                    (true, _) => WhySignInAgain::TooLongAway,
                    (false, true) => WhySignInAgain::AnswerLost,
                    (false, false) => WhySignInAgain::AccessRemoved,
                };
                held.end(why);
                step.change(RecordName::Account(key))
                    .answer(question, Err(Code::NotSignedIn.into()));
            }
            Err(failure @ (Failure::SetUpWrong | Failure::Refused)) => {
                let code = if failure == Failure::SetUpWrong {
                    Code::SetUpWrong
                } else {
                    Code::RequestNotAccepted
                };
                held.withdraw_intent();
                *problem = Some(code.into());
                step.change(RecordName::Account(key))
                    .run(Effect::PlanRenewal(key, later(now, LONGEST_PROBE_WAIT)))
                    .answer(question, Err(code.into()));
            }
            Err(Failure::NotProcessed(transient)) => {
                held.say(problem, transient);
                held.withdraw_intent();
                step.change(RecordName::Account(key))
                    .run(Effect::PlanRenewal(key, later(now, wait_for(transient))))
                    .answer(question, Err(Code::from(transient).into()));
            }
            Err(Failure::PerhapsProcessed(transient)) => {
                // The journal's way: never a blind second send.
                held.say(problem, transient);
                held.renewal = Renewal::Probing { tries: 0 };
                if let Standing::Connected { tokens, .. } = &held.account.standing {
                    step.run(Effect::Probe(key, serial, tokens.access.clone()));
                }
            }
        }
        step
    }

    pub(super) fn probed(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        serial: Serial,
        result: Result<(), ApiFailure>,
        now: Timestamp,
    ) -> Step {
        let Some(held) = self
            .accounts
            .get_mut(&key)
            .filter(|held| held.serial == serial)
        else {
            return Step::default();
        };
        let Renewal::Probing { tries } = held.renewal else {
            return Step::default();
        };
        let Standing::Connected { tokens, .. } = &held.account.standing else {
            return Step::default();
        };
        let mut step = Step::default();
        match result {
            // The old pair lives: the refresh was never processed.
            Ok(()) => {
                let due = tokens.renewal_due_at().max(later(now, RENEWAL_RETRY));
                held.withdraw_intent();
                held.offline = false;
                step.change(RecordName::Account(key))
                    .run(Effect::PlanRenewal(key, due))
                    .answer(Question::Renewal(key), Err(Code::AmiqusUnwell.into()));
            }
            Err(ApiFailure::Unauthenticated) => {
                held.renewal = Renewal::LastTry;
                step.run(Effect::Refresh(key, serial, tokens.refresh.clone()));
            }
            Err(ApiFailure::Transient(transient)) => {
                held.say(problem, transient);
                held.renewal = Renewal::Probing {
                    tries: tries.saturating_add(1),
                };
                let wait = FIRST_PROBE_WAIT
                    .saturating_mul(1 << tries.min(10))
                    .min(LONGEST_PROBE_WAIT);
                step.run(Effect::ProbeLater(key, serial, wait))
                    .answer(Question::Renewal(key), Err(Code::from(transient).into()));
            }
        }
        step
    }

    pub(super) fn probe_due(&mut self, key: AccountKey, serial: Serial) -> Step {
        let mut step = Step::default();
        if let Some(held) = self.accounts.get(&key).filter(|held| held.serial == serial)
            && let Renewal::Probing { .. } = held.renewal
            && let Standing::Connected { tokens, .. } = &held.account.standing
        {
            step.run(Effect::Probe(key, serial, tokens.access.clone()));
        }
        step
    }

    pub(super) fn check_requested(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
    ) -> Step {
        let Some(held) = self.accounts.get(&key) else {
            return Step::refused(Code::NotSignedIn);
        };
        let Standing::Connected { tokens, .. } = &held.account.standing else {
            return Step::refused(Code::NotSignedIn);
        };
        *problem = None;
        let mut step = Step {
            outcome: Outcome::Later(Question::Check(key)),
            ..Step::default()
        };
        step.run(Effect::Check(key, held.serial, tokens.access.clone()));
        step
    }

    pub(super) fn checked(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        serial: Serial,
        result: Result<Identity, ApiFailure>,
        now: Timestamp,
    ) -> Step {
        let Some(held) = self.accounts.get_mut(&key) else {
            return Step::default();
        };
        let question = Question::Check(key);
        let mut step = Step::default();
        match result {
            Ok(identity) => {
                held.offline = false;
                put_right(problem);
                held.account.as_of = now;
                held.account.identity.update(identity);
                step.answer(question, Ok(()))
                    .change(RecordName::Account(key));
                self.rename(&mut step, key);
            }
            // An older pair's answer says nothing about the pair in use.
            Err(ApiFailure::Unauthenticated) if held.serial != serial => {
                step.answer(question, Ok(()));
            }
            // Once: when the pair that was just renewed is refused as well, Amiqus is at fault.
            Err(ApiFailure::Unauthenticated) if held.renewed_within(now, RENEWAL_RETRY) => {
                *problem = Some(Code::AmiqusUnwell.into());
                step.answer(question, Err(Code::AmiqusUnwell.into()));
            }
            Err(ApiFailure::Unauthenticated) => {
                if let Some(renewal) = held.begin_renewal(key, now) {
                    step = renewal;
                }
                step.answer(question, Err(Code::NotSignedIn.into()));
            }
            Err(ApiFailure::Transient(transient)) => {
                held.offline = transient == Transient::Offline;
                step.answer(question, Err(Code::from(transient).into()));
            }
        }
        step
    }

    pub(super) fn switch_requested(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
    ) -> Step {
        if !self.accounts.contains_key(&key) {
            return Step::refused(Code::NotSignedIn);
        }
        self.current = Some(key);
        let mut step = self.check_requested(problem, key);
        step.outcome = Outcome::Taken;
        step.change(RecordName::Current);
        step
    }

    pub(super) fn sign_out_requested(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
    ) -> Step {
        if self.accounts.remove(&key).is_none() {
            return Step::refused(Code::NotSignedIn);
        }
        *problem = None;
        self.signed_out = true;
        if self.current == Some(key) {
            self.current = self.accounts.keys().next().copied();
        }
        let mut step = Step::default();
        step.change(RecordName::Account(key))
            .change(RecordName::Current)
            .answer(Question::Renewal(key), Err(Code::NotSignedIn.into()))
            .answer(Question::Check(key), Err(Code::NotSignedIn.into()));
        step
    }

    /// Once the team of an account is known, it gets its full key.
    fn rename(&mut self, step: &mut Step, key: AccountKey) {
        let Some(held) = self.accounts.get(&key) else {
            return;
        };
        let full = held.account.identity.key();
        if full == key {
            return;
        }
        if let Some(held) = self.accounts.remove(&key) {
            if let Standing::Connected { tokens, .. } = &held.account.standing {
                step.run(Effect::PlanRenewal(full, tokens.renewal_due_at()));
            }
            self.accounts.insert(full, held);
            step.change(RecordName::Account(full));
            if self.current == Some(key) {
                self.current = Some(full);
                step.change(RecordName::Current);
            }
        }
    }
}

impl Held {
    /// Writes the intent into the journal and hands the refresh token over; `None` for an account
    /// without tokens. While a renewal is under way, one more request waits for that one.
    fn begin_renewal(&mut self, key: AccountKey, now: Timestamp) -> Option<Step> {
        let Standing::Connected { tokens, intent } = &mut self.account.standing else {
            return None;
        };
        let mut step = Step::default();
        if self.renewal == Renewal::None {
            *intent = Some(RefreshIntent { at: now });
            self.renewal = Renewal::Sent;
            step.change(RecordName::Account(key)).run(Effect::Refresh(
                key,
                self.serial,
                tokens.refresh.clone(),
            ));
        }
        Some(step)
    }

    /// Takes the intent out of the journal: it is known that the pair in use still lives.
    fn withdraw_intent(&mut self) {
        self.renewal = Renewal::None;
        self.asked = false;
        if let Standing::Connected { intent, .. } = &mut self.account.standing {
            *intent = None;
        }
    }

    /// Notes a failure that passes; a person who asked is told.
    fn say(&mut self, problem: &mut Option<Problem>, transient: Transient) {
        self.offline = transient == Transient::Offline;
        if self.asked {
            *problem = Some(Code::from(transient).into());
        }
    }

    /// Ends the account's connection. Its tokens are gone; who it was stays.
    fn end(&mut self, why: WhySignInAgain) {
        self.renewal = Renewal::None;
        self.asked = false;
        self.offline = false;
        self.account.standing = Standing::SignInAgain(why);
    }

    fn renewed_within(&self, now: Timestamp, span: SignedDuration) -> bool {
        match &self.account.standing {
            Standing::Connected { tokens, .. } => {
                self.serial != Serial::default()
                    && now.duration_since(tokens.received_at).abs() < span
            }
            Standing::SignInAgain(_) => false,
        }
    }
}

impl Identity {
    /// Takes over what was heard; a team or role that could not be asked for stays as it was.
    fn update(&mut self, heard: Self) {
        self.person = heard.person;
        if heard.team.is_some() {
            self.team = heard.team;
        }
        if heard.role.is_some() {
            self.role = heard.role;
        }
    }
}

/// Amiqus answered as it should: what was said of its failing is over.
fn put_right(problem: &mut Option<Problem>) {
    let over = |problem: &mut Problem| {
        matches!(
            problem.code,
            Code::Offline
                | Code::AmiqusUnwell
                | Code::AmiqusBusy
                | Code::OddAnswer
                | Code::NotPermitted
                | Code::SetUpWrong
                | Code::RequestNotAccepted
        )
    };
    problem.take_if(over);
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

fn wait_for(transient: Transient) -> SignedDuration {
    match transient {
        Transient::Busy(Some(wait)) => wait,
        _ => RENEWAL_RETRY,
    }
}
