//! The interface for callers: [`SessionHandle`].

use std::str::FromStr as _;
use std::sync::Arc;

use serde::Serialize;
use specta::Type;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use super::actor::SessionActor;
use super::{AccountToken, Command, Dependencies, Message, UsableTokens};
use crate::account::AccountKey;
use crate::app_state::AppState;
use crate::authorization::AuthorizationUrl;
use crate::check::CheckError;
use crate::clock::Clock;
use crate::error::{Code, Problem};
use crate::program::{
    AccessError, AccessGranted, AccessRequest, GrantId, HandOutError, ProgramsState,
};
use crate::redirect::ReceivedLink;
use crate::registration::{BaseUrl, FieldProblem, Page, RegistrationDraft};
use crate::secret::Passphrase;
use crate::session::{Event, LinkOrigin, ProgramEvent, RenewalReason};
use crate::token::AccessToken;
use crate::vault::Unlock;

/// Why a registration was not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SaveError {
    /// These fields are invalid.
    Fields(Vec<FieldProblem>),
    /// The registration is valid and could not be saved.
    Problem(Problem),
}

/// The address of a page of the service.
#[derive(Debug)]
pub struct PageAddress {
    /// The address.
    pub url: Url,
    /// The service that the page belongs to.
    pub service: BaseUrl,
}

/// Sends commands to the running session and follows its state.
///
/// A handle is cheap to clone. The session stops when the last one is dropped, or by
/// [`stop_if_quiescent`](Self::stop_if_quiescent).
///
/// ```
/// use amiqus_core::app_state::Screen;
/// use amiqus_core::error::Problem;
/// use amiqus_core::runtime::{Dependencies, SessionHandle};
/// use amiqus_core::token::AccessToken;
///
/// /// Signs in with the browser and returns an access token.
/// async fn sign_in(dependencies: Dependencies) -> Result<AccessToken, Problem> {
///     let session = SessionHandle::start(dependencies);
///     let mut states = session.follow();
///     session.authorize().await?;
///     while let Some(state) = states.next().await {
///         match (&state.screen, &state.problem) {
///             (Screen::SignedIn { .. }, _) => break,
///             (_, Some(problem)) => return Err(problem.clone()),
///             (_, None) => {}
///         }
///     }
///     session.access_token().await
/// }
/// ```
#[derive(Clone)]
pub struct SessionHandle {
    messages: mpsc::UnboundedSender<Message>,
    states: watch::Receiver<Option<Arc<AppState>>>,
    tokens: watch::Receiver<UsableTokens>,
    programs: watch::Receiver<ProgramsState>,
    in_flight: watch::Receiver<u32>,
    clock: Arc<dyn Clock>,
}

/// The states of a session, one after the other.
pub struct StateStream(watch::Receiver<Option<Arc<AppState>>>);

impl StateStream {
    /// Waits for a state that this stream has not returned yet and returns the newest; the first call
    /// returns the current state. States that were replaced in between are skipped. `None` when the
    /// session has stopped. Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<AppState>> {
        loop {
            self.0.changed().await.ok()?;
            let state = self.0.borrow_and_update().clone();
            if state.is_some() {
                return state;
            }
        }
    }
}

impl SessionHandle {
    /// Starts a session: opens the vault and continues where the last run stopped. Must be called
    /// within a tokio runtime.
    #[must_use]
    pub fn start(dependencies: Dependencies) -> Self {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (state_sender, states) = watch::channel(None);
        let (token_sender, tokens) = watch::channel(UsableTokens::default());
        let (programs_sender, programs) = watch::channel(ProgramsState::default());
        let (in_flight_sender, in_flight) = watch::channel(0);
        let clock = Arc::clone(&dependencies.clock);
        let actor = SessionActor::new(
            dependencies,
            state_sender,
            token_sender,
            programs_sender,
            in_flight_sender,
            messages.downgrade(),
        );
        tokio::spawn(actor.run(inbox));
        let handle = Self {
            messages,
            states,
            tokens,
            programs,
            in_flight,
            clock,
        };
        handle.post(Message::Event(Event::UnlockRequested(Unlock::Keychain)));
        handle
    }

    /// A receiver of the newest state, which is `None` until there is one to show.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<Option<Arc<AppState>>> {
        self.states.clone()
    }

    /// A stream of the states, from the current one on.
    #[must_use]
    pub fn follow(&self) -> StateStream {
        StateStream(self.states.clone())
    }

    /// A receiver of the newest state of other programs.
    #[must_use]
    pub fn programs(&self) -> watch::Receiver<ProgramsState> {
        self.programs.clone()
    }

    /// Returns the current state, once there is one to show.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session has stopped.
    pub async fn state(&self) -> Result<Arc<AppState>, Problem> {
        let mut states = self.states.clone();
        let state = states
            .wait_for(Option::is_some)
            .await
            .map_err(|_| Code::Internal)?;
        state.clone().ok_or_else(|| Code::Internal.into())
    }

    /// Starts a sign-in, which opens the browser. A click soon after a sign-in that could not be
    /// finished finishes that one instead.
    ///
    /// # Errors
    /// [`Code::VaultLocked`] while the vault is closed, [`Code::NotSetUp`] before the set-up,
    /// [`Code::CannotSave`] when the vault can't be written, [`Code::Internal`] when the session has
    /// stopped or the system has no random bytes.
    pub async fn authorize(&self) -> Result<(), Problem> {
        self.ask(Command::Authorize).await
    }

    /// Requests the owner of an unfinished sign-in's tokens again.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when no sign-in is unfinished; [`Code::NotSetUp`] before the set-up;
    /// [`Code::VaultLocked`] while the vault is closed.
    pub async fn finish_sign_in(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::FinishRequested)).await
    }

    /// Discards an unfinished sign-in, if there is one.
    ///
    /// # Errors
    /// [`Code::CannotSave`] when the vault can't be written, [`Code::VaultLocked`] while it is closed.
    pub async fn forget_sign_in(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::ForgetRequested)).await
    }

    /// Opens the browser again for the pending attempt. In the last minute before its end it is
    /// replaced by a fresh one with the full time.
    ///
    /// # Errors
    /// [`Code::LinkTooLate`] when no attempt is pending, [`Code::NotSetUp`] before the set-up,
    /// [`Code::VaultLocked`] while the vault is closed; with a fresh attempt,
    /// [`Code::CannotSave`] when the vault can't be written. [`Code::Internal`] when the session has
    /// stopped or the system has no random bytes.
    pub async fn open_browser_again(&self) -> Result<(), Problem> {
        self.ask(Command::OpenBrowserAgain).await
    }

    /// Returns the page of the pending attempt, for a user who wants to open it in another browser. It
    /// contains the attempt's `state`: it must never reach the window or the log.
    ///
    /// # Errors
    /// [`Code::LinkTooLate`] when no attempt is pending, [`Code::Internal`] when the session has
    /// stopped.
    pub async fn authorization_url(&self) -> Result<AuthorizationUrl, Problem> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::AuthorizationUrl(reply));
        let url = answer.await.map_err(|_| Code::Internal)?;
        url.ok_or_else(|| Code::LinkTooLate.into())
    }

    /// Takes an address that the user pasted.
    ///
    /// # Errors
    /// The reason why it is not the answer to the pending attempt, which stays pending.
    pub async fn exchange(&self, pasted: ReceivedLink) -> Result<(), Problem> {
        self.ask(Command::Event(Event::AddressReceived(
            pasted,
            LinkOrigin::Pasted,
        )))
        .await
    }

    /// Takes an address that another program sent, such as the browser. An invalid one is logged
    /// without its query and ignored.
    pub fn receive(&self, link: ReceivedLink) {
        self.post(Message::Event(Event::AddressReceived(
            link,
            LinkOrigin::Link,
        )));
    }

    /// Reports that the computer woke, its clock was set, or a network became available. Does
    /// nothing unless something waits for that.
    pub fn on_environment_change(&self) {
        self.post(Message::Event(Event::EnvironmentChanged));
    }

    /// Reports that a keychain appeared, was unlocked or responds again: opens a vault that a keychain
    /// keeps locked, if that needs no prompt. Does nothing when the vault is open.
    pub fn keychain_changed(&self) {
        self.post(Message::Event(Event::KeychainChanged));
    }

    /// Reports that the window closed: the next one doesn't greet a user who has just signed in.
    pub fn window_closed(&self) {
        self.post(Message::Event(Event::WindowClosed));
    }

    /// Cancels the pending attempt, or leaves the set-up screen.
    ///
    /// # Errors
    /// [`Code::CannotSave`] when the vault can't be written, [`Code::VaultLocked`] while it is closed.
    pub async fn cancel(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::Cancelled)).await
    }

    /// Renews the current account and waits for the result. Any number of concurrent callers share
    /// one request and its result.
    ///
    /// # Errors
    /// The reason why the account was not renewed.
    pub async fn refresh(&self) -> Result<(), Problem> {
        self.ask(Command::RenewCurrent(RenewalReason::Asked)).await
    }

    /// Returns an access token of the current account that has not expired, for a caller within this
    /// process; it must never reach the window. For callers that must stay with one account whatever
    /// the user does in the window there is [`token_of`](Self::token_of).
    ///
    /// A token that is valid is returned at once. Otherwise the account is renewed, once for all
    /// callers. While a refresh is in progress its result is waited for, as it may invalidate the
    /// current token at any moment.
    ///
    /// # Errors
    /// The reason why there is no account or why it could not be renewed.
    pub async fn access_token(&self) -> Result<AccessToken, Problem> {
        let current = |tokens: &UsableTokens| tokens.current;
        let renewal = || Command::RenewCurrent(RenewalReason::Needed);
        let token = self.unexpired_token(current, renewal).await?;
        Ok(token.access)
    }

    /// Returns an access token of one account that has not expired, as [`access_token`](Self::access_token)
    /// does for the current one.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such account, or it must sign in again; the reason why it
    /// could not be renewed; [`Code::VaultLocked`] while the vault is closed.
    pub async fn token_of(&self, account: AccountKey) -> Result<AccountToken, Problem> {
        let renewal = || Command::Event(Event::RenewalRequested(account, RenewalReason::Needed));
        self.unexpired_token(|_| Some(account), renewal).await
    }

    /// Returns a newer access token of the same account, in place of one that Amiqus rejected with a
    /// 401. The account is renewed for that, once for all callers, and at most once in a while: if the
    /// new token is rejected as well, the fault isn't the token's.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when the access was removed; [`Code::ServerError`] when a renewal for the
    /// same reason was only just; otherwise as [`token_of`](Self::token_of).
    pub async fn replace_rejected(&self, token: &AccountToken) -> Result<AccountToken, Problem> {
        let rejected = Event::TokenRejected(token.account, token.generation);
        self.ask(Command::Event(rejected)).await?;
        self.token_of(token.account).await
    }

    async fn unexpired_token(
        &self,
        of: impl Fn(&UsableTokens) -> Option<AccountKey>,
        renewal: impl Fn() -> Command,
    ) -> Result<AccountToken, Problem> {
        let unexpired = || {
            let tokens = self.tokens.borrow();
            let token = tokens.tokens.get(&of(&tokens)?)?;
            (self.clock.now() < token.ends_at).then(|| token.clone())
        };
        // No account is known before the vault is open.
        self.state().await?;
        loop {
            if let Some(token) = unexpired() {
                return Ok(token);
            }
            let renewed = self.ask(renewal()).await;
            // A refresh that failed may have left the earlier token valid, and after one that succeeded
            // the next may have begun already.
            if let (None, Err(problem)) = (unexpired(), renewed) {
                return Err(problem);
            }
        }
    }

    /// Requests the current account's user, team and role and waits for the result, which is in the
    /// state then.
    ///
    /// # Errors
    /// The reason why there is no account or why the request failed.
    pub async fn me(&self) -> Result<(), Problem> {
        self.ask(Command::CheckCurrent).await
    }

    /// Makes another account the current one.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such account; [`Code::CannotSave`] when the vault can't
    /// be written.
    pub async fn switch_account(&self, id: &str) -> Result<(), Problem> {
        self.ask(account_command(id, Event::SwitchRequested)).await
    }

    /// Removes an account's tokens from this computer. Works offline. The access that Amiqus granted
    /// ends on its Team apps page only.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such account; [`Code::CannotSave`] when the vault can't
    /// be written.
    pub async fn sign_out(&self, id: &str) -> Result<(), Problem> {
        self.ask(account_command(id, Event::SignOutRequested)).await
    }

    /// Requests access for another program, and waits until the user or a rule has decided. Dropping the
    /// future withdraws the request.
    ///
    /// # Errors
    /// The reason why the program has no access.
    pub async fn request_access(
        &self,
        request: AccessRequest,
    ) -> Result<AccessGranted, AccessError> {
        struct Withdrawal<'a>(&'a SessionHandle, GrantId);
        impl Drop for Withdrawal<'_> {
            fn drop(&mut self) {
                let event = ProgramEvent::Withdrawn(self.1);
                self.0.post(Message::Event(Event::Program(event)));
            }
        }

        let (reply, answer) = oneshot::channel();
        let withdrawal = Withdrawal(self, request.id);
        self.post(Message::RequestAccess(request, reply));
        let result = answer.await.unwrap_or(Err(AccessError::Ending));
        // Nothing waits any more.
        std::mem::forget(withdrawal);
        result
    }

    /// Returns the access token of a grant's account, to hand it to the grant's program. That it holds the token is
    /// on record before this returns, so that *Stop* ends the token.
    ///
    /// # Errors
    /// The [`HandOutError`] why the program doesn't get it.
    pub async fn hand_out_token(&self, grant: GrantId) -> Result<AccountToken, HandOutError> {
        loop {
            let account = {
                let programs = self.programs.borrow();
                programs.grants.get(&grant).map(|grant| grant.account)
            };
            let token = self.token_of(account.ok_or(HandOutError::NoGrant)?).await;
            let token = token.map_err(HandOutError::NoToken)?;
            let (reply, answer) = oneshot::channel();
            self.post(Message::HandOutToken(grant, token.generation, reply));
            match answer.await {
                // Renewed between the two: there is a newer one.
                Ok(Err(HandOutError::Renewed)) => {}
                Ok(result) => return result.map(|()| token),
                Err(_) => return Err(HandOutError::NoToken(Code::Internal.into())),
            }
        }
    }

    /// Reports something about other programs, and waits until it is durable.
    ///
    /// # Errors
    /// [`Code::CannotSave`] when the vault can't be written, [`Code::Internal`] when the session has
    /// stopped.
    pub async fn report_program_event(&self, event: ProgramEvent) -> Result<(), Problem> {
        self.ask(Command::Event(Event::Program(event))).await
    }

    /// Saves the registration that an administrator entered. An empty secret keeps the earlier one.
    ///
    /// # Errors
    /// [`SaveError::Fields`] when it is invalid, [`SaveError::Problem`] when it could not be saved.
    pub async fn save_registration(&self, draft: RegistrationDraft) -> Result<(), SaveError> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::SaveRegistration(draft, reply));
        answer
            .await
            .unwrap_or_else(|_| Err(SaveError::Problem(Code::Internal.into())))
    }

    /// Asks the service whether the registration that an administrator entered is right, without a
    /// sign-in. Nothing is saved.
    ///
    /// # Errors
    /// The fields to change, or the reason why the service could not be asked.
    pub async fn check_registration(&self, draft: RegistrationDraft) -> Result<(), CheckError> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::CheckRegistration(draft, reply));
        answer.await.unwrap_or_else(|_| Err(Code::Internal.into()))
    }

    /// Shows the set-up screen.
    ///
    /// # Errors
    /// [`Code::SetupManaged`] when the set-up comes from the provisioning file,
    /// [`Code::VaultLocked`] while the vault is closed.
    pub async fn change_setup(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::SetupChangeRequested)).await
    }

    /// Reads the provisioning file again, while the app is not set up or the file is invalid, and
    /// returns when what has changed is in the state. Otherwise, and where nothing has changed, the
    /// state stays as it is.
    ///
    /// # Errors
    /// [`Code::CannotSave`] when the vault can't be written, [`Code::Internal`] when the session has
    /// stopped.
    pub async fn reload_setup(&self) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::ReloadSetup(reply));
        answer.await.unwrap_or_else(|_| Err(Code::Internal.into()))
    }

    /// Dismisses the problem that is shown. [`Code::CannotSave`] stays while changes are unsaved.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session has stopped.
    pub async fn dismiss_problem(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::ProblemDismissed)).await
    }

    /// Starts to open a locked vault. The state shows the result.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session has stopped.
    pub async fn unlock(&self, unlock: Unlock) -> Result<(), Problem> {
        self.ask(Command::Event(Event::UnlockRequested(unlock)))
            .await
    }

    /// Sets aside a vault that can't be opened any more, and opens an empty one.
    ///
    /// # Errors
    /// [`Code::VaultLocked`] while the vault could still be opened, [`Code::Internal`] while it is
    /// open.
    pub async fn start_over(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::StartOverRequested)).await
    }

    /// Waits until all earlier commands are carried out, no code and no refresh token is in flight,
    /// and their results are durable. To be awaited before the process exits: an answer that arrives
    /// after that is lost, and so is a sign-out that is not written yet.
    pub async fn wait_until_idle(&self) {
        let (reply, done) = oneshot::channel();
        self.post(Message::Barrier(reply));
        // A session that has stopped handles no messages.
        let _ = done.await;
        // A session that has stopped has nothing in flight.
        let _ = self.in_flight.clone().wait_for(|count| *count == 0).await;
    }

    /// Stops the session if its whole state is in the vault and nothing is in progress, and returns
    /// whether it did. After that it sends no request and writes nothing, and commands fail. For a
    /// process that is about to be replaced by a new one.
    pub async fn stop_if_quiescent(&self) -> bool {
        let (reply, stopped) = oneshot::channel();
        self.post(Message::StopIfQuiescent(reply));
        // If it has stopped already, another caller is replacing the process.
        stopped.await.unwrap_or(false)
    }

    /// Returns the address of one of the service's pages that the window offers.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session has stopped.
    pub async fn page_address(&self, page: Page) -> Result<PageAddress, Problem> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::PageAddress(page, reply));
        answer.await.map_err(|_| Code::Internal.into())
    }

    async fn ask(&self, command: Command) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::Command(command, reply));
        answer.await.unwrap_or_else(|_| Err(Code::Internal.into()))
    }

    fn post(&self, message: Message) {
        if self.messages.send(message).is_err() {
            tracing::error!("session: message dropped, the session has stopped");
        }
    }
}

fn account_command(id: &str, event: impl FnOnce(AccountKey) -> Event) -> Command {
    AccountKey::from_str(id).map_or(Command::NoSuchAccount, |key| Command::Event(event(key)))
}

/// The way to unlock the vault: with the passphrase, or with the keychain where there is none.
#[must_use]
pub fn unlock_with(passphrase: Option<String>) -> Unlock {
    passphrase.map_or(Unlock::Keychain, |text| {
        Unlock::Passphrase(Passphrase::new(text))
    })
}
