//! A computer with one account and a practice service, whose time is driven by the test.
//!
//! The runtime, the requests and the socket are real and take real time, during which the
//! simulated time stands still. It continues once the runtime is idle: nothing is in flight, and the
//! next timer is set.

use std::sync::{Arc, Mutex};

use amiqus_core::account::{Account, AccountStatus, Journal};
use amiqus_core::clock::Clock as _;
use amiqus_core::entropy::{EntropyError, EntropySource};
use amiqus_core::http::Timeouts;
use amiqus_core::registration::{BaseUrl, Page, Provenance, RedirectUrl, RegistrationDraft};
use amiqus_core::runtime::{
    Dependencies, Host, ListenError, Listener, OpenBrowserError, Recipient, SessionHandle,
};
use amiqus_core::session::Provisioning;
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{
    RecordName, Records, SecretStore as _, encode_account, encode_current, encode_registration,
};
use jiff::{SignedDuration, Timestamp};
use practice_amiqus::{Practice, Settings};
use url::Url;

use crate::app::{
    BOB, FUSION, MemoryOpener, MemoryStore, REDIRECT, SIGNED_IN, TEST_TIMEOUT, identity, key,
};
use crate::driven_clock::DrivenClock;
use crate::gate::Gate;

/// How often other tasks are polled, and the sockets with them, before the runtime counts as idle. A
/// request to this computer and its answer need fewer turns; should a check of `/me` on a busy
/// machine need more, no test depends on when it ends.
const TURNS: u32 = 24;

/// A source of jitter that the test chooses.
pub(crate) enum Jitter {
    /// Always this byte.
    Always(u8),
    /// Any byte, the same ones in each run.
    Any(Mutex<fastrand::Rng>),
}

impl Jitter {
    pub(crate) const NONE: Self = Self::Always(u8::MIN);
    pub(crate) const LONGEST: Self = Self::Always(u8::MAX);

    pub(crate) fn any(seed: u64) -> Self {
        Self::Any(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl EntropySource for Jitter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        match self {
            Self::Always(byte) => bytes.fill(*byte),
            Self::Any(random) => random.lock().unwrap().fill(bytes),
        }
        Ok(())
    }
}

/// A desktop without a user.
struct NullHost;

impl Host for NullHost {
    fn open_browser(&self, _: &Url, _: &BaseUrl) -> Result<(), OpenBrowserError> {
        Err(OpenBrowserError::new("nobody is there"))
    }

    fn listen(&self, _: &RedirectUrl, _: Recipient) -> Result<Box<dyn Listener>, ListenError> {
        Err(ListenError::new("nobody is there"))
    }

    fn bring_to_front(&self) {}
}

/// Counters that change while the runtime is active.
#[derive(PartialEq, Eq)]
struct Activity {
    revision: u32,
    waits: u64,
    received: usize,
    answered: usize,
}

/// A computer with one account and a practice service.
pub(crate) struct World {
    pub(crate) amiqus: Practice,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<DrivenClock>,
    pub(crate) start: Timestamp,
    /// The true time, which is Amiqus's; the computer's clock may show another.
    pub(crate) now: Timestamp,
    /// From then on the account has a valid token at any time.
    pub(crate) valid_from: Timestamp,
    /// Until then no request is expected, because of a `Retry-After`.
    pub(crate) left_alone_until: Timestamp,
    /// When a refresh reached Amiqus.
    pub(crate) posts: Vec<Timestamp>,
    /// When new tokens were saved.
    pub(crate) renewals: Vec<Timestamp>,
    /// How many requests of any kind reached Amiqus.
    pub(crate) requests: usize,
    /// How often a timer woke the runtime.
    pub(crate) wakeups: usize,
    session: SessionHandle,
    store: Arc<MemoryStore>,
    pair: TokenSet,
}

impl World {
    /// Bob has just signed in at Fusion Industries, with tokens of this lifetime.
    pub(crate) async fn new(lifetime: SignedDuration, jitter: Jitter) -> Self {
        let amiqus = Practice::start(Settings {
            access_token_lifetime: lifetime.unsigned_abs(),
            ..Settings::default()
        })
        .await
        .unwrap();
        let start = amiqus.stop_clock();
        let gate = Gate::to(amiqus.base_url()).await;
        let granted = amiqus.grant_tokens(BOB, FUSION, REDIRECT).unwrap();
        let pair = TokenSet {
            access: AccessToken::new(granted.access_token),
            refresh: RefreshToken::new(granted.refresh_token),
            received_at: start,
            lifetime,
            redirect_url: RedirectUrl::parse(REDIRECT).unwrap(),
        };
        let store = store_with_bob(&amiqus, &gate, &pair);
        let clock = Arc::new(DrivenClock::at(start));
        let session = SessionHandle::start(Dependencies {
            opener: Arc::new(MemoryOpener(Arc::clone(&store))),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(jitter),
            clients: amiqus_core::http::Clients::new(Timeouts::default()),
            host: Arc::new(NullHost),
            allows_plain_http: true,
            provisioning: Box::new(|| Provisioning::Absent),
        });
        session.state().await.unwrap();
        let mut world = Self {
            amiqus,
            gate,
            clock,
            start,
            now: start,
            valid_from: start,
            left_alone_until: start,
            posts: Vec::new(),
            renewals: Vec::new(),
            requests: 0,
            wakeups: 0,
            session,
            store,
            pair,
        };
        world.rest().await;
        world
    }

    /// Lets time pass until then; the runtime does what comes due.
    pub(crate) async fn go_to(&mut self, then: Timestamp) {
        let left = |now: Timestamp| then.duration_since(now);
        while let Some(wait) = self.clock.next().filter(|wait| *wait <= left(self.now)) {
            self.wakeups += 1;
            self.go_by(wait).await;
        }
        self.go_by(left(self.now)).await;
    }

    async fn go_by(&mut self, span: SignedDuration) {
        self.move_on(span);
        self.clock.go_by(span);
        // The runtime could not renew in between, so the tokens are valid up to now.
        if self.valid_from < self.now {
            self.assert_valid();
        }
        self.rest().await;
        self.assert_valid();
    }

    /// The computer sleeps and wakes; the shell may report the waking to the runtime.
    pub(crate) async fn sleep(&mut self, span: SignedDuration, tells_of_waking: bool) {
        self.move_on(span);
        self.clock.sleep(span);
        if tells_of_waking {
            self.session.on_environment_change();
        }
        self.rest().await;
        self.assert_valid();
    }

    /// The computer's clock is set, and the shell reports it.
    pub(crate) async fn set_clock(&mut self, by: SignedDuration) {
        self.clock.set(by);
        self.on_environment_change().await;
        self.assert_valid();
    }

    /// Reports to the runtime what the shell reports: waking, a clock that was set, a network.
    pub(crate) async fn on_environment_change(&mut self) {
        self.session.on_environment_change();
        self.rest().await;
    }

    /// When the tokens in the vault were received.
    pub(crate) fn arrived(&self) -> Timestamp {
        self.renewals.last().copied().unwrap_or(self.start)
    }

    /// The earliest time of the renewal.
    pub(crate) fn due(&self) -> Timestamp {
        self.arrived() + plan(self.pair.lifetime).0
    }

    /// When the tokens expire.
    pub(crate) fn ends(&self) -> Timestamp {
        self.arrived() + self.pair.lifetime
    }

    /// The longest backoff of the runtime without jitter: an hour, or a third of the renewal margin
    /// of short-lived tokens, and at least a minute.
    pub(crate) fn longest_pause(&self) -> SignedDuration {
        let (due, _) = plan(self.pair.lifetime);
        let margin = self.pair.lifetime - due;
        (margin / 3).clamp(SignedDuration::from_mins(1), SignedDuration::from_hours(1))
    }

    /// Whether Amiqus takes the access token that the vault holds.
    pub(crate) fn is_valid(&self) -> bool {
        let access = self.pair.access.expose();
        self.amiqus.is_access_token_live(access)
    }

    fn assert_valid(&self) {
        assert!(
            self.now < self.valid_from || self.is_valid(),
            "no valid token at {}, and there should be one since {}",
            self.now,
            self.valid_from,
        );
    }

    fn move_on(&mut self, span: SignedDuration) {
        assert!(!span.is_negative());
        // A part of a millisecond would leave Amiqus's clock behind the computer's.
        assert_eq!(span.subsec_nanos() % 1_000_000, 0);
        self.amiqus.advance(span.unsigned_abs());
        self.now += span;
    }

    /// Waits until the runtime is idle, and records what it did.
    async fn rest(&mut self) {
        let idle = async {
            loop {
                self.clock.armed().await;
                self.session.wait_until_idle().await;
                let before = self.activity();
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
                // Messages are handled in order: all earlier ones have been handled.
                self.session.page_address(Page::TeamApps).await.unwrap();
                if self.activity() == before {
                    return;
                }
            }
        };
        let idle = tokio::time::timeout(TEST_TIMEOUT, idle).await;
        idle.expect("the runtime never became idle");
        self.note();
    }

    fn activity(&self) -> Activity {
        let requests = self.amiqus.requests();
        Activity {
            revision: self.session.states().borrow().as_ref().unwrap().revision,
            waits: self.clock.registered(),
            received: requests.len(),
            answered: requests.iter().filter(|it| it.status.is_some()).count(),
        }
    }

    fn note(&mut self) {
        for request in self.amiqus.requests() {
            assert_eq!(request.complaints, [""; 0]);
            self.requests += 1;
            if request.path == "/oauth/token" {
                self.posts.push(request.received_at);
            }
        }
        self.amiqus.clear_requests();
        let state = self.session.states().borrow().clone().unwrap();
        assert_eq!(state.screen, SIGNED_IN);
        let pair = pair(&self.store);
        if pair.refresh.expose() != self.pair.refresh.expose() {
            assert_eq!(pair.received_at, self.clock.now());
            self.renewals.push(self.now);
            self.pair = pair;
        }
    }
}

/// The earliest and the latest wait before tokens of this lifetime are renewed: until 30 days or a
/// tenth of the lifetime before they expire, and with jitter up to a tenth of that wait longer, but no
/// more than a day.
pub(crate) fn plan(lifetime: SignedDuration) -> (SignedDuration, SignedDuration) {
    let margin = (lifetime / 10).min(SignedDuration::from_hours(30 * 24));
    let wait = lifetime - margin;
    (wait, wait + (wait / 10).min(SignedDuration::from_hours(24)))
}

/// A vault in which Bob has just signed in.
fn store_with_bob(amiqus: &Practice, gate: &Gate, pair: &TokenSet) -> Arc<MemoryStore> {
    let draft = RegistrationDraft {
        client_id: amiqus.client_id().to_owned(),
        client_secret: amiqus.client_secret().to_owned(),
        redirect_url: None,
        base_url: Some(gate.base_url()),
        organisation: None,
        pkce: None,
    };
    let registration = draft.validate(Provenance::ByHand).unwrap();
    let bob = key(BOB, FUSION);
    let account = Account {
        identity: identity(BOB, FUSION),
        as_of: pair.received_at,
        status: AccountStatus::Connected {
            tokens: pair.clone(),
            journal: Journal::default(),
        },
    };
    let store = Arc::new(MemoryStore::default());
    store.put(
        RecordName::Registration,
        &encode_registration(&registration),
    );
    store.put(RecordName::Account(bob), &encode_account(&account));
    store.put(RecordName::Current, &encode_current(bob));
    store
}

/// The tokens in the vault.
fn pair(store: &MemoryStore) -> TokenSet {
    let mut records = Records::read(&store.read_all().unwrap()).unwrap();
    let account = records.accounts.remove(&key(BOB, FUSION)).unwrap();
    match account.status {
        AccountStatus::Connected { tokens, .. } => tokens,
        AccountStatus::SignInAgain(why) => panic!("signed out: {why:?}"),
    }
}
