//! Runs the session: one event after the other, each change durable before anyone sees it, each
//! effect only after that.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use url::Url;

use crate::account::{AccountKey, Identity};
use crate::api::{Api, ApiFailure};
use crate::app_state::AppState;
use crate::authorization::Attempt;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::error::{Code, Problem};
use crate::http::Clients;
use crate::redirect::Received;
use crate::registration::{
    BaseUrl, DEFAULT_BASE_URL, FieldProblem, Page, Provenance, Registration, RegistrationDraft,
};
use crate::secret::Passphrase;
use crate::session::{Effect, Event, Outcome, Provisioning, Question, Session, Way, WhyRenew};
use crate::token::{self, Transient};
use crate::vault::{
    Change, Door, DoorFailure, Opened, RecordName, Records, SecretStore, Unlock, WhyLocked,
    WhySetAside,
};

#[cfg(test)]
mod tests;

/// How often the person behind new tokens is asked for before the sign-in is given up for now.
const IDENTIFY_TRIES: u32 = 3;

/// The first wait between those tries; it doubles.
const IDENTIFY_WAIT: Duration = Duration::from_millis(500);

/// A person who is signing in does not wait longer than this because Amiqus asks for it.
const LONGEST_IDENTIFY_WAIT: SignedDuration = SignedDuration::from_secs(10);

/// The first wait before a commit that failed is tried again; it doubles.
const FIRST_SAVE_WAIT: Duration = Duration::from_secs(1);

/// The longest wait before a commit that failed is tried again.
const LONGEST_SAVE_WAIT: Duration = Duration::from_mins(5);

/// The browser could not be started. The text is for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the browser did not open: {0}")]
pub struct BrowserDidNotOpen(pub String);

/// What surrounds the core: the desktop.
pub trait Surroundings: Send + Sync + 'static {
    /// Opens an address in the system's browser, and never in a window of the app's own
    /// (RFC 8252 §8.12). May block for a moment.
    ///
    /// # Errors
    /// [`BrowserDidNotOpen`] when the system can't.
    fn open_browser(&self, url: &Url) -> Result<(), BrowserDidNotOpen>;

    /// Shows the app's window and gives it the focus.
    fn bring_to_front(&self);
}

/// What a keeper is made of.
pub struct Parts {
    /// Opens the vault.
    pub door: Arc<dyn Door>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub chance: Arc<dyn Chance>,
    /// Speaks HTTP; made by [`crate::http::clients`].
    pub clients: Clients,
    /// The desktop.
    pub surroundings: Arc<dyn Surroundings>,
    /// Reads what IT says; asked each time the vault was opened.
    pub provisioning: Box<dyn Fn() -> Provisioning + Send + Sync>,
}

/// The way in for commands; cheap to clone. The session ends when the last one is dropped.
#[derive(Clone)]
pub struct Keeper {
    mail: mpsc::UnboundedSender<Mail>,
    states: watch::Receiver<Option<Arc<AppState>>>,
    on_their_way: watch::Receiver<u32>,
}

enum Mail {
    /// Somebody's wish.
    Command(Command, oneshot::Sender<Result<(), Problem>>),
    /// An effect's outcome.
    Event(Event),
    /// The vault opened.
    VaultOpened(Opened, Box<Records>),
    /// It is time to save what could not be saved.
    SaveAgain,
    /// Which page to open, answered with its address.
    PageAddress(Page, oneshot::Sender<Url>),
}

enum Command {
    /// One that is an event already.
    Event(Event),
    /// Begin an attempt.
    Authorize,
    /// Renew the current account.
    RenewCurrent,
    /// Check the current account.
    CheckCurrent,
}

impl Keeper {
    /// Starts keeping: opens the vault and goes on where the last run stopped. Must be called
    /// within a tokio runtime.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let (mail, inbox) = mpsc::unbounded_channel();
        let (publish, states) = watch::channel(None);
        let (count, on_their_way) = watch::channel(0);
        let desk = Desk {
            parts: Arc::new(parts),
            session: Session::default(),
            store: None,
            unsaved: BTreeSet::new(),
            next_save: None,
            waiting: HashMap::new(),
            plans: HashMap::new(),
            on_their_way: count,
            publish,
            revision: 0,
            mail: mail.downgrade(),
        };
        tokio::spawn(desk.run(inbox));
        let keeper = Self {
            mail,
            states,
            on_their_way,
        };
        keeper.post(Mail::Event(Event::UnlockRequested(Unlock::Keychain)));
        keeper
    }

    /// The states, as they come down. `None` until there is one to show.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<Option<Arc<AppState>>> {
        self.states.clone()
    }

    /// The state now, as soon as there is one.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session ended.
    pub async fn state(&self) -> Result<Arc<AppState>, Problem> {
        let mut states = self.states.clone();
        let state = states
            .wait_for(Option::is_some)
            .await
            .map_err(|_| Code::Internal)?;
        state.clone().ok_or_else(|| Code::Internal.into())
    }

    /// Begins to sign in: the browser opens.
    ///
    /// # Errors
    /// The [`Problem`] that kept it from beginning.
    pub async fn authorize(&self) -> Result<(), Problem> {
        self.ask(Command::Authorize).await
    }

    /// Opens the browser again for the pending attempt.
    ///
    /// # Errors
    /// [`Code::LinkTooLate`] when none is pending.
    pub async fn open_browser_again(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::BrowserRequestedAgain)).await
    }

    /// Takes an address that a person pasted.
    ///
    /// # Errors
    /// Why it isn't the answer to the pending attempt, which survives.
    pub async fn exchange(&self, pasted: Received) -> Result<(), Problem> {
        self.ask(Command::Event(Event::AddressReceived(pasted, Way::Pasted)))
            .await
    }

    /// Takes an address that reached the app by itself. A wrong one is logged without its query
    /// and ignored.
    pub fn receive(&self, link: Received) {
        self.post(Mail::Event(Event::AddressReceived(link, Way::Link)));
    }

    /// Gives up the pending attempt, or leaves the set-up.
    ///
    /// # Errors
    /// When the vault can't be written.
    pub async fn cancel(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::Cancelled)).await
    }

    /// Renews the current account and waits for the outcome. Any number of callers leads to one
    /// request; all get its outcome.
    ///
    /// # Errors
    /// Why it was not renewed.
    pub async fn refresh(&self) -> Result<(), Problem> {
        self.ask(Command::RenewCurrent).await
    }

    /// Asks Amiqus who the current account is and waits for the outcome.
    ///
    /// # Errors
    /// Why it can't be told.
    pub async fn me(&self) -> Result<(), Problem> {
        self.ask(Command::CheckCurrent).await
    }

    /// Makes another account current.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such account.
    pub async fn switch_account(&self, id: &str) -> Result<(), Problem> {
        let key = AccountKey::from_str(id).map_err(|_| Code::NotSignedIn)?;
        self.ask(Command::Event(Event::SwitchRequested(key))).await
    }

    /// Removes an account's tokens from this computer. Works offline; the access at Amiqus ends on
    /// the Team apps page only.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such account.
    pub async fn sign_out(&self, id: &str) -> Result<(), Problem> {
        let key = AccountKey::from_str(id).map_err(|_| Code::NotSignedIn)?;
        self.ask(Command::Event(Event::SignOutRequested(key))).await
    }

    /// Takes what an administrator entered.
    ///
    /// # Errors
    /// What to change; an empty list when it was fine and could not be kept, which the state then
    /// tells.
    pub async fn save_registration(
        &self,
        draft: RegistrationDraft,
    ) -> Result<(), Vec<FieldProblem>> {
        let registration = draft.validate(Provenance::ByHand)?;
        self.ask(Command::Event(Event::RegistrationEntered(Box::new(
            registration,
        ))))
        .await
        .map_err(|_| Vec::new())
    }

    /// Goes to the set-up screen, unless IT manages the set-up.
    ///
    /// # Errors
    /// [`Code::RegistrationInvalid`] when IT does.
    pub async fn change_setup(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::SetupChangeRequested)).await
    }

    /// Opens a locked vault.
    ///
    /// # Errors
    /// When the session ended. How it went, the state tells.
    pub async fn unlock(&self, unlock: Unlock) -> Result<(), Problem> {
        self.ask(Command::Event(Event::UnlockRequested(unlock)))
            .await
    }

    /// Gives up a vault that can't be opened any more: it is set aside, and an empty one opened.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] while the vault is open, or could be.
    pub async fn start_over(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::StartOverRequested)).await
    }

    /// Waits until no code and no refresh token is on its way, and what came of them is durable.
    /// Whoever ends the process waits for this: an answer that arrives at nobody is lost.
    pub async fn at_rest(&self) {
        // An ended session has nothing on its way.
        let _ = self
            .on_their_way
            .clone()
            .wait_for(|count| *count == 0)
            .await;
    }

    /// The address of one of the pages that may be opened from the window.
    ///
    /// # Errors
    /// When the session ended.
    pub async fn page_address(&self, page: Page) -> Result<Url, Problem> {
        let (reply, answer) = oneshot::channel();
        self.post(Mail::PageAddress(page, reply));
        answer.await.map_err(|_| Code::Internal.into())
    }

    async fn ask(&self, command: Command) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        self.post(Mail::Command(command, reply));
        answer.await.unwrap_or_else(|_| Err(Code::Internal.into()))
    }

    fn post(&self, mail: Mail) {
        if self.mail.send(mail).is_err() {
            tracing::error!("the session has ended; a message went nowhere");
        }
    }
}

/// Makes a passphrase into what opens the vault.
#[must_use]
pub fn unlock_with(passphrase: Option<String>) -> Unlock {
    passphrase.map_or(Unlock::Keychain, |text| {
        Unlock::Passphrase(Passphrase::new(text))
    })
}

type Waiting = HashMap<Question, Vec<oneshot::Sender<Result<(), Problem>>>>;

/// Where the session lies and the mail is read.
struct Desk {
    parts: Arc<Parts>,
    session: Session,
    store: Option<Arc<dyn SecretStore>>,
    /// Changes that could not be saved yet; they go with the next commit.
    unsaved: BTreeSet<RecordName>,
    /// While there are such changes: how long the next wait is before they are tried again.
    next_save: Option<Duration>,
    waiting: Waiting,
    plans: HashMap<AccountKey, AbortHandle>,
    /// How many codes and refresh tokens were posted whose answers are not dealt with yet.
    on_their_way: watch::Sender<u32>,
    publish: watch::Sender<Option<Arc<AppState>>>,
    revision: u32,
    /// Weak, so that a timer far ahead doesn't keep the session alive.
    mail: mpsc::WeakUnboundedSender<Mail>,
}

impl Desk {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Mail>) {
        while let Some(mail) = inbox.recv().await {
            match mail {
                Mail::Event(event) => {
                    let settles = matches!(event, Event::CodeExchanged(..) | Event::Refreshed(..));
                    self.take(event).await;
                    if settles {
                        self.on_their_way
                            .send_modify(|count| *count = count.saturating_sub(1));
                    }
                }
                Mail::Command(command, reply) => self.command(command, reply).await,
                Mail::VaultOpened(opened, records) => {
                    self.store = Some(opened.store);
                    let provisioning = (self.parts.provisioning)();
                    self.take(Event::Opened {
                        records,
                        provisioning,
                        set_aside: opened.set_aside,
                    })
                    .await;
                }
                Mail::SaveAgain => self.save_again().await,
                Mail::PageAddress(page, reply) => {
                    if let Some(url) = self.page(page) {
                        // Whoever asked may have gone meanwhile.
                        let _ = reply.send(url);
                    }
                }
            }
        }
        for plan in self.plans.values() {
            plan.abort();
        }
    }

    fn page(&self, page: Page) -> Option<Url> {
        match self.session.registration() {
            Some(registration) => Some(registration.base_url.page(page)),
            None => BaseUrl::parse(DEFAULT_BASE_URL)
                .ok()
                .map(|base_url| base_url.page(page)),
        }
    }

    async fn command(&mut self, command: Command, reply: oneshot::Sender<Result<(), Problem>>) {
        let event = match command {
            Command::Event(event) => Ok(event),
            Command::Authorize => self.begin_attempt(),
            Command::RenewCurrent => self
                .session
                .current()
                .map(|key| Event::RenewalRequested(key, WhyRenew::Asked))
                .ok_or_else(|| Code::NotSignedIn.into()),
            Command::CheckCurrent => self
                .session
                .current()
                .map(Event::CheckRequested)
                .ok_or_else(|| Code::NotSignedIn.into()),
        };
        let outcome = match event {
            Ok(event) => self.take(event).await,
            Err(problem) => Outcome::Refused(problem),
        };
        let result = match outcome {
            Outcome::Later(question) => {
                self.waiting.entry(question).or_default().push(reply);
                return;
            }
            Outcome::Taken => Ok(()),
            Outcome::Refused(problem) => Err(problem),
        };
        // Whoever asked may have gone meanwhile.
        let _ = reply.send(result);
    }

    fn begin_attempt(&self) -> Result<Event, Problem> {
        let registration = self.session.registration().ok_or(Code::NotSignedIn)?;
        let attempt = Attempt::begin(
            registration,
            self.parts.clock.now(),
            self.parts.chance.as_ref(),
        )
        .map_err(|problem| {
            tracing::error!(%problem, "no attempt can be made");
            Code::Internal
        })?;
        Ok(Event::SignInRequested(Box::new(attempt)))
    }

    /// One event, to its end: the step, its commit, its state, its answers, its effects.
    async fn take(&mut self, event: Event) -> Outcome {
        let mut step = self.session.step(event, self.parts.clock.now());
        if !step.changed.is_empty() && !self.commit(&step.changed).await {
            let unrun = std::mem::take(&mut step.effects);
            let now = self.parts.clock.now();
            let undone = self.session.step(Event::SaveFailed(unrun), now);
            step.outcome = undone.outcome;
            step.effects = undone.effects;
            step.answers.extend(undone.answers);
            if self.next_save.is_none() {
                self.save_later(FIRST_SAVE_WAIT);
            }
        }
        self.show();
        for (question, result) in step.answers {
            for reply in self.waiting.remove(&question).unwrap_or_default() {
                // Whoever asked may have gone meanwhile.
                let _ = reply.send(result.clone());
            }
        }
        for effect in step.effects {
            self.run_effect(effect);
        }
        step.outcome
    }

    /// Makes changes durable, and with them those that could not be saved earlier. Says whether it
    /// could.
    async fn commit(&mut self, names: &BTreeSet<RecordName>) -> bool {
        let were_unsaved = !self.unsaved.is_empty();
        self.unsaved.extend(names);
        let Some(store) = self.store.clone() else {
            return false;
        };
        let changes: Vec<_> = self
            .unsaved
            .iter()
            .map(|name| Change {
                name: *name,
                bytes: self.session.record(*name),
            })
            .collect();
        let committed = tokio::task::spawn_blocking(move || store.commit(&changes)).await;
        match committed {
            Ok(Ok(())) => {
                self.unsaved.clear();
                self.next_save = None;
                if were_unsaved {
                    self.session.step(Event::Saved, self.parts.clock.now());
                }
                true
            }
            Ok(Err(failure)) => {
                tracing::error!(%failure, "the vault can't be written");
                false
            }
            Err(failure) => {
                tracing::error!(%failure, "the vault's thread failed");
                false
            }
        }
    }

    /// Tokens that arrived while the disk was full are to outlive this run as soon as there is room.
    async fn save_again(&mut self) {
        let Some(wait) = self.next_save else {
            return;
        };
        if self.commit(&BTreeSet::new()).await {
            self.show();
        } else {
            self.save_later(wait);
        }
    }

    fn save_later(&mut self, wait: Duration) {
        self.next_save = Some((wait * 2).min(LONGEST_SAVE_WAIT));
        let mail = self.mail.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(mail) = mail.upgrade() {
                // The session may have ended meanwhile.
                let _ = mail.send(Mail::SaveAgain);
            }
        });
    }

    fn show(&mut self) {
        if !self.session.is_settled() {
            return;
        }
        self.revision += 1;
        self.publish
            .send_replace(Some(Arc::new(self.session.app_state(self.revision))));
    }

    fn run_effect(&mut self, effect: Effect) {
        match effect {
            Effect::OpenVault(unlock) => self.open_vault(|door| open(door, unlock)),
            Effect::StartOver => self.open_vault(start_over),
            Effect::OpenBrowser(id, url) => {
                let surroundings = Arc::clone(&self.parts.surroundings);
                self.later(async move {
                    let opened = tokio::task::spawn_blocking(move || {
                        surroundings.open_browser(url.expose())
                    })
                    .await;
                    match opened {
                        Ok(Ok(())) => None,
                        Ok(Err(failure)) => {
                            tracing::error!(%failure);
                            Some(Event::BrowserDidNotOpen(id))
                        }
                        Err(failure) => {
                            tracing::error!(%failure, "opening the browser failed");
                            Some(Event::BrowserDidNotOpen(id))
                        }
                    }
                });
            }
            Effect::BringToFront => self.parts.surroundings.bring_to_front(),
            Effect::ArmDeadline(id, at) => {
                let wait = until(self.parts.clock.now(), at);
                self.later(async move {
                    tokio::time::sleep(wait).await;
                    Some(Event::DeadlinePassed(id))
                });
            }
            Effect::PlanRenewal(key, at) => self.plan_renewal(key, at),
            Effect::ProbeLater(key, serial, wait) => {
                let wait = Duration::try_from(wait).unwrap_or_default();
                self.later(async move {
                    tokio::time::sleep(wait).await;
                    Some(Event::ProbeDue(key, serial))
                });
            }
            effect => self.ask_amiqus(effect),
        }
    }

    /// The effects that go over the network. A registration that went away meanwhile ends them.
    fn ask_amiqus(&mut self, effect: Effect) {
        let Some(registration) = self.session.registration().cloned() else {
            return;
        };
        if matches!(effect, Effect::Exchange { .. } | Effect::Refresh(..)) {
            self.on_their_way.send_modify(|count| *count += 1);
        }
        let parts = Arc::clone(&self.parts);
        self.later(async move {
            let now = || parts.clock.now();
            match effect {
                Effect::Exchange {
                    attempt,
                    code,
                    verifier,
                    redirect_url,
                } => {
                    let tokens = token::exchange(
                        parts.clients.for_service(&registration.base_url),
                        &registration,
                        &redirect_url,
                        code,
                        verifier,
                        now,
                    )
                    .await;
                    Some(Event::CodeExchanged(attempt, tokens))
                }
                Effect::Identify(attempt, access) => {
                    let identity = identify(&parts, &registration, &access).await;
                    Some(Event::Identified(attempt, identity))
                }
                Effect::Refresh(key, serial, refresh, redirect_url) => {
                    let tokens = token::refresh(
                        parts.clients.for_service(&registration.base_url),
                        &registration,
                        &refresh,
                        &redirect_url,
                        now,
                    )
                    .await;
                    Some(Event::Refreshed(key, serial, tokens))
                }
                Effect::Probe(key, serial, access) => {
                    let status = api(&parts, &registration, &access).status().await;
                    Some(Event::Probed(key, serial, status))
                }
                Effect::Check(key, serial, access) => {
                    let identity = api(&parts, &registration, &access).identity().await;
                    Some(Event::Checked(key, serial, identity))
                }
                _ => None,
            }
        });
    }

    fn open_vault(
        &self,
        opening: impl FnOnce(&dyn Door) -> Result<(Opened, Records), DoorFailure> + Send + 'static,
    ) {
        let door = Arc::clone(&self.parts.door);
        let Some(mail) = self.mail.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            let opened = tokio::task::spawn_blocking(move || opening(door.as_ref())).await;
            let letter = match opened {
                Ok(Ok((opened, records))) => Mail::VaultOpened(opened, Box::new(records)),
                Ok(Err(failure)) => {
                    tracing::warn!(%failure, "the vault did not open");
                    Mail::Event(Event::NotOpened(failure))
                }
                Err(failure) => {
                    tracing::error!(%failure, "opening the vault failed");
                    let failure = DoorFailure::Locked(WhyLocked::VaultUnreachable);
                    Mail::Event(Event::NotOpened(failure))
                }
            };
            // The session may have ended meanwhile.
            let _ = mail.send(letter);
        });
    }

    /// Arms the timer for one account's renewal in place of its earlier one.
    fn plan_renewal(&mut self, key: AccountKey, at: Timestamp) {
        let wait = until(self.parts.clock.now(), at);
        let mut byte = [0];
        // Without jitter it still works.
        let _ = self.parts.chance.fill(&mut byte);
        let wait = with_jitter(wait, byte[0]);
        let plan = self.later(async move {
            tokio::time::sleep(wait).await;
            Some(Event::RenewalRequested(key, WhyRenew::Due))
        });
        if let Some(earlier) = self.plans.insert(key, plan) {
            earlier.abort();
        }
    }

    /// Runs something beside the desk; its event comes back as mail.
    fn later(&self, work: impl Future<Output = Option<Event>> + Send + 'static) -> AbortHandle {
        let mail = self.mail.clone();
        let task = tokio::spawn(async move {
            if let Some(event) = work.await
                && let Some(mail) = mail.upgrade()
            {
                // The session may have ended meanwhile.
                let _ = mail.send(Mail::Event(event));
            }
        });
        task.abort_handle()
    }
}

/// Sets aside a vault that can't be opened any more, and opens an empty one.
fn start_over(door: &dyn Door) -> Result<(Opened, Records), DoorFailure> {
    door.set_aside(WhySetAside::Damaged).map_err(|failure| {
        tracing::error!(%failure, "the vault can't be set aside");
        DoorFailure::Locked(WhyLocked::VaultUnreachable)
    })?;
    open(door, Unlock::Keychain)
}

/// Opens the vault and reads it. One written by a newer version is set aside whole.
fn open(door: &dyn Door, unlock: Unlock) -> Result<(Opened, Records), DoorFailure> {
    let unreachable = |failure: &dyn std::fmt::Display| {
        tracing::error!(%failure, "the vault can't be read");
        DoorFailure::Locked(WhyLocked::VaultUnreachable)
    };
    let opened = door.open(unlock.clone())?;
    let stored = opened
        .store
        .read_all()
        .map_err(|failure| unreachable(&failure))?;
    if let Ok(records) = Records::read(&stored) {
        return Ok((opened, records));
    }
    drop(opened);
    let set_aside = door
        .set_aside(WhySetAside::Newer)
        .map_err(|failure| unreachable(&failure))?;
    let mut opened = door.open(unlock)?;
    opened.set_aside = Some(set_aside);
    Ok((opened, Records::default()))
}

fn api<'a>(
    parts: &'a Parts,
    registration: &'a Registration,
    access: &'a token::AccessToken,
) -> Api<'a> {
    Api {
        client: parts.clients.for_service(&registration.base_url),
        base_url: &registration.base_url,
        access,
        now: parts.clock.now(),
    }
}

/// Asks who new tokens belong to, and again when the first answer is lost: the sign-in that led to
/// them cost a person's time.
async fn identify(
    parts: &Parts,
    registration: &Registration,
    access: &token::AccessToken,
) -> Result<Identity, ApiFailure> {
    let mut wait = IDENTIFY_WAIT;
    let mut tries = 1;
    loop {
        match api(parts, registration, access).identity().await {
            Err(ApiFailure::Transient(transient)) if tries < IDENTIFY_TRIES => {
                if let Transient::Busy(Some(asked)) = transient {
                    if asked > LONGEST_IDENTIFY_WAIT {
                        return Err(ApiFailure::Transient(transient));
                    }
                    wait = wait.max(Duration::try_from(asked).unwrap_or_default());
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

/// A wait with jitter, so that an office that signed in together doesn't renew together: up to a
/// tenth of the wait longer, and so never before the time that Amiqus asked for. A renewal is due
/// at nine tenths of a token's life at the latest: a tenth of that more is still in time.
fn with_jitter(wait: Duration, random: u8) -> Duration {
    let longest = (wait / 10).min(Duration::from_hours(24));
    wait.saturating_add(longest * u32::from(random) / 255)
}

/// How long it is until then; nothing when it is past.
fn until(now: Timestamp, at: Timestamp) -> Duration {
    let wait = at.duration_since(now).max(SignedDuration::ZERO);
    Duration::try_from(wait).unwrap_or_default()
}
