//! The accounts' life after the sign-in: renewing, checking, switching, signing out.

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Held, Open, Outcome, Question, Renewal, Serial, Step, WhyRenew};
use crate::account::{AccountKey, Identity, RefreshIntent, Standing, WhySignInAgain};
use crate::api::ApiFailure;
use crate::error::{Code, Problem};
use crate::token::{Failure, TokenSet, Transient};
use crate::vault::RecordName;

/// How long until a renewal that didn't work this time is tried again, unless Amiqus says when.
const RENEWAL_RETRY: SignedDuration = SignedDuration::from_mins(15);

/// The first wait before `/status` is asked again; it doubles each time.
const FIRST_PROBE_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// The longest wait before `/status` is asked again.
const LONGEST_PROBE_WAIT: SignedDuration = SignedDuration::from_mins(15);

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
            *problem = None;
            // Somebody waits: the next probe may be minutes away.
            if let Renewal::Probing { .. } = held.renewal
                && !held.asked
                && let Standing::Connected { tokens, .. } = &held.account.standing
            {
                step.run(Effect::Probe(key, held.serial, tokens.access.clone()));
            }
            held.asked = true;
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
        let Some(held) = self
            .accounts
            .get_mut(&key)
            .filter(|held| held.serial == serial)
        else {
            return Step::default();
        };
        let last_try = match held.renewal {
            Renewal::Sent => None,
            Renewal::LastTry { tries } => Some(tries),
            Renewal::None | Renewal::Probing { .. } => return Step::default(),
        };
        let question = Question::Renewal(key);
        let mut step = Step::default();
        match result {
            Ok(tokens) => {
                held.serial = self.serials.next();
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
                    (false, Some(_)) => WhySignInAgain::AnswerLost,
                    (false, None) => WhySignInAgain::AccessRemoved,
                };
                held.end(why);
                step.change(RecordName::Account(key))
                    .answer(question, Err(Code::NotSignedIn.into()));
            }
            Err(Failure::PerhapsProcessed(transient)) if last_try.is_none() => {
                // The journal's way: never a blind second send.
                held.say(problem, transient);
                held.renewal = Renewal::Probing {
                    tries: 0,
                    because: Some(transient),
                };
                if let Standing::Connected { tokens, .. } = &held.account.standing {
                    step.run(Effect::Probe(key, serial, tokens.access.clone()));
                }
            }
            Err(failure) => {
                let (code, wait, transient) = match failure {
                    Failure::NotProcessed(transient) | Failure::PerhapsProcessed(transient) => {
                        held.say(problem, transient);
                        (Code::from(transient), wait_for(transient), Some(transient))
                    }
                    Failure::SetUpWrong => (Code::SetUpWrong, RENEWAL_RETRY, None),
                    Failure::Refused | Failure::Dead { .. } => {
                        (Code::RequestNotAccepted, RENEWAL_RETRY, None)
                    }
                };
                if transient.is_none() {
                    *problem = Some(code.into());
                }
                step.answer(question, Err(code.into()));
                match last_try {
                    // The request was not processed: the pair in use still lives.
                    None => {
                        held.withdraw_intent();
                        step.change(RecordName::Account(key))
                            .run(Effect::PlanRenewal(key, later(now, wait)));
                    }
                    // Whether the earlier request was processed is still not known.
                    Some(tries) => {
                        held.asked = false;
                        held.renewal = Renewal::Probing {
                            tries: tries.saturating_add(1),
                            because: transient,
                        };
                        let wait = transient.map_or(probe_wait(tries), |transient| {
                            probe_wait(tries).max(asked_for(transient))
                        });
                        step.run(Effect::ProbeLater(key, serial, wait));
                    }
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
        let Some(held) = self.held(key, serial) else {
            return Step::default();
        };
        let Renewal::Probing { tries, because } = held.renewal else {
            return Step::default();
        };
        let Standing::Connected { tokens, .. } = &held.account.standing else {
            return Step::default();
        };
        let mut step = Step::default();
        match result {
            // The old pair lives: the refresh was never processed.
            Ok(()) => {
                let due = tokens.renewal_due_at().max(retry_at(now));
                let code = because.map_or(Code::AmiqusUnwell, Code::from);
                held.withdraw_intent();
                held.offline = false;
                step.change(RecordName::Account(key))
                    .run(Effect::PlanRenewal(key, due))
                    .answer(Question::Renewal(key), Err(code.into()));
            }
            Err(ApiFailure::Unauthenticated) => {
                let refresh = tokens.hand_over_refresh(key, serial);
                held.renewal = Renewal::LastTry { tries };
                step.run(refresh);
            }
            Err(ApiFailure::Transient(transient)) => {
                held.say(problem, transient);
                held.asked = false;
                held.renewal = Renewal::Probing {
                    tries: tries.saturating_add(1),
                    because,
                };
                let wait = probe_wait(tries).max(asked_for(transient));
                step.run(Effect::ProbeLater(key, serial, wait))
                    .answer(Question::Renewal(key), Err(Code::from(transient).into()));
            }
        }
        step
    }

    pub(super) fn probe_due(&mut self, key: AccountKey, serial: Serial) -> Step {
        let mut step = Step::default();
        if let Some(held) = self.held(key, serial)
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
                held.refused_at = None;
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
            // Once: when the pair that came of it is refused as well, Amiqus is at fault.
            Err(ApiFailure::Unauthenticated) if held.refused_within(now, RENEWAL_RETRY) => {
                *problem = Some(Code::AmiqusUnwell.into());
                step.answer(question, Err(Code::AmiqusUnwell.into()));
            }
            Err(ApiFailure::Unauthenticated) => {
                if let Some(renewal) = held.begin_renewal(key, now) {
                    held.refused_at = Some(now);
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
        let is_renewing = |key| {
            self.accounts
                .get(&key)
                .is_some_and(|held| held.renewal != Renewal::None)
        };
        // What is under way finds its way back by the key: the name waits for a later check.
        if full == key || is_renewing(key) || is_renewing(full) {
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
            step.change(RecordName::Account(key))
                .run(tokens.hand_over_refresh(key, self.serial));
        }
        Some(step)
    }

    /// Takes the intent out of the journal: it is known that the pair in use still lives.
    pub(super) fn withdraw_intent(&mut self) {
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
    pub(super) fn end(&mut self, why: WhySignInAgain) {
        self.renewal = Renewal::None;
        self.asked = false;
        self.offline = false;
        self.account.standing = Standing::SignInAgain(why);
    }

    /// Whether a 401 led to a renewal so short a time ago, by whichever way the clock was turned.
    fn refused_within(&self, now: Timestamp, span: SignedDuration) -> bool {
        self.refused_at
            .is_some_and(|at| now.duration_since(at).abs() < span)
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

/// When a renewal that didn't work this time is tried again, unless Amiqus says when.
pub(super) fn retry_at(now: Timestamp) -> Timestamp {
    later(now, RENEWAL_RETRY)
}

/// A server that asks for no wait at all gets a short one.
/// How long Amiqus asked to be left alone, where it did.
fn asked_for(transient: Transient) -> SignedDuration {
    match transient {
        Transient::Busy(Some(wait)) => wait,
        _ => SignedDuration::ZERO,
    }
}

fn wait_for(transient: Transient) -> SignedDuration {
    match transient {
        Transient::Busy(Some(wait)) => wait.max(FIRST_PROBE_WAIT),
        _ => RENEWAL_RETRY,
    }
}

fn probe_wait(tries: u32) -> SignedDuration {
    FIRST_PROBE_WAIT
        .saturating_mul(1 << tries.min(10))
        .min(LONGEST_PROBE_WAIT)
}

impl TokenSet {
    fn hand_over_refresh(&self, key: AccountKey, serial: Serial) -> Effect {
        Effect::Refresh(key, serial, self.refresh.clone(), self.redirect_url.clone())
    }
}
