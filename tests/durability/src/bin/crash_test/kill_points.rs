//! Kills at every named moment of a request on the network. The outcome of each is known exactly.

use std::time::Duration;

use durability::Result;
use practice_amiqus::{Endpoint, Fault, FaultPlan};
use tokio::time::{Instant, sleep};

use crate::forced::{Expected, expected, not_as_expected, note};
use crate::harness::{Harness, KilledRun};
use crate::tally::{Name, Tally};
use crate::unexpected_output;
use crate::verdict::{Scenario, Verdict};
use crate::waiting::until;

/// The delay of a response during which the app is killed.
const DELAY: Duration = Duration::from_millis(150);

/// The delay of a response during which the app is also restarted.
const LONG_DELAY: Duration = Duration::from_secs(2);

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
enum When {
    /// As soon as the service has received this many requests to this path.
    Requested(&'static str, usize),
    /// As soon as the service has issued a new pair.
    Granted,
    /// This long after the service has issued a new pair.
    GrantedAndMore(Duration),
}

/// A moment on the network.
struct KillPoint {
    name: &'static str,
    scenario: Scenario,
    faults: Vec<FaultPlan>,
    when: When,
    posts: usize,
    /// Whether the app is started again, and learns the account's status, while the service
    /// has not processed the request yet.
    starts_early: bool,
    verdict: Verdict,
}

/// Kills at each moment. Returns the outcomes that differ from the required ones.
pub(crate) async fn kill_at_each(harness: &mut Harness, tally: &mut Tally) -> Result<Vec<String>> {
    let mut unexpected = Vec::new();
    for kill_point in kill_points() {
        let name = Name {
            of: format!("{}, on the network", kill_point.scenario),
            step: kill_point.name.to_owned(),
        };
        let expected = Expected::of(kill_point.verdict.clone());
        let killed = kill_at_point(harness, kill_point).await?;
        let outcome = harness.aftermath(killed, None).await;
        if !expected.is_met_by(&outcome) {
            unexpected.push(not_as_expected(&name, &expected, &outcome));
        }
        note(harness, tally, Some(&name), &outcome).await?;
    }
    Ok(unexpected)
}

async fn kill_at_point(harness: &mut Harness, kill_point: KillPoint) -> Result<KilledRun> {
    let case = harness.prepare(kill_point.scenario).await?;
    let amiqus = &harness.computer.amiqus;
    for fault in kill_point.faults {
        amiqus.set_fault(fault);
    }
    let number = harness.begin(&case)?;
    let amiqus = &harness.computer.amiqus;
    match kill_point.when {
        When::Requested(path, count) => {
            until("Amiqus gets a request", || {
                amiqus.requests_to(path).len() >= count
            })
            .await?;
        }
        When::Granted | When::GrantedAndMore(_) => {
            until("Amiqus issues a new pair", || harness.is_granted(&case)).await?;
        }
    }
    if let When::GrantedAndMore(more) = kill_point.when {
        sleep(more).await;
    }
    let mut killed = harness.kill(case, number, Instant::now()).await?;
    killed.max_posts = kill_point.posts;
    if kill_point.starts_early {
        harness.restart_between().await?;
        if harness.is_granted(&killed.case) {
            return Err(unexpected_output(
                "the app did not start before Amiqus was done",
            ));
        }
        until("Amiqus issues a new pair", || {
            harness.is_granted(&killed.case)
        })
        .await?;
    }
    // Amiqus continues with the request that it received.
    sleep(DELAY + Duration::from_millis(20)).await;
    harness.computer.amiqus.clear_faults();
    Ok(killed)
}

/// Every kill point.
fn kill_points() -> Vec<KillPoint> {
    let everywhere = Scenario::ALL.into_iter().flat_map(kill_points_of);
    everywhere.chain(kill_points_without_response()).collect()
}

/// The moments that each scenario has.
fn kill_points_of(scenario: Scenario) -> [KillPoint; 4] {
    let token = match scenario {
        Scenario::Refresh => Endpoint::TokenRefresh,
        Scenario::FirstSignIn | Scenario::RepeatedSignIn => Endpoint::TokenExchange,
    };
    let without_the_answer = || expected(scenario, 1, false).verdict;
    let kill_point = |name, fault: Fault, endpoint, when, verdict| KillPoint {
        name,
        scenario,
        faults: vec![fault.at(endpoint).times(1)],
        when,
        posts: 1,
        starts_early: false,
        verdict,
    };
    let ms = milliseconds(DELAY);
    [
        kill_point(
            "the request for tokens is on its way",
            Fault::DelayBeforeProcessing { ms },
            token,
            When::Requested("/oauth/token", 1),
            without_the_answer(),
        ),
        kill_point(
            "processed, and no answer yet",
            Fault::DelayAfterProcessing { ms },
            token,
            When::Granted,
            without_the_answer(),
        ),
        kill_point(
            "a part of the answer is there",
            Fault::SlowBody,
            token,
            When::GrantedAndMore(Duration::from_millis(30)),
            without_the_answer(),
        ),
        kill_point(
            "/me is on its way",
            Fault::DelayBeforeProcessing { ms },
            Endpoint::Me,
            When::Requested("/api/v2/me", 1),
            Verdict::New,
        ),
    ]
}

/// The kill points of a refresh whose response is lost.
fn kill_points_without_response() -> [KillPoint; 4] {
    let refresh = |name, faults, when, verdict| KillPoint {
        name,
        scenario: Scenario::Refresh,
        faults,
        when,
        posts: 1,
        starts_early: false,
        verdict,
    };
    let slow = |delay, endpoint| {
        let ms = milliseconds(delay);
        Fault::DelayBeforeProcessing { ms }.at(endpoint).times(1)
    };
    let once = |fault: Fault| fault.at(Endpoint::TokenRefresh).times(1);
    [
        refresh(
            "the answer was lost, and the old pair is being tried",
            vec![once(Fault::LoseAnswer), slow(DELAY, Endpoint::Status)],
            When::Requested("/api/v2/status", 1),
            Verdict::Justified,
        ),
        KillPoint {
            posts: 2,
            ..refresh(
                "the answer was lost, and the last try is on its way",
                vec![once(Fault::LoseAnswer), slow(DELAY, Endpoint::TokenRefresh)],
                When::Requested("/oauth/token", 2),
                Verdict::Justified,
            )
        },
        KillPoint {
            starts_early: true,
            ..refresh(
                "on its way, and the app is started again before it is processed",
                vec![slow(LONG_DELAY, Endpoint::TokenRefresh)],
                When::Requested("/oauth/token", 1),
                Verdict::Justified,
            )
        },
        refresh(
            "the connection broke before it was processed, and the old pair is being tried",
            vec![
                once(Fault::DropBeforeProcessing),
                slow(DELAY, Endpoint::Status),
            ],
            When::Requested("/api/v2/status", 1),
            Verdict::Old,
        ),
    ]
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
