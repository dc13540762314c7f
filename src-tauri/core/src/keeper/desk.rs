//! The desk: where the session lies, the mail is read, and what changed is made durable.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use url::Url;

use super::{Command, Mail, Parts};
use crate::account::AccountKey;
use crate::app_state::AppState;
use crate::authorization::Attempt;
use crate::error::{Code, Problem};
use crate::registration::{BaseUrl, DEFAULT_BASE_URL, Page};
use crate::session::{Event, Outcome, Question, Session, WhyRenew};
use crate::vault::{Change, RecordName, SecretStore, Unlock};

/// The first wait before a commit that failed is tried again; it doubles.
const FIRST_SAVE_WAIT: Duration = Duration::from_secs(1);

/// The longest wait before a commit that failed is tried again.
const LONGEST_SAVE_WAIT: Duration = Duration::from_mins(5);

type Waiting = HashMap<Question, Vec<oneshot::Sender<Result<(), Problem>>>>;

/// Where the session lies and the mail is read.
pub(super) struct Desk {
    pub(super) parts: Arc<Parts>,
    pub(super) session: Session,
    pub(super) store: Option<Arc<dyn SecretStore>>,
    /// Whether a thread waits for another process to let the vault go.
    pub(super) awaits_vault: bool,
    /// Changes that could not be saved yet; they go with the next commit.
    unsaved: BTreeSet<RecordName>,
    /// While there are such changes: how long the next wait is before they are tried again.
    next_save: Option<Duration>,
    waiting: Waiting,
    pub(super) plans: HashMap<AccountKey, AbortHandle>,
    /// How many codes and refresh tokens were posted whose answers are not dealt with yet.
    pub(super) on_their_way: watch::Sender<u32>,
    publish: watch::Sender<Option<Arc<AppState>>>,
    revision: u32,
    /// Weak, so that a timer far ahead doesn't keep the session alive.
    pub(super) mail: mpsc::WeakUnboundedSender<Mail>,
}

impl Desk {
    pub(super) fn new(
        parts: Parts,
        publish: watch::Sender<Option<Arc<AppState>>>,
        on_their_way: watch::Sender<u32>,
        mail: mpsc::WeakUnboundedSender<Mail>,
    ) -> Self {
        Self {
            parts: Arc::new(parts),
            session: Session::default(),
            store: None,
            awaits_vault: false,
            unsaved: BTreeSet::new(),
            next_save: None,
            waiting: HashMap::new(),
            plans: HashMap::new(),
            on_their_way,
            publish,
            revision: 0,
            mail,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Mail>) {
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
                Mail::VaultFree => {
                    self.awaits_vault = false;
                    self.take(Event::UnlockRequested(Unlock::Keychain)).await;
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
                if were_unsaved && let Some(mail) = self.mail.upgrade() {
                    // The session may have ended meanwhile.
                    let _ = mail.send(Mail::Event(Event::Saved));
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
        if !self.commit(&BTreeSet::new()).await {
            self.save_later(wait);
        }
    }

    fn save_later(&mut self, wait: Duration) {
        self.next_save = Some((wait * 2).min(LONGEST_SAVE_WAIT));
        let mail = self.mail.clone();
        let wait = self.parts.clock.wait_for(wait);
        tokio::spawn(async move {
            wait.await;
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
}
