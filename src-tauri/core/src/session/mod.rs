//! The state machine, pure: an event goes in, the state changes, a [`Step`] comes out. No clock, no
//! chance, no I/O; all that it knows of the time is handed in.
//!
//! ```text
//! Opening ─▶ Locked ─▶ Open: NeedsSetup ─▶ SignedOut ─▶ AwaitingBrowser{attempt} ─▶ ExchangingCode
//!                              ▲              ▲  deny, cancel, deadline │                 │
//!                              │              └────────────────────────┴── failure ◀──────┤
//!                       change set-up                                                     ▼
//!                                                        SignInAgain{why} ◀── dead ── SignedIn
//! ```
//!
//! The pending variants own their secrets: when an attempt is over, its `state` and verifier are
//! gone with it. A late answer carries its attempt's id, or its tokens' [`TokenGeneration`], and is dropped
//! when that is over. Tokens whose owner isn't known lie beside all that: see `unclaimed`.

mod accounts;
mod event;
mod pending_links;
mod quiescence;
mod renewal;
mod sign_in;
mod unclaimed;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::pending_links::PendingLinks;
use self::unclaimed::Unclaimed;
pub use event::{
    Effect, Event, LinkOrigin, Outcome, PendingReply, Provisioning, RenewalReason, Step,
    TokenGeneration, Try,
};

use crate::account::{Account, AccountKey, AccountStatus, SignInAgainReason};
use crate::authorization::{Attempt, AttemptId};
use crate::error::{Code, Problem};
use crate::redirect::ReceivedLink;
use crate::registration::{Provenance, RedirectKind, Registration};
use crate::token::{TokenSet, Transient};
use crate::vault::{
    self, LockReason, OpenError, RecordBytes, RecordName, Records, SetAside, Unlock,
};

/// The one truth of the app.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    problem: Option<Problem>,
    /// Whether something lives in memory alone, because the vault could not be written.
    unsaved: bool,
}

#[derive(Debug)]
enum Phase {
    /// The vault is being opened. The link that started the app waits here.
    Opening {
        pending_links: PendingLinks,
        was_locked: Option<LockReason>,
        /// Whether its person may be asked for something.
        may_ask: bool,
        /// Whether the window says what is being waited for.
        takes_long: bool,
        next: NextOpening,
    },
    /// The vault didn't open.
    Locked {
        pending_links: PendingLinks,
        why: LockReason,
    },
    /// The vault is open.
    Open(Box<Open>),
}

/// What is done if the vault doesn't open this time.
#[derive(Debug, Default)]
enum NextOpening {
    /// Nothing: the window says why it didn't.
    #[default]
    Nothing,
    /// The keychain changed meanwhile, perhaps after it was looked into: that is done once more.
    EnvironmentChanged,
    /// What a person wished meanwhile.
    Unlock(Unlock),
    /// A person wished to begin with an empty vault meanwhile.
    StartOver,
}

/// All that is there once the vault is open.
#[derive(Debug, Default)]
struct Open {
    registration: Option<Registration>,
    changing_setup: bool,
    /// Whether IT's provisioning file is there and wrong: then IT mends it, nobody else.
    awaits_provisioning: bool,
    sign_in: SignIn,
    /// The pending attempt that the browser came back to with nothing that can be used.
    came_back: Option<AttemptId>,
    /// Tokens that arrived, and whose owner Amiqus has not told yet.
    unclaimed: Option<Unclaimed>,
    accounts: BTreeMap<AccountKey, AccountEntry>,
    current: Option<AccountKey>,
    /// Whether signing out was the last thing that a person did.
    signed_out: bool,
    generations: TokenGenerations,
}

/// Hands out the [`TokenGeneration`]s. None is given twice, so that an answer about tokens that are gone
/// fits no account, whoever signed in meanwhile.
#[derive(Debug, Default)]
struct TokenGenerations(u64);

impl TokenGenerations {
    fn next(&mut self) -> TokenGeneration {
        self.0 += 1;
        TokenGeneration(self.0)
    }
}

/// How far a sign-in is.
#[derive(Debug, Default)]
enum SignIn {
    /// None is under way.
    #[default]
    Idle,
    /// The browser has the floor.
    AwaitingBrowser(Attempt),
    /// The code was handed over to be posted.
    ExchangingCode(AttemptId),
    /// The tokens are here, unclaimed; whose they are is being asked for the person who signs in.
    Identifying,
}

/// An account, and what is being done about it just now.
#[derive(Debug)]
struct AccountEntry {
    account: Account,
    generation: TokenGeneration,
    renewal: Renewal,
    /// While a renewal that failed waits for its next try.
    pause: Option<Pause>,
    /// How many renewals failed since the last one that worked.
    failures: u32,
    /// Whether a person waits for the renewal; then its failure is said, not only logged.
    asked: bool,
    offline: bool,
    /// When a 401 last led to a renewal, until a check goes well again.
    refused_at: Option<Timestamp>,
    /// The pair whose owner is being asked for.
    checking: Option<TokenGeneration>,
}

/// Who wants the wait before the next renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// This app: it ends when something changed.
    Ours,
    /// Amiqus asked for it (`Retry-After`): it is kept.
    ByAmiqus {
        /// Until then.
        until: Timestamp,
    },
}

/// How far a renewal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    /// None is under way.
    None,
    /// The refresh token was handed over to be posted.
    Sent,
    /// Its answer was lost; the old access token is being tried.
    Probing {
        tries: Try,
        /// How the answer was lost, as far as that is known.
        because: Option<Transient>,
        next: NextProbe,
    },
    /// The old access token is dead too: Amiqus had rotated, or the access was removed. The stored
    /// refresh token is sent once more; what Amiqus says to that decides.
    LastTry { tries: Try },
    /// Amiqus called the refresh token dead; the vault is read again before the account ends so.
    Confirming(SignInAgainReason),
}

/// When the old access token is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextProbe {
    /// Just now.
    UnderWay,
    /// After a while.
    Waits,
    /// After a while that Amiqus asked for.
    WaitsForAmiqus {
        /// Until then.
        until: Timestamp,
    },
}

impl AccountEntry {
    fn new(account: Account, generation: TokenGeneration) -> Self {
        Self {
            account,
            generation,
            renewal: Renewal::None,
            pause: None,
            failures: 0,
            asked: false,
            offline: false,
            refused_at: None,
            checking: None,
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self {
            phase: Phase::Opening {
                pending_links: PendingLinks::default(),
                was_locked: None,
                may_ask: true,
                takes_long: false,
                next: NextOpening::Nothing,
            },
            problem: None,
            unsaved: false,
        }
    }
}

impl Session {
    /// The registration, once there is one.
    #[must_use]
    pub fn registration(&self) -> Option<&Registration> {
        self.require_registration().ok()
    }

    /// The registration.
    ///
    /// # Errors
    /// [`Code::VaultLocked`], [`Code::NotSetUp`].
    pub fn require_registration(&self) -> Result<&Registration, Code> {
        match &self.phase {
            Phase::Open(open) => open.registration.as_ref().ok_or(Code::NotSetUp),
            Phase::Opening { .. } | Phase::Locked { .. } => Err(Code::VaultLocked),
        }
    }

    /// The current account.
    ///
    /// # Errors
    /// [`Code::VaultLocked`], [`Code::NotSetUp`], [`Code::NotSignedIn`].
    pub fn require_current(&self) -> Result<AccountKey, Code> {
        self.require_registration()?;
        self.current().ok_or(Code::NotSignedIn)
    }

    /// Whether IT's provisioning file sets the app up, and nobody else does.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        match &self.phase {
            Phase::Open(open) => open.is_managed(),
            _ => false,
        }
    }

    /// The current account.
    #[must_use]
    pub fn current(&self) -> Option<AccountKey> {
        match &self.phase {
            Phase::Open(open) => open.current,
            _ => None,
        }
    }

    /// The current account's pair, while its access token can be used: no refresh is under way that
    /// may end it at any moment.
    #[must_use]
    pub fn current_tokens(&self) -> Option<(TokenGeneration, &TokenSet)> {
        let Phase::Open(open) = &self.phase else {
            return None;
        };
        let entry = open.accounts.get(&open.current?)?;
        match &entry.account.status {
            AccountStatus::Connected { tokens, .. } if entry.renewal == Renewal::None => {
                Some((entry.generation, tokens))
            }
            _ => None,
        }
    }

    /// The pending attempt, while the browser has the floor.
    #[must_use]
    pub fn pending(&self) -> Option<AttemptId> {
        match &self.phase {
            Phase::Open(open) => match &open.sign_in {
                SignIn::AwaitingBrowser(attempt) => Some(attempt.id()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether there is something to draw: the vault was opened, or is known to be locked.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Opening {
                was_locked: None,
                ..
            }
        )
    }

    /// The bytes of a record as it now is; `None` when it is not there.
    #[must_use]
    pub fn record(&self, name: RecordName) -> Option<RecordBytes> {
        let Phase::Open(open) = &self.phase else {
            return None;
        };
        match name {
            RecordName::Registration => open.registration.as_ref().map(vault::encode_registration),
            RecordName::Attempt => match &open.sign_in {
                SignIn::AwaitingBrowser(attempt) => Some(vault::encode_attempt(attempt)),
                _ => None,
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
        }
    }

    /// Takes an event.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Step {
        match event {
            Event::SaveFailed(_) => self.unsaved = true,
            Event::Saved => self.unsaved = false,
            _ => {}
        }
        match event {
            Event::Opened {
                records,
                provisioning,
                set_aside,
            } => self.opened(*records, provisioning, set_aside.as_ref(), now),
            Event::NotOpened(failure) => self.not_opened(&failure),
            Event::OpeningTakesLong(why) => {
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
            Event::KeychainChanged => self.keychain_changed(),
            Event::UnlockRequested(unlock) => self.unlock_requested(unlock),
            Event::StartOverRequested => self.start_over_requested(),
            Event::AddressReceived(received, origin) => {
                self.address_received(received, origin, now)
            }
            event => match &mut self.phase {
                Phase::Open(open) => open.step(&mut self.problem, event, now),
                // Commands that need the vault, and answers that came too late.
                Phase::Opening { .. } | Phase::Locked { .. } => Step::refused(Code::VaultLocked),
            },
        }
    }

    fn opened(
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
        self.problem = set_aside.map(Problem::from);
        let mut step = Step::default();
        let mut open = Open::from_records(&mut step, records, now);
        match provisioning {
            // The file went away: what it said stays in force, and is an administrator's to change.
            Provisioning::Absent => open.take_charge(&mut step),
            Provisioning::Valid(registration) => {
                open.take_registration(&mut step, *registration, now);
            }
            Provisioning::Wrong { file, code, field } => {
                open.awaits_provisioning = true;
                self.problem = Some(Problem {
                    code,
                    file: Some(file),
                    field,
                });
            }
        }
        open.resume(&mut step, now);
        self.phase = Phase::Open(Box::new(open));
        for (received, origin) in pending_links.into_addresses() {
            step.append(self.address_received(received, origin, now));
        }
        step
    }

    fn not_opened(&mut self, failure: &OpenError) -> Step {
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
                NextOpening::Nothing,
            ),
            Phase::Open(_) => return Step::default(),
        };
        let (why, problem) = match failure {
            OpenError::Locked(why) => (*why, None),
            OpenError::WrongPassphrase => {
                (LockReason::PassphraseNeeded, Some(Code::WrongPassphrase))
            }
            OpenError::PassphraseTooShort => (
                was_locked.unwrap_or(LockReason::KeychainAbsent),
                Some(Code::PassphraseTooShort),
            ),
        };
        self.problem = problem.map(Problem::from);
        self.phase = Phase::Locked { pending_links, why };
        let mut step = Step::default();
        if why == LockReason::InUseElsewhere {
            step.run(Effect::AwaitVault);
        }
        match next {
            NextOpening::Nothing => {}
            NextOpening::EnvironmentChanged => step.append(self.keychain_changed()),
            NextOpening::Unlock(unlock) => step.append(self.unlock_requested(unlock)),
            NextOpening::StartOver => step.append(self.start_over_requested()),
        }
        step
    }

    /// Tries to open a vault that a keychain keeps locked, and asks nobody for anything.
    fn keychain_changed(&mut self) -> Step {
        match &mut self.phase {
            Phase::Opening {
                next: next @ NextOpening::Nothing,
                ..
            } => {
                *next = NextOpening::EnvironmentChanged;
                Step::default()
            }
            Phase::Locked { why, .. } if why.is_keychain_related() => {
                self.begin_opening(Effect::OpenVault(Unlock::KeychainWithoutPrompt))
            }
            Phase::Opening { .. } | Phase::Locked { .. } | Phase::Open(_) => Step::default(),
        }
    }

    /// Begins with an empty vault, where the one that is there can't be opened any more: its key is
    /// lost, or its passphrase forgotten. Never while a vault is open, or could be.
    fn start_over_requested(&mut self) -> Step {
        let offers_it =
            |why: &LockReason| matches!(why, LockReason::KeyLost | LockReason::PassphraseNeeded);
        match &mut self.phase {
            Phase::Locked { why, .. } if offers_it(why) => {
                self.problem = None;
                self.begin_opening(Effect::StartOver)
            }
            Phase::Opening {
                was_locked: Some(why),
                next,
                ..
            } if offers_it(why) => {
                *next = NextOpening::StartOver;
                abandon_prompt()
            }
            Phase::Locked { .. } | Phase::Opening { .. } => Step::refused(Code::VaultLocked),
            // No screen offers it then.
            Phase::Open(_) => Step::refused(Code::Internal),
        }
    }

    fn unlock_requested(&mut self, unlock: Unlock) -> Step {
        match &mut self.phase {
            Phase::Locked { .. } => self.begin_opening(Effect::OpenVault(unlock)),
            // The very first one.
            Phase::Opening {
                was_locked: None, ..
            } => {
                let mut step = Step::default();
                step.run(Effect::OpenVault(unlock));
                step
            }
            // A second click on the same button.
            Phase::Opening {
                may_ask: true,
                takes_long: false,
                ..
            } if matches!(unlock, Unlock::Keychain) => Step::default(),
            Phase::Opening { next, .. } => {
                *next = NextOpening::Unlock(unlock);
                abandon_prompt()
            }
            Phase::Open(_) => Step::default(),
        }
    }

    /// Opens a vault that is locked.
    fn begin_opening(&mut self, opening: Effect) -> Step {
        let Phase::Locked { pending_links, why } = &mut self.phase else {
            return Step::default();
        };
        self.phase = Phase::Opening {
            pending_links: std::mem::take(pending_links),
            was_locked: Some(*why),
            may_ask: !matches!(opening, Effect::OpenVault(Unlock::KeychainWithoutPrompt)),
            takes_long: false,
            next: NextOpening::Nothing,
        };
        let mut step = Step::default();
        step.run(opening);
        step
    }

    fn address_received(
        &mut self,
        received: ReceivedLink,
        origin: LinkOrigin,
        now: Timestamp,
    ) -> Step {
        match &mut self.phase {
            Phase::Opening { pending_links, .. } | Phase::Locked { pending_links, .. } => {
                pending_links.put(received, origin);
                Step::default()
            }
            Phase::Open(open) => open.address_received(&mut self.problem, &received, origin, now),
        }
    }
}

impl Open {
    /// Takes what the vault held. An attempt that is over is left out and removed.
    fn from_records(step: &mut Step, records: Records, now: Timestamp) -> Self {
        let mut open = Self {
            registration: records.registration,
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

    /// Makes a registration the one in force. Tokens belong to the API client and the service that
    /// gave them: they are not shown to another one.
    fn take_registration(&mut self, step: &mut Step, new: Registration, now: Timestamp) {
        let same_client = self
            .registration
            .as_ref()
            .is_some_and(|old| old.client_id == new.client_id && old.base_url == new.base_url);

        // IT's file is read at each start; what it says again is no reason to write.
        let same = self.registration.as_ref().is_some_and(|old| {
            *vault::encode_registration(old) == *vault::encode_registration(&new)
        });
        self.registration = Some(new);
        if !same {
            step.change(RecordName::Registration);
        }
        if same_client {
            // What failed for the set-up's sake may work now.
            for (key, entry) in &mut self.accounts {
                if !same && entry.pause == Some(Pause::Ours) {
                    entry.plan(step, *key, now);
                }
            }
            return;
        }
        self.drop_unclaimed(step);
        self.sign_in = SignIn::Idle;
        step.change(RecordName::Attempt);
        for (key, entry) in &mut self.accounts {
            if let AccountStatus::Connected { .. } = entry.account.status {
                entry.end(SignInAgainReason::SetUpChanged);
                step.change(RecordName::Account(*key))
                    .answer(PendingReply::Renewal(*key), Err(Code::NotSignedIn.into()))
                    .answer(PendingReply::Check(*key), Err(Code::NotSignedIn.into()));
            }
        }
    }

    /// Makes a set-up that IT no longer manages one that can be changed in the window.
    fn take_charge(&mut self, step: &mut Step) {
        if let Some(registration) = &mut self.registration
            && registration.provenance == Provenance::Provisioned
        {
            registration.provenance = Provenance::ByHand;
            step.change(RecordName::Registration);
        }
    }

    /// Goes on where an earlier run of the app stopped.
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
            if entry.renewal == Renewal::None && (is_shown || entry.account.identity.team.is_none())
            {
                entry.check(step, *key);
            }
        }
    }

    fn step(&mut self, problem: &mut Option<Problem>, event: Event, now: Timestamp) -> Step {
        match event {
            Event::SignInRequested(attempt) => self.sign_in_requested(problem, *attempt, now),
            Event::BrowserRequestedAgain => self.browser_requested_again(problem),
            Event::BrowserDidNotOpen(id) => self.browser_did_not_open(problem, id),
            Event::NotListening(id) => self.not_listening(problem, id),
            Event::DeadlinePassed(id) => self.deadline_passed(problem, id),
            Event::Cancelled => self.cancelled(problem),
            Event::CodeExchanged(id, result) => self.code_exchanged(problem, id, result),
            Event::Identified(generation, result) => {
                self.identified(problem, generation, result, now)
            }
            Event::FinishRequested => self.finish_requested(problem),
            Event::ForgetRequested => self.forget_requested(problem),
            Event::RenewalRequested(key, why) => self.renewal_requested(problem, key, why, now),
            Event::Refreshed(key, generation, result) => {
                self.refreshed(problem, key, generation, result, now)
            }
            Event::Probed(key, generation, result) => {
                self.probed(problem, key, generation, result, now)
            }
            Event::ProbeDue(key, generation, due) => self.probe_due(key, generation, due),
            Event::ReadAgain(key, generation, found) => {
                self.read_again(problem, key, generation, found.map(|account| *account), now)
            }
            Event::EnvironmentChanged => self.on_environment_change(problem, now),
            Event::CheckRequested(key) => self.check_requested(problem, key),
            Event::Checked(key, generation, result) => {
                self.checked(problem, key, generation, result, now)
            }
            Event::SwitchRequested(key) => self.switch_requested(problem, key),
            Event::SignOutRequested(key) => self.sign_out_requested(problem, key),
            Event::RegistrationEntered(registration) => {
                self.registration_entered(problem, *registration, now)
            }
            Event::SetupChangeRequested => self.setup_change_requested(problem),
            Event::SaveFailed(unrun) => self.save_failed(unrun, now),
            Event::Saved => self.saved(now),
            Event::Opened { .. }
            | Event::NotOpened(_)
            | Event::OpeningTakesLong(_)
            | Event::KeychainChanged
            | Event::UnlockRequested(_)
            | Event::StartOverRequested
            | Event::AddressReceived(..) => Step::default(),
        }
    }

    fn registration_entered(
        &mut self,
        problem: &mut Option<Problem>,
        registration: Registration,
        now: Timestamp,
    ) -> Step {
        if self.is_managed() {
            return Step::refused(Code::SetupManaged);
        }
        let mut step = Step::default();
        *problem = None;
        self.changing_setup = false;
        self.take_registration(&mut step, registration, now);
        step
    }

    fn setup_change_requested(&mut self, problem: &mut Option<Problem>) -> Step {
        if self.is_managed() {
            return Step::refused(Code::SetupManaged);
        }
        *problem = None;
        self.changing_setup = true;
        Step::default()
    }

    fn is_managed(&self) -> bool {
        self.awaits_provisioning
            || self
                .registration
                .as_ref()
                .is_some_and(|set_up| set_up.provenance == Provenance::Provisioned)
    }

    /// No browser opens for an attempt that a restart would not know, no code is posted that a
    /// restart could post again, and no refresh is sent whose intent is not on the disk. All else
    /// goes on: tokens that have arrived are used though they could not be saved yet, because
    /// there are no others.
    fn save_failed(&mut self, unrun: Vec<Effect>, now: Timestamp) -> Step {
        let mut step = Step::refused(Code::CannotSave);
        for effect in unrun {
            match effect {
                Effect::OpenBrowser(..)
                | Effect::Listen(_, _, Some(_))
                | Effect::Exchange { .. } => self.sign_in = SignIn::Idle,
                Effect::Refresh(key, generation, ..) => {
                    self.renewal_not_saved(&mut step, key, generation, now);
                }
                effect => {
                    step.run(effect);
                }
            }
        }
        step
    }
}

/// A person wants something else than what the keychain asks them for, or doesn't see that it asks.
fn abandon_prompt() -> Step {
    let mut step = Step::default();
    step.run(Effect::AbandonPrompt);
    step
}

/// The account whose tokens these are, if it still has them.
fn entry(
    accounts: &mut BTreeMap<AccountKey, AccountEntry>,
    key: AccountKey,
    generation: TokenGeneration,
) -> Option<&mut AccountEntry> {
    accounts
        .get_mut(&key)
        .filter(|entry| entry.generation == generation)
}
