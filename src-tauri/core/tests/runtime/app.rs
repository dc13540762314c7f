//! What surrounds the keeper in these tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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
use amiqus_core::registration::{BaseUrl, Provenance, RedirectUrl, RegistrationDraft};
use amiqus_core::runtime::{
    AttemptEnd, BrowserDidNotOpen, Dependencies, Host, ListenError, Listener, Recipient,
    SessionHandle,
};
use amiqus_core::session::Provisioning;
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{
    Change, OpenError, Opened, RecordBytes, RecordName, SecretStore, SetAside, SetAsideReason,
    StoreError, Unlock, VaultOpener, encode_account, encode_current, encode_registration,
};
use jiff::{SignedDuration, Timestamp};
use practice_amiqus::{Answer, Endpoint, Fault, Practice, Settings};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const LORRAINE: &str = "lorraine@example.com";
pub(crate) const FUSION: &str = "Fusion Industries";
pub(crate) const HILL_VALLEY: &str = "Hill Valley Legal";
pub(crate) const REDIRECT: &str = "co.amiqus.signin://oauth/callback";

/// Nothing in these tests takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A store of secrets in memory, whose disk can be full.
#[derive(Default)]
pub(crate) struct Drawer {
    records: Mutex<BTreeMap<String, Vec<u8>>>,
    aside: Mutex<String>,
    full: AtomicBool,
}

impl Drawer {
    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.records.lock().unwrap().keys().cloned().collect()
    }

    /// All that is in it, as text.
    pub(crate) fn text(&self) -> String {
        let records = self.records.lock().unwrap();
        let all = records.values().map(|bytes| String::from_utf8_lossy(bytes));
        all.collect::<Vec<_>>().join("\n")
    }

    /// As if a newer version of the app had written it.
    pub(crate) fn make_newer(&self) {
        for bytes in self.records.lock().unwrap().values_mut() {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text
                .replace(r#""version":1"#, r#""version":2"#)
                .into_bytes();
        }
    }

    /// What was set aside.
    pub(crate) fn aside(&self) -> String {
        self.aside.lock().unwrap().clone()
    }

    pub(crate) fn put(&self, name: RecordName, bytes: &RecordBytes) {
        let mut records = self.records.lock().unwrap();
        records.insert(name.to_string(), bytes.to_vec());
    }
}

impl SecretStore for Drawer {
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreError> {
        let records = self.records.lock().unwrap();
        Ok(records
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.clone().into()))
            .collect())
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::new("no space left on device"));
        }
        let mut records = self.records.lock().unwrap();
        for change in changes {
            match &change.bytes {
                Some(bytes) => records.insert(change.name.to_string(), bytes.to_vec()),
                None => records.remove(&change.name.to_string()),
            };
        }
        Ok(())
    }
}

/// A door that is always open, to the same drawer.
pub(crate) struct OpenDoor(pub(crate) Arc<Drawer>);

impl VaultOpener for OpenDoor {
    fn open(&self, _: Unlock) -> Result<Opened, OpenError> {
        Ok(Opened {
            store: Arc::clone(&self.0) as Arc<dyn SecretStore>,
            set_aside: None,
        })
    }

    fn wait_until_free(&self) {}

    fn set_aside(&self, why: SetAsideReason) -> Result<SetAside, StoreError> {
        *self.0.aside.lock().unwrap() = self.0.text();
        self.0.records.lock().unwrap().clear();
        Ok(SetAside {
            why,
            to: "aside".into(),
        })
    }
}

/// The computer's clock, turned by as much as a test wants.
#[derive(Default)]
pub(crate) struct TurnedClock(Mutex<SignedDuration>);

impl TurnedClock {
    pub(crate) fn turn(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TurnedClock {
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

/// This computer's one port: whether somebody has it, and what the app listens for there.
#[derive(Default)]
pub(crate) struct Ear {
    pub(crate) is_taken: bool,
    listens_for: Option<(String, Recipient)>,
    /// How the last attempt ended that was listened for.
    pub(crate) ended: Option<AttemptEnd>,
}

/// Gives the port back when it is dropped.
struct Listening(Arc<Mutex<Ear>>);

impl Listener for Listening {
    fn attempt_over(self: Box<Self>, how: AttemptEnd) {
        self.0.lock().unwrap().ended = Some(how);
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut ear = self.0.lock().unwrap();
        ear.is_taken = false;
        ear.listens_for = None;
    }
}

/// A desktop whose browser only says which address it was to open.
struct Desktop {
    opened: mpsc::UnboundedSender<Url>,
    fronts: Arc<AtomicU32>,
    no_browser: Arc<AtomicBool>,
    ear: Arc<Mutex<Ear>>,
    painted: watch::Receiver<bool>,
}

impl Host for Desktop {
    fn open_browser(&self, url: &Url, _: &BaseUrl) -> Result<(), BrowserDidNotOpen> {
        if self.no_browser.load(Ordering::SeqCst) {
            return Err(BrowserDidNotOpen("there is none".to_owned()));
        }
        self.opened
            .send(url.clone())
            .map_err(|_| BrowserDidNotOpen("nobody looks".to_owned()))
    }

    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError> {
        let mut ear = self.ear.lock().unwrap();
        if ear.is_taken {
            return Err(ListenError("the address is in use".to_owned()));
        }
        ear.is_taken = true;
        ear.listens_for = Some((redirect_url.as_str().to_owned(), recipient));
        Ok(Box::new(Listening(Arc::clone(&self.ear))))
    }

    fn first_painted(&self) -> Wait {
        let mut painted = self.painted.clone();
        Box::pin(async move {
            painted.wait_for(|painted| *painted).await.unwrap();
        })
    }

    fn bring_to_front(&self) {
        self.fronts.fetch_add(1, Ordering::SeqCst);
    }
}

/// A computer with a practice service: what outlives the app.
pub(crate) struct Computer {
    pub(crate) amiqus: Practice,
    pub(crate) drawer: Arc<Drawer>,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) no_browser: Arc<AtomicBool>,
    pub(crate) ear: Arc<Mutex<Ear>>,
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
    /// Set up with the practice service; nobody is signed in.
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
        computer.drawer.put(RecordName::Registration, &record);
        computer
    }

    /// Before the set-up.
    pub(crate) async fn bare(settings: Settings) -> Self {
        Self {
            amiqus: Practice::start(settings).await.unwrap(),
            drawer: Arc::default(),
            clock: Arc::default(),
            no_browser: Arc::default(),
            ear: Arc::default(),
            painted: watch::Sender::new(true),
            limits: Timeouts::default(),
        }
    }

    /// Bob is signed in at Fusion Industries since yesterday; his pair.
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
        self.drawer
            .put(RecordName::Account(key), &encode_account(&account));
        self.drawer.put(RecordName::Current, &encode_current(key));
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
            opener: Arc::new(OpenDoor(Arc::clone(&self.drawer))),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SystemEntropy),
            clients: self.clients(),
            host: Arc::new(Desktop {
                opened,
                fronts: Arc::clone(&fronts),
                no_browser: Arc::clone(&self.no_browser),
                ear: Arc::clone(&self.ear),
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

    /// What a person does in the browser.
    pub(crate) fn answer(&self, url: &Url, user: &str, team: &str, answer: Answer) -> ReceivedLink {
        let address = self.amiqus.answer(url.as_str(), user, team, answer);
        ReceivedLink::new(address.unwrap())
    }

    /// Who hears what arrives at the app's own address, while it listens there.
    pub(crate) fn listener(&self) -> Option<Recipient> {
        let ear = self.ear.lock().unwrap();
        ear.listens_for
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
        let url = tokio::time::timeout(PATIENCE, self.browser.recv()).await;
        url.expect("no browser was opened in time").unwrap()
    }

    /// Whether a browser was opened that nobody looked at yet.
    pub(crate) fn browser_is_open(&mut self) -> bool {
        self.browser.try_recv().is_ok()
    }

    /// Begins to sign in and hands the browser's answer over.
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

    /// The first state from now on that is like this.
    pub(crate) async fn until(&self, like: impl Fn(&AppState) -> bool) -> Arc<AppState> {
        let mut states = self.session.states();
        let found = tokio::time::timeout(
            PATIENCE,
            states.wait_for(|state| state.as_deref().is_some_and(&like)),
        )
        .await;
        let Ok(found) = found else {
            panic!("never came: {:#?}", self.session.states().borrow());
        };
        found.unwrap().clone().unwrap()
    }

    /// The state once the browser and Amiqus have answered what the sign-in asked of them.
    pub(crate) async fn end_of_sign_in(&self) -> Arc<AppState> {
        self.until(|state| {
            !matches!(
                state.screen,
                Screen::AwaitingBrowser { .. } | Screen::ExchangingCode
            )
        })
        .await
    }

    /// Once Bob is being renewed; the answer will be a while.
    pub(crate) async fn renewing(&self, computer: &Computer) -> JoinHandle<Result<(), Problem>> {
        let slow = Fault::DelayAfterProcessing { ms: 400 };
        computer.amiqus.set_fault(slow.at(Endpoint::TokenRefresh));
        let session = self.session.clone();
        let renewing = tokio::spawn(async move { session.refresh().await });
        self.until(|state| account(state, BOB).renewing).await;
        renewing
    }

    /// Once the check that each start brings is over.
    pub(crate) async fn checked(&self, clock: &TurnedClock) -> Arc<AppState> {
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

/// What the practice service knows of its people.
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
    }
}
