//! The actor that owns the session: it handles messages, one after the other.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::{
    AccountToken, AttemptEnd, Command, Dependencies, Listener, Message, PageAddress, Recipient,
    UsableTokens,
};
use crate::account::AccountKey;
use crate::app_state::AppState;
use crate::authorization::{Attempt, AttemptId};
use crate::error::{Code, Problem, chain};
use crate::program::{AccessError, AccessGranted, GrantId, HandOutError, ProgramsState};
use crate::registration::{BaseUrl, DEFAULT_BASE_URL, Page};
use crate::session::{CommandOutcome, Event, PendingReply, ProgramEvent, Session, TokenGeneration};
use crate::vault::{RecordName, SecretStore, Unlock};

type AccessReply = oneshot::Sender<Result<AccessGranted, AccessError>>;
type PendingReplies = HashMap<PendingReply, Vec<oneshot::Sender<Result<(), Problem>>>>;

/// A listener, and the sign-in attempt whose redirect it waits for.
pub(super) struct ActiveListener {
    pub(super) attempt: AttemptId,
    pub(super) listener: Box<dyn Listener>,
}

/// Owns the session and the runtime's own state: the store, pending replies and timers.
pub(super) struct SessionActor {
    pub(super) dependencies: Arc<Dependencies>,
    pub(super) session: Session,
    pub(super) store: Option<Arc<dyn SecretStore>>,
    /// Whether a thread waits for another process to release the vault.
    pub(super) awaits_vault: bool,
    /// Records that could not be saved yet; the next commit includes them.
    pub(super) unsaved: BTreeSet<RecordName>,
    /// The delay to use if the scheduled retry fails; `None` while no retry is scheduled.
    pub(super) next_retry_delay: Option<Duration>,
    pending_replies: PendingReplies,
    pending_access: HashMap<GrantId, AccessReply>,
    pub(super) planned_renewals: HashMap<AccountKey, AbortHandle>,
    pub(super) program_timer: Option<AbortHandle>,
    /// Held while the provisioning file is read again: the results arrive in the order of the reads.
    pub(super) provisioning_reads: Arc<Mutex<()>>,
    /// The number of token requests whose response hasn't been handled yet.
    pub(super) in_flight: watch::Sender<u32>,
    pub(super) active_listener: Option<ActiveListener>,
    states: watch::Sender<Option<Arc<AppState>>>,
    tokens: watch::Sender<UsableTokens>,
    programs: watch::Sender<ProgramsState>,
    revision: u32,
    /// Weak, so that a timer that fires much later doesn't keep the actor alive.
    pub(super) messages: mpsc::WeakUnboundedSender<Message>,
}

impl SessionActor {
    pub(super) fn new(
        dependencies: Dependencies,
        states: watch::Sender<Option<Arc<AppState>>>,
        tokens: watch::Sender<UsableTokens>,
        programs: watch::Sender<ProgramsState>,
        in_flight: watch::Sender<u32>,
        messages: mpsc::WeakUnboundedSender<Message>,
    ) -> Self {
        Self {
            dependencies: Arc::new(dependencies),
            session: Session::default(),
            store: None,
            awaits_vault: false,
            unsaved: BTreeSet::new(),
            next_retry_delay: None,
            pending_replies: HashMap::new(),
            pending_access: HashMap::new(),
            planned_renewals: HashMap::new(),
            program_timer: None,
            provisioning_reads: Arc::default(),
            in_flight,
            active_listener: None,
            states,
            tokens,
            programs,
            revision: 0,
            messages,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = inbox.recv().await {
            match message {
                Message::Event(event) => {
                    self.handle(event).await;
                }
                Message::TokenResponse(event) => {
                    self.handle(event).await;
                    self.in_flight
                        .send_modify(|count| *count = count.saturating_sub(1));
                }
                Message::Command(command, reply) => self.command(command, reply).await,
                Message::VaultOpened(opened, records) => {
                    self.store = Some(opened.store);
                    let provisioning = (self.dependencies.provisioning)();
                    self.handle(Event::Opened {
                        records,
                        provisioning,
                        set_aside: opened.set_aside,
                    })
                    .await;
                }
                Message::VaultReleased => {
                    self.awaits_vault = false;
                    self.handle(Event::UnlockRequested(Unlock::Keychain)).await;
                }
                Message::RetrySave => self.retry_save().await,
                Message::SaveRegistration(draft, reply) => {
                    let result = self.save_registration(draft).await;
                    answer(reply, result);
                }
                Message::CheckRegistration(draft, reply) => self.check_registration(draft, reply),
                Message::ReloadSetup(reply) => self.reload_setup(reply),
                Message::ProvisioningRead(provisioning, reply) => {
                    let result = self.provisioning_read(provisioning).await;
                    answer(reply, result);
                }
                Message::AuthorizationUrl(reply) => {
                    let now = self.dependencies.clock.now();
                    answer(reply, self.session.authorization_url(now));
                }
                Message::RequestAccess(request, reply) => {
                    self.pending_access.insert(request.id, reply);
                    let event = ProgramEvent::Requested(Box::new(request));
                    self.handle(Event::Program(event)).await;
                }
                Message::HandOutToken(grant, generation, reply) => {
                    let result = self.hand_out_token(grant, generation).await;
                    answer(reply, result);
                }
                Message::Barrier(reply) => answer(reply, ()),
                Message::StopIfQuiescent(reply) => {
                    // A message that has arrived since must not be lost.
                    let stops = inbox.is_empty() && self.is_quiescent();
                    // If the caller is gone, no other process takes over, so this one keeps running.
                    if reply.send(stops).is_ok() && stops {
                        break;
                    }
                }
                Message::PageAddress(page, reply) => {
                    if let Some(address) = self.page(page) {
                        answer(reply, address);
                    }
                }
            }
        }
        for timer in self.planned_renewals.values().chain(&self.program_timer) {
            timer.abort();
        }
    }

    async fn hand_out_token(
        &mut self,
        grant: GrantId,
        generation: TokenGeneration,
    ) -> Result<(), HandOutError> {
        let now = self.dependencies.clock.now();
        self.session.may_hand_out(grant, generation, now)?;
        let event = Event::Program(ProgramEvent::TokenHandedOut(grant));
        match self.handle(event).await {
            CommandOutcome::Refused(problem) => Err(HandOutError::NoToken(problem)),
            CommandOutcome::Accepted | CommandOutcome::Unchanged | CommandOutcome::Pending(_) => {
                Ok(())
            }
        }
    }

    fn is_quiescent(&self) -> bool {
        self.session.is_quiescent()
            && self.unsaved.is_empty()
            && self.pending_replies.is_empty()
            && self.pending_access.is_empty()
            && *self.in_flight.borrow() == 0
    }

    pub(super) fn recipient(&self) -> Recipient {
        Recipient::new(self.messages.clone(), self.states.subscribe())
    }

    /// Stops listening once the attempt is over. Called before the new state is published, so that
    /// the listener delivers nothing after it.
    fn stop_obsolete_listener(&mut self, how: AttemptEnd) {
        let pending = self.session.pending_attempt();
        if let Some(obsolete) = self
            .active_listener
            .take_if(|active| pending != Some(active.attempt))
        {
            obsolete.listener.attempt_over(how);
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
            Command::Authorize => self.begin_attempt().map(Event::SignInRequested),
            Command::OpenBrowserAgain => self.begin_attempt().map(Event::BrowserRequestedAgain),
            Command::RenewCurrent(reason) => self
                .session
                .require_current()
                .map(|key| Event::RenewalRequested(key, reason))
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
            Ok(event) => self.handle(event).await,
            Err(problem) => CommandOutcome::Refused(problem),
        };
        match outcome {
            CommandOutcome::Pending(pending) => {
                self.pending_replies.entry(pending).or_default().push(reply);
            }
            CommandOutcome::Accepted | CommandOutcome::Unchanged => answer(reply, Ok(())),
            CommandOutcome::Refused(problem) => answer(reply, Err(problem)),
        }
    }

    fn begin_attempt(&self) -> Result<Box<Attempt>, Problem> {
        let registration = self.session.require_registration()?;
        let attempt = Attempt::begin(
            registration,
            self.dependencies.clock.now(),
            self.dependencies.entropy.as_ref(),
        )
        .map_err(|error| {
            tracing::error!(error = %chain(&error), "sign-in: start failed");
            Code::Internal
        })?;
        Ok(Box::new(attempt))
    }

    /// Handles one event: steps the session, commits the changed records, publishes the state, sends the
    /// replies, and then runs the effects. If the commit fails, the effects are not run: they go back to
    /// the session as [`Event::SaveFailed`].
    pub(super) async fn handle(&mut self, event: Event) -> CommandOutcome {
        let how = AttemptEnd::by(&event);
        let mut step = self.session.step(event, self.dependencies.clock.now());
        if !step.changed.is_empty() && !self.commit(&step.changed).await {
            let skipped = std::mem::take(&mut step.effects);
            let now = self.dependencies.clock.now();
            let failure = self.session.step(Event::SaveFailed(skipped), now);
            step.outcome = failure.outcome;
            step.effects = failure.effects;
            step.answers.extend(failure.answers);
            step.access_answers.extend(failure.access_answers);
            self.schedule_first_retry();
        }
        self.stop_obsolete_listener(how);
        if step.outcome != CommandOutcome::Unchanged {
            self.publish();
        }
        for (pending, result) in step.answers {
            for reply in self.pending_replies.remove(&pending).unwrap_or_default() {
                answer(reply, result.clone());
            }
        }
        for (request, result) in step.access_answers {
            if let Some(reply) = self.pending_access.remove(&request) {
                answer(reply, result);
            }
        }
        // Those whose program has gone.
        self.pending_access.retain(|_, reply| !reply.is_closed());
        for effect in step.effects {
            self.run_effect(effect);
        }
        step.outcome
    }

    fn publish(&mut self) {
        self.publish_tokens();
        self.publish_programs();
        if !self.session.is_showable() {
            return;
        }
        self.revision += 1;
        self.states
            .send_replace(Some(Arc::new(self.session.app_state(self.revision))));
    }

    fn publish_programs(&self) {
        let state = self.session.programs_state(self.dependencies.clock.now());
        self.programs.send_if_modified(|published| {
            let has_changed = *published != state;
            *published = state;
            has_changed
        });
    }

    /// Publishes the access tokens that callers may use. Does nothing while they are the same.
    fn publish_tokens(&self) {
        self.tokens.send_if_modified(|published| {
            let current = self.session.current();
            let is_same = published.current == current
                && published
                    .tokens
                    .values()
                    .map(|token| (token.account, token.generation))
                    .eq(self
                        .session
                        .usable_tokens()
                        .map(|(account, generation, _)| (account, generation)));
            if is_same {
                return false;
            }
            let tokens = self.session.usable_tokens();
            *published = UsableTokens {
                current,
                tokens: tokens
                    .map(|(account, generation, tokens)| {
                        let token = AccountToken {
                            account,
                            access: tokens.access.clone(),
                            ends_at: tokens.ends_at(),
                            generation,
                        };
                        (account, token)
                    })
                    .collect(),
            };
            true
        });
    }
}

/// Answers a caller, which may have stopped waiting.
pub(super) fn answer<T>(reply: oneshot::Sender<T>, result: T) {
    let _ = reply.send(result);
}
