//! Whether the process can be replaced by a new one that loses nothing.
//!
//! The patterns name every field, so that adding one demands a decision here.

use crate::account::AccountStatus;

use super::{AccountEntry, Open, Phase, Renewal, Session, SignIn};

impl Session {
    /// Whether everything that matters is in the vault and nothing is in progress, so that a new
    /// process would continue exactly as this one.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        let Self {
            phase,
            problem,
            unsaved,
            // Told again at each start.
            rules: _,
        } = self;
        let Phase::Open(open) = phase else {
            return false;
        };
        problem.is_none() && !unsaved && open.is_quiescent()
    }
}

impl Open {
    fn is_quiescent(&self) -> bool {
        let Self {
            registration: _,
            changing_setup,
            // The provisioning file is read again at each start.
            provisioning_problem: _,
            // A pending attempt is in the vault, but the browser's answer may arrive at any moment.
            sign_in,
            unclaimed,
            accounts,
            current,
            // Shown only where no account is left.
            signed_out,
            // A greeting is not worth a process that keeps what the window held.
            just_signed_in: _,
            generations: _,
            unusable_answer_to: _,
            programs,
        } = self;
        let has_just_signed_out = *signed_out && current.is_none();
        !changing_setup
            && !has_just_signed_out
            && matches!(sign_in, SignIn::Idle)
            && unclaimed.is_none()
            && programs.is_quiescent()
            && accounts.values().all(AccountEntry::is_quiescent)
    }
}

impl AccountEntry {
    fn is_quiescent(&self) -> bool {
        let Self {
            // An account that must sign in again has a notification that opens this very process.
            account,
            generation: _,
            renewal,
            // A new process would not know a wait that Amiqus asked for.
            backoff,
            failures,
            user_waits,
            offline,
            unauthenticated_at,
            // Forgotten with the process, it costs a renewal at worst.
            rejected_at: _,
            checking,
        } = self;
        matches!(account.status, AccountStatus::Connected { .. })
            && *renewal == Renewal::Idle
            && backoff.is_none()
            && *failures == 0
            && !user_waits
            && !offline
            && unauthenticated_at.is_none()
            && checking.is_none()
    }
}
