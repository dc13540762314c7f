//! Kills at random moments.

use std::collections::BTreeMap;
use std::time::Duration;

use durability::Result;
use fastrand::Rng;
use practice_amiqus::{Endpoint, Fault};
use tokio::time::{Instant, sleep};

use crate::harness::Harness;
use crate::tally::Tally;
use crate::verdict::Scenario;

/// How often each scenario is measured before kills begin.
const MEASUREMENTS: usize = 5;

/// The kill window, as a multiple of the scenario's time: some kills come after its end.
const OVERRUN: f64 = 1.3;

/// The service's longest delay.
const MAX_DELAY_MS: u64 = 20;

/// After how many kills progress is printed.
const PROGRESS_INTERVAL: u32 = 100;

/// The random choices of one kill. All are always drawn, so that a seed repeats a run's choices
/// independently of their outcomes.
#[derive(Debug)]
struct RandomKill {
    scenario: Scenario,
    /// The share of the scenario's time after which the process is killed.
    share: f64,
    delay: Option<Fault>,
    delay_ms: u64,
    /// Whether the restarted process is killed too, and after which share of the time it needs.
    again: Option<f64>,
}

impl RandomKill {
    fn draw(rng: &mut Rng) -> Self {
        let scenario = rng.usize(..Scenario::ALL.len());
        let share = rng.f64() * OVERRUN;
        let delay = rng.u8(..4);
        let ms = rng.u64(1..=MAX_DELAY_MS);
        let again = rng.u8(..4) == 0;
        let share_again = rng.f64() * OVERRUN;
        let delay = match delay {
            0 => Some(Fault::DelayBeforeProcessing { ms }),
            1 => Some(Fault::DelayAfterProcessing { ms }),
            _ => None,
        };
        Self {
            scenario: Scenario::ALL[scenario],
            share,
            delay_ms: delay.as_ref().map_or(0, |_| ms),
            delay,
            again: again.then_some(share_again),
        }
    }
}

/// Runs the random kills.
pub(crate) async fn kill(
    harness: &mut Harness,
    tally: &mut Tally,
    kills: u32,
    seed: u64,
) -> Result<()> {
    let mut takes = BTreeMap::new();
    for scenario in Scenario::ALL {
        let mut times = Vec::new();
        for _ in 0..MEASUREMENTS {
            let case = harness.prepare(scenario).await?;
            let number = harness.begin(&case)?;
            times.push(harness.finish(&case, number).await?);
        }
        times.sort();
        let median = times.get(MEASUREMENTS / 2).copied().unwrap_or_default();
        takes.insert(scenario, median);
    }

    let mut rng = Rng::with_seed(seed);
    for number in 1..=kills {
        let choice = RandomKill::draw(&mut rng);
        let delay = Duration::from_millis(choice.delay_ms);
        let case = harness.prepare(choice.scenario).await?;
        if let Some(fault) = choice.delay.clone() {
            let endpoint = match choice.scenario {
                Scenario::Refresh => Endpoint::TokenRefresh,
                Scenario::FirstSignIn | Scenario::RepeatedSignIn => Endpoint::TokenExchange,
            };
            harness
                .computer
                .amiqus
                .set_fault(fault.at(endpoint).times(1));
        }
        let took = takes.get(&choice.scenario).copied().unwrap_or_default() + delay;
        let at = Instant::now() + took.mul_f64(choice.share);
        let command = harness.begin(&case)?;
        let killed = harness.kill(case, command, at).await?;
        if choice.delay.is_some() {
            // Amiqus continues with the request; no real user restarts the app that fast.
            sleep(delay + Duration::from_millis(5)).await;
            harness.computer.amiqus.clear_faults();
        }
        let outcome = harness.aftermath(killed, choice.again).await;
        tally.at_random(choice.scenario, &outcome);
        if !outcome.is_good() {
            crate::explain(harness, &format!("kill {number}, {choice:?}"), &outcome);
            *harness = Harness::set_up().await?;
        }
        if number % PROGRESS_INTERVAL == 0 {
            crate::print_progress(&format!("{number} of {kills} kills at random moments"));
        }
    }
    Ok(())
}
