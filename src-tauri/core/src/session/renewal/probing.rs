//! Probing: after a refresh whose answer was lost, `/status` tells whether the access token is still
//! valid, and so whether Amiqus has processed the refresh.

use jiff::{SignedDuration, Timestamp};

use super::schedule::retry_after;
use super::{AccountEntry, NextProbe, Renewal};
use crate::account::{AccountKey, AccountStatus};
use crate::api::ApiError;
use crate::error::Code;
use crate::session::{Effect, Open, ProbeAttempt, Step, TokenGeneration};
use crate::token::Transient;
use crate::vault::RecordName;

/// The wait before the second probe; it doubles with each further one.
const FIRST_PROBE_INTERVAL: SignedDuration = SignedDuration::from_secs(5);

/// The longest wait before another probe.
const MAX_PROBE_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

impl Open {
    pub(in crate::session) fn probed(
        &mut self,
        key: AccountKey,
        generation: TokenGeneration,
        result: Result<(), ApiError>,
        now: Timestamp,
    ) -> Step {
        let must_end = self.programs.awaits_renewal(key);
        let Some(entry) = self.entry(key, generation) else {
            return Step::default();
        };
        let Renewal::Probing { attempt, cause, .. } = entry.renewal else {
            return Step::default();
        };
        let AccountStatus::Connected { tokens, .. } = &entry.account.status else {
            return Step::default();
        };
        let mut step = Step::default();
        match result {
            // The tokens are valid: the refresh was not processed, or not yet.
            Ok(()) => {
                let is_due = must_end || tokens.renewal_due_at(now) <= now;
                let code = cause.map_or(Code::ServerError, Code::from);
                entry.leave_in_doubt();
                entry.offline = false;
                if is_due {
                    // Long enough for a request that is still in transit to arrive.
                    entry.back_off(&mut step, key, Some(Transient::ServerError), now);
                } else {
                    entry.plan(&mut step, key, now);
                }
                step.change(RecordName::Account(key));
                entry.answer_error(&mut step, key, code);
            }
            Err(ApiError::Unauthenticated) => {
                let refresh = tokens.refresh_effect(key, generation);
                entry.renewal = Renewal::LastAttempt(attempt);
                step.run(refresh);
            }
            Err(ApiError::Transient(transient)) => {
                entry.note_transient(&mut step, transient);
                entry.probe_later(&mut step, key, attempt, cause, Some(transient), now);
                entry.answer_error(&mut step, key, Code::from(transient));
            }
        }
        step
    }

    pub(in crate::session) fn probe_due(
        &mut self,
        key: AccountKey,
        generation: TokenGeneration,
        due: ProbeAttempt,
    ) -> Step {
        let mut step = Step::default();
        if let Some(entry) = self.entry(key, generation)
            && let Renewal::Probing {
                attempt,
                cause,
                next: NextProbe::Scheduled | NextProbe::RetryAfter { .. },
            } = entry.renewal
            // Otherwise an earlier probe was made in its place.
            && attempt == due
        {
            entry.probe(&mut step, key, attempt, cause);
        }
        step
    }
}

impl AccountEntry {
    /// Requests `/status`.
    pub(super) fn probe(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        attempt: ProbeAttempt,
        cause: Option<Transient>,
    ) {
        self.renewal = Renewal::Probing {
            attempt,
            cause,
            next: NextProbe::InFlight,
        };
        if let AccountStatus::Connected { tokens, .. } = &self.account.status {
            step.run(Effect::Probe(key, self.generation, tokens.access.clone()));
        }
    }

    /// Probes at once instead of later, if a probe is scheduled. It counts as a further attempt, so
    /// that the scheduled one is recognised as obsolete.
    pub(super) fn probe_now(&mut self, step: &mut Step, key: AccountKey) {
        if let Renewal::Probing {
            attempt,
            cause,
            next: NextProbe::Scheduled | NextProbe::RetryAfter { .. },
        } = self.renewal
        {
            self.probe(step, key, attempt.next(), cause);
        }
    }

    /// Schedules the next probe. `cause` is how the refresh's answer was lost, `delayed_by` what
    /// prevented an answer this time.
    pub(super) fn probe_later(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        attempt: ProbeAttempt,
        cause: Option<Transient>,
        delayed_by: Option<Transient>,
        now: Timestamp,
    ) {
        let requested = delayed_by.and_then(retry_after);
        let wait = FIRST_PROBE_INTERVAL
            .saturating_mul(1 << attempt.0.min(10))
            .min(MAX_PROBE_INTERVAL)
            .max(requested.unwrap_or_default());
        let attempt = attempt.next();
        self.user_waits = false;
        self.renewal = Renewal::Probing {
            attempt,
            cause,
            next: match requested {
                Some(_) => NextProbe::RetryAfter {
                    until: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
                },
                None => NextProbe::Scheduled,
            },
        };
        step.run(Effect::ProbeLater(key, self.generation, attempt, wait));
    }

    /// Closes the journal, and notes that a request without an answer may still be processed.
    fn leave_in_doubt(&mut self) {
        let sent = match &self.account.status {
            AccountStatus::Connected { journal, .. } => journal.open_since,
            AccountStatus::SignInAgain(_) => None,
        };
        self.close_journal();
        if let AccountStatus::Connected { journal, .. } = &mut self.account.status {
            journal.unanswered_since = sent.or(journal.unanswered_since);
        }
    }
}
