//! Outages as they come over the years, what they may lead to, and what they may not.

use jiff::{SignedDuration, Timestamp};
use practice_amiqus::{Endpoint, Fault, FaultPlan, RetryAfter};

use crate::world::World;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The longest wait between two probes.
const MAX_PROBE_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

/// How many further attempts are made because the tokens are about to expire: after nine tenths of
/// an hour, nine tenths of the rest, and once more.
const ATTEMPTS_BEFORE_EXPIRY: usize = 3;

/// How many obsolete timers may still fire, without a request.
const MAX_OBSOLETE_TIMERS: usize = 2;

/// The shortest and the longest outage, and the shortest and the longest gap between two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) outages: [SignedDuration; 2],
    pub(crate) gaps: [SignedDuration; 2],
}

/// The cause of an outage.
#[derive(Debug, Clone)]
enum OutageCause {
    NoNetwork,
    Fault(FaultPlan),
}

/// What a well-behaved client does during the outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExpectedBehaviour {
    /// It waits as `Retry-After` says.
    WaitsAsAsked(SignedDuration),
    /// It knows that the refresh was not processed, and sends it again, ever more rarely.
    Retries(SignedDuration),
    /// It doesn't know, because nothing answers: it probes the tokens, and sends no refresh.
    Probes,
    /// It doesn't know; the API tells that the tokens are valid, or later that they expired.
    ProbesAndLearns,
}

/// A period without a working token endpoint.
///
/// The refresh is never processed in it. An answer that is lost after that is another matter: then
/// the account needs the browser again, whatever the client does.
#[derive(Debug)]
pub(crate) struct Outage {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    cause: OutageCause,
    expected: ExpectedBehaviour,
    /// When networks come that don't end the outage.
    network_changes: Vec<Timestamp>,
    /// Whether a network change ends it. Outages of Amiqus end without an event.
    ends_with_network_change: bool,
}

fn causes() -> Vec<(OutageCause, ExpectedBehaviour)> {
    use ExpectedBehaviour::{Probes, ProbesAndLearns, Retries, WaitsAsAsked};

    let everywhere = |fault: Fault| OutageCause::Fault(fault.at(Endpoint::Any));
    let refreshes = |fault: Fault| OutageCause::Fault(fault.at(Endpoint::TokenRefresh));
    let maintenance = |retry_after| everywhere(Fault::ServiceUnavailable { retry_after });
    let retry_after = Some(RetryAfter::Seconds(2_400));
    let throttled = refreshes(Fault::TooManyRequests { retry_after });
    let retry_after = None;
    vec![
        (OutageCause::NoNetwork, Retries(MINUTE)),
        (everywhere(Fault::DropBeforeProcessing), Probes),
        (refreshes(Fault::DropBeforeProcessing), ProbesAndLearns),
        (maintenance(None), Probes),
        (
            maintenance(Some(RetryAfter::Seconds(1_800))),
            WaitsAsAsked(MINUTE * 30),
        ),
        (
            maintenance(Some(RetryAfter::HttpDateIn(1_200))),
            // A date has no fractions of a second.
            WaitsAsAsked(MINUTE * 20 - SECOND),
        ),
        (maintenance(Some(RetryAfter::Absurd)), WaitsAsAsked(HOUR)),
        (maintenance(Some(RetryAfter::Nonsense)), Probes),
        (throttled, WaitsAsAsked(MINUTE * 40)),
        (
            everywhere(Fault::InternalServerError { retry_after }),
            Probes,
        ),
        (
            refreshes(Fault::InternalServerError { retry_after }),
            ProbesAndLearns,
        ),
        (everywhere(Fault::BadGateway { retry_after }), Probes),
        (everywhere(Fault::HtmlWith200), Probes),
        (refreshes(Fault::HtmlWith200), ProbesAndLearns),
        (everywhere(Fault::Forbidden), Retries(MINUTE * 15)),
    ]
}

/// The outages within this span, in order.
pub(crate) fn over(
    start: Timestamp,
    span: SignedDuration,
    weather: Weather,
    random: &mut fastrand::Rng,
) -> Vec<Outage> {
    let mut outages = Vec::new();
    let mut from = start + any(random, weather.gaps);
    loop {
        let length = any(random, weather.outages);
        let to = from + length;
        if to > start + span {
            return outages;
        }
        let (cause, expected) = random.choice(causes()).unwrap();
        let mut network_changes: Vec<_> = (0..random.usize(0..=2))
            .map(|_| from + part(length, random.f64()))
            .collect();
        network_changes.sort_unstable();
        outages.push(Outage {
            from,
            to,
            cause,
            expected,
            network_changes,
            ends_with_network_change: random.bool(),
        });
        from = to + any(random, weather.gaps);
    }
}

/// A random span between two, on a logarithmic scale.
fn any(random: &mut fastrand::Rng, [least, most]: [SignedDuration; 2]) -> SignedDuration {
    let whole = most.div_duration_f64(least);
    part(least, whole.powf(random.f64()))
}

/// The span multiplied by a factor, in whole seconds.
fn part(span: SignedDuration, times: f64) -> SignedDuration {
    SignedDuration::from_secs(span.mul_f64(times).as_secs())
}

/// The longest duration of a wait with jitter, up to the clock's next tick.
fn with_jitter(wait: SignedDuration) -> SignedDuration {
    wait + wait / 10 + SignedDuration::from_millis(1)
}

impl Outage {
    /// Runs the outage and returns how many refreshes reached Amiqus in vain.
    pub(crate) async fn pass(&self, world: &mut World) -> usize {
        world.go_to(self.from).await;
        let (posts, renewals, wakeups) = (world.posts.len(), world.renewals.len(), world.wakeups);
        let was_overdue = world.due() < world.now;
        let valid_from = std::mem::replace(&mut world.valid_from, Timestamp::MAX);

        match &self.cause {
            OutageCause::NoNetwork => world.gate.shut().await,
            OutageCause::Fault(plan) => world.amiqus.set_fault(plan.clone()),
        }
        for look in &self.network_changes {
            world.go_to(*look).await;
            world.on_environment_change().await;
        }
        world.go_to(self.to).await;

        assert_eq!(world.renewals.len(), renewals);
        let in_vain = &world.posts[posts..];
        self.assert_patient(world, in_vain, world.wakeups - wakeups, was_overdue);
        let in_vain = in_vain.len();

        match &self.cause {
            OutageCause::NoNetwork => world.gate.open(),
            OutageCause::Fault(_) => world.amiqus.clear_faults(),
        }
        if let ExpectedBehaviour::WaitsAsAsked(wait) = self.expected {
            let until = self.to + with_jitter(wait);
            world.left_alone_until = world.left_alone_until.max(until);
        }
        world.valid_from = valid_from.max(self.to + self.longest_pause(world.longest_pause()));
        if self.ends_with_network_change {
            world.on_environment_change().await;
            world.valid_from = world.left_alone_until.max(self.to);
            if world.now >= world.valid_from {
                assert!(world.is_valid(), "a look did not help: {self:?}");
            }
            // A request whose answer was lost may still arrive for this long, whatever becomes of
            // the tokens.
            let at_least = self.to + with_jitter(MINUTE);
            if world.ends() <= at_least {
                world.valid_from = world.valid_from.max(at_least);
            }
        }
        in_vain
    }

    /// How long after the outage a renewal may still wait: for the next probe, and then for a lost
    /// request to arrive.
    pub(crate) fn longest_pause(&self, pause: SignedDuration) -> SignedDuration {
        let probe = match self.expected {
            ExpectedBehaviour::WaitsAsAsked(wait) => wait,
            _ => MAX_PROBE_INTERVAL,
        };
        with_jitter(probe) + with_jitter(pause)
    }

    /// Asserts that the runtime sent no more requests than allowed.
    fn assert_patient(
        &self,
        world: &World,
        posts: &[Timestamp],
        wakeups: usize,
        was_overdue: bool,
    ) {
        let due = self.to.duration_since(self.from.max(world.due()));
        let longest = world.longest_pause();
        let network_changes = self.network_changes.len();

        let most = match (&self.cause, self.expected) {
            _ if due.is_negative() => 0,
            (OutageCause::NoNetwork, _) => 0,
            (_, ExpectedBehaviour::WaitsAsAsked(wait)) => fitting(wait, wait, due),
            (_, ExpectedBehaviour::Retries(first)) => {
                fitting(first.min(longest), longest, due) + ATTEMPTS_BEFORE_EXPIRY + network_changes
            }
            (_, ExpectedBehaviour::Probes) => 1,
            // Each probe may be followed by a refresh.
            (_, ExpectedBehaviour::ProbesAndLearns) => {
                fitting(SECOND * 5, longest.min(MAX_PROBE_INTERVAL), due)
                    + ATTEMPTS_BEFORE_EXPIRY
                    + network_changes
            }
        };
        let count = posts.len();
        assert!(count <= most, "{count} POSTs, and not {most}: {self:?}");

        if let ExpectedBehaviour::WaitsAsAsked(wait) = self.expected {
            for two in posts.windows(2) {
                let waited = two[1].duration_since(two[0]);
                assert!(waited >= wait, "after {waited:#}: {self:?}");
            }
        }

        // Without a network no attempt reaches Amiqus, but each needs a timer.
        let most = match self.expected {
            ExpectedBehaviour::Retries(first) if !was_overdue => {
                fitting(first.min(longest), longest, due) + ATTEMPTS_BEFORE_EXPIRY
            }
            ExpectedBehaviour::WaitsAsAsked(wait) => {
                fitting(SECOND * 5, wait.min(MAX_PROBE_INTERVAL), due)
            }
            _ => fitting(SECOND * 5, longest.min(MAX_PROBE_INTERVAL), due),
        };
        let most = most + MAX_OBSOLETE_TIMERS;
        assert!(
            wakeups <= most,
            "woken {wakeups} times, not {most}: {self:?}"
        );
    }
}

/// The number of attempts within a span, where the first is immediate and the waits double up to the
/// longest.
fn fitting(first: SignedDuration, longest: SignedDuration, time: SignedDuration) -> usize {
    let mut times = 0;
    let mut wait = first;
    let mut at = SignedDuration::ZERO;
    while at <= time {
        times += 1;
        at += wait;
        wait = (wait * 2).min(longest);
    }
    times
}
