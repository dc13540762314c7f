//! Renewing: when, what each answer means, and what is done when there is none.
//!
//! ```text
//!            due, asked, 401                    dead
//!      None ────────────────▶ Sent ───────────────────────────▶ Confirming ──▶ SignInAgain
//!       ▲ ▲ ▲                 │  │ answer lost                      ▲   │ the vault holds
//!       │ │ └── new pair ─────┘  ▼                                  │   │ another pair
//!       │ │                   Probing ──(204: the pair lives)──┐    │   ▼
//!       │ └── pause ◀──────────  │   ◀───────────────────────┐ │    │  None, with that pair
//!       │                        │ 401                       │ │    │
//!       └── new pair ◀──────  LastTry ── no answer again ────┘ │    │
//!                                └──────── dead ───────────────┼────┘
//!       None, in doubt ◀───────────────────────────────────────┘
//! ```

use jiff::{SignedDuration, Timestamp};

use super::accounts::clear_service_problem;
use super::entry;
use super::{
    AccountEntry, Effect, NextProbe, Open, Outcome, Pause, PendingReply, Renewal, Step,
    TokenGeneration, Try,
};
use super::{RenewalReason, SignIn};
use crate::account::{Account, AccountKey, AccountStatus, Journal, SignInAgainReason};
use crate::api::ApiError;
use crate::error::{Code, Problem};
use crate::http::MAX_RETRY_AFTER;
use crate::token::{TokenError, TokenSet, Transient};
use crate::vault::RecordName;

/// The first pause after a renewal that found no network; it doubles.
const OFFLINE_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// The first pause after a renewal that Amiqus could not take, unless it says how long; it doubles.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// The longest pause, and the one after a renewal that only an administrator can put right.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// No pause is shorter, also when Amiqus says that none is needed.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// The first wait before `/status` is asked again; it doubles each time.
const FIRST_PROBE_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// The longest wait before `/status` is asked again.
const LONGEST_PROBE_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// How old the last word from Amiqus may be before the current account is asked for by itself.
const STALE: SignedDuration = SignedDuration::from_hours(24);

impl Open {
    pub(super) fn renewal_requested(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        why: RenewalReason,
        now: Timestamp,
    ) -> Step {
        let no_account = self.no_account();
        let Some(entry) = self.accounts.get_mut(&key) else {
            return Step::refused(no_account);
        };
        if why == RenewalReason::Needed
            && let Some(step) = entry.without_renewal(now)
        {
            return step;
        }
        let mut step = match entry.begin_renewal(key, why, now) {
            Ok(step) => step,
            Err(code) => {
                if why == RenewalReason::Asked {
                    *problem = (code == Code::AmiqusBusy).then(|| code.into());
                }
                return Step::refused(code);
            }
        };
        if why == RenewalReason::Asked {
            *problem = None;
            // Somebody waits: the next probe may be minutes away.
            if !entry.asked {
                entry.probe_now(&mut step, key);
            }
            entry.asked = true;
        }
        step.outcome = Outcome::Later(PendingReply::Renewal(key));
        step
    }

    pub(super) fn refreshed(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        generation: TokenGeneration,
        result: Result<TokenSet, TokenError>,
        now: Timestamp,
    ) -> Step {
        let Some(entry) = entry(&mut self.accounts, key, generation) else {
            return Step::default();
        };
        let last_try = match entry.renewal {
            Renewal::Sent => None,
            Renewal::LastTry { tries } => Some(tries),
            Renewal::None | Renewal::Probing { .. } | Renewal::Confirming(_) => {
                return Step::default();
            }
        };
        let AccountStatus::Connected { journal, .. } = &entry.account.status else {
            return Step::default();
        };
        let mut step = Step::default();
        match result {
            Ok(tokens) => {
                clear_service_problem(problem);
                let generation = self.generations.next();
                entry.adopt(&mut step, key, generation, tokens, Journal::default(), now);
            }
            Err(TokenError::InvalidGrant { expired }) => {
                let unanswered = last_try.is_some() || journal.unanswered_since.is_some();
                let why = match (expired, unanswered) {
                    (true, _) => SignInAgainReason::TooLongAway,
                    (false, true) => SignInAgainReason::AnswerLost,
                    (false, false) => SignInAgainReason::AccessRemoved,
                };
                entry.renewal = Renewal::Confirming(why);
                step.run(Effect::ReadAgain(key, generation));
            }
            Err(TokenError::PerhapsProcessed(transient)) if last_try.is_none() => {
                // The journal's way: never a blind second send.
                entry.say(problem, transient);
                if asked_for(transient).is_some() {
                    let because = Some(transient);
                    entry.probe_later(&mut step, key, Try(0), because, because, now);
                    entry.answer_failure(&mut step, key, transient.into());
                } else {
                    entry.probe(&mut step, key, Try(0), Some(transient));
                }
            }
            Err(failure) => {
                let (code, transient) = match failure {
                    TokenError::NotProcessed(transient)
                    | TokenError::PerhapsProcessed(transient) => {
                        entry.say(problem, transient);
                        (Code::from(transient), Some(transient))
                    }
                    TokenError::InvalidClient => (Code::SetUpWrong, None),
                    TokenError::Rejected(_) | TokenError::InvalidGrant { .. } => {
                        (Code::RequestNotAccepted, None)
                    }
                };
                if transient.is_none() {
                    *problem = Some(code.into());
                }
                entry.answer_failure(&mut step, key, code);
                match last_try {
                    // The request was not processed: the pair in use still lives.
                    None => {
                        entry.close_journal();
                        entry.pause(&mut step, key, transient, now);
                        step.change(RecordName::Account(key));
                    }
                    // Whether the earlier request was processed is still not known.
                    Some(tries) => {
                        entry.probe_later(&mut step, key, tries, transient, transient, now);
                    }
                }
            }
        }
        step
    }

    /// What the vault holds of an account whose refresh token Amiqus calls dead: another process, or
    /// another computer with the same home folder, may have renewed it.
    pub(super) fn read_again(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        generation: TokenGeneration,
        found: Option<Account>,
        now: Timestamp,
    ) -> Step {
        let Some(entry) = entry(&mut self.accounts, key, generation) else {
            return Step::default();
        };
        let (Renewal::Confirming(why), AccountStatus::Connected { tokens: dead, .. }) =
            (entry.renewal, &entry.account.status)
        else {
            return Step::default();
        };
        let mut step = Step::default();
        match found.map(|account| account.status) {
            Some(AccountStatus::Connected { tokens, journal })
                if tokens.refresh.expose() != dead.refresh.expose() =>
            {
                tracing::info!("the vault holds a newer pair: it is used");
                clear_service_problem(problem);
                let generation = self.generations.next();
                entry.adopt(&mut step, key, generation, tokens, journal, now);
            }
            _ => {
                entry.end(why);
                step.change(RecordName::Account(key));
                entry.answer_failure(&mut step, key, Code::NotSignedIn);
            }
        }
        step
    }

    pub(super) fn probed(
        &mut self,
        problem: &mut Option<Problem>,
        key: AccountKey,
        generation: TokenGeneration,
        result: Result<(), ApiError>,
        now: Timestamp,
    ) -> Step {
        let Some(entry) = entry(&mut self.accounts, key, generation) else {
            return Step::default();
        };
        let Renewal::Probing { tries, because, .. } = entry.renewal else {
            return Step::default();
        };
        let AccountStatus::Connected { tokens, .. } = &entry.account.status else {
            return Step::default();
        };
        let mut step = Step::default();
        match result {
            // The old pair lives: the refresh was not processed, or not yet.
            Ok(()) => {
                let is_due = tokens.renewal_due_at(now) <= now;
                let code = because.map_or(Code::ServerError, Code::from);
                entry.leave_in_doubt();
                entry.offline = false;
                if is_due {
                    // Long enough for a request that is still under way to arrive.
                    entry.pause(&mut step, key, Some(Transient::ServerError), now);
                } else {
                    entry.plan(&mut step, key, now);
                }
                step.change(RecordName::Account(key));
                entry.answer_failure(&mut step, key, code);
            }
            Err(ApiError::Unauthenticated) => {
                let refresh = tokens.hand_over_refresh(key, generation);
                entry.renewal = Renewal::LastTry { tries };
                step.run(refresh);
            }
            Err(ApiError::Transient(transient)) => {
                entry.say(problem, transient);
                entry.probe_later(&mut step, key, tries, because, Some(transient), now);
                entry.answer_failure(&mut step, key, Code::from(transient));
            }
        }
        step
    }

    pub(super) fn probe_due(
        &mut self,
        key: AccountKey,
        generation: TokenGeneration,
        due: Try,
    ) -> Step {
        let mut step = Step::default();
        if let Some(entry) = entry(&mut self.accounts, key, generation)
            && let Renewal::Probing {
                tries,
                because,
                next: NextProbe::Waits | NextProbe::WaitsForAmiqus { .. },
            } = entry.renewal
            // Otherwise another one was begun in its place.
            && tries == due
        {
            entry.probe(&mut step, key, tries, because);
        }
        step
    }

    /// The computer woke, its clock was set, or a network came: what waits for such a thing is done
    /// now. What is planned stays so, for its timers outlive all of that: one rings by the wall clock
    /// also after sleep, the other after as much time as was planned, however the clock was set.
    pub(super) fn on_environment_change(
        &mut self,
        problem: &mut Option<Problem>,
        now: Timestamp,
    ) -> Step {
        let mut step = Step::default();
        if let SignIn::AwaitingBrowser(attempt) = &self.sign_in
            && !attempt.is_alive(now)
        {
            step.append(self.deadline_passed(problem, attempt.id()));
        }
        self.identify_again(&mut step, now);
        let current = self.current;
        for (key, entry) in &mut self.accounts {
            step.append(entry.on_environment_change(*key, now));
            let is_stale = now.duration_since(entry.account.as_of).abs() > STALE;
            let is_unknown = entry.account.identity.team.is_none();
            if entry.renewal == Renewal::None
                && (entry.offline || is_unknown || is_stale && current == Some(*key))
            {
                entry.check(&mut step, *key);
            }
        }
        step
    }

    /// There is room on the disk again: renewals that waited for it go on.
    pub(super) fn saved(&mut self, now: Timestamp) -> Step {
        let mut step = Step::default();
        for (key, entry) in &mut self.accounts {
            if entry.pause.is_some() {
                step.append(entry.on_environment_change(*key, now));
            }
        }
        step
    }

    /// No refresh is sent whose intent is not on the disk.
    pub(super) fn renewal_not_saved(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        generation: TokenGeneration,
        now: Timestamp,
    ) {
        if let Some(entry) = entry(&mut self.accounts, key, generation) {
            entry.close_journal();
            entry.pause(step, key, Some(Transient::ServerError), now);
            entry.answer_failure(step, key, Code::CannotSave);
        }
    }
}

impl AccountEntry {
    /// Writes the intent into the journal and hands the refresh token over. While a renewal is under
    /// way, one more request waits for that one; while Amiqus asked to be left alone, only the
    /// renewal that is planned for the end of that is begun.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] for an account without tokens, [`Code::AmiqusBusy`].
    pub(super) fn begin_renewal(
        &mut self,
        key: AccountKey,
        why: RenewalReason,
        now: Timestamp,
    ) -> Result<Step, Code> {
        if why != RenewalReason::Due && self.is_to_leave_amiqus_alone(now) {
            return Err(Code::AmiqusBusy);
        }
        let AccountStatus::Connected { tokens, journal } = &mut self.account.status else {
            return Err(Code::NotSignedIn);
        };
        let mut step = Step::default();
        if self.renewal == Renewal::None {
            journal.open_since = Some(now);
            self.renewal = Renewal::Sent;
            self.pause = None;
            step.change(RecordName::Account(key))
                .run(tokens.hand_over_refresh(key, self.generation));
        }
        Ok(step)
    }

    /// What a caller in need of a token is told where no renewal is begun for it: another one has just
    /// brought a pair, or lost its answer, and the next look at that may be long in coming.
    fn without_renewal(&self, now: Timestamp) -> Option<Step> {
        let AccountStatus::Connected { tokens, .. } = &self.account.status else {
            return None;
        };
        match self.renewal {
            Renewal::None if now < tokens.ends_at() => Some(Step::default()),
            Renewal::Probing {
                because,
                next: NextProbe::Waits | NextProbe::WaitsForAmiqus { .. },
                ..
            } => Some(Step::refused(because.map_or(Code::ServerError, Code::from))),
            _ => None,
        }
    }

    /// Whether Amiqus asked for a pause that is not over, be it before a renewal or before the question
    /// what became of one. None that it may ask for is longer than
    /// [`MAX_RETRY_AFTER`]: one that looks so is a clock that was turned back.
    fn is_to_leave_amiqus_alone(&self, now: Timestamp) -> bool {
        let probes_at = match self.renewal {
            Renewal::Probing {
                next: NextProbe::WaitsForAmiqus { until },
                ..
            } => Some(until),
            _ => None,
        };
        let renews_at = match self.pause {
            Some(Pause::ByAmiqus { until }) => Some(until),
            Some(Pause::Ours) | None => None,
        };
        let Some(until) = renews_at.or(probes_at) else {
            return false;
        };
        let left = until.duration_since(now);
        left.is_positive() && left <= MAX_RETRY_AFTER
    }

    /// Takes up what an earlier run of the app left: an open journal is resolved, a pair whose
    /// journal is closed is renewed in its time.
    pub(super) fn resume(&mut self, step: &mut Step, key: AccountKey, now: Timestamp) {
        match &self.account.status {
            AccountStatus::Connected { journal, .. } if journal.open_since.is_some() => {
                self.probe(step, key, Try(0), None);
            }
            AccountStatus::Connected { .. } => self.plan(step, key, now),
            AccountStatus::SignInAgain(_) => {}
        }
    }

    /// Plans the renewal for its time.
    pub(super) fn plan(&mut self, step: &mut Step, key: AccountKey, now: Timestamp) {
        self.pause = None;
        if let AccountStatus::Connected { tokens, .. } = &self.account.status {
            step.run(Effect::PlanRenewal(key, tokens.renewal_due_at(now)));
        }
    }

    /// Plans the renewal that failed for later: the more often it failed, the later.
    fn pause(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        because: Option<Transient>,
        now: Timestamp,
    ) {
        let AccountStatus::Connected { tokens, .. } = &self.account.status else {
            return;
        };
        let first = match because {
            Some(transient) if transient.is_network_problem() => OFFLINE_PAUSE,
            Some(_) => PAUSE,
            None => LONGEST_PAUSE,
        };
        let wait = first
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST_PAUSE)
            // A short-lived pair is tried again while it lives.
            .min((tokens.renewal_margin() / 3).max(OFFLINE_PAUSE));
        let left = tokens.ends_at().duration_since(now);
        let wait = match because.and_then(asked_for) {
            Some(asked) => asked,
            // So is one that is about to run out. Jitter adds up to a tenth.
            None if left.is_positive() => wait.min((left - left / 10).max(OFFLINE_PAUSE)),
            None => wait,
        }
        .max(SHORTEST_PAUSE);
        let until = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.failures = self.failures.saturating_add(1);
        self.pause = Some(match because.and_then(asked_for) {
            Some(_) => Pause::ByAmiqus { until },
            None => Pause::Ours,
        });
        step.run(Effect::PlanRenewal(key, until));
    }

    /// Makes a pair that has just arrived the one in use.
    fn adopt(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        generation: TokenGeneration,
        tokens: TokenSet,
        journal: Journal,
        now: Timestamp,
    ) {
        self.generation = generation;
        self.renewal = Renewal::None;
        self.failures = 0;
        self.asked = false;
        self.offline = false;
        self.pause = None;
        self.account.status = AccountStatus::Connected { tokens, journal };
        step.change(RecordName::Account(key))
            .answer(PendingReply::Renewal(key), Ok(()));
        self.resume(step, key, now);
        if self.renewal == Renewal::None {
            self.check(step, key);
        }
    }

    fn on_environment_change(&mut self, key: AccountKey, now: Timestamp) -> Step {
        let mut step = Step::default();
        match (self.renewal, self.pause) {
            (
                Renewal::Probing {
                    next: NextProbe::Waits,
                    ..
                },
                _,
            ) => self.probe_now(&mut step, key),
            (Renewal::None, Some(Pause::Ours)) => {
                // Only an account with tokens has a pause.
                step.append(
                    self.begin_renewal(key, RenewalReason::Due, now)
                        .unwrap_or_default(),
                );
            }
            _ => {}
        }
        step
    }

    /// Asks whether the old access token lives.
    fn probe(&mut self, step: &mut Step, key: AccountKey, tries: Try, because: Option<Transient>) {
        self.renewal = Renewal::Probing {
            tries,
            because,
            next: NextProbe::UnderWay,
        };
        if let AccountStatus::Connected { tokens, .. } = &self.account.status {
            step.run(Effect::Probe(key, self.generation, tokens.access.clone()));
        }
    }

    /// Asks it at once in place of later, where that is what the account waits for. It counts as one
    /// more try, so that the one that was planned is known to be over.
    fn probe_now(&mut self, step: &mut Step, key: AccountKey) {
        if let Renewal::Probing {
            tries,
            because,
            next: NextProbe::Waits | NextProbe::WaitsForAmiqus { .. },
        } = self.renewal
        {
            self.probe(step, key, tries.next(), because);
        }
    }

    /// Asks it again after a while; `now_because` is what kept the answer from being known this time.
    fn probe_later(
        &mut self,
        step: &mut Step,
        key: AccountKey,
        tries: Try,
        because: Option<Transient>,
        now_because: Option<Transient>,
        now: Timestamp,
    ) {
        let by_amiqus = now_because.and_then(asked_for);
        let wait = FIRST_PROBE_WAIT
            .saturating_mul(1 << tries.0.min(10))
            .min(LONGEST_PROBE_WAIT)
            .max(by_amiqus.unwrap_or_default());
        let tries = tries.next();
        self.asked = false;
        self.renewal = Renewal::Probing {
            tries,
            because,
            next: match by_amiqus {
                Some(_) => NextProbe::WaitsForAmiqus {
                    until: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
                },
                None => NextProbe::Waits,
            },
        };
        step.run(Effect::ProbeLater(key, self.generation, tries, wait));
    }

    /// Closes the journal: the refresh was not processed, and the pair in use still lives.
    fn close_journal(&mut self) {
        self.renewal = Renewal::None;
        self.asked = false;
        if let AccountStatus::Connected { journal, .. } = &mut self.account.status {
            journal.open_since = None;
        }
    }

    /// Closes the journal with a doubt: the pair lives, and a request without an answer may still be
    /// processed.
    fn leave_in_doubt(&mut self) {
        let sent = match &mut self.account.status {
            AccountStatus::Connected { journal, .. } => journal.open_since,
            AccountStatus::SignInAgain(_) => None,
        };
        self.close_journal();
        if let AccountStatus::Connected { journal, .. } = &mut self.account.status {
            journal.unanswered_since = sent.or(journal.unanswered_since);
        }
    }

    /// Tells those who wait for the renewal that it failed, and those whose check led to it.
    fn answer_failure(&self, step: &mut Step, key: AccountKey, code: Code) {
        step.answer(PendingReply::Renewal(key), Err(code.into()));
        if self.checking.is_none() {
            step.answer(PendingReply::Check(key), Err(code.into()));
        }
    }

    /// Notes a failure that passes; a person who asked is told.
    fn say(&mut self, problem: &mut Option<Problem>, transient: Transient) {
        self.offline = transient.is_network_problem();
        if self.asked {
            *problem = Some(Code::from(transient).into());
        }
    }
}

/// How long Amiqus asked to be left alone, where it did.
fn asked_for(transient: Transient) -> Option<SignedDuration> {
    match transient {
        Transient::Busy(wait) => wait,
        _ => None,
    }
}

impl TokenSet {
    fn hand_over_refresh(&self, key: AccountKey, generation: TokenGeneration) -> Effect {
        Effect::Refresh(
            key,
            generation,
            self.refresh.clone(),
            self.redirect_url.clone(),
        )
    }
}
