//! The result of one event: [`Step`].

use std::collections::BTreeSet;

use super::Effect;
use crate::account::AccountKey;
use crate::error::{Code, Problem};
use crate::program::{AccessError, AccessGranted, GrantId};
use crate::vault::RecordName;

/// An answer that any number of callers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PendingReply {
    /// The result of the account's renewal.
    Renewal(AccountKey),
    /// The result of the account's check.
    Check(AccountKey),
}

/// The reply to the command that caused a step.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The command is done or has begun; the state shows the rest.
    Accepted,
    /// The command is done and leads to no new state.
    Unchanged,
    /// The result comes later, as this reply.
    Pending(PendingReply),
    /// The command was not carried out.
    Refused(Problem),
}

/// What becomes of the problem that the window shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProblemChange {
    /// The problem stays as it is.
    #[default]
    Keep,
    /// No problem is shown any more.
    Clear,
    /// A problem with reaching or using Amiqus is cleared, any other one stays.
    ClearServiceProblem,
    /// This problem is shown in place of any other.
    Show(Problem),
}

impl ProblemChange {
    /// The one change that has the effect of this one, followed by another.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (this, Self::Keep)
            | (this @ (Self::Clear | Self::ClearServiceProblem), Self::ClearServiceProblem) => this,
            (Self::Keep, next) | (_, next @ (Self::Clear | Self::Show(_))) => next,
            (Self::Show(problem), Self::ClearServiceProblem) => {
                if is_about_the_service(problem.code) {
                    Self::Clear
                } else {
                    Self::Show(problem)
                }
            }
        }
    }

    /// Applies the change to the problem that is shown.
    pub(super) fn apply(&self, shown: &mut Option<Problem>) {
        match self {
            Self::Keep => {}
            Self::Clear => *shown = None,
            Self::ClearServiceProblem => {
                shown.take_if(|problem| is_about_the_service(problem.code));
            }
            Self::Show(problem) => *shown = Some(problem.clone()),
        }
    }
}

/// Whether a problem of this kind is over once Amiqus answers as it should.
fn is_about_the_service(code: Code) -> bool {
    matches!(
        code,
        Code::Offline
            | Code::ProxyNeedsPassword
            | Code::CertificateNotTrusted
            | Code::CaptivePortal
            | Code::ServerError
            | Code::AmiqusBusy
            | Code::UnexpectedResponse
            | Code::NotPermitted
            | Code::SetUpWrong
            | Code::RequestNotAccepted
    )
}

/// What one event leads to.
#[derive(Debug)]
pub struct Step {
    /// The records to make durable before anything else.
    pub changed: BTreeSet<RecordName>,
    /// What to do after that, in this order.
    pub effects: Vec<Effect>,
    /// What becomes of the problem that the window shows; the session has applied it already.
    pub problem: ProblemChange,
    /// The reply to the command that caused the step.
    pub outcome: CommandOutcome,
    /// Answers for callers that wait for them.
    pub answers: Vec<(PendingReply, Result<(), Problem>)>,
    /// Answers for programs that wait for access.
    pub access_answers: Vec<(GrantId, Result<AccessGranted, AccessError>)>,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            changed: BTreeSet::new(),
            effects: Vec::new(),
            problem: ProblemChange::Keep,
            outcome: CommandOutcome::Accepted,
            answers: Vec::new(),
            access_answers: Vec::new(),
        }
    }
}

impl Step {
    /// A step that changes nothing and refuses the command.
    pub(crate) fn refused(problem: impl Into<Problem>) -> Self {
        Self {
            outcome: CommandOutcome::Refused(problem.into()),
            ..Self::default()
        }
    }

    /// A step with this one effect.
    pub(super) fn running(effect: Effect) -> Self {
        let mut step = Self::default();
        step.run(effect);
        step
    }

    pub(crate) fn change(&mut self, name: RecordName) -> &mut Self {
        self.changed.insert(name);
        self
    }

    pub(crate) fn run(&mut self, effect: Effect) -> &mut Self {
        self.effects.push(effect);
        self
    }

    pub(crate) fn answer(&mut self, reply: PendingReply, result: Result<(), Problem>) -> &mut Self {
        self.answers.push((reply, result));
        self
    }

    pub(super) fn answer_access(
        &mut self,
        request: GrantId,
        result: Result<AccessGranted, AccessError>,
    ) -> &mut Self {
        self.access_answers.push((request, result));
        self
    }

    pub(super) fn clear_problem(&mut self) -> &mut Self {
        self.change_problem(ProblemChange::Clear)
    }

    pub(super) fn clear_service_problem(&mut self) -> &mut Self {
        self.change_problem(ProblemChange::ClearServiceProblem)
    }

    pub(super) fn show_problem(&mut self, problem: impl Into<Problem>) -> &mut Self {
        self.change_problem(ProblemChange::Show(problem.into()))
    }

    /// Shows this problem, or none, in place of any other.
    pub(super) fn replace_problem(&mut self, problem: Option<impl Into<Problem>>) -> &mut Self {
        match problem {
            Some(problem) => self.show_problem(problem),
            None => self.clear_problem(),
        }
    }

    fn change_problem(&mut self, change: ProblemChange) -> &mut Self {
        self.problem = std::mem::take(&mut self.problem).then(change);
        self
    }

    /// Adds everything of a later step to this one, except for its outcome.
    pub(crate) fn append(&mut self, later: Self) {
        self.changed.extend(later.changed);
        self.effects.extend(later.effects);
        self.change_problem(later.problem);
        self.answers.extend(later.answers);
        self.access_answers.extend(later.access_answers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combined_problem_change_equals_its_parts_in_sequence() {
        let changes = [
            ProblemChange::Keep,
            ProblemChange::Clear,
            ProblemChange::ClearServiceProblem,
            ProblemChange::Show(Code::Offline.into()),
            ProblemChange::Show(Code::AccessDenied.into()),
        ];
        for shown in [None, Some(Code::ServerError), Some(Code::CannotSave)] {
            for first in &changes {
                for second in &changes {
                    let mut in_sequence = shown.map(Problem::from);
                    first.apply(&mut in_sequence);
                    second.apply(&mut in_sequence);
                    let mut combined = shown.map(Problem::from);
                    first.clone().then(second.clone()).apply(&mut combined);
                    assert_eq!(combined, in_sequence, "{first:?}, {second:?}");
                }
            }
        }
    }
}
