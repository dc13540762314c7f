//! Ten years in a minute: how often the runtime renews, and that no tokens expire while Amiqus can be
//! reached.

use jiff::{SignedDuration, Timestamp};
use practice_amiqus::{Endpoint, Fault};

use crate::outages::{self, Outage, Weather};
use crate::world::{Jitter, World, plan};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
const TEN_YEARS: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// The lifetime of tokens, unless a test sets another.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The requests of a renewal: the refresh, and those of a check.
const REQUESTS_FOR_A_RENEWAL: usize = 5;

/// The requests of a check: the user, the team, the role and the teams.
const REQUESTS_FOR_A_CHECK: usize = 4;

/// The clocks have no finer steps.
const TICK: SignedDuration = SignedDuration::from_millis(1);

/// How often one span fits into another.
fn times(span: SignedDuration, one: SignedDuration) -> usize {
    usize::try_from(span.as_millis() / one.as_millis()).unwrap()
}

/// Asserts that each renewal came when it was planned, or soon after the outage that it was planned
/// in, and that none is overdue.
fn assert_as_planned(world: &World, lifetime: SignedDuration, outages: &[Outage]) {
    let (earliest, latest) = plan(lifetime);
    let mut arrived = world.start;
    for renewed in world.renewals.iter().chain([&world.now]) {
        let mut latest = arrived + latest + TICK;
        for outage in outages {
            if outage.to > arrived + earliest && outage.from <= latest {
                latest = latest.max(outage.to + outage.longest_pause(world.longest_pause()));
            }
        }
        assert!(*renewed <= latest, "{renewed}, and not by {latest}");
        let early = *renewed < arrived + earliest && *renewed != world.now;
        assert!(!early, "{renewed}, and the pair arrived {arrived}");
        arrived = *renewed;
    }
}

#[tokio::test]
async fn ten_years_bring_exactly_the_planned_renewals() {
    let mut world = World::new(WEEK, Jitter::NONE).await;
    world.go_to(world.start + TEN_YEARS).await;
    // Tokens of a week are renewed at the last tenth of their lifetime.
    let interval = SignedDuration::from_secs(WEEK.as_secs() / 10 * 9);
    let planned = times(TEN_YEARS, interval);
    assert_eq!(planned, 579);
    assert_eq!(world.renewals.len(), planned);
    assert_eq!(world.posts.len(), planned);
    let mut due = world.start;
    for renewal in &world.renewals {
        due += interval;
        assert_eq!(*renewal, due);
    }
    let requests = planned * REQUESTS_FOR_A_RENEWAL + REQUESTS_FOR_A_CHECK;
    assert_eq!(world.requests, requests);
}

#[tokio::test]
async fn ten_years_of_jitter_delay_renewals_within_bounds() {
    let mut world = World::new(WEEK, Jitter::any(1)).await;
    world.go_to(world.start + TEN_YEARS).await;
    assert_as_planned(&world, WEEK, &[]);
    let (earliest, latest) = plan(WEEK);
    let count = world.renewals.len();
    assert!((times(TEN_YEARS, latest)..=times(TEN_YEARS, earliest)).contains(&count));
    assert_eq!(world.posts.len(), count);
}

#[tokio::test]
async fn longest_jitter_never_lets_tokens_expire() {
    for lifetime in [MINUTE, MINUTE * 10, HOUR, DAY, WEEK, DAY * 30, YEAR] {
        let (_, latest) = plan(lifetime);
        let mut world = World::new(lifetime, Jitter::LONGEST).await;
        world.go_to(world.start + latest * 20 + HOUR).await;
        assert!(world.renewals.len() >= 20);
        assert_as_planned(&world, lifetime, &[]);
        assert_eq!(world.posts.len(), world.renewals.len());
        for (renewal, count) in world.renewals.iter().zip(1..) {
            let late = renewal.duration_since(world.start + latest * count);
            // Each wait ends at the clock's next step.
            assert!(
                (SignedDuration::ZERO..=TICK * count).contains(&late),
                "{late:#}"
            );
        }
    }
}

/// Shows check 24.
#[tokio::test]
async fn ten_years_of_outages_disconnect_no_account() {
    let weather = Weather {
        outages: [MINUTE, DAY * 3],
        gaps: [MINUTE * 10, DAY * 30],
    };
    weather_outages(WEEK, TEN_YEARS, weather).await;
}

#[tokio::test]
async fn tokens_of_an_hour_survive_outages() {
    let weather = Weather {
        outages: [MINUTE, HOUR * 3],
        gaps: [MINUTE, DAY],
    };
    weather_outages(HOUR, DAY * 10, weather).await;
}

async fn weather_outages(lifetime: SignedDuration, span: SignedDuration, weather: Weather) {
    const SEED: u64 = 7;

    let mut random = fastrand::Rng::with_seed(SEED);
    let mut world = World::new(lifetime, Jitter::any(SEED)).await;
    let outages = outages::over(world.start, span, weather, &mut random);
    let mut in_vain = 0;
    for outage in &outages {
        in_vain += outage.pass(&mut world).await;
    }
    world.go_to(world.start + span).await;
    assert_as_planned(&world, lifetime, &outages);
    // While Amiqus could be reached, nothing was sent but the renewals.
    assert_eq!(world.posts.len(), world.renewals.len() + in_vain);
}

#[tokio::test]
async fn tokens_found_valid_do_not_expire_during_the_backoff() {
    for (lifetime, left) in [
        (DAY, MINUTE * 10),
        (WEEK, MINUTE * 30),
        (DAY * 30, MINUTE * 50),
    ] {
        let mut world = World::new(lifetime, Jitter::LONGEST).await;
        let lost = Fault::DropBeforeProcessing.at(Endpoint::Any);
        world.amiqus.set_fault(lost);
        world.go_to(world.ends() - left).await;
        assert_eq!(world.posts.len(), 1);
        world.amiqus.clear_faults();
        world.on_environment_change().await;
        // `/status` reports valid tokens, and the refresh may still be in transit.
        assert_eq!(world.posts.len(), 1);
        world.go_to(world.ends()).await;
        assert_eq!(world.posts.len(), 2);
        assert_eq!(world.renewals.len(), 1);
    }
}

#[tokio::test]
async fn renewal_missed_during_sleep_happens_once_on_waking() {
    let (due, _) = plan(WEEK);
    // The tokens are valid, expired, and long expired.
    for slept in [DAY * 2, DAY * 5, DAY * 300] {
        for tells_of_waking in [false, true] {
            let mut world = World::new(WEEK, Jitter::NONE).await;
            world.go_to(world.start + DAY * 4 + HOUR * 20).await;
            world.sleep(slept, tells_of_waking).await;
            assert_eq!(world.renewals, [world.now]);
            world.on_environment_change().await;
            assert_eq!(world.posts.len(), 1);
            // It is awake from now on.
            let woke = world.now;
            world.go_to(woke + due * 3).await;
            assert_eq!(
                world.renewals,
                [woke, woke + due, woke + due * 2, woke + due * 3]
            );
            assert_eq!(world.posts.len(), 4);
        }
    }
}

#[tokio::test]
async fn year_of_nightly_sleep_renews_when_due_or_on_waking() {
    const NIGHT: SignedDuration = SignedDuration::from_hours(15);

    let (due, _) = plan(WEEK);
    for tells_of_waking in [false, true] {
        let mut world = World::new(WEEK, Jitter::NONE).await;
        let mut woke = Vec::new();
        for day in 1..=365 {
            world.sleep(NIGHT, tells_of_waking).await;
            woke.push(world.now);
            world.go_to(world.start + DAY * day).await;
        }
        let mut arrived = world.start;
        for renewed in &world.renewals {
            let is_due = arrived + due;
            let first = woke.iter().find(|woke| **woke >= is_due).unwrap();
            let slept_through = *first - NIGHT < is_due;
            assert_eq!(*renewed, if slept_through { *first } else { is_due });
            arrived = *renewed;
        }
        assert!(world.now < arrived + due);
        assert_eq!(world.posts.len(), world.renewals.len());
    }
}

#[tokio::test]
async fn waking_without_network_renews_when_it_comes() {
    let mut world = World::new(WEEK, Jitter::NONE).await;
    world.gate.shut().await;
    world.valid_from = Timestamp::MAX;
    world.sleep(DAY * 20, true).await;
    for _ in 0..5 {
        world.go_to(world.now + MINUTE * 20).await;
        world.on_environment_change().await;
    }
    assert_eq!(world.posts.len(), 0);
    world.gate.open();
    world.on_environment_change().await;
    assert_eq!(world.renewals, [world.now]);
    assert_eq!(world.posts.len(), 1);
}

/// Shows check 41.
#[tokio::test]
async fn temporarily_wrong_clock_causes_no_renewal_loop() {
    let (due, _) = plan(WEEK);
    let mut world = World::new(WEEK, Jitter::NONE).await;
    for wrong_by in [DAY, -DAY, -YEAR, TEN_YEARS, -TEN_YEARS] {
        // No tokens expire however long it is wrong: the elapsed time counts as well.
        for for_so_long in [HOUR * 16, DAY * 2, DAY * 9] {
            for into_a_pair in [HOUR, DAY * 3, DAY * 6] {
                world.go_to(world.due() + into_a_pair).await;
                let (renewals, posts) = (world.renewals.len(), world.posts.len());
                let requests = world.requests;
                let began = world.now;

                world.set_clock(wrong_by).await;
                world.go_to(world.now + for_so_long).await;
                world.set_clock(-wrong_by).await;
                let corrected_at = world.now;
                world.go_to(corrected_at + due * 3).await;

                // Each of the two times that it was set may have brought one renewal early.
                let posts = world.posts.len() - posts;
                let renewed = &world.renewals[renewals..];
                assert_eq!(posts, renewed.len());
                let planned = times(world.now.duration_since(began), due);
                let case = format!("{wrong_by:#} for {for_so_long:#}, {into_a_pair:#} into a pair");
                assert!(renewed.len() <= planned + 2, "{renewed:?} with {case}");
                assert!(renewed.len() + 1 >= planned, "{renewed:?} with {case}");
                let most = posts * REQUESTS_FOR_A_RENEWAL + 2 * REQUESTS_FOR_A_CHECK;
                assert!(world.requests - requests <= most);

                // After the first renewal with the right clock the plan is as before.
                let after: Vec<_> = renewed.iter().filter(|at| **at >= corrected_at).collect();
                assert!(after.len() >= 2, "{renewed:?} with {case}");
                for two in after.windows(2) {
                    assert_eq!(two[1].duration_since(*two[0]), due, "{case}");
                }
            }
        }
    }
}
