//! Checking accounts, switching between them, signing out.

use jiff::{SignedDuration, Timestamp};

use super::{
    CommandOutcome, NextProbe, Open, PendingReply, Renewal, RenewalReason, Step, TokenGeneration,
};
use crate::account::{AccountKey, AccountStatus, Identity, TeamKey};
use crate::api::ApiError;
use crate::error::Code;
use crate::vault::RecordName;

/// A 401 leads to one renewal within this time, unless a check succeeds in between.
const UNAUTHENTICATED_RENEWAL_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

impl Open {
    pub(super) fn check_requested(&mut self, key: AccountKey) -> Step {
        let no_account = self.no_account();
        let Some(entry) = self.accounts.get_mut(&key) else {
            return Step::refused(no_account);
        };
        let AccountStatus::Connected { .. } = &entry.account.status else {
            return Step::refused(Code::NotSignedIn);
        };
        let mut step = Step {
            outcome: CommandOutcome::Pending(PendingReply::Check(key)),
            ..Step::default()
        };
        step.clear_problem();
        entry.check(&mut step, key);
        step
    }

    pub(super) fn checked(
        &mut self,
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
        entry.checking.take_if(|checking| *checking == generation);
        match result {
            // While the team is unknown, other tokens of the user may be for another team.
            Ok(_) if entry.generation != generation && matches!(key.team, TeamKey::Unknown(_)) => {
                if entry.checking.is_none() {
                    step.answer(reply, Ok(()));
                }
            }
            Ok(identity) => {
                entry.offline = false;
                entry.unauthenticated_at = None;
                entry.account.as_of = now;
                entry.account.identity.update(identity);
                step.clear_service_problem()
                    .answer(reply, Ok(()))
                    .change(RecordName::Account(key));
                self.rename(&mut step, key, now);
            }
            // The answer for earlier tokens says nothing about the current ones.
            Err(ApiError::Unauthenticated) if entry.generation != generation => {
                if entry.checking.is_none() {
                    step.answer(reply, Ok(()));
                }
            }
            // Only once: if the new tokens are rejected too, the fault is at Amiqus.
            Err(ApiError::Unauthenticated)
                if entry.was_unauthenticated_within(UNAUTHENTICATED_RENEWAL_INTERVAL, now) =>
            {
                step.show_problem(Code::ServerError)
                    .answer(reply, Err(Code::ServerError.into()));
            }
            // Waiting callers get the result later: the new tokens are checked as well.
            Err(ApiError::Unauthenticated) => {
                match entry.begin_renewal(key, RenewalReason::Refused, now) {
                    Ok(renewal) => {
                        entry.unauthenticated_at = Some(now);
                        step.append(renewal);
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

    /// A caller's access token was rejected. The account is renewed, once in a while: if the new tokens
    /// are rejected too, the fault is at Amiqus, and each renewal would end the tokens that other
    /// callers use.
    pub(super) fn token_rejected(
        &mut self,
        key: AccountKey,
        generation: TokenGeneration,
        now: Timestamp,
    ) -> Step {
        let no_account = self.no_account();
        let Some(entry) = self.accounts.get_mut(&key) else {
            return Step::refused(no_account);
        };
        // The rejection of earlier tokens says nothing about the current ones.
        if entry.generation != generation {
            return Step {
                outcome: CommandOutcome::Unchanged,
                ..Step::default()
            };
        }
        let recently = UNAUTHENTICATED_RENEWAL_INTERVAL;
        if entry.renewal == Renewal::Idle
            && (entry.was_rejected_within(recently, now)
                || entry.was_unauthenticated_within(recently, now))
        {
            return Step::refused(Code::ServerError);
        }
        // The next probe may be a quarter of an hour away.
        if let Renewal::Probing {
            cause,
            next: NextProbe::Scheduled | NextProbe::RetryAfter { .. },
            ..
        } = entry.renewal
        {
            return Step::refused(cause.map_or(Code::ServerError, Code::from));
        }
        match entry.begin_renewal(key, RenewalReason::Refused, now) {
            Ok(mut step) => {
                entry.rejected_at = Some(now);
                step.outcome = CommandOutcome::Pending(PendingReply::Renewal(key));
                step
            }
            Err(code) => Step::refused(code),
        }
    }

    pub(super) fn switch_requested(&mut self, key: AccountKey) -> Step {
        if !self.accounts.contains_key(&key) {
            return Step::refused(self.no_account());
        }
        self.current = Some(key);
        self.just_signed_in = false;
        let mut step = self.check_requested(key);
        step.outcome = CommandOutcome::Accepted;
        step.change(RecordName::Current);
        step
    }

    pub(super) fn sign_out_requested(&mut self, key: AccountKey) -> Step {
        if self.accounts.remove(&key).is_none() {
            return Step::refused(self.no_account());
        }
        self.signed_out = true;
        self.just_signed_in = false;
        if self.current == Some(key) {
            self.current = self.accounts.keys().next().copied();
        }
        let mut step = Step::default();
        // The next user of this computer must not find a sign-in that this one began.
        self.drop_sign_in(&mut step);
        step.clear_problem()
            .change(RecordName::Account(key))
            .change(RecordName::Current)
            .answer(PendingReply::Renewal(key), Err(Code::NotSignedIn.into()))
            .answer(PendingReply::Check(key), Err(Code::NotSignedIn.into()));
        self.remove_grants_of(&mut step, key);
        step
    }

    /// The key for a grant of this user whose team is unknown. Each such grant gets a key of its
    /// own, as two unknown teams may differ. The key of an account without tokens is reused.
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

    /// Gives an account its full key once its team is known. If that account is already present,
    /// the newer of the two pairs of tokens stays.
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
                .is_some_and(|entry| entry.renewal != Renewal::Idle)
        };
        // The answer to a request in progress finds its account by the key: a later check renames.
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
            Some(present) if present.is_newer_than(&entry) => {
                present.account.identity.update(entry.account.identity);
                present.account.as_of = present.account.as_of.max(entry.account.as_of);
            }
            Some(_) | None => {
                entry.plan(step, full, now);
                // Answers to requests under the earlier key find no account.
                entry.checking = None;
                self.accounts.insert(full, entry);
            }
        }
        step.change(RecordName::Account(full));
        self.rename_grants(step, key, full);
    }
}

impl Identity {
    /// Takes over a newer identity. What it lacks (a name, the team, the role, the user's teams)
    /// stays as it was.
    fn update(&mut self, newer: Self) {
        let before = std::mem::replace(&mut self.user, newer.user);
        fill_if_empty(&mut self.user.name, before.name);
        fill_if_empty(&mut self.user.email, before.email);
        if let Some(mut team) = newer.team {
            if let Some(before) = self.team.take().filter(|before| before.uuid == team.uuid) {
                fill_if_empty(&mut team.name, before.name);
            }
            self.team = Some(team);
        }
        if newer.role.is_some() {
            self.role = newer.role;
        }
        if newer.teams.is_some() {
            self.teams = newer.teams;
        }
    }
}

fn fill_if_empty(text: &mut String, before: String) {
    if text.is_empty() {
        *text = before;
    }
}
