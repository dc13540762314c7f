//! Kills at every named moment of a request on the network. What must come of each is known exactly.

use std::time::Duration;

use durability::Result;
use practice_amiqus::{Endpoint, Fault, FaultPlan};
use tokio::time::{Instant, sleep};

use crate::forced::{Expected, expected, not_as_expected, note};
use crate::nonsense;
use crate::scene::{Killed, Scene};
use crate::tally::{Name, Tally};
use crate::verdict::{Scenario, Verdict};
use crate::waiting::until;

/// How long a delay is during which something is killed.
const DELAY: Duration = Duration::from_millis(150);

/// How long a delay is during which the app is started again, too.
const LONG_DELAY: Duration = Duration::from_secs(2);

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
enum When {
    /// As soon as the service has got so many requests to this path.
    Requested(&'static str, usize),
    /// As soon as the service has given a new pair away.
    Granted,
    /// A little after that.
    GrantedAndMore(Duration),
}

/// A moment on the network.
struct Moment {
    name: &'static str,
    scenario: Scenario,
    faults: Vec<FaultPlan>,
    when: When,
    posts: usize,
    /// Whether the app is started again, and comes to know how the account stands, while the service
    /// has not processed the request yet.
    starts_early: bool,
    verdict: Verdict,
}

/// Kills at each moment. Says what did not come out as it must.
pub(crate) async fn kill_at_each(scene: &mut Scene, tally: &mut Tally) -> Result<Vec<String>> {
    let mut unexpected = Vec::new();
    for moment in moments() {
        let name = Name {
            of: format!("{}, on the network", moment.scenario),
            step: moment.name.to_owned(),
        };
        let expected = Expected::of(moment.verdict.clone());
        let killed = kill_at_moment(scene, moment).await?;
        let outcome = scene.aftermath(killed, None).await;
        if !expected.is_met_by(&outcome) {
            unexpected.push(not_as_expected(&name, &expected, &outcome));
        }
        note(scene, tally, Some(&name), &outcome).await?;
    }
    Ok(unexpected)
}

async fn kill_at_moment(scene: &mut Scene, moment: Moment) -> Result<Killed> {
    let case = scene.prepare(moment.scenario).await?;
    let amiqus = &scene.computer.amiqus;
    for fault in moment.faults {
        amiqus.set_fault(fault);
    }
    let number = scene.begin(&case)?;
    let amiqus = &scene.computer.amiqus;
    match moment.when {
        When::Requested(path, count) => {
            until("Amiqus gets a request", || {
                amiqus.requests_to(path).len() >= count
            })
            .await?;
        }
        When::Granted | When::GrantedAndMore(_) => {
            until("Amiqus gives a new pair away", || scene.is_granted(&case)).await?;
        }
    }
    if let When::GrantedAndMore(more) = moment.when {
        sleep(more).await;
    }
    let mut killed = scene.kill(case, number, Instant::now()).await?;
    killed.posts_allowed = moment.posts;
    if moment.starts_early {
        scene.restart_between().await?;
        if scene.is_granted(&killed.case) {
            return Err(nonsense("the app did not start before Amiqus was done"));
        }
        until("Amiqus gives a new pair away", || {
            scene.is_granted(&killed.case)
        })
        .await?;
    }
    // Amiqus goes on with what it got.
    sleep(DELAY + Duration::from_millis(20)).await;
    scene.computer.amiqus.clear_faults();
    Ok(killed)
}

/// All of them.
fn moments() -> Vec<Moment> {
    let everywhere = Scenario::ALL.into_iter().flat_map(moments_of);
    everywhere.chain(moments_without_an_answer()).collect()
}

/// The moments that each scenario has.
fn moments_of(scenario: Scenario) -> [Moment; 4] {
    let token = match scenario {
        Scenario::Refresh => Endpoint::TokenRefresh,
        Scenario::FirstSignIn | Scenario::RepeatedSignIn => Endpoint::TokenExchange,
    };
    let without_the_answer = || expected(scenario, 1, false).verdict;
    let moment = |name, fault: Fault, endpoint, when, verdict| Moment {
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
        moment(
            "the request for tokens is on its way",
            Fault::DelayBeforeProcessing { ms },
            token,
            When::Requested("/oauth/token", 1),
            without_the_answer(),
        ),
        moment(
            "processed, and no answer yet",
            Fault::DelayAfterProcessing { ms },
            token,
            When::Granted,
            without_the_answer(),
        ),
        moment(
            "a part of the answer is there",
            Fault::SlowBody,
            token,
            When::GrantedAndMore(Duration::from_millis(30)),
            without_the_answer(),
        ),
        moment(
            "/me is on its way",
            Fault::DelayBeforeProcessing { ms },
            Endpoint::Me,
            When::Requested("/api/v2/me", 1),
            Verdict::New,
        ),
    ]
}

/// The moments of a refresh whose answer does not come.
fn moments_without_an_answer() -> [Moment; 4] {
    let refresh = |name, faults, when, verdict| Moment {
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
        Moment {
            posts: 2,
            ..refresh(
                "the answer was lost, and the last try is on its way",
                vec![once(Fault::LoseAnswer), slow(DELAY, Endpoint::TokenRefresh)],
                When::Requested("/oauth/token", 2),
                Verdict::Justified,
            )
        },
        Moment {
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
