//! What a process that begins anew would not know.
//!
//! Each field is named, so that who adds one decides about it here.

use crate::account::AccountStatus;

use super::{AccountEntry, Open, Phase, Renewal, Session, SignIn};

impl Session {
    /// Whether the vault has all that matters and nothing is under way: then a process that begins anew
    /// goes on as this one would.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        let Self {
            phase,
            problem,
            unsaved,
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
            // IT's file is read anew.
            awaits_provisioning: _,
            // The vault has a pending attempt; the browser's answer may be here at any moment.
            sign_in,
            unclaimed,
            accounts,
            current,
            // What the window says to that matters where nobody is left.
            signed_out,
            generations: _,
            came_back: _,
        } = self;
        let has_just_signed_out = *signed_out && current.is_none();
        !changing_setup
            && !has_just_signed_out
            && matches!(sign_in, SignIn::Idle)
            && unclaimed.is_none()
            && accounts.values().all(AccountEntry::is_quiescent)
    }
}

impl AccountEntry {
    fn is_quiescent(&self) -> bool {
        let Self {
            // One that needs its person has a notification, which leads to this very process.
            account,
            generation: _,
            renewal,
            // A pause that Amiqus asked for would be forgotten, and Amiqus asked at once.
            pause,
            failures,
            asked,
            offline,
            refused_at,
            checking,
        } = self;
        matches!(account.status, AccountStatus::Connected { .. })
            && *renewal == Renewal::None
            && pause.is_none()
            && *failures == 0
            && !asked
            && !offline
            && refused_at.is_none()
            && checking.is_none()
    }
}
