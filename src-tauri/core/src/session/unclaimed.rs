//! A sign-in whose tokens were issued and whose owner isn't known yet: Amiqus is asked for the
//! owner, and the sign-in is finished or dropped.
//!
//! ```text
//!                 asked for the user: the screen waits until Amiqus answers
//!   code ──▶ Unclaimed ───────────────────────────────▶ an account
//!             │  ▲  asked at the start, or after an environment change: no screen changes
//!             │  └── no answer: stays, shown as unfinished
//!             └───▶ dropped: rejected while the user waits; signed out; discarded;
//!                            another API client; replaced
//! ```

use jiff::{SignedDuration, Timestamp};

use super::{AccountEntry, Effect, Open, PendingReply, SignIn, Step, TokenGeneration};
use crate::account::{Account, AccountKey, AccountStatus, Identity, Journal};
use crate::api::ApiError;
use crate::authorization::ATTEMPT_LIFETIME;
use crate::error::Code;
use crate::token::{TokenSet, Transient};
use crate::vault::RecordName;

/// The age up to which the owner of tokens is requested without a click. Later another user may be
/// at the computer, and the tokens may have outlived a sign-out by an earlier version.
const MAX_UNATTENDED_AGE: SignedDuration = SignedDuration::from_hours(24);

/// Tokens whose owner isn't known yet.
#[derive(Debug)]
pub(super) struct Unclaimed {
    pub(super) tokens: TokenSet,
    pub(super) generation: TokenGeneration,
    /// Why the owner is being requested, while it is.
    identifying: Option<Trigger>,
    /// Whether the next click on *Sign in* requests the owner once more instead of opening a
    /// browser.
    retry_on_sign_in: bool,
}

/// Why the owner of tokens is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    /// The user is signing in.
    User,
    /// The app has started and continues where the last run stopped.
    Start,
    /// A network became available, or the computer woke.
    Environment,
}

/// What an error of the request for the owner means for the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The cause is temporary: another request is likely to succeed.
    Retry,
    /// The answer is unusual: another request may succeed, a new sign-in certainly does.
    Unclear,
    /// Amiqus rejects the tokens. No repetition changes that.
    Rejected,
}

impl Verdict {
    fn of(error: ApiError) -> Self {
        match error {
            ApiError::Unauthenticated => Self::Rejected,
            ApiError::Transient(transient) => match transient {
                Transient::Offline
                | Transient::ProxyNeedsPassword
                | Transient::CertificateNotTrusted
                | Transient::CaptivePortal
                | Transient::ServerError
                | Transient::Busy(_) => Self::Retry,
                Transient::UnexpectedResponse => Self::Unclear,
                Transient::NotPermitted => Self::Rejected,
            },
        }
    }
}

impl ApiError {
    /// Whether the same request is likely to succeed in a moment.
    pub(crate) fn is_retryable(self) -> bool {
        Verdict::of(self) == Verdict::Retry
    }
}

impl Unclaimed {
    pub(super) fn new(tokens: TokenSet, generation: TokenGeneration) -> Self {
        Self {
            tokens,
            generation,
            identifying: None,
            retry_on_sign_in: true,
        }
    }

    /// Requests the owner. A request in progress is not repeated; a user who wants the same
    /// becomes the one it is made for.
    fn identify(&mut self, step: &mut Step, trigger: Trigger) {
        if self.identifying.is_none() {
            step.run(Effect::Identify(
                self.generation,
                self.tokens.access.clone(),
            ));
        }
        if self.identifying.is_none() || trigger == Trigger::User {
            self.identifying = Some(trigger);
        }
    }

    /// Whether the tokens are younger than this, in either direction of a clock that was set.
    fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        now.duration_since(self.tokens.received_at).abs() < age
    }
}

/// An account that was added, or that got new tokens.
struct AddedAccount {
    key: AccountKey,
    /// Whether it was present before, with tokens that were believed to be valid.
    was_connected: bool,
}

impl Open {
    /// Whether the window shows that a sign-in is unfinished.
    pub(super) fn has_unfinished(&self) -> bool {
        self.unclaimed.is_some() && !matches!(self.sign_in, SignIn::Identifying)
    }

    /// Stores new tokens and requests their owner, for the user who is signing in.
    pub(super) fn identify_new(&mut self, step: &mut Step, tokens: TokenSet) {
        let unclaimed = Unclaimed::new(tokens, self.generations.next());
        step.change(RecordName::Unclaimed);
        let unclaimed = self.unclaimed.insert(unclaimed);
        unclaimed.identify(step, Trigger::User);
        self.sign_in = SignIn::Identifying;
    }

    /// Takes a click on *Sign in* as the wish to finish an unfinished sign-in: once, and within the
    /// lifetime of an attempt. Returns whether it did.
    pub(super) fn sign_in_resumes_unclaimed(&mut self, step: &mut Step, now: Timestamp) -> bool {
        let SignIn::Idle = self.sign_in else {
            return false;
        };
        match &mut self.unclaimed {
            Some(unclaimed)
                if unclaimed.retry_on_sign_in
                    && unclaimed.is_younger_than(ATTEMPT_LIFETIME, now) =>
            {
                unclaimed.retry_on_sign_in = false;
                unclaimed.identify(step, Trigger::User);
                self.sign_in = SignIn::Identifying;
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn finish_requested(&mut self) -> Step {
        let SignIn::Idle = self.sign_in else {
            return Step::default();
        };
        let Some(unclaimed) = &mut self.unclaimed else {
            return Step::refused(self.no_account());
        };
        let mut step = Step::default();
        step.clear_problem();
        unclaimed.identify(&mut step, Trigger::User);
        self.sign_in = SignIn::Identifying;
        self.changing_setup = false;
        self.signed_out = false;
        self.just_signed_in = false;
        step
    }

    pub(super) fn forget_requested(&mut self) -> Step {
        let mut step = Step::default();
        if self.unclaimed.is_some() {
            step.clear_problem();
            self.drop_unclaimed(&mut step);
        }
        step
    }

    /// Drops any sign-in in progress. Late answers about it find nothing.
    pub(super) fn drop_sign_in(&mut self, step: &mut Step) {
        self.drop_unclaimed(step);
        if let SignIn::AwaitingBrowser(_) = std::mem::take(&mut self.sign_in) {
            step.change(RecordName::Attempt);
        }
    }

    /// Stops waiting for the owner of the tokens, which stay. The late answer is ignored, so that
    /// the next request may be answered before it.
    pub(super) fn stop_identifying(&mut self) {
        if let Some(unclaimed) = &mut self.unclaimed {
            unclaimed.identifying = None;
            unclaimed.generation = self.generations.next();
        }
        self.sign_in = SignIn::Idle;
    }

    /// Drops a sign-in whose owner isn't known. A late answer about it finds nothing.
    pub(super) fn drop_unclaimed(&mut self, step: &mut Step) {
        if self.unclaimed.take().is_some() {
            step.change(RecordName::Unclaimed);
        }
        if let SignIn::Identifying = self.sign_in {
            self.sign_in = SignIn::Idle;
        }
    }

    /// Continues an unfinished sign-in when the app starts.
    pub(super) fn identify_at_start(&mut self, step: &mut Step, now: Timestamp) {
        self.identify_unattended(step, Trigger::Start, now);
    }

    /// Continues an unfinished sign-in when the environment changed.
    pub(super) fn identify_again(&mut self, step: &mut Step, now: Timestamp) {
        self.identify_unattended(step, Trigger::Environment, now);
    }

    fn identify_unattended(&mut self, step: &mut Step, trigger: Trigger, now: Timestamp) {
        // Without a registration the runtime sends no request, and no answer would come.
        if self.registration.is_none() {
            return;
        }
        if let Some(unclaimed) = &mut self.unclaimed
            && unclaimed.is_younger_than(MAX_UNATTENDED_AGE, now)
        {
            unclaimed.identify(step, trigger);
        }
    }

    /// Finishes the sign-in, or decides what an error means for it. A request that no user waits
    /// for changes no screen that may be in use, raises no window and shows no error.
    pub(super) fn identified(
        &mut self,
        generation: TokenGeneration,
        result: Result<Identity, ApiError>,
        now: Timestamp,
    ) -> Step {
        let Some(mut unclaimed) = self
            .unclaimed
            .take_if(|unclaimed| unclaimed.generation == generation)
        else {
            tracing::info!("identify: answer dropped, the tokens are gone");
            return Step::default();
        };
        let Some(trigger) = unclaimed.identifying.take() else {
            self.unclaimed = Some(unclaimed);
            return Step::default();
        };
        let mut step = Step::default();
        if let SignIn::Identifying = self.sign_in {
            self.sign_in = SignIn::Idle;
        }
        if trigger == Trigger::User {
            step.run(Effect::BringToFront);
        }
        match result {
            Ok(identity) => self.claimed(&mut step, identity, unclaimed, trigger, now),
            Err(error) => self.not_identified(&mut step, error, unclaimed, trigger),
        }
        step
    }

    fn claimed(
        &mut self,
        step: &mut Step,
        identity: Identity,
        unclaimed: Unclaimed,
        trigger: Trigger,
        now: Timestamp,
    ) {
        step.change(RecordName::Unclaimed).clear_service_problem();
        let AddedAccount { key, was_connected } = self.add_account(step, identity, unclaimed, now);
        tracing::info!(?trigger, "identify: claimed");
        if trigger == Trigger::User {
            step.replace_problem(was_connected.then_some(Code::AlreadyHere));
            self.just_signed_in = !was_connected;
        }
        // Programs and the user may be working with the current account.
        if trigger != Trigger::Environment || self.current.is_none() {
            self.current = Some(key);
            step.change(RecordName::Current);
        }
    }

    fn not_identified(
        &mut self,
        step: &mut Step,
        error: ApiError,
        mut unclaimed: Unclaimed,
        trigger: Trigger,
    ) {
        if trigger == Trigger::User {
            step.show_problem(code_of(error));
        }
        match Verdict::of(error) {
            // Nothing is dropped while no user is there to be told.
            Verdict::Rejected if trigger != Trigger::User => {
                unclaimed.retry_on_sign_in = false;
                self.unclaimed = Some(unclaimed);
            }
            Verdict::Rejected => {
                tracing::warn!(?error, "identify: tokens dropped, Amiqus rejects them");
                step.change(RecordName::Unclaimed);
            }
            Verdict::Unclear => {
                unclaimed.retry_on_sign_in = false;
                self.unclaimed = Some(unclaimed);
            }
            Verdict::Retry => self.unclaimed = Some(unclaimed),
        }
    }

    /// Adds an account, or gives one that is already present its new tokens.
    fn add_account(
        &mut self,
        step: &mut Step,
        identity: Identity,
        claimed: Unclaimed,
        now: Timestamp,
    ) -> AddedAccount {
        let key = match identity.team {
            Some(_) => identity.key(),
            None => self.key_of_unknown_team(identity.user.id),
        };
        let was_connected = self.accounts.get(&key).is_some_and(|entry| {
            // Callers that wait for the earlier tokens' renewal have new tokens now.
            step.answer(PendingReply::Renewal(key), Ok(()));
            matches!(entry.account.status, AccountStatus::Connected { .. })
        });
        let account = Account {
            identity,
            as_of: now,
            status: AccountStatus::Connected {
                tokens: claimed.tokens,
                journal: Journal::default(),
            },
        };
        let mut entry = AccountEntry::new(account, claimed.generation);
        entry.plan(step, key, now);
        self.accounts.insert(key, entry);
        step.change(RecordName::Account(key));
        AddedAccount { key, was_connected }
    }
}

fn code_of(error: ApiError) -> Code {
    match error {
        ApiError::Unauthenticated => Code::CodeNotAccepted,
        ApiError::Transient(transient) => transient.into(),
    }
}
