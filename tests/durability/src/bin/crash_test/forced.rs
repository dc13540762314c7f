//! Kills at the entry of each system call that makes something durable. The outcome of each is known
//! exactly.

use std::fmt::Write as _;
use std::time::Duration;

use durability::{Result, TestError};
use tokio::time::sleep;

use crate::harness::{Harness, Outcome};
use crate::tally::{Name, Tally};
use crate::trace::{self, Call, KillAt, Step, StepKind, Target, Tracer, sent};
use crate::unexpected_output;
use crate::verdict::{Scenario, Verdict};

/// How often a kill that hit the wrong call is tried again.
const MAX_TRIES: usize = 20;

/// How long the vault's thread needs to become idle.
const SETTLE_TIME: Duration = Duration::from_millis(5);

/// The required outcome of a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) verdict: Verdict,
    /// Whether the attempt is still pending after the restart.
    is_pending: bool,
}

impl Expected {
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            is_pending: false,
        }
    }

    pub(crate) fn is_met_by(&self, outcome: &Outcome) -> bool {
        self.verdict == outcome.verdict && self.is_pending == outcome.was_pending
    }
}

/// What the three commits of a scenario make durable.
fn commits(scenario: Scenario) -> [&'static str; 3] {
    match scenario {
        Scenario::Refresh => ["the intent", "the new pair", "the check"],
        Scenario::FirstSignIn | Scenario::RepeatedSignIn => {
            ["the attempt forgotten", "the unclaimed pair", "the account"]
        }
    }
}

/// The required outcome of a kill before or after the rename of a commit. The rename decides, since
/// the process dies and not the computer.
pub(crate) fn expected(scenario: Scenario, commit: usize, is_renamed: bool) -> Expected {
    let verdict = match (scenario, commit, is_renamed) {
        // The pair is on the disk.
        (_, 1, true) | (_, 2, _) => Verdict::New,
        // The request wasn't sent yet; or the new pair was in memory only, and the one before lives,
        // because Amiqus doesn't rotate for a code.
        (_, 0, _) | (Scenario::RepeatedSignIn, ..) => Verdict::Old,
        _ => Verdict::Justified,
    };
    Expected {
        verdict,
        is_pending: scenario != Scenario::Refresh && commit == 0 && !is_renamed,
    }
}

/// Traces one undisturbed run of each scenario, checks that everything is durable before anything acts
/// on it, and kills at every step of it.
///
/// Returns the outcomes that differ from the required ones.
pub(crate) async fn kill_at_each_call(
    harness: &mut Harness,
    tally: &mut Tally,
) -> Result<Vec<String>> {
    let mut unexpected = Vec::new();
    for scenario in Scenario::ALL {
        let (calls, steps) = undisturbed(harness, scenario).await?;
        if let Err(disorder) = in_order(scenario, &calls, &steps) {
            // The required outcomes depend on the order.
            unexpected.push(format!("{scenario}: {disorder}"));
            continue;
        }
        for step in &steps {
            let commit = commits(scenario).get(step.commit).copied().unwrap_or("?");
            let name = Name {
                of: format!("{scenario}, {commit}"),
                step: step.describe(),
            };
            let is_renamed = steps.iter().any(|other| {
                other.commit == step.commit
                    && other.kind == StepKind::Rename
                    && other.began < step.began
            });
            let expected = expected(scenario, step.commit, is_renamed);
            let mut kill_at = step.kill_at.clone();
            let mut tries = 0;
            loop {
                let (outcome, run) = kill_at_call(harness, scenario, &kill_at).await?;
                let reached = trace::steps(&run, &harness.computer.vault());
                let is_hit = reached
                    .last()
                    .is_some_and(|last| last.ended.is_none() && last.is_like(step));
                if let Some(outcome) = outcome {
                    if is_hit && !expected.is_met_by(&outcome) {
                        unexpected.push(not_as_expected(&name, &expected, &outcome));
                    }
                    note(harness, tally, is_hit.then_some(&name), &outcome).await?;
                }
                if is_hit {
                    break;
                }
                tries += 1;
                if tries == MAX_TRIES {
                    return Err(unexpected_output(format!(
                        "{MAX_TRIES} kills did not hit {name}"
                    )));
                }
                kill_at = trace::aim(step, &steps, &run, &reached);
            }
        }
    }
    Ok(unexpected)
}

/// Counts a kill, whether or not it hit a named step; replaces the harness if it did damage.
pub(crate) async fn note(
    harness: &mut Harness,
    tally: &mut Tally,
    name: Option<&Name>,
    outcome: &Outcome,
) -> Result<()> {
    if !outcome.is_good() {
        let place = name.as_ref().map(ToString::to_string);
        crate::explain(
            harness,
            &place.unwrap_or_else(|| "a step".to_owned()),
            outcome,
        );
        *harness = Harness::set_up().await?;
    }
    match name {
        Some(name) => tally.at_step(name, outcome),
        None => tally.off_target(outcome),
    }
    Ok(())
}

pub(crate) fn not_as_expected(name: &Name, expected: &Expected, outcome: &Outcome) -> String {
    let mut text = format!("{name}: expected {}", expected.verdict);
    if expected.is_pending {
        text.push_str(", pending");
    }
    // Writing to a String can't fail.
    let _ = write!(text, ", found {:?}", outcome.verdict);
    if outcome.was_pending {
        text.push_str(", pending");
    }
    text
}

/// The steps of an undisturbed run, and its system calls.
async fn undisturbed(harness: &mut Harness, scenario: Scenario) -> Result<(Vec<Call>, Vec<Step>)> {
    let case = harness.prepare(scenario).await?;
    let process = harness.app()?.process_id();
    let file = harness.computer.keychain.folder().join("trace");
    sleep(SETTLE_TIME).await;
    let tracer = Tracer::attach(Target::Process(process), None, file).await?;
    let number = harness.begin(&case)?;
    harness.wait_for(&case, number).await?;
    let calls = tracer.seen().await?;
    harness.reset().await?;
    let steps = trace::steps(&calls, &harness.computer.vault());
    Ok((calls, steps))
}

/// Checks that the commits are complete, that no request precedes the commit it depends on, and that
/// nothing is reported before it is durable.
fn in_order(scenario: Scenario, calls: &[Call], steps: &[Step]) -> std::result::Result<(), String> {
    let ended = |commit: usize, kind: StepKind| {
        let mut found = steps.iter().rev();
        let found = found.find(|step| step.commit == commit && step.kind == kind);
        found
            .and_then(|step| step.ended)
            .ok_or_else(|| format!("commit {} has no {kind:?}", commit + 1))
    };
    let count = steps.iter().map(|step| step.commit + 1).max().unwrap_or(0);
    if count != commits(scenario).len() {
        return Err(format!("there were {count} commits"));
    }
    let mut durable = Vec::new();
    for commit in 0..count {
        let whole = [
            ended(commit, StepKind::Create)?,
            ended(commit, StepKind::Write)?,
            ended(commit, StepKind::SyncFile)?,
            ended(commit, StepKind::Rename)?,
            ended(commit, StepKind::SyncFolder)?,
        ];
        if !whole.is_sorted() {
            return Err(format!("commit {} is out of order: {whole:?}", commit + 1));
        }
        durable.push(ended(commit, StepKind::SyncFolder)?);
    }
    let [first, second, third] = durable[..] else {
        return Err("there are not three commits".to_owned());
    };
    let sent = |text: &str| sent(calls, text, 0).ok_or_else(|| format!("{text:?} was not sent"));
    let posted = sent("POST /oauth/token")?;
    let asked = sent("GET /api/v2/me")?;
    let (shown, what) = match scenario {
        // The outcome of the run's only command.
        Scenario::Refresh => (sent(r#"{\"done\""#)?, second),
        // The first signed-in state comes after the last commit; the one before shows the wait.
        _ => (sent(r#"\"screen\":{\"state\":\"signed-in\""#)?, third),
    };
    for (before, after, rule) in [
        (
            first,
            posted,
            "the first commit is durable before the request",
        ),
        (posted, second, "the second commit follows the request"),
        (second, asked, "the new pair is durable before it is used"),
        (what, shown, "a report follows its commit"),
    ] {
        if before >= after {
            return Err(format!("violated: {rule}"));
        }
    }
    Ok(())
}

/// Kills at one call; also returns the vault thread's system calls until then. There is no
/// outcome if the call was never made.
async fn kill_at_call(
    harness: &mut Harness,
    scenario: Scenario,
    kill_at: &KillAt,
) -> Result<(Option<Outcome>, Vec<Call>)> {
    let case = harness.prepare(scenario).await?;
    let thread = harness.app()?.vault_thread();
    let file = harness.computer.keychain.folder().join("trace");
    // The thread has just finished other work and is still waking its waiters.
    sleep(SETTLE_TIME).await;
    let tracer = Tracer::attach(Target::Thread(thread), Some(kill_at), file).await?;
    // If attaching took long, the process may be dead already; the wait reports that.
    let number = harness.begin(&case).unwrap_or(0);
    let is_over = match harness.wait_for(&case, number).await {
        Ok(()) => true,
        Err(TestError::AppExited { .. }) => false,
        Err(trouble) => return Err(trouble),
    };
    let run = tracer.seen().await?;
    // It may also have been killed just after it finished.
    if is_over && harness.reset().await.is_ok() {
        return Ok((None, run));
    }
    let killed = harness.until_killed(case, number).await?;
    Ok((Some(harness.aftermath(killed, None).await), run))
}

/// Checks that the system allows tracing, before anything is killed.
pub(crate) async fn check_tracing(harness: &mut Harness) -> Result<()> {
    let process = harness.app()?.process_id();
    let file = harness.computer.keychain.folder().join("trace");
    let tracer = Tracer::attach(Target::Process(process), None, file).await?;
    let calls = tracer.seen().await;
    calls.map(drop).map_err(|trouble| TestError::ProgramFailed {
        program: "strace".to_owned(),
        output: trouble.to_string(),
    })
}
