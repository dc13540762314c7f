//! One case: what is killed, and its outcome.

use durability::ExitReport;
use durability::protocol::Command;

use super::accounts::TestAccount;
use crate::verdict::{Scenario, Verdict};

/// A case that is prepared.
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    pub(super) command: Command,
    pub(super) code: Option<String>,
    pub(super) renews_by: Option<String>,
    pub(super) as_of: Option<String>,
}

/// A case whose process was killed.
pub(crate) struct KilledRun {
    pub(crate) case: Case,
    pub(super) report: ExitReport,
    /// The number of its command.
    pub(super) number: u64,
    /// How often its token may have been posted: once, unless an answer was lost on purpose.
    pub(crate) max_posts: usize,
}

impl KilledRun {
    pub(super) fn new(case: Case, number: u64, report: ExitReport) -> Self {
        Self {
            case,
            report,
            number,
            max_posts: 1,
        }
    }

    /// Whether the killed process had reported the new pair.
    pub(super) fn had_reported_new_pair(&self, victim: &TestAccount) -> bool {
        let state = self.report.state.as_ref();
        let account = state.and_then(|state| state.account(victim.email, victim.team));
        let shows_new = account.is_some_and(|account| {
            account.is_connected() && account.renews_by != self.case.renews_by
        });
        // A link's command succeeds at once; only the state shows its effect.
        let reported_done =
            self.case.scenario == Scenario::Refresh && self.report.reported_done(self.number);
        shows_new || reported_done
    }
}

/// The outcome of a case.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// Whether the attempt was still pending after the restart.
    pub(crate) was_pending: bool,
    /// What is wrong with other accounts.
    pub(crate) others_damaged: Vec<String>,
    /// How often the restarted process was killed as well.
    pub(crate) killed_again: u32,
}

impl Outcome {
    pub(crate) fn is_good(&self) -> bool {
        self.others_damaged.is_empty() && !matches!(self.verdict, Verdict::Lost(_))
    }
}
