//! Other programs that use the connection: who may, who asks, and who was refused.
//!
//! ```text
//!  request ──▶ covered by a grant ─────────────────────────────▶ granted
//!     │  └──▶ refused within ten minutes, or not permitted ────▶ refused
//!     ▼
//!  waiting (three at most) ─▶ asked (one minute) ─▶ once ──────▶ granted, nothing is kept
//!                                     │  └──────▶ 12 h, always ─▶ granted, by a grant in the vault
//!                                     └──▶ no, no answer ──────▶ refused, for ten minutes
//! ```

mod prompts;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use self::prompts::Prompts;
use super::{CommandOutcome, Effect, Open, RenewalReason, Session, Step, TokenGeneration};
use crate::account::{AccountKey, AccountStatus};
use crate::error::Code;
use crate::program::{
    Access, AccessAnswer, AccessError, AccessGranted, AccessPrompt, AccessRequest, Grant, GrantId,
    HandOutError, ProgramsPolicy, ProgramsState, may_answer,
};
use crate::vault::RecordName;

/// When a grant was last used is stored at most so often.
const USE_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// Something about other programs that happened.
#[derive(Debug)]
pub enum ProgramEvent {
    /// What programs may be allowed is known, or has changed.
    PolicyChanged(ProgramsPolicy),
    /// Whether the user can be asked has changed: the screen was locked or unlocked.
    AskingChanged(bool),
    /// A program requests access.
    Requested(Box<AccessRequest>),
    /// The program that waits for an answer has gone.
    Withdrawn(GrantId),
    /// The user answered the question that is asked. It is named by its first request, so that an answer that
    /// comes late isn't taken for one to the next question.
    Answered(GrantId, AccessAnswer),
    /// A program used its grant.
    Used(GrantId),
    /// A program is about to be handed the access token, which [`Session::may_hand_out`] permits.
    TokenHandedOut(GrantId),
    /// The user stops a program, or the program gives its grant back.
    Stopped(GrantId),
    /// The user stops all programs.
    AllStopped,
    /// A time has come at which a question, a refusal or a grant ends.
    TimePassed,
}

/// What holds for all programs. It is told at each start, also before the vault is open.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rules {
    policy: ProgramsPolicy,
    /// Whether the user can be asked.
    can_ask: bool,
}

/// What the session knows of other programs.
#[derive(Debug, Default)]
pub(super) struct Programs {
    grants: BTreeMap<GrantId, Grant>,
    prompts: Prompts,
    /// The end that the timer is armed for.
    wakes_at: Option<Timestamp>,
}

impl Session {
    pub(super) fn on_program_event(&mut self, event: ProgramEvent, now: Timestamp) -> Step {
        let mut request = None;
        match &event {
            ProgramEvent::PolicyChanged(policy) => self.rules.policy = *policy,
            ProgramEvent::AskingChanged(can_ask) => self.rules.can_ask = *can_ask,
            ProgramEvent::Requested(requested) => request = Some(requested.id),
            ProgramEvent::Withdrawn(_)
            | ProgramEvent::Answered(..)
            | ProgramEvent::Used(_)
            | ProgramEvent::TokenHandedOut(_)
            | ProgramEvent::Stopped(_)
            | ProgramEvent::AllStopped
            | ProgramEvent::TimePassed => {}
        }
        let (rules, unsaved) = (self.rules, self.unsaved);
        let Some(open) = self.open_mut() else {
            let mut step = unchanged();
            if let Some(id) = request {
                step.answer_access(id, Err(AccessError::Locked));
            }
            return step;
        };
        open.on_program_event(event, rules, unsaved, now)
    }

    /// Whether a grant's program may be handed the account's access token of this generation.
    ///
    /// # Errors
    /// The [`HandOutError`] why it may not.
    pub fn may_hand_out(
        &self,
        id: GrantId,
        generation: TokenGeneration,
        now: Timestamp,
    ) -> Result<(), HandOutError> {
        let open = self.open().ok_or(HandOutError::NoGrant)?;
        let grant = open.programs.grants.get(&id);
        let grant = grant
            .filter(|grant| grant.is_live(now) && grant.access == Access::Token)
            .filter(|grant| self.rules.policy.permits(grant.access))
            .ok_or(HandOutError::NoGrant)?;
        let mut tokens = self.usable_tokens();
        if tokens.any(|(account, current, _)| (account, current) == (grant.account, generation)) {
            Ok(())
        } else {
            Err(HandOutError::Renewed)
        }
    }

    /// What there is to know of other programs now.
    #[must_use]
    pub fn programs_state(&self, now: Timestamp) -> ProgramsState {
        let Some(open) = self.open() else {
            return ProgramsState::default();
        };
        let Programs {
            grants, prompts, ..
        } = &open.programs;
        ProgramsState {
            prompt: prompts.asked().map(|(request, until)| AccessPrompt {
                request: request.clone(),
                until,
            }),
            grants: grants
                .iter()
                .filter(|(_, grant)| grant.is_live(now))
                .map(|(id, grant)| (*id, grant.clone()))
                .collect(),
        }
    }
}

impl Open {
    fn on_program_event(
        &mut self,
        event: ProgramEvent,
        rules: Rules,
        unsaved: bool,
        now: Timestamp,
    ) -> Step {
        let mut step = Step::default();
        match event {
            ProgramEvent::PolicyChanged(policy) => {
                let is_permitted = |request: &AccessRequest| policy.permits(request.access);
                let dropped = self.programs.prompts.retain(is_permitted);
                step.refuse_all(dropped, AccessError::NotPermitted);
            }
            ProgramEvent::AskingChanged(can_ask) => {
                if !can_ask {
                    let dropped = self.programs.prompts.retain(|_| false);
                    step.refuse_all(dropped, AccessError::CannotAsk);
                }
            }
            ProgramEvent::Requested(request) => return self.access_requested(*request, rules, now),
            ProgramEvent::Withdrawn(id) => self.programs.prompts.withdraw(id, now),
            ProgramEvent::Answered(id, answer) => self.access_answered(&mut step, id, answer, now),
            ProgramEvent::Used(id) => return self.grant_used(id, now),
            ProgramEvent::TokenHandedOut(id) => {
                let Some(grant) = self.programs.grants.get_mut(&id) else {
                    return Step::refused(Code::Internal);
                };
                // Also where it was noted before, and not saved.
                if grant.holds_token && !unsaved {
                    return unchanged();
                }
                grant.holds_token = true;
                step.change(RecordName::Grant(id));
            }
            ProgramEvent::Stopped(id) => self.stop_grant(&mut step, id, now),
            ProgramEvent::AllStopped => {
                let ids: Vec<_> = self.programs.grants.keys().copied().collect();
                for id in ids {
                    self.stop_grant(&mut step, id, now);
                }
            }
            ProgramEvent::TimePassed => {
                // It may have come too early, such as after the clock was set.
                self.programs.wakes_at = None;
                let unanswered = self.programs.prompts.end_of_time(now);
                step.refuse_all(unanswered, AccessError::NotAnswered);
                self.remove_ended_grants(&mut step, now);
            }
        }
        step
    }

    /// What follows from any step: the next question is asked if none is, and the timer is armed for the next end.
    pub(super) fn settle_programs(&mut self, step: &mut Step, rules: Rules, now: Timestamp) {
        self.ask_next(step, rules, now);
        let grants = self.programs.grants.values();
        let live = grants.filter(|grant| !grant.is_stopped);
        let ends = live.map(Grant::ends_at);
        let next = ends.chain(self.programs.prompts.next_end()).min();
        if self.programs.wakes_at != next {
            self.programs.wakes_at = next;
            if let Some(end) = next {
                step.run(Effect::ArmProgramTimer(end));
            }
        }
    }

    fn access_requested(&mut self, request: AccessRequest, rules: Rules, now: Timestamp) -> Step {
        let mut step = unchanged();
        if let Some(result) = self.judge(&request, rules, now) {
            step.answer_access(request.id, result);
            return step;
        }
        let id = request.id;
        if self.programs.prompts.add(request) {
            step.outcome = CommandOutcome::Accepted;
        } else {
            step.answer_access(id, Err(AccessError::TooManyPrompts));
        }
        step
    }

    /// What a request gets without a question; `None` where the user must be asked.
    fn judge(
        &self,
        request: &AccessRequest,
        rules: Rules,
        now: Timestamp,
    ) -> Option<Result<AccessGranted, AccessError>> {
        let programs = &self.programs;
        if rules.policy == ProgramsPolicy::Off {
            return Some(Err(AccessError::Off));
        }
        if !rules.policy.permits(request.access) {
            return Some(Err(AccessError::NotPermitted));
        }
        if !request.program.is_known() {
            return Some(Err(AccessError::Unidentified));
        }
        let is_signed_in = self
            .accounts
            .get(&request.account)
            .is_some_and(|entry| matches!(entry.account.status, AccountStatus::Connected { .. }));
        if !is_signed_in {
            return Some(Err(AccessError::NotSignedIn));
        }
        let mut grants = programs.grants.iter();
        if let Some((id, _)) = grants.find(|(_, grant)| grant.covers(request, now)) {
            return Some(Ok(AccessGranted::Grant(*id)));
        }
        if programs.prompts.was_refused(request, now) {
            return Some(Err(AccessError::Refused));
        }
        if !rules.can_ask {
            return Some(Err(AccessError::CannotAsk));
        }
        None
    }

    fn access_answered(
        &mut self,
        step: &mut Step,
        id: GrantId,
        answer: AccessAnswer,
        now: Timestamp,
    ) {
        let is_asked = |(request, _): (&AccessRequest, Timestamp)| {
            request.id == id && may_answer(request, answer)
        };
        if !self.programs.prompts.asked().is_some_and(is_asked) {
            return;
        }
        let Some((request, waiting)) = self.programs.prompts.take_asked() else {
            return;
        };
        let granted = match (answer, Grant::new(&request, answer, now)) {
            (AccessAnswer::DontAllow, _) => {
                self.programs.prompts.refuse(request, now);
                step.refuse_all(waiting, AccessError::Refused);
                return;
            }
            (_, Some(grant)) => {
                step.change(RecordName::Grant(id));
                self.programs.grants.insert(id, grant);
                AccessGranted::Grant(id)
            }
            (_, None) => AccessGranted::Once,
        };
        for waiting in waiting {
            step.answer_access(waiting, Ok(granted));
        }
    }

    /// Asks the next question, if none is asked, and none that has been answered since it began to wait.
    fn ask_next(&mut self, step: &mut Step, rules: Rules, now: Timestamp) {
        while self.programs.prompts.asked().is_none() {
            let Some(next) = self.programs.prompts.next_waiting() else {
                return;
            };
            // A grant or a refusal that was given meanwhile answers it, too.
            if let Some(result) = self.judge(next, rules, now) {
                for waiting in self.programs.prompts.take_next() {
                    step.answer_access(waiting, result);
                }
                continue;
            }
            self.programs.prompts.ask_next(now);
            step.run(Effect::BringToFront);
        }
    }

    fn grant_used(&mut self, id: GrantId, now: Timestamp) -> Step {
        let grant = self.programs.grants.get_mut(&id);
        let Some(grant) = grant.filter(|grant| grant.is_live(now)) else {
            return unchanged();
        };
        let is_recent = |at: Timestamp| now.duration_since(at).abs() < USE_INTERVAL;
        if grant.used_at.is_some_and(is_recent) {
            return unchanged();
        }
        grant.used_at = Some(now);
        let mut step = Step::default();
        step.change(RecordName::Grant(id));
        step
    }

    /// Takes a grant back. If its program holds the access token, the account is renewed, which ends that; the
    /// record stays until then, so that an app that is killed meanwhile renews after its next start.
    fn stop_grant(&mut self, step: &mut Step, id: GrantId, now: Timestamp) {
        let Some(grant) = self.programs.grants.get_mut(&id) else {
            return;
        };
        step.change(RecordName::Grant(id));
        if grant.holds_token {
            grant.is_stopped = true;
            let account = grant.account;
            self.end_handed_out_token(step, account, now);
        } else {
            self.programs.grants.remove(&id);
        }
    }

    fn end_handed_out_token(&mut self, step: &mut Step, account: AccountKey, now: Timestamp) {
        if let Some(entry) = self.accounts.get_mut(&account) {
            // Where that can't be now, the renewal that is planned does it.
            if let Ok(renewal) = entry.begin_renewal(account, RenewalReason::Stopped, now) {
                step.append(renewal);
            }
        }
    }

    /// Continues what an earlier run of the app left.
    pub(super) fn resume_programs(&mut self, step: &mut Step, now: Timestamp) {
        let known = |grant: &Grant| self.accounts.contains_key(&grant.account);
        let orphans: Vec<_> = self
            .programs
            .grants
            .iter()
            .filter(|(_, grant)| !known(grant))
            .map(|(id, _)| *id)
            .collect();
        for id in orphans {
            self.programs.grants.remove(&id);
            step.change(RecordName::Grant(id));
        }
        self.remove_ended_grants(step, now);
        self.end_stopped_tokens(step, now);
    }

    /// Renews the accounts whose token a stopped program holds.
    pub(super) fn end_stopped_tokens(&mut self, step: &mut Step, now: Timestamp) {
        let stopped = self
            .programs
            .grants
            .values()
            .filter(|grant| grant.is_stopped);
        let accounts: BTreeSet<_> = stopped.map(|grant| grant.account).collect();
        for account in accounts {
            self.end_handed_out_token(step, account, now);
        }
    }

    fn remove_ended_grants(&mut self, step: &mut Step, now: Timestamp) {
        let ended: Vec<_> = self
            .programs
            .grants
            .iter()
            .filter(|(_, grant)| !grant.is_stopped && !grant.is_live(now))
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            self.stop_grant(step, id, now);
        }
    }

    /// Removes an account's grants: it was signed out, or set up for another client.
    pub(super) fn remove_grants_of(&mut self, step: &mut Step, account: AccountKey) {
        self.programs.grants.retain(|id, grant| {
            let stays = grant.account != account;
            if !stays {
                step.change(RecordName::Grant(*id));
            }
            stays
        });
        let dropped = self
            .programs
            .prompts
            .retain(|request| request.account != account);
        step.refuse_all(dropped, AccessError::NotSignedIn);
    }

    /// Removes all grants: they were given under another set-up.
    pub(super) fn remove_all_grants(&mut self, step: &mut Step) {
        for id in std::mem::take(&mut self.programs.grants).into_keys() {
            step.change(RecordName::Grant(id));
        }
        let dropped = self.programs.prompts.retain(|_| false);
        step.refuse_all(dropped, AccessError::NotSignedIn);
    }

    /// The account's tokens are new: those that programs were handed have ended.
    pub(super) fn handed_out_tokens_ended(&mut self, step: &mut Step, account: AccountKey) {
        self.programs.grants.retain(|id, grant| {
            if grant.account == account && grant.holds_token {
                grant.holds_token = false;
                step.change(RecordName::Grant(*id));
            }
            grant.account != account || !grant.is_stopped
        });
    }

    /// Gives an account's grants its new key. Who asks under the earlier one is refused, and may ask again.
    pub(super) fn rename_grants(&mut self, step: &mut Step, from: AccountKey, to: AccountKey) {
        let dropped = self
            .programs
            .prompts
            .retain(|request| request.account != from);
        step.refuse_all(dropped, AccessError::NotSignedIn);
        for (id, grant) in &mut self.programs.grants {
            if grant.account == from {
                grant.account = to;
                step.change(RecordName::Grant(*id));
            }
        }
    }
}

impl Programs {
    /// The grants that the vault held.
    pub(super) fn new(grants: BTreeMap<GrantId, Grant>) -> Self {
        Self {
            grants,
            ..Self::default()
        }
    }

    /// Whether a stopped program holds the account's token.
    pub(super) fn awaits_renewal(&self, account: AccountKey) -> bool {
        let mut grants = self.grants.values();
        grants.any(|grant| grant.is_stopped && grant.account == account)
    }

    pub(super) fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(&id)
    }

    /// Whether nothing of it would be lost with this process.
    pub(super) fn is_quiescent(&self) -> bool {
        let Self {
            grants: _,
            prompts,
            wakes_at: _,
        } = self;
        prompts.is_empty()
    }
}

impl Step {
    fn refuse_all(&mut self, requests: Vec<GrantId>, why: AccessError) {
        for id in requests {
            self.answer_access(id, Err(why));
        }
    }
}

fn unchanged() -> Step {
    Step {
        outcome: CommandOutcome::Unchanged,
        ..Step::default()
    }
}
