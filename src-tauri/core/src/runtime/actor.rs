//! The desk: where the session lies, the mail is read, and what changed is made durable.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::{
    AttemptEnd, Command, CurrentToken, Dependencies, Listener, Message, PageAddress, Recipient,
    SaveError,
};
use crate::account::AccountKey;
use crate::app_state::AppState;
use crate::authorization::{Attempt, AttemptId};
use crate::check::{self, CheckError};
use crate::error::{Code, Problem};
use crate::registration::{
    BaseUrl, DEFAULT_BASE_URL, Field, FieldProblem, Page, Provenance, Reason, Registration,
    RegistrationDraft,
};
use crate::session::{Event, Outcome, PendingReply, Session};
use crate::vault::{Change, RecordName, SecretStore, Unlock};

/// The first wait before a commit that failed is tried again; it doubles.
const FIRST_SAVE_WAIT: Duration = Duration::from_secs(1);

/// The longest wait before a commit that failed is tried again.
const LONGEST_SAVE_WAIT: Duration = Duration::from_mins(5);

type Waiting = HashMap<PendingReply, Vec<oneshot::Sender<Result<(), Problem>>>>;

/// A listener, and the attempt whose answer it waits for.
pub(super) struct Listening {
    pub(super) attempt: AttemptId,
    pub(super) listener: Box<dyn Listener>,
}

/// Where the session lies and the mail is read.
pub(super) struct SessionActor {
    pub(super) dependencies: Arc<Dependencies>,
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
    /// Who listens for the browser's answer.
    pub(super) listening: Option<Listening>,
    publish: watch::Sender<Option<Arc<AppState>>>,
    hand_out: watch::Sender<Option<CurrentToken>>,
    revision: u32,
    /// Weak, so that a timer far ahead doesn't keep the session alive.
    pub(super) mail: mpsc::WeakUnboundedSender<Message>,
}

impl SessionActor {
    pub(super) fn new(
        dependencies: Dependencies,
        publish: watch::Sender<Option<Arc<AppState>>>,
        hand_out: watch::Sender<Option<CurrentToken>>,
        on_their_way: watch::Sender<u32>,
        mail: mpsc::WeakUnboundedSender<Message>,
    ) -> Self {
        Self {
            dependencies: Arc::new(dependencies),
            session: Session::default(),
            store: None,
            awaits_vault: false,
            unsaved: BTreeSet::new(),
            next_save: None,
            waiting: HashMap::new(),
            plans: HashMap::new(),
            on_their_way,
            listening: None,
            publish,
            hand_out,
            revision: 0,
            mail,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        while let Some(mail) = inbox.recv().await {
            match mail {
                Message::Event(event) => {
                    let settles = matches!(event, Event::CodeExchanged(..) | Event::Refreshed(..));
                    self.take(event).await;
                    if settles {
                        self.on_their_way
                            .send_modify(|count| *count = count.saturating_sub(1));
                    }
                }
                Message::Command(command, reply) => self.command(command, reply).await,
                Message::VaultOpened(opened, records) => {
                    self.store = Some(opened.store);
                    let provisioning = (self.dependencies.provisioning)();
                    self.take(Event::Opened {
                        records,
                        provisioning,
                        set_aside: opened.set_aside,
                    })
                    .await;
                }
                Message::VaultFree => {
                    self.awaits_vault = false;
                    self.take(Event::UnlockRequested(Unlock::Keychain)).await;
                }
                Message::SaveAgain => self.save_again().await,
                Message::SaveRegistration(draft, reply) => {
                    let result = self.save_registration(draft).await;
                    // Whoever asked may have gone meanwhile.
                    let _ = reply.send(result);
                }
                Message::CheckRegistration(draft, reply) => self.check_registration(draft, reply),
                Message::Done(reply) => {
                    // Whoever asked may have gone meanwhile.
                    let _ = reply.send(());
                }
                Message::StopIfQuiescent(reply) => {
                    // Nobody's wish that has come meanwhile is dropped.
                    let ends = inbox.is_empty() && self.is_quiescent();
                    // Whoever asked may have gone meanwhile, and then it goes on.
                    if reply.send(ends).is_ok() && ends {
                        break;
                    }
                }
                Message::PageAddress(page, reply) => {
                    if let Some(address) = self.page(page) {
                        // Whoever asked may have gone meanwhile.
                        let _ = reply.send(address);
                    }
                }
            }
        }
        for plan in self.plans.values() {
            plan.abort();
        }
    }

    fn is_quiescent(&self) -> bool {
        self.session.is_quiescent()
            && self.unsaved.is_empty()
            && self.waiting.is_empty()
            && *self.on_their_way.borrow() == 0
    }

    pub(super) fn recipient(&self) -> Recipient {
        Recipient {
            mail: self.mail.clone(),
            states: self.publish.subscribe(),
        }
    }

    /// Hands nothing over any more as soon as the attempt is over; nobody is told that it is over
    /// before that.
    fn listen_no_longer_than_needed(&mut self, how: AttemptEnd) {
        let pending = self.session.pending();
        if let Some(over) = self
            .listening
            .take_if(|listening| pending != Some(listening.attempt))
        {
            over.listener.attempt_over(how);
        }
    }

    fn page(&self, page: Page) -> Option<PageAddress> {
        let service = match self.session.registration() {
            Some(registration) => registration.base_url.clone(),
            None => BaseUrl::parse(DEFAULT_BASE_URL).ok()?,
        };
        Some(PageAddress {
            url: service.page(page),
            service,
        })
    }

    async fn command(&mut self, command: Command, reply: oneshot::Sender<Result<(), Problem>>) {
        let event = match command {
            Command::Event(event) => Ok(event),
            Command::Authorize => self.begin_attempt(),
            Command::RenewCurrent(why) => self
                .session
                .require_current()
                .map(|key| Event::RenewalRequested(key, why))
                .map_err(Problem::from),
            Command::CheckCurrent => self
                .session
                .require_current()
                .map(Event::CheckRequested)
                .map_err(Problem::from),
            Command::NoSuchAccount => Err(self
                .session
                .require_registration()
                .err()
                .unwrap_or(Code::NotSignedIn)
                .into()),
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

    /// What was entered in the window, if it can be used.
    fn validate(&self, draft: RegistrationDraft) -> Result<Registration, Vec<FieldProblem>> {
        let draft = draft.with_current_secret(self.session.registration());
        let validated = draft.validate(Provenance::ByHand);
        let is_plain_http = draft
            .base_url()
            .is_ok_and(|base_url| base_url.is_loopback());
        if !is_plain_http || self.dependencies.allows_plain_http {
            return validated;
        }
        let mut problems = validated.err().unwrap_or_default();
        problems.push(FieldProblem {
            field: Field::BaseUrl,
            reason: Reason::NotHttps,
        });
        Err(problems)
    }

    async fn save_registration(&mut self, draft: RegistrationDraft) -> Result<(), SaveError> {
        let registration = self.validate(draft).map_err(SaveError::Fields)?;
        let entered = Event::RegistrationEntered(Box::new(registration));
        match self.take(entered).await {
            Outcome::Refused(problem) => Err(SaveError::Problem(problem)),
            Outcome::Taken | Outcome::Later(_) => Ok(()),
        }
    }

    /// Checks beside everything else; the session has no part in it.
    fn check_registration(
        &self,
        draft: RegistrationDraft,
        reply: oneshot::Sender<Result<(), CheckError>>,
    ) {
        if self.session.is_managed() {
            // There is nothing to set up, and no other service to be asked for anybody.
            let _ = reply.send(Err(Code::SetupManaged.into()));
            return;
        }
        let registration = self.validate(draft);
        let dependencies = Arc::clone(&self.dependencies);
        tokio::spawn(async move {
            let result = match registration {
                Ok(registration) => {
                    let now = || dependencies.clock.now();
                    match dependencies
                        .clients
                        .for_service(&registration.base_url)
                        .await
                    {
                        Ok(client) => {
                            check::check(client, &registration, dependencies.entropy.as_ref(), now)
                                .await
                        }
                        Err(problem) => Err(problem.into()),
                    }
                }
                Err(problems) => Err(CheckError::Fields(problems)),
            };
            // Whoever asked may have gone meanwhile.
            let _ = reply.send(result);
        });
    }

    fn begin_attempt(&self) -> Result<Event, Problem> {
        let registration = self.session.require_registration()?;
        let attempt = Attempt::begin(
            registration,
            self.dependencies.clock.now(),
            self.dependencies.entropy.as_ref(),
        )
        .map_err(|problem| {
            tracing::error!(%problem, "no attempt can be made");
            Code::Internal
        })?;
        Ok(Event::SignInRequested(Box::new(attempt)))
    }

    /// One event, to its end: the step, its commit, its state, its answers, its effects.
    async fn take(&mut self, event: Event) -> Outcome {
        let how = AttemptEnd::by(&event);
        let mut step = self.session.step(event, self.dependencies.clock.now());
        if !step.changed.is_empty() && !self.commit(&step.changed).await {
            let unrun = std::mem::take(&mut step.effects);
            let now = self.dependencies.clock.now();
            let undone = self.session.step(Event::SaveFailed(unrun), now);
            step.outcome = undone.outcome;
            step.effects = undone.effects;
            step.answers.extend(undone.answers);
            if self.next_save.is_none() {
                self.save_later(FIRST_SAVE_WAIT);
            }
        }
        self.listen_no_longer_than_needed(how);
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
                    let _ = mail.send(Message::Event(Event::Saved));
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
        let wait = self.dependencies.clock.wait_for(wait);
        tokio::spawn(async move {
            wait.await;
            if let Some(mail) = mail.upgrade() {
                // The session may have ended meanwhile.
                let _ = mail.send(Message::SaveAgain);
            }
        });
    }

    /// Hands the token in use to callers, and takes it back from them. The same one isn't copied again.
    fn hand_out(&self) {
        let current_token = self.session.current_tokens();
        self.hand_out.send_if_modified(|handed_out| {
            let had = handed_out.as_ref().map(|handed_out| handed_out.generation);
            if had == current_token.map(|(generation, _)| generation) {
                return false;
            }
            *handed_out = current_token.map(|(generation, tokens)| CurrentToken {
                generation,
                access: tokens.access.clone(),
                ends_at: tokens.ends_at(),
            });
            true
        });
    }

    fn show(&mut self) {
        self.hand_out();
        if !self.session.is_settled() {
            return;
        }
        self.revision += 1;
        self.publish
            .send_replace(Some(Arc::new(self.session.app_state(self.revision))));
    }
}
