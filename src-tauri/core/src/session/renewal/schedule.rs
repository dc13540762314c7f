//! When a renewal is planned, and how long to wait after one that failed.

use jiff::{SignedDuration, Timestamp};

use super::{AccountEntry, NextProbe, Renewal};
use crate::account::{AccountKey, AccountStatus};
use crate::http::MAX_RETRY_AFTER;
use crate::session::{Backoff, Effect, RenewalReason, Step};
use crate::token::Transient;

/// The first backoff after a renewal that found no network; it doubles with each failure.
const OFFLINE_BACKOFF: SignedDuration = SignedDuration::from_mins(1);

/// The first backoff after a renewal that Amiqus could not process, unless it sent `Retry-After`;
/// it doubles with each failure.
const SERVER_BACKOFF: SignedDuration = SignedDuration::from_mins(15);

/// The longest backoff, and the one after a renewal that only a new set-up can make succeed.
const MAX_BACKOFF: SignedDuration = SignedDuration::from_hours(1);

/// The shortest backoff, also where `Retry-After` is zero.
const MIN_BACKOFF: SignedDuration = SignedDuration::from_secs(5);

/// The age of Amiqus's last confirmation from which an environment change leads to a check of the
/// current account.
const MAX_CONFIRMATION_AGE: SignedDuration = SignedDuration::from_hours(24);

impl AccountEntry {
    /// Plans the renewal for when the tokens are due.
    pub(in crate::session) fn plan(&mut self, step: &mut Step, key: AccountKey, now: Timestamp) {
        self.backoff = None;
        if let AccountStatus::Connected { tokens, .. } = &self.account.status {
            step.run(Effect::PlanRenewal(key, tokens.renewal_due_at(now)));
        }
    }

    /// Plans the next attempt after a renewal that failed: the more often it failed, the later.
    pub(super) fn back_off(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        cause: Option<Transient>,
        now: Timestamp,
    ) {
        let AccountStatus::Connected { tokens, .. } = &self.account.status else {
            return;
        };
        let first = match cause {
            Some(transient) if transient.is_network_problem() => OFFLINE_BACKOFF,
            Some(_) => SERVER_BACKOFF,
            None => MAX_BACKOFF,
        };
        let wait = first
            .saturating_mul(1 << self.failures.min(10))
            .min(MAX_BACKOFF)
            // Short-lived tokens get another attempt before they expire.
            .min((tokens.renewal_margin() / 3).max(OFFLINE_BACKOFF));
        let left = tokens.ends_at().duration_since(now);
        let requested = cause.and_then(retry_after);
        let wait = match requested {
            Some(requested) => requested,
            // So do tokens that are about to expire. Jitter adds up to a tenth of the wait.
            None if left.is_positive() => wait.min((left - left / 10).max(OFFLINE_BACKOFF)),
            None => wait,
        }
        .max(MIN_BACKOFF);
        let until = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.failures = self.failures.saturating_add(1);
        self.backoff = Some(match requested {
            Some(_) => Backoff::RetryAfter { until },
            None => Backoff::Own,
        });
        step.run(Effect::PlanRenewal(key, until));
    }

    /// Starts what waits for a change of the environment.
    pub(in crate::session) fn on_environment_change(
        &mut self,
        key: AccountKey,
        now: Timestamp,
    ) -> Step {
        let mut step = Step::default();
        match (self.renewal, self.backoff) {
            (
                Renewal::Probing {
                    next: NextProbe::Scheduled,
                    ..
                },
                _,
            ) => self.probe_now(&mut step, key),
            (Renewal::Idle, Some(Backoff::Own)) => {
                // An account without tokens has no backoff, so this doesn't fail.
                step.append(
                    self.begin_renewal(key, RenewalReason::Due, now)
                        .unwrap_or_default(),
                );
            }
            (Renewal::Idle, Some(Backoff::RetryAfter { .. }) | None)
            | (
                Renewal::Sent
                | Renewal::Probing { .. }
                | Renewal::LastAttempt(_)
                | Renewal::Confirming(_),
                _,
            ) => {}
        }
        step
    }

    /// Whether Amiqus asked for a wait that is not over, before a renewal or before a probe. It asks
    /// for [`MAX_RETRY_AFTER`] at most: a longer wait is the effect of a clock that was set back.
    pub(super) fn is_rate_limited(&self, now: Timestamp) -> bool {
        let next_probe = match self.renewal {
            Renewal::Probing {
                next: NextProbe::RetryAfter { until },
                ..
            } => Some(until),
            Renewal::Idle
            | Renewal::Sent
            | Renewal::Probing { .. }
            | Renewal::LastAttempt(_)
            | Renewal::Confirming(_) => None,
        };
        let next_renewal = match self.backoff {
            Some(Backoff::RetryAfter { until }) => Some(until),
            Some(Backoff::Own) | None => None,
        };
        let Some(until) = next_renewal.or(next_probe) else {
            return false;
        };
        let left = until.duration_since(now);
        left.is_positive() && left <= MAX_RETRY_AFTER
    }

    /// Whether Amiqus confirmed the account long ago, in either direction of a clock that was set.
    pub(super) fn is_outdated(&self, now: Timestamp) -> bool {
        now.duration_since(self.account.as_of).abs() > MAX_CONFIRMATION_AGE
    }
}

/// The wait that Amiqus asked for, if it did.
pub(super) fn retry_after(transient: Transient) -> Option<SignedDuration> {
    match transient {
        Transient::Busy(wait) => wait,
        Transient::Offline
        | Transient::ProxyNeedsPassword
        | Transient::CertificateNotTrusted
        | Transient::CaptivePortal
        | Transient::ServerError
        | Transient::UnexpectedResponse
        | Transient::NotPermitted => None,
    }
}
