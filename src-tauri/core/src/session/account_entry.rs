//! The state of one account: its tokens and the requests in progress for it.

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Renewal, Step, TokenGeneration};
use crate::account::{Account, AccountKey, AccountStatus, SignInAgainReason};

/// An account and the requests in progress for it.
#[derive(Debug)]
pub(super) struct AccountEntry {
    pub(super) account: Account,
    pub(super) generation: TokenGeneration,
    pub(super) renewal: Renewal,
    /// Set while a renewal that failed waits for its next attempt.
    pub(super) backoff: Option<Backoff>,
    /// How many renewals have failed since the last successful one.
    pub(super) failures: u32,
    /// Whether the user waits for the renewal; then its failure is shown, not only logged.
    pub(super) user_waits: bool,
    pub(super) offline: bool,
    /// When a 401 last led to a renewal, until a check succeeds.
    pub(super) unauthenticated_at: Option<Timestamp>,
    /// When a caller's 401 last led to a renewal. No check clears it: the resource may reject every token.
    pub(super) rejected_at: Option<Timestamp>,
    /// The tokens with which a check is in progress.
    pub(super) checking: Option<TokenGeneration>,
}

/// Who asked for the wait before the next renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backoff {
    /// This app; the wait ends early when the environment changes.
    Own,
    /// Amiqus, by `Retry-After`; it is waited out.
    RetryAfter {
        /// When the wait ends.
        until: Timestamp,
    },
}

impl AccountEntry {
    pub(super) fn new(account: Account, generation: TokenGeneration) -> Self {
        Self {
            account,
            generation,
            renewal: Renewal::Idle,
            backoff: None,
            failures: 0,
            user_waits: false,
            offline: false,
            unauthenticated_at: None,
            rejected_at: None,
            checking: None,
        }
    }

    /// Requests the account's user, team and role, unless that is in progress already.
    pub(super) fn check(&mut self, step: &mut Step, key: AccountKey) {
        if self.checking == Some(self.generation) {
            return;
        }
        if let AccountStatus::Connected { tokens, .. } = &self.account.status {
            self.checking = Some(self.generation);
            step.run(Effect::Check(key, self.generation, tokens.access.clone()));
        }
    }

    /// Whether its tokens were issued later than another entry's. Any tokens are newer than none.
    pub(super) fn is_newer_than(&self, other: &Self) -> bool {
        let received_at = |entry: &Self| match &entry.account.status {
            AccountStatus::Connected { tokens, .. } => Some(tokens.received_at),
            AccountStatus::SignInAgain(_) => None,
        };
        received_at(self) > received_at(other)
    }

    /// Drops the account's tokens. It stays listed, with its name.
    pub(super) fn disconnect(&mut self, reason: SignInAgainReason) {
        self.renewal = Renewal::Idle;
        self.backoff = None;
        self.user_waits = false;
        self.offline = false;
        self.account.status = AccountStatus::SignInAgain(reason);
    }

    /// Whether a 401 led to a renewal within this span, in either direction of a clock that was set.
    pub(super) fn was_unauthenticated_within(&self, span: SignedDuration, now: Timestamp) -> bool {
        self.unauthenticated_at
            .is_some_and(|at| now.duration_since(at).abs() < span)
    }

    /// The same, for the 401 of a caller.
    pub(super) fn was_rejected_within(&self, span: SignedDuration, now: Timestamp) -> bool {
        self.rejected_at
            .is_some_and(|at| now.duration_since(at).abs() < span)
    }
}
