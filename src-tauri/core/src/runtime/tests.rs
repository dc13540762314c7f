use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::effects::{until, with_jitter};

#[test]
fn jitter_lengthens_a_wait_by_a_tenth_at_most() {
    for wait in [
        Duration::ZERO,
        Duration::from_secs(30),
        Duration::from_hours(1),
        Duration::from_hours(335 * 24),
        Duration::MAX,
    ] {
        for random in 0..=u8::MAX {
            let with = with_jitter(wait, random);
            assert!(with >= wait);
            assert!(with <= wait.saturating_add(wait / 10));
            assert!(with <= wait.saturating_add(Duration::from_hours(24)));
        }
        assert_eq!(with_jitter(wait, 0), wait);
    }
}

#[test]
fn jitter_of_different_bytes_differs() {
    let wait = Duration::from_hours(335 * 24);
    let all: std::collections::HashSet<_> = (0..=u8::MAX)
        .map(|random| with_jitter(wait, random))
        .collect();
    assert_eq!(all.len(), 256);
}

#[test]
fn time_that_has_passed_has_no_wait() {
    let now = crate::fixtures::now();
    assert_eq!(until(now, now), Duration::ZERO);
    assert_eq!(until(now, Timestamp::MIN), Duration::ZERO);
    assert_eq!(
        until(now, now + SignedDuration::from_secs(5)),
        Duration::from_secs(5)
    );
    assert!(until(now, Timestamp::MAX) > Duration::from_hours(24));
}
