//! Test data shared by the tests of several modules. All its secrets begin with `hush-`.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::account::{Account, AccountStatus, Identity, Journal, Role, Team, User};
use crate::authorization::Attempt;
use crate::entropy::{EntropyError, EntropySource};
use crate::registration::{Provenance, RedirectUrl, Registration, RegistrationDraft};
use crate::token::{AccessToken, RefreshToken, TokenSet};

pub(crate) const REDIRECT: &str = "co.amiqus.signin://oauth/callback";

pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The current time in the tests.
pub(crate) fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

/// A source whose bytes differ at each call and are the same in each run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl EntropySource for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            let mut random = Random(self.0.fetch_add(1, Ordering::Relaxed) + 1);
            random.next();
            *byte = random.next().to_le_bytes()[3];
        }
        Ok(())
    }
}

/// Xorshift64: enough to vary a test's input by, and the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }
}

pub(crate) fn draft() -> RegistrationDraft {
    RegistrationDraft {
        client_id: "9a1c0ffe".to_owned(),
        client_secret: "hush-client-secret".to_owned(),
        redirect_url: None,
        base_url: None,
        organisation: Some("Gale & Partners".to_owned()),
        pkce: None,
    }
}

pub(crate) fn registration() -> Registration {
    draft().validate(Provenance::ByHand).unwrap()
}

pub(crate) fn redirect_url() -> RedirectUrl {
    RedirectUrl::parse(REDIRECT).unwrap()
}

/// The tokens `hush-access-NAME` and `hush-refresh-NAME`, valid for a year.
pub(crate) fn tokens(name: &str, received_at: Timestamp) -> TokenSet {
    TokenSet {
        access: AccessToken::new(format!("hush-access-{name}")),
        refresh: RefreshToken::new(format!("hush-refresh-{name}")),
        received_at,
        lifetime: YEAR,
        redirect_url: redirect_url(),
    }
}

pub(crate) fn attempt(entropy: &dyn EntropySource) -> Attempt {
    Attempt::begin(&registration(), now(), entropy).unwrap()
}

pub(crate) fn fusion() -> Team {
    Team {
        uuid: Uuid::from_u128(0x6b9c_8323_4b54_4bb3_a1c8_68de_5343_68a5),
        name: "Fusion Industries".to_owned(),
    }
}

pub(crate) fn hill_valley() -> Team {
    Team {
        uuid: Uuid::from_u128(0x0d3f_6c1e_9a57_4c22_8b64_5e1f_7a2c_9d10),
        name: "Hill Valley Legal".to_owned(),
    }
}

pub(crate) fn bob() -> Identity {
    Identity {
        user: User {
            id: 345_789,
            name: "Bob Gale".to_owned(),
            email: "bob@example.com".to_owned(),
            is_verified: true,
            is_disabled: false,
        },
        team: Some(fusion()),
        role: Some(Role::Owner),
        teams: None,
    }
}

pub(crate) fn lorraine() -> Identity {
    Identity {
        user: User {
            id: 345_790,
            name: "Lorraine Baines".to_owned(),
            email: "lorraine@example.com".to_owned(),
            is_verified: true,
            is_disabled: false,
        },
        team: Some(hill_valley()),
        role: Some(Role::Member),
        teams: None,
    }
}

pub(crate) fn connected(identity: Identity, tokens: TokenSet) -> Account {
    Account {
        identity,
        as_of: now(),
        status: AccountStatus::Connected {
            tokens,
            journal: Journal::default(),
        },
    }
}

/// An account whose refresh was about to be sent when the app was closed.
pub(crate) fn interrupted(identity: Identity, tokens: TokenSet) -> Account {
    Account {
        identity,
        as_of: now(),
        status: AccountStatus::Connected {
            tokens,
            journal: Journal {
                open_since: Some(now()),
                unanswered_since: None,
            },
        },
    }
}
