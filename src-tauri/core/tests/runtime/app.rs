//! The environment of the runtime in these tests.

use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amiqus_core::account::{
    Account, AccountKey, AccountStatus, Identity, Journal, Role, Team, User,
};
use amiqus_core::app_state::{AccountView, AppState, Screen};
use amiqus_core::clock::{Clock, Wait};
use amiqus_core::entropy::SystemEntropy;
use amiqus_core::error::{Code, Problem};
use amiqus_core::http::{Clients, Timeouts};
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{Provenance, RedirectUrl, RegistrationDraft};
use amiqus_core::runtime::{Dependencies, Recipient, SessionHandle};
use amiqus_core::session::Provisioning;
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{RecordName, encode_account, encode_current, encode_registration};
use jiff::{SignedDuration, Timestamp};
use practice_amiqus::{Answer, Endpoint, Fault, Practice, Settings};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

use crate::host::{LoopbackPort, TestHost};
pub(crate) use crate::store::{MemoryOpener, MemoryStore};

pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const LORRAINE: &str = "lorraine@example.com";
pub(crate) const FUSION: &str = "Fusion Industries";
pub(crate) const HILL_VALLEY: &str = "Hill Valley Legal";
pub(crate) const REDIRECT: &str = "co.amiqus.signin://oauth/callback";

/// After this a test that waits has failed.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The computer's clock, set ahead by as much as a test wants.
#[derive(Default)]
pub(crate) struct AdjustableClock(Mutex<SignedDuration>);

impl AdjustableClock {
    pub(crate) fn set_ahead(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for AdjustableClock {
    #[expect(clippy::disallowed_methods, reason = "what is turned is the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.0.lock().unwrap()
    }

    fn wait_until(&self, at: Timestamp) -> Wait {
        let span = at.duration_since(self.now()).max(SignedDuration::ZERO);
        self.wait_for(Duration::try_from(span).unwrap())
    }

    fn wait_for(&self, span: Duration) -> Wait {
        Box::pin(tokio::time::sleep(span))
    }
}

/// A computer with a practice service, which outlives the app.
pub(crate) struct Computer {
    pub(crate) amiqus: Practice,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<AdjustableClock>,
    pub(crate) no_browser: Arc<AtomicBool>,
    pub(crate) port: Arc<Mutex<LoopbackPort>>,
    /// Whether the first screen is painted.
    pub(crate) painted: watch::Sender<bool>,
    limits: Timeouts,
}

/// A run of the app.
pub(crate) struct App {
    pub(crate) session: SessionHandle,
    pub(crate) fronts: Arc<AtomicU32>,
    browser: mpsc::UnboundedReceiver<Url>,
}

impl Computer {
    /// Set up with the practice service, without an account.
    pub(crate) async fn set_up() -> Self {
        Self::set_up_with(Settings::default(), |_| ()).await
    }

    pub(crate) async fn set_up_with(
        settings: Settings,
        change: impl FnOnce(&mut RegistrationDraft),
    ) -> Self {
        let computer = Self::bare(settings).await;
        let mut draft = computer.draft();
        change(&mut draft);
        let registration = draft.validate(Provenance::ByHand).unwrap();
        let record = encode_registration(&registration);
        computer.store.put(RecordName::Registration, &record);
        computer
    }

    /// Before the set-up.
    pub(crate) async fn bare(settings: Settings) -> Self {
        Self {
            amiqus: Practice::start(settings).await.unwrap(),
            store: Arc::default(),
            clock: Arc::default(),
            no_browser: Arc::default(),
            port: Arc::default(),
            painted: watch::Sender::new(true),
            limits: Timeouts::default(),
        }
    }

    /// Bob has been signed in at Fusion Industries since yesterday, with the returned tokens.
    pub(crate) async fn with_bob() -> (Self, TokenSet) {
        let computer = Self::set_up().await;
        let pair = computer.add(BOB, FUSION, false);
        (computer, pair)
    }

    pub(crate) fn within(mut self, request: Duration) -> Self {
        self.limits = Timeouts {
            connect: request,
            request,
        };
        self
    }

    pub(crate) fn draft(&self) -> RegistrationDraft {
        RegistrationDraft {
            client_id: self.amiqus.client_id().to_owned(),
            client_secret: self.amiqus.client_secret().to_owned(),
            redirect_url: None,
            base_url: Some(self.amiqus.base_url().to_owned()),
            organisation: None,
            pkce: None,
        }
    }

    /// Puts an account into the vault, as an earlier run left it; `interrupted` while a refresh
    /// was about to be sent. It becomes the current one.
    pub(crate) fn add(&self, user: &str, team: &str, interrupted: bool) -> TokenSet {
        let granted = self.amiqus.grant_tokens(user, team, REDIRECT).unwrap();
        let yesterday = self.clock.now() - SignedDuration::from_hours(24);
        let pair = TokenSet {
            access: AccessToken::new(granted.access_token),
            refresh: RefreshToken::new(granted.refresh_token),
            received_at: yesterday,
            lifetime: SignedDuration::from_hours(365 * 24),
            redirect_url: RedirectUrl::parse(REDIRECT).unwrap(),
        };
        let identity = identity(user, team);
        let key = identity.key();
        let account = Account {
            identity,
            as_of: yesterday,
            status: AccountStatus::Connected {
                tokens: pair.clone(),
                journal: Journal {
                    open_since: interrupted.then_some(yesterday),
                    unanswered_since: None,
                },
            },
        };
        self.store
            .put(RecordName::Account(key), &encode_account(&account));
        self.store.put(RecordName::Current, &encode_current(key));
        pair
    }

    /// Starts the app and waits until its vault is open.
    pub(crate) async fn start(&self) -> App {
        let app = self.launch(|| Provisioning::Absent);
        // On a busy machine the vault may take so long that the window says so.
        app.until(|state| !matches!(state.screen, Screen::Locked { .. }))
            .await;
        app
    }

    /// Starts the app; its vault is not open yet.
    pub(crate) fn launch(
        &self,
        provisioning: impl Fn() -> Provisioning + Send + Sync + 'static,
    ) -> App {
        let (opened, browser) = mpsc::unbounded_channel();
        let fronts = Arc::new(AtomicU32::new(0));
        let session = SessionHandle::start(Dependencies {
            opener: Arc::new(MemoryOpener(Arc::clone(&self.store))),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SystemEntropy),
            clients: self.clients(),
            host: Arc::new(TestHost {
                opened,
                fronts: Arc::clone(&fronts),
                no_browser: Arc::clone(&self.no_browser),
                port: Arc::clone(&self.port),
                painted: self.painted.subscribe(),
            }),
            allows_plain_http: true,
            provisioning: Box::new(provisioning),
        });
        App {
            session,
            fronts,
            browser,
        }
    }

    fn clients(&self) -> Clients {
        amiqus_core::http::Clients::new(self.limits)
    }

    /// Answers the authorization request as the user would in the browser.
    pub(crate) fn answer(&self, url: &Url, user: &str, team: &str, answer: Answer) -> ReceivedLink {
        let address = self.amiqus.answer(url.as_str(), user, team, answer);
        ReceivedLink::new(address.unwrap())
    }

    /// The recipient of what arrives at the loopback address, while the app listens there.
    pub(crate) fn listener(&self) -> Option<Recipient> {
        let port = self.port.lock().unwrap();
        port.listens_for
            .as_ref()
            .map(|(_, recipient)| recipient.clone())
    }

    pub(crate) fn posts(&self) -> usize {
        self.amiqus.requests_to("/oauth/token").len()
    }
}

impl App {
    /// The address that the browser was to open.
    pub(crate) async fn browser(&mut self) -> Url {
        let url = tokio::time::timeout(TEST_TIMEOUT, self.browser.recv()).await;
        url.expect("no browser was opened in time").unwrap()
    }

    /// Whether a browser was opened that the test has not taken yet.
    pub(crate) fn browser_is_open(&mut self) -> bool {
        self.browser.try_recv().is_ok()
    }

    /// Starts a sign-in and hands over the browser's answer.
    pub(crate) async fn go(&mut self, computer: &Computer, user: &str, team: &str) {
        self.session.authorize().await.unwrap();
        let url = self.browser().await;
        self.session
            .receive(computer.answer(&url, user, team, Answer::Allow));
    }

    pub(crate) async fn sign_in(
        &mut self,
        computer: &Computer,
        user: &str,
        team: &str,
    ) -> Arc<AppState> {
        self.go(computer, user, team).await;
        self.until(|state| {
            state.screen == Screen::SignedIn
                && state
                    .accounts
                    .iter()
                    .any(|account| account.email == user && account.team.as_deref() == Some(team))
        })
        .await
    }

    /// Waits for the first state that satisfies the predicate.
    pub(crate) async fn until(&self, like: impl Fn(&AppState) -> bool) -> Arc<AppState> {
        let mut states = self.session.states();
        let found = tokio::time::timeout(
            TEST_TIMEOUT,
            states.wait_for(|state| state.as_deref().is_some_and(&like)),
        )
        .await;
        let Ok(found) = found else {
            panic!("never came: {:#?}", self.session.states().borrow());
        };
        found.unwrap().clone().unwrap()
    }

    /// Waits for the state after the sign-in in progress.
    pub(crate) async fn end_of_sign_in(&self) -> Arc<AppState> {
        self.until(|state| {
            !matches!(
                state.screen,
                Screen::AwaitingBrowser { .. } | Screen::ExchangingCode
            )
        })
        .await
    }

    /// Starts a renewal of Bob's account whose answer is slow, and waits until it is in progress.
    pub(crate) async fn renewing(&self, computer: &Computer) -> JoinHandle<Result<(), Problem>> {
        let slow = Fault::DelayAfterProcessing { ms: 400 };
        computer.amiqus.set_fault(slow.at(Endpoint::TokenRefresh));
        let session = self.session.clone();
        let renewing = tokio::spawn(async move { session.refresh().await });
        self.until(|state| account(state, BOB).renewing).await;
        renewing
    }

    /// Waits for the state after the check at the start.
    pub(crate) async fn checked(&self, clock: &AdjustableClock) -> Arc<AppState> {
        let recent = clock.now() - SignedDuration::from_hours(1);
        self.until(|state| state.accounts.iter().any(|account| account.as_of > recent))
            .await
    }
}

pub(crate) fn code(state: &AppState) -> Option<Code> {
    state.problem.as_ref().map(|problem| problem.code)
}

pub(crate) fn account(state: &AppState, email: &str) -> AccountView {
    let mut accounts = state.accounts.iter();
    let found = accounts.find(|account| account.email == email);
    found.unwrap_or_else(|| panic!("no {email}")).clone()
}

pub(crate) fn key(user: &str, team: &str) -> AccountKey {
    identity(user, team).key()
}

/// The identity that the practice service reports for a user in a team.
pub(crate) fn identity(user: &str, team: &str) -> Identity {
    let (id, name, role) = match (user, team) {
        (BOB, FUSION) => (345_789, "Bob Gale", Role::Owner),
        (BOB, _) => (345_789, "Bob Gale", Role::ReadOnly),
        _ => (345_790, "Lorraine Baines", Role::Member),
    };
    let uuid = match team {
        FUSION => "6b9c8323-4b54-4bb3-a1c8-68de534368a5",
        _ => "0d3f6c1e-9a57-4c22-8b64-5e1f7a2c9d10",
    };
    Identity {
        user: User {
            id,
            name: name.to_owned(),
            email: user.to_owned(),
            is_verified: true,
            is_disabled: false,
        },
        team: Some(Team {
            uuid: uuid.parse().unwrap(),
            name: team.to_owned(),
        }),
        role: Some(role),
        teams: None,
    }
}
