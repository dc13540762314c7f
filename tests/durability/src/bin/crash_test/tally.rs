//! Counts the outcomes and formats them.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::harness::Outcome;
use crate::verdict::{Scenario, Verdict};

/// The counts of all kills.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    all: Counts,
    at_random: BTreeMap<Scenario, Counts>,
    at_steps: Vec<(Name, Verdict)>,
    /// Kills that were aimed at a step and hit another place.
    off_target: u32,
    /// Restarted processes that were killed too; each belongs to a kill that is counted already.
    during_restart: u32,
    others_damaged: u32,
}

/// The name of a step.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// The operation that the step belongs to.
    pub(crate) of: String,
    /// The step itself.
    pub(crate) step: String,
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.of, self.step)
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    kills: u32,
    old: u32,
    new: u32,
    justified: u32,
    lost: u32,
}

impl Counts {
    fn count(&mut self, verdict: &Verdict) {
        self.kills += 1;
        *match verdict {
            Verdict::Old => &mut self.old,
            Verdict::New => &mut self.new,
            Verdict::Justified => &mut self.justified,
            Verdict::Lost(_) => &mut self.lost,
        } += 1;
    }

    fn add_up(self) -> bool {
        self.old + self.new + self.justified + self.lost == self.kills
    }

    fn describe(self) -> String {
        format!(
            "{:5} kills: {:4} with the old pair, {:4} with the new pair, {:4} justified, {} lost",
            self.kills, self.old, self.new, self.justified, self.lost
        )
    }
}

impl Tally {
    /// Counts a kill at a random moment.
    pub(crate) fn at_random(&mut self, scenario: Scenario, outcome: &Outcome) {
        let counts = self.at_random.entry(scenario).or_default();
        counts.count(&outcome.verdict);
        self.count(outcome);
    }

    /// Counts a kill at a step that has a name.
    pub(crate) fn at_step(&mut self, name: &Name, outcome: &Outcome) {
        self.at_steps.push((name.clone(), outcome.verdict.clone()));
        self.count(outcome);
    }

    /// Counts a kill that missed the step that it was aimed at.
    pub(crate) fn off_target(&mut self, outcome: &Outcome) {
        self.off_target += 1;
        self.count(outcome);
    }

    fn count(&mut self, outcome: &Outcome) {
        self.all.count(&outcome.verdict);
        self.during_restart += outcome.killed_again;
        self.others_damaged += u32::from(!outcome.others_damaged.is_empty());
    }

    /// How many kills there were.
    pub(crate) fn kills(&self) -> u32 {
        self.all.kills
    }

    /// Whether nothing was lost, and the counts add up.
    pub(crate) fn is_good(&self) -> bool {
        self.all.lost == 0 && self.others_damaged == 0 && self.all.add_up()
    }

    /// The summary for a terminal.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        // Writing to a String can't fail.
        let mut line = |line: String| {
            let _ = writeln!(text, "{line}");
        };
        line("Killed at every step:".to_owned());
        let alike = self
            .at_steps
            .chunk_by(|(name, verdict), (next, same)| name.of == next.of && verdict == same);
        for steps in alike {
            let [(name, verdict), ..] = steps else {
                continue;
            };
            let names: Vec<_> = steps.iter().map(|(name, _)| name.step.as_str()).collect();
            line(format!("  {verdict:9}  {}: {}", name.of, names.join("; ")));
        }
        line(format!(
            "  (and {} that hit another place, and were tried again)",
            self.off_target
        ));
        line("Killed at a random moment of a:".to_owned());
        for (scenario, counts) in &self.at_random {
            line(format!("  {scenario:16} {}", counts.describe()));
        }
        line(format!(
            "  (and {} of the restarted processes once more, while they started)",
            self.during_restart
        ));
        line(format!("In all           {}", self.all.describe()));
        line(format!("Other accounts damaged: {}", self.others_damaged));
        text
    }

    /// The counts as one line of JSON.
    pub(crate) fn json(&self) -> String {
        let Counts {
            kills,
            old,
            new,
            justified,
            lost,
        } = self.all;
        format!(
            r#"{{"kills":{kills},"old":{old},"new":{new},"justified":{justified},"lost":{lost},"others_damaged":{}}}"#,
            self.others_damaged
        )
    }
}
