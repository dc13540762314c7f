//! A session whose registration, time and entropy are the same in each run.

use amiqus_core::account::{Account, AccountStatus, Identity, Journal, Role, Team, User};
use amiqus_core::authorization::Attempt;
use amiqus_core::entropy::{EntropyError, EntropySource};
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{
    DEFAULT_BASE_URL, DEFAULT_REDIRECT_URL, Provenance, RedirectUrl, Registration,
    RegistrationDraft,
};
use amiqus_core::session::{
    CommandOutcome, Effect, Event, LinkOrigin, Provisioning, Session, Step,
};
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{RecordName, Records};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::Verdict;
use crate::reference::{self, Response};

/// The current time: 1 March 2026, 09:00 UTC.
pub(crate) fn now() -> Timestamp {
    Timestamp::constant(1_772_355_600, 0)
}

/// The `state` of the pending attempt.
pub(crate) const STATE: &str = "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabc";

/// A source whose bytes encode to [`STATE`].
struct FixedEntropy;

impl EntropySource for FixedEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for (byte, fixed) in bytes.iter_mut().zip([0x69, 0xb7, 0x1d].into_iter().cycle()) {
            *byte = fixed;
        }
        Ok(())
    }
}

pub(crate) fn registration() -> Registration {
    let draft = RegistrationDraft {
        client_id: "9f3c1b7a".to_owned(),
        client_secret: "hush-client-secret".to_owned(),
        redirect_url: None,
        base_url: None,
        organisation: None,
        pkce: None,
    };
    match draft.validate(Provenance::ByHand) {
        Ok(registration) => registration,
        Err(problems) => panic!("{problems:?}"),
    }
}

pub(crate) fn redirect_url() -> RedirectUrl {
    registration().redirect_url
}

/// Tokens that arrived a month ago.
fn tokens() -> TokenSet {
    TokenSet {
        access: AccessToken::new("hush-access"),
        refresh: RefreshToken::new("hush-refresh"),
        received_at: now() - SignedDuration::from_hours(30 * 24),
        lifetime: SignedDuration::from_hours(365 * 24),
        redirect_url: redirect_url(),
    }
}

/// Bob's account, which is connected.
pub(crate) fn bob() -> Account {
    Account {
        identity: Identity {
            user: User {
                id: 345_789,
                name: "Bob Gale".to_owned(),
                email: "bob@example.com".to_owned(),
                is_verified: true,
                is_disabled: false,
            },
            team: Some(Team {
                uuid: Uuid::from_u128(0x6b9c_8323_4b54_4bb3_a1c8_68de_5343_68a5),
                name: "Fusion Industries".to_owned(),
            }),
            role: Some(Role::Owner),
            teams: None,
        },
        as_of: now(),
        status: AccountStatus::Connected {
            tokens: tokens(),
            journal: Journal::default(),
        },
    }
}

/// A session whose vault has these records.
pub(crate) fn opened(records: Records) -> (Session, Step) {
    let mut session = Session::default();
    let opened = Event::Opened {
        records: Box::new(records),
        provisioning: Provisioning::Absent,
        set_aside: None,
    };
    let step = session.step(opened, now());
    (session, step)
}

/// A session whose pending attempt has [`STATE`].
fn awaiting_browser() -> Session {
    let registration = registration();
    let attempt = Attempt::begin(&registration, now(), &FixedEntropy);
    let Ok(attempt) = attempt else {
        panic!("this source never fails");
    };
    let (mut session, _) = opened(Records {
        registration: Some(registration),
        ..Records::default()
    });
    session.step(Event::SignInRequested(Box::new(attempt)), now());
    assert!(session.pending_attempt().is_some());
    session
}

/// The code that a paste leads to; empty for a denial, `None` if the paste is rejected.
pub(crate) fn code_of_paste(pasted: ReceivedLink) -> Option<Vec<u8>> {
    let mut session = awaiting_browser();
    let step = session.step(Event::AddressReceived(pasted, LinkOrigin::Pasted), now());
    let is_accepted = session.pending_attempt().is_none();
    is_accepted.then(|| {
        codes(&step)
            .first()
            .map(|code| code.to_vec())
            .unwrap_or_default()
    })
}

/// Receives an address while an attempt is pending. `expected` is the response by the reference; only
/// the response to the pending attempt may change anything.
pub(crate) fn receive(
    received: ReceivedLink,
    origin: LinkOrigin,
    expected: Option<&Response>,
) -> Verdict {
    let is_shown = origin == LinkOrigin::Link
        && reference::is_shown(
            received.expose(),
            DEFAULT_REDIRECT_URL,
            DEFAULT_BASE_URL,
            STATE.as_bytes(),
        );
    let mut session = awaiting_browser();
    let pending = session.pending_attempt();
    let record = session.record(RecordName::Attempt);
    let step = session.step(Event::AddressReceived(received, origin), now());
    match expected {
        Some(response) if response.state() == STATE.as_bytes() => {
            assert_eq!(session.pending_attempt(), None);
            assert!(session.record(RecordName::Attempt).is_none());
            assert_eq!(step.outcome, CommandOutcome::Accepted);
            assert!(step.changed.contains(&RecordName::Attempt));
            match response {
                Response::Granted { code, .. } => {
                    assert_eq!(codes(&step), [code.as_slice()]);
                    "granted"
                }
                Response::Denied { .. } => {
                    assert!(matches!(step.effects[..], [Effect::BringToFront]));
                    assert!(session.app_state(1).problem.is_some());
                    "denied"
                }
            }
        }
        other => {
            assert!(matches!(step.outcome, CommandOutcome::Refused(_)));
            assert!(step.changed.is_empty() && step.answers.is_empty());
            if is_shown {
                assert!(matches!(step.effects[..], [Effect::BringToFront]));
            } else {
                assert!(step.effects.is_empty());
            }
            assert_eq!(session.app_state(1).problem.is_some(), is_shown);
            assert_eq!(session.pending_attempt(), pending);
            assert_eq!(session.record(RecordName::Attempt), record);
            let response = format!("{DEFAULT_REDIRECT_URL}?code=c0de&state={STATE}");
            let event = Event::AddressReceived(ReceivedLink::new(response), LinkOrigin::Link);
            assert_eq!(codes(&session.step(event, now())), [b"c0de"]);
            if other.is_some() {
                "of another attempt"
            } else {
                "refused"
            }
        }
    }
}

/// The codes that a step exchanges.
fn codes(step: &Step) -> Vec<&[u8]> {
    let codes = step.effects.iter().filter_map(|effect| match effect {
        Effect::Exchange { code, .. } => Some(code.expose().as_bytes()),
        _ => None,
    });
    codes.collect()
}

/// Parses an address for this app by the reference.
pub(crate) fn parse(address: &str) -> Option<Response> {
    reference::parse(address, DEFAULT_REDIRECT_URL, DEFAULT_BASE_URL)
}
