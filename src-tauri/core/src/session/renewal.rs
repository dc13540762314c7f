//! Renewals: what starts one, what each answer means, and what happens when none arrives.
//!
//! ```text
//!            due, asked, 401                    dead
//!      Idle ────────────────▶ Sent ───────────────────────────▶ Confirming ──▶ SignInAgain
//!       ▲ ▲ ▲                 │  │ answer lost                      ▲   │ the vault holds
//!       │ │ └── new tokens ───┘  ▼                                  │   │ other tokens
//!       │ │                   Probing ──(204: still valid)─────┐    │   ▼
//!       │ └── backoff ◀────────  │   ◀───────────────────────┐ │    │  Idle, with those tokens
//!       │                        │ 401                       │ │    │
//!       └── new tokens ◀───  LastAttempt ─ no answer again ──┘ │    │
//!                                └──────── dead ───────────────┼────┘
//!       Idle, in doubt ◀───────────────────────────────────────┘
//! ```

mod probing;
mod schedule;

use jiff::Timestamp;

use self::schedule::retry_after;
use super::{
    AccountEntry, CommandOutcome, Effect, Open, PendingReply, ProbeAttempt, RenewalReason, SignIn,
    Step, TokenGeneration, entry,
};
use crate::account::{Account, AccountKey, AccountStatus, Journal, SignInAgainReason};
use crate::error::Code;
use crate::token::{TokenError, TokenSet, Transient};
use crate::vault::RecordName;

/// The progress of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// No renewal is in progress.
    Idle,
    /// The refresh token is being posted.
    Sent,
    /// The answer was lost; `/status` tells whether the access token is still valid.
    Probing {
        attempt: ProbeAttempt,
        /// How the answer was lost, as far as that is known.
        cause: Option<Transient>,
        next: NextProbe,
    },
    /// The access token is invalid too: Amiqus rotated the tokens, or the access was removed. The
    /// stored refresh token is posted once more, and the answer to that decides.
    LastAttempt(ProbeAttempt),
    /// Amiqus rejects the refresh token. The vault is read again before the account is disconnected.
    Confirming(SignInAgainReason),
}

/// When `/status` is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextProbe {
    /// The request is in progress.
    InFlight,
    /// After a wait, which ends early when the environment changes.
    Scheduled,
    /// After a wait that Amiqus asked for, by `Retry-After`.
    RetryAfter {
        /// When the wait ends.
        until: Timestamp,
    },
}

impl Open {
    pub(super) fn renewal_requested(
        &mut self,
        key: AccountKey,
        reason: RenewalReason,
        now: Timestamp,
    ) -> Step {
        let no_account = self.no_account();
        let Some(entry) = self.accounts.get_mut(&key) else {
            return Step::refused(no_account);
        };
        if reason == RenewalReason::Needed
            && let Some(step) = entry.without_renewal(now)
        {
            return step;
        }
        let mut step = match entry.begin_renewal(key, reason, now) {
            Ok(step) => step,
            Err(code) => {
                let mut step = Step::refused(code);
                if reason == RenewalReason::Asked {
                    step.replace_problem((code == Code::AmiqusBusy).then_some(code));
                }
                return step;
            }
        };
        if reason == RenewalReason::Asked {
            step.clear_problem();
            // The user waits, and the next probe may be minutes away.
            if !entry.user_waits {
                entry.probe_now(&mut step, key);
            }
            entry.user_waits = true;
        }
        step.outcome = CommandOutcome::Pending(PendingReply::Renewal(key));
        step
    }

    pub(super) fn refreshed(
        &mut self,
        key: AccountKey,
        generation: TokenGeneration,
        result: Result<TokenSet, TokenError>,
        now: Timestamp,
    ) -> Step {
        let Some(entry) = entry(&mut self.accounts, key, generation) else {
            return Step::default();
        };
        let last_attempt = match entry.renewal {
            Renewal::Sent => None,
            Renewal::LastAttempt(attempt) => Some(attempt),
            Renewal::Idle | Renewal::Probing { .. } | Renewal::Confirming(_) => {
                return Step::default();
            }
        };
        let AccountStatus::Connected { journal, .. } = &entry.account.status else {
            return Step::default();
        };
        let mut step = Step::default();
        match result {
            Ok(tokens) => {
                step.clear_service_problem();
                let generation = self.generations.next();
                entry.replace_tokens(&mut step, key, generation, tokens, Journal::default(), now);
                self.handed_out_tokens_ended(&mut step, key);
            }
            Err(TokenError::InvalidGrant { expired }) => {
                let unanswered = last_attempt.is_some() || journal.unanswered_since.is_some();
                let reason = match (expired, unanswered) {
                    (true, _) => SignInAgainReason::TooLongAway,
                    (false, true) => SignInAgainReason::AnswerLost,
                    (false, false) => SignInAgainReason::AccessRemoved,
                };
                entry.renewal = Renewal::Confirming(reason);
                step.run(Effect::ReloadAccount(key, generation));
            }
            // A refresh token is never posted a second time before its fate is known.
            Err(TokenError::PerhapsProcessed(transient)) if last_attempt.is_none() => {
                entry.note_transient(&mut step, transient);
                let first = ProbeAttempt::default();
                let cause = Some(transient);
                if retry_after(transient).is_some() {
                    entry.probe_later(&mut step, key, first, cause, cause, now);
                    entry.answer_error(&mut step, key, transient.into());
                } else {
                    entry.probe(&mut step, key, first, cause);
                }
            }
            Err(error) => {
                let (code, transient) = match error {
                    TokenError::NotProcessed(transient)
                    | TokenError::PerhapsProcessed(transient) => {
                        entry.note_transient(&mut step, transient);
                        (Code::from(transient), Some(transient))
                    }
                    TokenError::InvalidClient => (Code::SetUpWrong, None),
                    TokenError::Rejected(_) | TokenError::InvalidGrant { .. } => {
                        (Code::RequestNotAccepted, None)
                    }
                };
                if transient.is_none() {
                    step.show_problem(code);
                }
                entry.answer_error(&mut step, key, code);
                match last_attempt {
                    // The request was not processed: the current tokens are still valid.
                    None => {
                        entry.close_journal();
                        entry.back_off(&mut step, key, transient, now);
                        step.change(RecordName::Account(key));
                    }
                    // Whether the earlier request was processed is still unknown.
                    Some(attempt) => {
                        entry.probe_later(&mut step, key, attempt, transient, transient, now);
                    }
                }
            }
        }
        step
    }

    /// Compares the vault's record with the tokens that Amiqus rejects: another process, or another
    /// computer with the same home folder, may have renewed them.
    pub(super) fn account_reloaded(
        &mut self,
        key: AccountKey,
        generation: TokenGeneration,
        found: Option<Account>,
        now: Timestamp,
    ) -> Step {
        let Some(entry) = entry(&mut self.accounts, key, generation) else {
            return Step::default();
        };
        let (Renewal::Confirming(reason), AccountStatus::Connected { tokens: dead, .. }) =
            (entry.renewal, &entry.account.status)
        else {
            return Step::default();
        };
        let mut step = Step::default();
        match found.map(|account| account.status) {
            Some(AccountStatus::Connected { tokens, journal })
                if tokens.refresh.expose() != dead.refresh.expose() =>
            {
                tracing::info!("renewal: newer tokens taken from the vault");
                step.clear_service_problem();
                let generation = self.generations.next();
                entry.replace_tokens(&mut step, key, generation, tokens, journal, now);
                self.handed_out_tokens_ended(&mut step, key);
            }
            Some(AccountStatus::Connected { .. } | AccountStatus::SignInAgain(_)) | None => {
                entry.disconnect(reason);
                step.change(RecordName::Account(key));
                entry.answer_error(&mut step, key, Code::NotSignedIn);
                self.handed_out_tokens_ended(&mut step, key);
            }
        }
        step
    }

    /// The computer woke, its clock was set, or a network became available: what waits for that is
    /// done now. Planned renewals need nothing: of their two timers one follows the wall clock, also
    /// across sleep, and the other the time that passes, however the clock is set.
    pub(super) fn on_environment_change(&mut self, now: Timestamp) -> Step {
        let mut step = Step::default();
        if let SignIn::AwaitingBrowser(attempt) = &self.sign_in
            && !attempt.is_alive(now)
        {
            step.append(self.deadline_passed(attempt.id()));
        }
        self.identify_again(&mut step, now);
        let current = self.current;
        for (key, entry) in &mut self.accounts {
            step.append(entry.on_environment_change(*key, now));
            let is_outdated = entry.is_outdated(now) && current == Some(*key);
            let is_unknown = entry.account.identity.team.is_none();
            if entry.renewal == Renewal::Idle && (entry.offline || is_unknown || is_outdated) {
                entry.check(&mut step, *key);
            }
        }
        step
    }

    /// Undoes the start of a renewal whose journal could not be saved.
    pub(super) fn renewal_not_saved(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        generation: TokenGeneration,
        now: Timestamp,
    ) {
        if let Some(entry) = self.entry(key, generation) {
            entry.close_journal();
            entry.back_off(step, key, Some(Transient::ServerError), now);
            entry.answer_error(step, key, Code::CannotSave);
        }
    }
}

impl AccountEntry {
    /// Opens the journal and posts the refresh token. While a renewal is in progress nothing is
    /// done: the request shares its result.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] for an account without tokens; [`Code::AmiqusBusy`] until the end of a
    /// wait that Amiqus asked for, unless the renewal is the one planned for that moment.
    pub(super) fn begin_renewal(
        &mut self,
        key: AccountKey,
        reason: RenewalReason,
        now: Timestamp,
    ) -> Result<Step, Code> {
        if reason != RenewalReason::Due && self.is_rate_limited(now) {
            return Err(Code::AmiqusBusy);
        }
        let AccountStatus::Connected { tokens, journal } = &mut self.account.status else {
            return Err(Code::NotSignedIn);
        };
        let mut step = Step::default();
        if self.renewal == Renewal::Idle {
            journal.open_since = Some(now);
            self.renewal = Renewal::Sent;
            self.backoff = None;
            step.change(RecordName::Account(key))
                .run(tokens.refresh_effect(key, self.generation));
        }
        Ok(step)
    }

    /// The step for a caller in need of a token, where no renewal is started for it: an earlier one
    /// has just brought new tokens, or has lost its answer and probes again only much later.
    fn without_renewal(&self, now: Timestamp) -> Option<Step> {
        let AccountStatus::Connected { tokens, .. } = &self.account.status else {
            return None;
        };
        match self.renewal {
            Renewal::Idle if now < tokens.ends_at() => Some(Step::default()),
            Renewal::Probing {
                cause,
                next: NextProbe::Scheduled | NextProbe::RetryAfter { .. },
                ..
            } => Some(Step::refused(cause.map_or(Code::ServerError, Code::from))),
            Renewal::Idle
            | Renewal::Sent
            | Renewal::Probing { .. }
            | Renewal::LastAttempt(_)
            | Renewal::Confirming(_) => None,
        }
    }

    /// Continues what an earlier run of the app left: probes if the journal is open, else plans the
    /// renewal.
    pub(super) fn resume(&mut self, step: &mut Step, key: AccountKey, now: Timestamp) {
        match &self.account.status {
            AccountStatus::Connected { journal, .. } if journal.open_since.is_some() => {
                self.probe(step, key, ProbeAttempt::default(), None);
            }
            AccountStatus::Connected { .. } => self.plan(step, key, now),
            AccountStatus::SignInAgain(_) => {}
        }
    }

    /// Puts new tokens into use.
    fn replace_tokens(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        generation: TokenGeneration,
        tokens: TokenSet,
        journal: Journal,
        now: Timestamp,
    ) {
        self.generation = generation;
        self.renewal = Renewal::Idle;
        self.failures = 0;
        self.user_waits = false;
        self.offline = false;
        self.backoff = None;
        self.account.status = AccountStatus::Connected { tokens, journal };
        step.change(RecordName::Account(key))
            .answer(PendingReply::Renewal(key), Ok(()));
        self.resume(step, key, now);
        if self.renewal == Renewal::Idle {
            self.check(step, key);
        }
    }

    /// Closes the journal: the refresh was not processed, and the current tokens are still valid.
    fn close_journal(&mut self) {
        self.renewal = Renewal::Idle;
        self.user_waits = false;
        if let AccountStatus::Connected { journal, .. } = &mut self.account.status {
            journal.open_since = None;
        }
    }

    /// Answers callers that wait for the renewal, and those whose check led to it.
    fn answer_error(&self, step: &mut Step, key: AccountKey, code: Code) {
        step.answer(PendingReply::Renewal(key), Err(code.into()));
        if self.checking.is_none() {
            step.answer(PendingReply::Check(key), Err(code.into()));
        }
    }

    /// Records a temporary failure, and shows it to a user who waits.
    fn note_transient(&mut self, step: &mut Step, transient: Transient) {
        self.offline = transient.is_network_problem();
        if self.user_waits {
            step.show_problem(Code::from(transient));
        }
    }
}

impl TokenSet {
    fn refresh_effect(&self, key: AccountKey, generation: TokenGeneration) -> Effect {
        Effect::Refresh(
            key,
            generation,
            self.refresh.clone(),
            self.redirect_url.clone(),
        )
    }
}
