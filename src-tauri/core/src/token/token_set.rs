//! A pair of tokens and its times.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::clock::later;
use crate::registration::RedirectUrl;
use crate::secret::secret_text;

secret_text! {
    /// An access token, which grants access to the API (RFC 6749 §1.4).
    AccessToken
}

secret_text! {
    /// A refresh token, which is exchanged for a new pair of tokens once (RFC 6749 §1.5; Amiqus guide:
    /// single use).
    RefreshToken
}

/// How long before its end a long-lived access token is renewed.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A pair of tokens from one response, and its times.
#[derive(Clone)]
pub struct TokenSet {
    /// Grants access to the API.
    pub access: AccessToken,
    /// Is exchanged for the next pair, once.
    pub refresh: RefreshToken,
    /// When the response arrived.
    pub received_at: Timestamp,
    /// How long the access token is valid from then on, in whole seconds.
    pub lifetime: SignedDuration,
    /// The grant's redirect URL: each refresh must name it, byte for byte, even if the registration
    /// has another one by then.
    pub redirect_url: RedirectUrl,
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenSet")
            .field("received_at", &self.received_at)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl TokenSet {
    /// When the access token expires.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        later(self.received_at, self.lifetime)
    }

    /// When the pair is to be renewed: 30 days before the access token expires, or at nine tenths of a
    /// shorter lifetime. A clock that was set back does not postpone that: the wait from `now` is never
    /// longer than for a pair that has just arrived.
    #[must_use]
    pub fn renewal_due_at(&self, now: Timestamp) -> Timestamp {
        let received_at = self.received_at.min(now);
        received_at
            .saturating_add(self.lifetime - self.renewal_margin())
            .unwrap_or(Timestamp::MAX)
    }

    /// How long before its end the pair is renewed.
    #[must_use]
    pub fn renewal_margin(&self) -> SignedDuration {
        RENEWAL_MARGIN.min(self.lifetime / 10)
    }
}
