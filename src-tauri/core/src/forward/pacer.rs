//! The service's rate limit, which all tokens of one user in one team share (Amiqus API reference 2.0): programs
//! leave a part of it to this app, and one that is told to wait waits for all.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::account::AccountKey;
use crate::clock::later;
use crate::http::{MAX_RETRY_AFTER, retry_after};

/// The part of the limit that is left to this app: a tenth.
const RESERVE_DIVISOR: u64 = 10;

/// How long the service counts requests. It isn't documented; its example of `Retry-After` is 47 seconds.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Decides whether a program's request may be sent now.
#[derive(Debug, Default)]
pub struct Pacer(BTreeMap<AccountKey, Pace>);

#[derive(Debug, Default)]
struct Pace {
    /// What was left when the service last said so, and since when it counts.
    seen: Option<Seen>,
    /// When requests may be sent again, as the service asked. A response to an earlier request doesn't shorten it.
    asked_until: Option<Timestamp>,
    /// When requests may be sent again, for the part of the limit that is left to this app.
    reserved_until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    remaining: u64,
    began_at: Timestamp,
}

impl Pacer {
    /// Whether a request for this account may be sent.
    ///
    /// # Errors
    /// How long to wait before the next one.
    pub fn admit(&self, account: AccountKey, now: Timestamp) -> Result<(), SignedDuration> {
        let pace = self.0.get(&account);
        let waits = pace.map(|pace| [pace.asked_until, pace.reserved_until]);
        let wait = waits
            .into_iter()
            .flatten()
            .flatten()
            .map(|until| until.duration_since(now))
            // A longer wait would come from a clock that was set back.
            .filter(|wait| wait.is_positive() && *wait <= MAX_RETRY_AFTER)
            .max();
        wait.map_or(Ok(()), Err)
    }

    /// Takes note of what a response says of the limit.
    pub fn observe(
        &mut self,
        account: AccountKey,
        status: StatusCode,
        headers: &HeaderMap,
        now: Timestamp,
    ) {
        let pace = self.0.entry(account).or_default();
        let asked = match status {
            StatusCode::TOO_MANY_REQUESTS => Some(retry_after(headers, now).unwrap_or(WINDOW)),
            StatusCode::SERVICE_UNAVAILABLE => retry_after(headers, now),
            _ => None,
        };
        if let Some(wait) = asked {
            pace.asked_until = pace.asked_until.max(Some(later(now, wait)));
            return;
        }
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        let (Some(limit), Some(remaining)) =
            (number("x-ratelimit-limit"), number("x-ratelimit-remaining"))
        else {
            return;
        };
        let began_at = match pace.seen {
            Some(seen) if remaining <= seen.remaining && now < later(seen.began_at, WINDOW) => {
                seen.began_at
            }
            // More is left than before: it counts from the start again.
            Some(_) | None => now,
        };
        pace.seen = Some(Seen {
            remaining,
            began_at,
        });
        let reserve: u64 = limit / RESERVE_DIVISOR;
        pace.reserved_until = (remaining <= reserve).then(|| later(began_at, WINDOW));
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue, RETRY_AFTER};

    use super::*;
    use crate::fixtures::{bob, lorraine, now};

    fn left(remaining: &'static str) -> HeaderMap {
        [
            ("x-ratelimit-limit", "200"),
            ("x-ratelimit-remaining", remaining),
        ]
        .into_iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
    }

    #[test]
    fn programs_leave_a_tenth_to_the_app_until_the_window_is_over() {
        let (mut pacer, bob) = (Pacer::default(), bob().key());
        let mut now = now();
        pacer.observe(bob, StatusCode::OK, &left("199"), now);
        assert_eq!(pacer.admit(bob, now), Ok(()));
        now += SignedDuration::from_secs(20);
        pacer.observe(bob, StatusCode::OK, &left("20"), now);
        assert_eq!(pacer.admit(bob, now), Err(SignedDuration::from_secs(40)));
        assert_eq!(
            pacer.admit(lorraine().key(), now),
            Ok(()),
            "each has its own"
        );
        now += SignedDuration::from_secs(40);
        assert_eq!(pacer.admit(bob, now), Ok(()));
    }

    #[test]
    fn retry_after_holds_for_all_programs() {
        let (mut pacer, bob) = (Pacer::default(), bob().key());
        let mut headers = HeaderMap::new();
        pacer.observe(bob, StatusCode::TOO_MANY_REQUESTS, &headers, now());
        assert_eq!(pacer.admit(bob, now()), Err(WINDOW));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("70"));
        pacer.observe(bob, StatusCode::SERVICE_UNAVAILABLE, &headers, now());
        let asked = SignedDuration::from_secs(70);
        assert_eq!(pacer.admit(bob, now()), Err(asked));
        // The response to a request that was sent before says nothing of it.
        pacer.observe(bob, StatusCode::OK, &left("150"), now());
        assert_eq!(pacer.admit(bob, now()), Err(asked));
        // A clock that was set back by a day holds nobody up for a day.
        let earlier = now() - SignedDuration::from_hours(24);
        assert_eq!(pacer.admit(bob, earlier), Ok(()));
    }

    #[test]
    fn odd_headers_hold_nobody_up() {
        let (mut pacer, bob) = (Pacer::default(), bob().key());
        for odd in ["", "-1", "many", "18446744073709551616"] {
            pacer.observe(bob, StatusCode::OK, &left(odd), now());
            assert_eq!(pacer.admit(bob, now()), Ok(()), "{odd}");
        }
    }
}
