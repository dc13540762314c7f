//! The state machine of the sign-in, free of I/O: [`Session::step`] takes an [`Event`], changes the
//! state and returns a [`Step`]. The time and all random values are handed in.
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
//! dropped with it. A late answer carries its attempt's id, or the [`TokenGeneration`] of its
//! tokens, and is ignored when that is over. Tokens whose owner isn't known yet are a state of
//! their own, beside all that: see `unclaimed`.

mod account_entry;
mod accounts;
mod event;
mod opening;
mod pending_links;
mod programs;
mod quiescence;
mod renewal;
mod saving;
mod setup;
mod sign_in;
mod step;
mod unclaimed;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::account_entry::{AccountEntry, Backoff};
use self::opening::QueuedOpening;
use self::pending_links::PendingLinks;
use self::programs::{Programs, Rules};
use self::renewal::{NextProbe, Renewal};
use self::unclaimed::Unclaimed;
pub use event::{
    Effect, Event, LinkOrigin, ProbeAttempt, Provisioning, RenewalReason, TokenGeneration,
};
pub use programs::ProgramEvent;
pub use step::{CommandOutcome, PendingReply, ProblemChange, Step};

use crate::account::{AccountKey, AccountStatus};
use crate::authorization::{Attempt, AttemptId, AuthorizationUrl};
use crate::error::{Code, Problem};
use crate::registration::Registration;
use crate::token::TokenSet;
use crate::vault::LockReason;

/// The whole state of the app, changed by [`Session::step`] alone.
///
/// [`SessionHandle`](crate::runtime::SessionHandle) runs one; used directly, it shows what any
/// event leads to without a vault, a network or a browser:
///
/// ```
/// use amiqus_core::app_state::Screen;
/// use amiqus_core::session::{Event, Provisioning, Session};
/// use amiqus_core::vault::{Records, Unlock};
/// use jiff::Timestamp;
///
/// let mut session = Session::default();
/// session.step(Event::UnlockRequested(Unlock::Keychain), Timestamp::UNIX_EPOCH);
///
/// let empty_vault = Event::Opened {
///     records: Box::new(Records::default()),
///     provisioning: Provisioning::Absent,
///     set_aside: None,
/// };
/// session.step(empty_vault, Timestamp::UNIX_EPOCH);
/// assert_eq!(session.app_state(1).screen, Screen::NeedsSetup);
/// ```
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    problem: Option<Problem>,
    /// Whether some change exists in memory only, because the vault could not be written.
    unsaved: bool,
    rules: Rules,
}

#[derive(Debug)]
enum Phase {
    /// The vault is being opened. The link that started the app waits here.
    Opening {
        pending_links: PendingLinks,
        was_locked: Option<LockReason>,
        /// Whether the keychain may prompt the user.
        may_prompt: bool,
        /// Whether the window shows what the opening waits for.
        takes_long: bool,
        next: QueuedOpening,
    },
    /// The vault could not be opened.
    Locked {
        pending_links: PendingLinks,
        why: LockReason,
    },
    /// The vault is open.
    Open(Box<Open>),
}

/// The state that exists once the vault is open.
#[derive(Debug, Default)]
struct Open {
    registration: Option<Registration>,
    changing_setup: bool,
    /// What is wrong with the provisioning file, if it exists and is invalid: then only that file can
    /// be corrected.
    provisioning_problem: Option<Problem>,
    sign_in: SignIn,
    /// The pending attempt for which the browser has come back with an unusable answer.
    unusable_answer_to: Option<AttemptId>,
    /// Tokens that were issued and whose owner isn't known yet.
    unclaimed: Option<Unclaimed>,
    accounts: BTreeMap<AccountKey, AccountEntry>,
    current: Option<AccountKey>,
    /// Whether signing out was the user's last action.
    signed_out: bool,
    /// Whether signing in was the user's last action, and the window has stayed open since.
    just_signed_in: bool,
    generations: TokenGenerations,
    /// Other programs that use the connection.
    programs: Programs,
}

/// Issues the [`TokenGeneration`]s. None is issued twice, so that an answer about tokens that are
/// gone matches no later account.
#[derive(Debug, Default)]
struct TokenGenerations(u64);

impl TokenGenerations {
    fn next(&mut self) -> TokenGeneration {
        self.0 += 1;
        TokenGeneration(self.0)
    }
}

/// The progress of a sign-in.
#[derive(Debug, Default)]
enum SignIn {
    /// No sign-in is in progress.
    #[default]
    Idle,
    /// The user is in the browser.
    AwaitingBrowser(Attempt),
    /// The code is being exchanged.
    ExchangingCode(AttemptId),
    /// The tokens are in `unclaimed`, and their owner is being requested for a waiting user.
    Identifying,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            phase: Phase::Opening {
                pending_links: PendingLinks::default(),
                was_locked: None,
                may_prompt: true,
                takes_long: false,
                next: QueuedOpening::Nothing,
            },
            problem: None,
            unsaved: false,
            rules: Rules::default(),
        }
    }
}

impl Session {
    /// The registration; `None` before the set-up and while the vault is closed.
    #[must_use]
    pub fn registration(&self) -> Option<&Registration> {
        self.require_registration().ok()
    }

    /// The registration, or why there is none.
    ///
    /// # Errors
    /// [`Code::VaultLocked`] while the vault is closed, [`Code::NotSetUp`] before the set-up.
    pub fn require_registration(&self) -> Result<&Registration, Code> {
        let open = self.open().ok_or(Code::VaultLocked)?;
        open.registration.as_ref().ok_or(Code::NotSetUp)
    }

    /// The key of the current account, or why there is none.
    ///
    /// # Errors
    /// [`Code::VaultLocked`] while the vault is closed, [`Code::NotSetUp`] before the set-up,
    /// [`Code::NotSignedIn`] where no account is present.
    pub fn require_current(&self) -> Result<AccountKey, Code> {
        self.require_registration()?;
        self.current().ok_or(Code::NotSignedIn)
    }

    /// Whether the set-up comes from the provisioning file and can't be changed in the window.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.open().is_some_and(Open::is_managed)
    }

    /// The key of the current account.
    #[must_use]
    pub fn current(&self) -> Option<AccountKey> {
        self.open()?.current
    }

    /// The tokens of each account that has some, but for those with a refresh under way: it may
    /// invalidate the access token at any moment.
    pub fn usable_tokens(&self) -> impl Iterator<Item = (AccountKey, TokenGeneration, &TokenSet)> {
        let accounts = self.open().into_iter().flat_map(|open| &open.accounts);
        accounts.filter_map(|(key, entry)| match &entry.account.status {
            AccountStatus::Connected { tokens, .. } if entry.renewal == Renewal::Idle => {
                Some((*key, entry.generation, tokens))
            }
            AccountStatus::Connected { .. } | AccountStatus::SignInAgain(_) => None,
        })
    }

    /// The attempt that waits for the browser's answer.
    #[must_use]
    pub fn pending_attempt(&self) -> Option<AttemptId> {
        match &self.open()?.sign_in {
            SignIn::AwaitingBrowser(attempt) => Some(attempt.id()),
            SignIn::Idle | SignIn::ExchangingCode(_) | SignIn::Identifying => None,
        }
    }

    /// The page of the attempt that waits for the browser's answer; `None` where none does, or where it
    /// has expired.
    #[must_use]
    pub fn authorization_url(&self, now: Timestamp) -> Option<AuthorizationUrl> {
        let open = self.open()?;
        match &open.sign_in {
            SignIn::AwaitingBrowser(attempt) if attempt.is_alive(now) => {
                Some(attempt.authorization_url(open.registration.as_ref()?))
            }
            SignIn::AwaitingBrowser(_)
            | SignIn::Idle
            | SignIn::ExchangingCode(_)
            | SignIn::Identifying => None,
        }
    }

    /// Whether there is a state to show: the vault was opened, or is known to be locked.
    #[must_use]
    pub fn is_showable(&self) -> bool {
        match &self.phase {
            Phase::Opening { was_locked, .. } => was_locked.is_some(),
            Phase::Locked { .. } | Phase::Open(_) => true,
        }
    }

    fn open_mut(&mut self) -> Option<&mut Open> {
        match &mut self.phase {
            Phase::Open(open) => Some(open),
            Phase::Opening { .. } | Phase::Locked { .. } => None,
        }
    }

    fn open(&self) -> Option<&Open> {
        match &self.phase {
            Phase::Open(open) => Some(open),
            Phase::Opening { .. } | Phase::Locked { .. } => None,
        }
    }

    /// Changes the state as the event demands and returns what follows from it.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Step {
        let mut step = self.dispatch(event, now);
        let rules = self.rules;
        if let Some(open) = self.open_mut() {
            open.settle_programs(&mut step, rules, now);
        }
        step.problem.apply(&mut self.problem);
        step
    }

    fn dispatch(&mut self, event: Event, now: Timestamp) -> Step {
        match event {
            Event::Opened {
                records,
                provisioning,
                set_aside,
            } => self.opened(*records, provisioning, set_aside.as_ref(), now),
            Event::OpenFailed(error) => self.open_failed(&error),
            Event::OpeningTakesLong(why) => self.opening_takes_long(why),
            Event::KeychainChanged => self.keychain_changed(),
            Event::UnlockRequested(unlock) => self.unlock_requested(unlock),
            Event::StartOverRequested => self.start_over_requested(),
            Event::AddressReceived(received, origin) => {
                self.address_received(received, origin, now)
            }
            Event::SignInRequested(attempt) => {
                self.when_open(|open| open.sign_in_requested(*attempt, now))
            }
            Event::BrowserRequestedAgain(fresh) => {
                self.when_open(|open| open.browser_requested_again(*fresh, now))
            }
            Event::BrowserDidNotOpen(id) => self.when_open(|open| open.browser_did_not_open(id)),
            Event::ListenFailed(id) => self.when_open(|open| open.listen_failed(id)),
            Event::DeadlinePassed(id) => self.when_open(|open| open.deadline_passed(id)),
            Event::Cancelled => self.when_open(Open::cancelled),
            Event::WindowClosed => self.when_open(Open::window_closed),
            Event::ProblemDismissed => Session::problem_dismissed(),
            Event::CodeExchanged(id, result) => {
                self.when_open(|open| open.code_exchanged(id, result))
            }
            Event::Identified(generation, result) => {
                self.when_open(|open| open.identified(generation, result, now))
            }
            Event::FinishRequested => self.when_open(Open::finish_requested),
            Event::ForgetRequested => self.when_open(Open::forget_requested),
            Event::RenewalRequested(key, reason) => {
                self.when_open(|open| open.renewal_requested(key, reason, now))
            }
            Event::TokenRejected(key, generation) => {
                self.when_open(|open| open.token_rejected(key, generation, now))
            }
            Event::Refreshed(key, generation, result) => {
                self.when_open(|open| open.refreshed(key, generation, result, now))
            }
            Event::Probed(key, generation, result) => {
                self.when_open(|open| open.probed(key, generation, result, now))
            }
            Event::ProbeDue(key, generation, attempt) => {
                self.when_open(|open| open.probe_due(key, generation, attempt))
            }
            Event::AccountReloaded(key, generation, found) => self.when_open(|open| {
                open.account_reloaded(key, generation, found.map(|account| *account), now)
            }),
            Event::EnvironmentChanged => self.when_open(|open| open.on_environment_change(now)),
            Event::CheckRequested(key) => self.when_open(|open| open.check_requested(key)),
            Event::Checked(key, generation, result) => {
                self.when_open(|open| open.checked(key, generation, result, now))
            }
            Event::SwitchRequested(key) => self.when_open(|open| open.switch_requested(key)),
            Event::SignOutRequested(key) => self.when_open(|open| open.sign_out_requested(key)),
            Event::RegistrationEntered(registration) => {
                self.when_open(|open| open.registration_entered(*registration, now))
            }
            Event::SetupChangeRequested => self.when_open(Open::setup_change_requested),
            Event::ProvisioningRead(provisioning) => self.provisioning_read(provisioning, now),
            Event::Program(event) => self.on_program_event(event, now),
            Event::SaveFailed(skipped) => {
                self.unsaved = true;
                self.when_open(|open| open.save_failed(skipped, now))
            }
            Event::Saved => {
                self.unsaved = false;
                self.when_open(|open| open.saved(now))
            }
        }
    }

    /// Dismisses the problem that is shown. That changes can't be saved stays, for as long as it is so.
    fn problem_dismissed() -> Step {
        let mut step = Step::default();
        step.clear_problem();
        step
    }

    /// Refuses commands while the vault is closed, and drops answers that are late by then.
    fn when_open(&mut self, handle: impl FnOnce(&mut Open) -> Step) -> Step {
        match &mut self.phase {
            Phase::Open(open) => handle(open),
            Phase::Opening { .. } | Phase::Locked { .. } => Step::refused(Code::VaultLocked),
        }
    }
}

impl Open {
    /// Why a command is refused that names an account which is not present.
    fn no_account(&self) -> Code {
        match self.registration {
            Some(_) => Code::NotSignedIn,
            None => Code::NotSetUp,
        }
    }

    /// The account, if these are still its tokens.
    fn entry(&mut self, key: AccountKey, generation: TokenGeneration) -> Option<&mut AccountEntry> {
        entry(&mut self.accounts, key, generation)
    }
}

/// The account, if these are still its tokens. For callers that borrow the rest of [`Open`] too.
fn entry(
    accounts: &mut BTreeMap<AccountKey, AccountEntry>,
    key: AccountKey,
    generation: TokenGeneration,
) -> Option<&mut AccountEntry> {
    accounts
        .get_mut(&key)
        .filter(|entry| entry.generation == generation)
}
