//! The accounts' life beside their renewals: checking, switching, signing out.

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Held, Open, Outcome, Question, Renewal, Serial, Step, WhyRenew};
use crate::account::{AccountKey, Identity, Standing, TeamKey, WhySignInAgain};
use crate::api::ApiFailure;
use crate::error::{Code, Problem};
use crate::vault::RecordName;

/// A 401 leads to a renewal once in this time, until a check goes well.
const ONE_RENEWAL_IN: SignedDuration = SignedDuration::from_mins(15);

impl Open {
    /// What is said where an account is needed that isn't there.
    pub(super) fn no_account(&self) -> Code {
        match self.registration {
            Some(_) => Code::NotSignedIn,
            None => Code::NotSetUp,
        }
    }

    pub(super) fn check_requested(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
    ) -> Step {
        let no_account = self.no_account();
        let Some(held) = self.accounts.get_mut(&key) else {
            return Step::refused(no_account);
        };
        let Standing::Connected { .. } = &held.account.standing else {
            return Step::refused(Code::NotSignedIn);
        };
        *problem = None;
        let mut step = Step {
            outcome: Outcome::Later(Question::Check(key)),
            ..Step::default()
        };
        held.check(&mut step, key);
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
        held.checking.take_if(|asked| *asked == serial);
        match result {
            // Of an account whose team isn't known, another pair may be for another team.
            Ok(_) if held.serial != serial && matches!(key.team, TeamKey::Unknown(_)) => {
                if held.checking.is_none() {
                    step.answer(question, Ok(()));
                }
            }
            Ok(identity) => {
                held.offline = false;
                held.refused_at = None;
                put_right(problem);
                held.account.as_of = now;
                held.account.identity.update(identity);
                step.answer(question, Ok(()))
                    .change(RecordName::Account(key));
                self.rename(&mut step, key, now);
            }
            // An older pair's answer says nothing about the pair in use.
            Err(ApiFailure::Unauthenticated) if held.serial != serial => {
                if held.checking.is_none() {
                    step.answer(question, Ok(()));
                }
            }
            // Once: when the pair that came of it is refused as well, Amiqus is at fault.
            Err(ApiFailure::Unauthenticated) if held.refused_within(now, ONE_RENEWAL_IN) => {
                *problem = Some(Code::AmiqusUnwell.into());
                step.answer(question, Err(Code::AmiqusUnwell.into()));
            }
            // Whoever asked is told how that ends: the new pair is checked as well.
            Err(ApiFailure::Unauthenticated) => {
                match held.begin_renewal(key, WhyRenew::Refused, now) {
                    Ok(renewal) => {
                        held.refused_at = Some(now);
                        step = renewal;
                    }
                    Err(code) => {
                        step.answer(question, Err(code.into()));
                    }
                }
            }
            Err(ApiFailure::Transient(transient)) => {
                held.offline = transient.is_the_networks();
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
            return Step::refused(self.no_account());
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
            return Step::refused(self.no_account());
        }
        *problem = None;
        self.signed_out = true;
        if self.current == Some(key) {
            self.current = self.accounts.keys().next().copied();
        }
        let mut step = Step::default();
        // Whoever comes next is not to find a sign-in that somebody else began.
        self.drop_sign_in(&mut step);
        step.change(RecordName::Account(key))
            .change(RecordName::Current)
            .answer(Question::Renewal(key), Err(Code::NotSignedIn.into()))
            .answer(Question::Check(key), Err(Code::NotSignedIn.into()));
        step
    }

    /// The key for a grant of this user whose team is unknown: one of its own, as unknown teams may
    /// be two. An account that has no pair any more takes it; nothing is lost by that.
    pub(super) fn key_of_unknown_team(&self, user: u64) -> AccountKey {
        let key = |number| AccountKey {
            user,
            team: TeamKey::Unknown(number),
        };
        let is_free = |key: &AccountKey| {
            self.accounts
                .get(key)
                .is_none_or(|held| matches!(held.account.standing, Standing::SignInAgain(_)))
        };
        (0..u32::MAX)
            .map(key)
            .find(is_free)
            .unwrap_or_else(|| key(u32::MAX))
    }

    /// Once the team of an account is known, it gets its full key. Where that account is here already,
    /// the newer of the two pairs is kept.
    fn rename(&mut self, step: &mut Step, key: AccountKey, now: Timestamp) {
        let Some(held) = self.accounts.get(&key) else {
            return;
        };
        if held.account.identity.team.is_none() {
            return;
        }
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
        let Some(mut held) = self.accounts.remove(&key) else {
            return;
        };
        step.answer(Question::Check(key), Ok(()));
        if self.current == Some(key) {
            self.current = Some(full);
            step.change(RecordName::Current);
        }
        match self.accounts.get_mut(&full) {
            Some(here) if here.is_newer_than(&held) => {
                here.account.identity.update(held.account.identity);
                here.account.as_of = here.account.as_of.max(held.account.as_of);
            }
            _ => {
                held.plan(step, full, now);
                // Answers to what was asked by the old name find nobody.
                held.checking = None;
                self.accounts.insert(full, held);
            }
        }
        step.change(RecordName::Account(full));
    }
}

impl Held {
    /// Asks Amiqus who it is, unless that is being asked already.
    pub(super) fn check(&mut self, step: &mut Step, key: AccountKey) {
        if self.checking == Some(self.serial) {
            return;
        }
        if let Standing::Connected { tokens, .. } = &self.account.standing {
            self.checking = Some(self.serial);
            step.run(Effect::Check(key, self.serial, tokens.access.clone()));
        }
    }

    /// Whether its pair came later than another's. One that needs the browser again has none.
    fn is_newer_than(&self, other: &Self) -> bool {
        let received_at = |held: &Self| match &held.account.standing {
            Standing::Connected { tokens, .. } => Some(tokens.received_at),
            Standing::SignInAgain(_) => None,
        };
        received_at(self) > received_at(other)
    }

    /// Ends the account's connection. Its tokens are gone; who it was stays.
    pub(super) fn end(&mut self, why: WhySignInAgain) {
        self.renewal = Renewal::None;
        self.pause = None;
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
        let before = std::mem::replace(&mut self.person, heard.person);
        // A text that is missing this time is no news.
        keep_unless_told(&mut self.person.name, before.name);
        keep_unless_told(&mut self.person.email, before.email);
        if let Some(mut team) = heard.team {
            if let Some(before) = self.team.take().filter(|before| before.uuid == team.uuid) {
                keep_unless_told(&mut team.name, before.name);
            }
            self.team = Some(team);
        }
        if heard.role.is_some() {
            self.role = heard.role;
        }
    }
}

fn keep_unless_told(text: &mut String, before: String) {
    if text.is_empty() {
        *text = before;
    }
}

/// Amiqus answered as it should: what was said of its failing is over.
pub(super) fn put_right(problem: &mut Option<Problem>) {
    let over = |problem: &mut Problem| {
        matches!(
            problem.code,
            Code::Offline
                | Code::ProxyNeedsPassword
                | Code::CertificateNotTrusted
                | Code::CaptivePortal
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
