//! What the vault stores of the session, and what happens when it can't be written.

use jiff::Timestamp;

use super::{Effect, Open, Session, SignIn, Step};
use crate::error::Code;
use crate::vault::{self, RecordBytes, RecordName};

impl Session {
    /// The current bytes of a record; `None` when the record does not exist.
    #[must_use]
    pub fn record(&self, name: RecordName) -> Option<RecordBytes> {
        let open = self.open()?;
        match name {
            RecordName::Registration => open.registration.as_ref().map(vault::encode_registration),
            RecordName::Attempt => match &open.sign_in {
                SignIn::AwaitingBrowser(attempt) => Some(vault::encode_attempt(attempt)),
                SignIn::Idle | SignIn::ExchangingCode(_) | SignIn::Identifying => None,
            },
            RecordName::Unclaimed => open
                .unclaimed
                .as_ref()
                .map(|unclaimed| vault::encode_unclaimed(&unclaimed.tokens)),
            RecordName::Current => open.current.map(vault::encode_current),
            RecordName::Account(key) => open
                .accounts
                .get(&key)
                .map(|entry| vault::encode_account(&entry.account)),
            RecordName::Grant(id) => {
                let grant = open.programs.grant(id)?;
                Some(vault::encode_grant(grant, open.registration.as_ref()?))
            }
        }
    }
}

impl Open {
    /// Without a saved record, no browser is opened for an attempt (a restart would not know it),
    /// no code is posted (a restart could post it again) and no refresh is sent. The other effects
    /// run: tokens that were just issued are used although they are not saved, because there are
    /// no others.
    pub(super) fn save_failed(&mut self, skipped: Vec<Effect>, now: Timestamp) -> Step {
        let mut step = Step::refused(Code::CannotSave);
        for effect in skipped {
            match effect {
                Effect::OpenBrowser(..)
                | Effect::Listen(_, _, Some(_))
                | Effect::Exchange { .. } => self.sign_in = SignIn::Idle,
                Effect::Refresh(key, generation, ..) => {
                    self.renewal_not_saved(&mut step, key, generation, now);
                }
                Effect::OpenVault(_)
                | Effect::AbandonPrompt
                | Effect::AwaitVault
                | Effect::StartOver
                | Effect::Listen(_, _, None)
                | Effect::ArmDeadline(..)
                | Effect::WarmUpTls
                | Effect::BringToFront
                | Effect::Identify(..)
                | Effect::Probe(..)
                | Effect::ProbeLater(..)
                | Effect::ReloadAccount(..)
                | Effect::Check(..)
                | Effect::PlanRenewal(..)
                | Effect::ArmProgramTimer(_) => {
                    step.run(effect);
                }
            }
        }
        step
    }

    /// Renewals that waited for the vault to be writable are started.
    pub(super) fn saved(&mut self, now: Timestamp) -> Step {
        let mut step = Step::default();
        for (key, entry) in &mut self.accounts {
            if entry.backoff.is_some() {
                step.append(entry.on_environment_change(*key, now));
            }
        }
        step
    }
}
