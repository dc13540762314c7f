//! The vault before it is open: opening, unlocking, starting over; and what an open vault resumes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    AccountEntry, Effect, LinkOrigin, Open, Phase, Programs, Provisioning, Renewal, Session,
    SignIn, Step, Unclaimed,
};
use crate::error::{Code, Problem};
use crate::redirect::ReceivedLink;
use crate::registration::RedirectKind;
use crate::vault::{LockReason, OpenError, RecordName, Records, SetAside, Unlock};

/// What follows when the opening in progress fails.
#[derive(Debug, Default)]
pub(super) enum QueuedOpening {
    /// Nothing: the window shows why it failed.
    #[default]
    Nothing,
    /// The keychain is tried again: it changed during the opening, perhaps after it was queried.
    KeychainChanged,
    /// The vault is opened as the user asked for during the opening.
    Unlock(Unlock),
    /// An empty vault is opened, as the user asked for during the opening.
    StartOver,
}

impl Session {
    pub(super) fn opened(
        &mut self,
        records: Records,
        provisioning: Provisioning,
        set_aside: Option<&SetAside>,
        now: Timestamp,
    ) -> Step {
        let pending_links = match &mut self.phase {
            Phase::Opening { pending_links, .. } | Phase::Locked { pending_links, .. } => {
                std::mem::take(pending_links)
            }
            Phase::Open(_) => return Step::default(),
        };
        let mut step = Step::default();
        step.replace_problem(set_aside.map(Problem::from));
        let mut open = Open::from_records(&mut step, records, now);
        open.apply_provisioning(&mut step, provisioning, now);
        open.resume(&mut step, now);
        self.phase = Phase::Open(Box::new(open));
        for (received, origin) in pending_links.into_addresses() {
            step.append(self.address_received(received, origin, now));
        }
        step
    }

    pub(super) fn open_failed(&mut self, error: &OpenError) -> Step {
        let (pending_links, was_locked, next) = match &mut self.phase {
            Phase::Opening {
                pending_links,
                was_locked,
                next,
                ..
            } => (
                std::mem::take(pending_links),
                *was_locked,
                std::mem::take(next),
            ),
            Phase::Locked { pending_links, why } => (
                std::mem::take(pending_links),
                Some(*why),
                QueuedOpening::Nothing,
            ),
            Phase::Open(_) => return Step::default(),
        };
        let (why, problem) = match error {
            OpenError::Locked(why) => (*why, None),
            OpenError::WrongPassphrase => {
                (LockReason::PassphraseNeeded, Some(Code::WrongPassphrase))
            }
            OpenError::PassphraseTooShort => (
                was_locked.unwrap_or(LockReason::KeychainAbsent),
                Some(Code::PassphraseTooShort),
            ),
        };
        self.phase = Phase::Locked { pending_links, why };
        let mut step = Step::default();
        step.replace_problem(problem);
        if why == LockReason::InUseElsewhere {
            step.run(Effect::AwaitVault);
        }
        match next {
            QueuedOpening::Nothing => {}
            QueuedOpening::KeychainChanged => step.append(self.keychain_changed()),
            QueuedOpening::Unlock(unlock) => step.append(self.unlock_requested(unlock)),
            QueuedOpening::StartOver => step.append(self.start_over_requested()),
        }
        step
    }

    pub(super) fn opening_takes_long(&mut self, why: LockReason) -> Step {
        if let Phase::Opening {
            was_locked,
            takes_long,
            ..
        } = &mut self.phase
        {
            was_locked.get_or_insert(why);
            *takes_long = true;
        }
        Step::default()
    }

    /// Tries again to open a vault that a keychain keeps locked, without a prompt.
    pub(super) fn keychain_changed(&mut self) -> Step {
        match &mut self.phase {
            Phase::Opening {
                next: next @ QueuedOpening::Nothing,
                ..
            } => {
                *next = QueuedOpening::KeychainChanged;
                Step::default()
            }
            Phase::Locked { why, .. } if why.is_keychain_related() => {
                self.begin_opening(Effect::OpenVault(Unlock::KeychainWithoutPrompt))
            }
            Phase::Opening { .. } | Phase::Locked { .. } | Phase::Open(_) => Step::default(),
        }
    }

    /// Replaces a vault that can't be opened any more (its key is lost or its passphrase forgotten)
    /// by an empty one. Refused while a vault is open, or could still be opened.
    pub(super) fn start_over_requested(&mut self) -> Step {
        let is_offered =
            |why: &LockReason| matches!(why, LockReason::KeyLost | LockReason::PassphraseNeeded);
        match &mut self.phase {
            Phase::Locked { why, .. } if is_offered(why) => {
                let mut step = self.begin_opening(Effect::StartOver);
                step.clear_problem();
                step
            }
            Phase::Opening {
                was_locked: Some(why),
                next,
                ..
            } if is_offered(why) => {
                *next = QueuedOpening::StartOver;
                Step::running(Effect::AbandonPrompt)
            }
            Phase::Locked { .. } | Phase::Opening { .. } => Step::refused(Code::VaultLocked),
            // No screen offers it while the vault is open.
            Phase::Open(_) => Step::refused(Code::Internal),
        }
    }

    pub(super) fn unlock_requested(&mut self, unlock: Unlock) -> Step {
        match &mut self.phase {
            Phase::Locked { .. } => self.begin_opening(Effect::OpenVault(unlock)),
            // The first request, by the start of the app.
            Phase::Opening {
                was_locked: None, ..
            } => Step::running(Effect::OpenVault(unlock)),
            // A second click on the same button.
            Phase::Opening {
                may_prompt: true,
                takes_long: false,
                ..
            } if matches!(unlock, Unlock::Keychain) => Step::default(),
            // The user prefers another way to the keychain's prompt, or doesn't see the prompt.
            Phase::Opening { next, .. } => {
                *next = QueuedOpening::Unlock(unlock);
                Step::running(Effect::AbandonPrompt)
            }
            Phase::Open(_) => Step::default(),
        }
    }

    /// Goes from `Locked` to `Opening`.
    fn begin_opening(&mut self, opening: Effect) -> Step {
        let Phase::Locked { pending_links, why } = &mut self.phase else {
            return Step::default();
        };
        self.phase = Phase::Opening {
            pending_links: std::mem::take(pending_links),
            was_locked: Some(*why),
            may_prompt: !matches!(opening, Effect::OpenVault(Unlock::KeychainWithoutPrompt)),
            takes_long: false,
            next: QueuedOpening::Nothing,
        };
        Step::running(opening)
    }

    pub(super) fn address_received(
        &mut self,
        received: ReceivedLink,
        origin: LinkOrigin,
        now: Timestamp,
    ) -> Step {
        match &mut self.phase {
            Phase::Opening { pending_links, .. } | Phase::Locked { pending_links, .. } => {
                pending_links.push(received, origin);
                Step::default()
            }
            Phase::Open(open) => open.address_received(&received, origin, now),
        }
    }
}

impl Open {
    /// The state that the vault's records describe. An attempt that has expired is removed.
    fn from_records(step: &mut Step, records: Records, now: Timestamp) -> Self {
        let mut grants = BTreeMap::new();
        for (id, stored) in records.grants {
            match stored.under(records.registration.as_ref()) {
                Some(grant) => {
                    grants.insert(id, grant);
                }
                None => {
                    step.change(RecordName::Grant(id));
                }
            }
        }
        let mut open = Self {
            registration: records.registration,
            programs: Programs::new(grants),
            ..Self::default()
        };
        for (key, account) in records.accounts {
            let generation = open.generations.next();
            open.accounts
                .insert(key, AccountEntry::new(account, generation));
        }
        open.current = records
            .current
            .filter(|key| open.accounts.contains_key(key))
            .or_else(|| open.accounts.keys().next().copied());
        open.unclaimed = records
            .unclaimed
            .map(|tokens| Unclaimed::new(tokens, open.generations.next()));
        match records.attempt {
            Some(attempt) if attempt.is_alive(now) => {
                open.sign_in = SignIn::AwaitingBrowser(attempt);
            }
            Some(_) => {
                step.change(RecordName::Attempt);
            }
            None => {}
        }
        open
    }

    /// Continues what an earlier run of the app left unfinished.
    fn resume(&mut self, step: &mut Step, now: Timestamp) {
        match &self.sign_in {
            SignIn::AwaitingBrowser(attempt) => {
                step.run(Effect::ArmDeadline(attempt.id(), attempt.deadline()))
                    .run(Effect::WarmUpTls);
                if attempt.redirect_url.kind() == RedirectKind::Loopback {
                    let redirect_url = attempt.redirect_url.clone();
                    step.run(Effect::Listen(attempt.id(), redirect_url, None));
                }
            }
            SignIn::Idle | SignIn::ExchangingCode(_) | SignIn::Identifying => {}
        }
        self.identify_at_start(step, now);
        for (key, entry) in &mut self.accounts {
            entry.resume(step, *key, now);
            let is_shown = self.current == Some(*key);
            if entry.renewal == Renewal::Idle && (is_shown || entry.account.identity.team.is_none())
            {
                entry.check(step, *key);
            }
        }
        self.resume_programs(step, now);
    }
}
