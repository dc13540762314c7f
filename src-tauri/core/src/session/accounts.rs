//! The accounts' life beside their renewals: checking, switching, signing out.

use jiff::{SignedDuration, Timestamp};

use super::{
    AccountEntry, Effect, Open, Outcome, PendingReply, Renewal, RenewalReason, Step,
    TokenGeneration,
};
use crate::account::{AccountKey, AccountStatus, Identity, SignInAgainReason, TeamKey};
use crate::api::ApiError;
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
        let Some(entry) = self.accounts.get_mut(&key) else {
            return Step::refused(no_account);
        };
        let AccountStatus::Connected { .. } = &entry.account.status else {
            return Step::refused(Code::NotSignedIn);
        };
        *problem = None;
        let mut step = Step {
            outcome: Outcome::Later(PendingReply::Check(key)),
            ..Step::default()
        };
        entry.check(&mut step, key);
        step
    }

    pub(super) fn checked(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        generation: TokenGeneration,
        result: Result<Identity, ApiError>,
        now: Timestamp,
    ) -> Step {
        let Some(entry) = self.accounts.get_mut(&key) else {
            return Step::default();
        };
        let reply = PendingReply::Check(key);
        let mut step = Step::default();
        entry.checking.take_if(|asked| *asked == generation);
        match result {
            // Of an account whose team isn't known, another pair may be for another team.
            Ok(_) if entry.generation != generation && matches!(key.team, TeamKey::Unknown(_)) => {
                if entry.checking.is_none() {
                    step.answer(reply, Ok(()));
                }
            }
            Ok(identity) => {
                entry.offline = false;
                entry.refused_at = None;
                clear_service_problem(problem);
                entry.account.as_of = now;
                entry.account.identity.update(identity);
                step.answer(reply, Ok(())).change(RecordName::Account(key));
                self.rename(&mut step, key, now);
            }
            // An older pair's answer says nothing about the pair in use.
            Err(ApiError::Unauthenticated) if entry.generation != generation => {
                if entry.checking.is_none() {
                    step.answer(reply, Ok(()));
                }
            }
            // Once: when the pair that came of it is refused as well, Amiqus is at fault.
            Err(ApiError::Unauthenticated) if entry.refused_within(now, ONE_RENEWAL_IN) => {
                *problem = Some(Code::ServerError.into());
                step.answer(reply, Err(Code::ServerError.into()));
            }
            // Whoever asked is told how that ends: the new pair is checked as well.
            Err(ApiError::Unauthenticated) => {
                match entry.begin_renewal(key, RenewalReason::Refused, now) {
                    Ok(renewal) => {
                        entry.refused_at = Some(now);
                        step = renewal;
                    }
                    Err(code) => {
                        step.answer(reply, Err(code.into()));
                    }
                }
            }
            Err(ApiError::Transient(transient)) => {
                entry.offline = transient.is_network_problem();
                step.answer(reply, Err(Code::from(transient).into()));
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
            .answer(PendingReply::Renewal(key), Err(Code::NotSignedIn.into()))
            .answer(PendingReply::Check(key), Err(Code::NotSignedIn.into()));
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
                .is_none_or(|entry| matches!(entry.account.status, AccountStatus::SignInAgain(_)))
        };
        (0..u32::MAX)
            .map(key)
            .find(is_free)
            .unwrap_or_else(|| key(u32::MAX))
    }

    /// Once the team of an account is known, it gets its full key. Where that account is here already,
    /// the newer of the two pairs is kept.
    fn rename(&mut self, step: &mut Step, key: AccountKey, now: Timestamp) {
        let Some(entry) = self.accounts.get(&key) else {
            return;
        };
        if entry.account.identity.team.is_none() {
            return;
        }
        let full = entry.account.identity.key();
        let is_renewing = |key| {
            self.accounts
                .get(&key)
                .is_some_and(|entry| entry.renewal != Renewal::None)
        };
        // What is under way finds its way back by the key: the name waits for a later check.
        if full == key || is_renewing(key) || is_renewing(full) {
            return;
        }
        let Some(mut entry) = self.accounts.remove(&key) else {
            return;
        };
        step.answer(PendingReply::Check(key), Ok(()));
        if self.current == Some(key) {
            self.current = Some(full);
            step.change(RecordName::Current);
        }
        match self.accounts.get_mut(&full) {
            Some(here) if here.is_newer_than(&entry) => {
                here.account.identity.update(entry.account.identity);
                here.account.as_of = here.account.as_of.max(entry.account.as_of);
            }
            _ => {
                entry.plan(step, full, now);
                // Answers to what was asked by the old name find nobody.
                entry.checking = None;
                self.accounts.insert(full, entry);
            }
        }
        step.change(RecordName::Account(full));
    }
}

impl AccountEntry {
    /// Asks Amiqus who it is, unless that is being asked already.
    pub(super) fn check(&mut self, step: &mut Step, key: AccountKey) {
        if self.checking == Some(self.generation) {
            return;
        }
        if let AccountStatus::Connected { tokens, .. } = &self.account.status {
            self.checking = Some(self.generation);
            step.run(Effect::Check(key, self.generation, tokens.access.clone()));
        }
    }

    /// Whether its pair came later than another's. One that needs the browser again has none.
    fn is_newer_than(&self, other: &Self) -> bool {
        let received_at = |entry: &Self| match &entry.account.status {
            AccountStatus::Connected { tokens, .. } => Some(tokens.received_at),
            AccountStatus::SignInAgain(_) => None,
        };
        received_at(self) > received_at(other)
    }

    /// Ends the account's connection. Its tokens are gone; who it was stays.
    pub(super) fn end(&mut self, why: SignInAgainReason) {
        self.renewal = Renewal::None;
        self.pause = None;
        self.asked = false;
        self.offline = false;
        self.account.status = AccountStatus::SignInAgain(why);
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
        let before = std::mem::replace(&mut self.user, heard.user);
        // A text that is missing this time is no news.
        keep_unless_told(&mut self.user.name, before.name);
        keep_unless_told(&mut self.user.email, before.email);
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
pub(super) fn clear_service_problem(problem: &mut Option<Problem>) {
    let over = |problem: &mut Problem| {
        matches!(
            problem.code,
            Code::Offline
                | Code::ProxyNeedsPassword
                | Code::CertificateNotTrusted
                | Code::CaptivePortal
                | Code::ServerError
                | Code::AmiqusBusy
                | Code::UnexpectedResponse
                | Code::NotPermitted
                | Code::SetUpWrong
                | Code::RequestNotAccepted
        )
    };
    problem.take_if(over);
}
