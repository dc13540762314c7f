//! Runs the session: one event after the other, each change durable before anyone sees it, each
//! effect only after that.

mod actor;
mod effects;

use std::str::FromStr as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use specta::Type;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use self::actor::SessionActor;
use crate::account::AccountKey;
use crate::app_state::{AppState, Screen};
use crate::check::CheckError;
use crate::clock::{Clock, Wait};
use crate::entropy::EntropySource;
use crate::error::{Code, Problem};
use crate::http::Clients;
use crate::redirect::ReceivedLink;
use crate::registration::{BaseUrl, FieldProblem, Page, RedirectUrl, RegistrationDraft};
use crate::secret::Passphrase;
use crate::session::{Event, LinkOrigin, Provisioning, RenewalReason, TokenGeneration};
use crate::token::AccessToken;
use crate::vault::{Opened, Records, Unlock, VaultOpener};

#[cfg(test)]
mod tests;

/// The error with which [`Host::open_browser`] fails.
#[derive(Debug, thiserror::Error)]
#[error("the browser could not be opened")]
pub struct OpenBrowserError(#[source] BoxError);

impl OpenBrowserError {
    /// Wraps the cause, which is for the log.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

/// The error with which [`Host::listen`] fails.
#[derive(Debug, thiserror::Error)]
#[error("the redirect URL's address could not be listened on")]
pub struct ListenError(#[source] BoxError);

impl ListenError {
    /// Wraps the cause, which is for the log.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a registration was not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SaveError {
    /// What to change in it.
    Fields(Vec<FieldProblem>),
    /// It is fine, and was not kept.
    Problem(Problem),
}

/// Where a page of the service is.
#[derive(Debug)]
pub struct PageAddress {
    /// Its address.
    pub url: Url,
    /// The service whose page it is.
    pub service: BaseUrl,
}

/// What surrounds the core: the desktop.
pub trait Host: Send + Sync + 'static {
    /// Opens an address of the service's own in the system's browser, and never in a window of the
    /// app's own (RFC 8252 §8.12). May block for a moment.
    ///
    /// # Errors
    /// [`OpenBrowserError`] when the system can't, or the address is not one of the service's.
    fn open_browser(&self, url: &Url, service: &BaseUrl) -> Result<(), OpenBrowserError>;

    /// Listens where a loopback redirect URL says, and nowhere else (RFC 8252 §7.3), and hands what
    /// arrives to the recipient. Whatever still listens there for an attempt that is over gives way.
    /// Called within a tokio runtime; doesn't block.
    ///
    /// # Errors
    /// [`ListenError`] when the address can't be had: mostly another program has it.
    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError>;

    /// Shows the app's window and gives it the focus.
    fn bring_to_front(&self);

    /// Waits until the first screen is painted. What nobody waits for, the check that each start
    /// brings, is asked for after that: it would take the processor from the window.
    fn first_painted(&self) -> Wait {
        Box::pin(std::future::ready(()))
    }
}

/// Listens for one attempt's answer. Dropped, it stops at once.
pub trait Listener: Send {
    /// The attempt is over. The browser may still ask, as when Allow was pressed twice or the last page
    /// is loaded again; for a short while the listener tells it how the attempt ended, then it gives
    /// the port back.
    fn attempt_over(self: Box<Self>, how: AttemptEnd);
}

/// How an attempt ended, as far as a browser that comes late is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Its answer came, or something else ended it; the window says what came of it.
    Answered,
    /// The person cancelled it.
    Cancelled,
    /// Its ten minutes were over.
    Expired,
}

impl AttemptEnd {
    fn by(event: &Event) -> Self {
        match event {
            Event::Cancelled => Self::Cancelled,
            Event::DeadlinePassed(_) => Self::Expired,
            _ => Self::Answered,
        }
    }
}

/// Takes what a listener hears. It keeps no session alive.
#[derive(Clone)]
pub struct Recipient {
    mail: mpsc::WeakUnboundedSender<Message>,
    states: watch::Receiver<Option<Arc<AppState>>>,
}

/// How a sign-in ended, for the page that the browser shows last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The person is signed in.
    SignedIn,
    /// The person chose Deny.
    Denied,
    /// Something else came of it, and the window says what.
    Otherwise,
    /// It could not be used, and the window says so. The attempt is still pending.
    NotUsable,
}

impl Recipient {
    /// Hands an address over, as a link that anybody may have sent, and waits for how the sign-in
    /// ends with it. `None` when it is not the answer to the pending attempt, which survives.
    pub async fn receive(mut self, received: ReceivedLink) -> Option<SignInOutcome> {
        let mail = self.mail.upgrade()?;
        let (reply, answer) = oneshot::channel();
        let event = Event::AddressReceived(received, LinkOrigin::Link);
        mail.send(Message::Command(Command::Event(event), reply))
            .ok()?;
        // While it waits it must not keep a session alive that is to end.
        drop(mail);
        if let Err(problem) = answer.await.ok()? {
            return match problem.code {
                Code::LinkNotOurs | Code::LinkIncomplete | Code::LinkTooLate => None,
                Code::DeniedWithoutState | Code::AnswerNotUsable => Some(SignInOutcome::NotUsable),
                _ => Some(SignInOutcome::Otherwise),
            };
        }
        let is_over = |state: &Option<Arc<AppState>>| {
            state
                .as_ref()
                .is_some_and(|state| state.screen != Screen::ExchangingCode)
        };
        let state = self.states.wait_for(is_over).await.ok()?;
        let state = state.as_ref()?;
        let code = state.problem.as_ref().map(|problem| problem.code);
        Some(match (&state.screen, code) {
            (_, Some(Code::AccessDenied)) => SignInOutcome::Denied,
            (Screen::SignedIn, None | Some(Code::AlreadyHere | Code::CannotSave)) => {
                SignInOutcome::SignedIn
            }
            _ => SignInOutcome::Otherwise,
        })
    }
}

/// What a keeper is made of.
pub struct Dependencies {
    /// Opens the vault.
    pub opener: Arc<dyn VaultOpener>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn EntropySource>,
    /// Speaks HTTP; made by [`crate::http::clients`].
    pub clients: Clients,
    /// Whether a service on this computer, over plain http, may be entered in the window. IT's file may
    /// name one in any case.
    pub allows_plain_http: bool,
    /// The desktop.
    pub host: Arc<dyn Host>,
    /// Reads what IT says; asked each time the vault was opened.
    pub provisioning: Box<dyn Fn() -> Provisioning + Send + Sync>,
}

/// The way in for commands; cheap to clone. The session ends when the last one is dropped.
#[derive(Clone)]
pub struct SessionHandle {
    mail: mpsc::UnboundedSender<Message>,
    states: watch::Receiver<Option<Arc<AppState>>>,
    current_token: watch::Receiver<Option<CurrentToken>>,
    on_their_way: watch::Receiver<u32>,
    clock: Arc<dyn Clock>,
}

/// The access token that callers are given.
struct CurrentToken {
    generation: TokenGeneration,
    access: AccessToken,
    ends_at: Timestamp,
}

/// Follows the states.
pub struct StateStream(watch::Receiver<Option<Arc<AppState>>>);

impl StateStream {
    /// The newest state, as soon as there is one that was not handed out yet; at first that is the
    /// one now. Those that it replaced meanwhile are skipped. `None` when the session has ended.
    /// Nothing is lost when it is dropped while it waits.
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

enum Message {
    /// Somebody's wish.
    Command(Command, oneshot::Sender<Result<(), Problem>>),
    /// An effect's outcome.
    Event(Event),
    /// The vault opened.
    VaultOpened(Opened, Box<Records>),
    /// No other process has the vault any more.
    VaultFree,
    /// It is time to save what could not be saved.
    SaveAgain,
    /// What an administrator entered, to be kept.
    SaveRegistration(RegistrationDraft, oneshot::Sender<Result<(), SaveError>>),
    /// What an administrator entered, to be checked.
    CheckRegistration(RegistrationDraft, oneshot::Sender<Result<(), CheckError>>),
    /// Which page to open, answered with its address.
    PageAddress(Page, oneshot::Sender<PageAddress>),
    /// Answered once all that came before is done.
    Done(oneshot::Sender<()>),
    /// The session is to end if a process that begins anew loses nothing by it; answered with whether.
    StopIfQuiescent(oneshot::Sender<bool>),
}

enum Command {
    /// One that is an event already.
    Event(Event),
    /// Begin an attempt.
    Authorize,
    /// Renew the current account.
    RenewCurrent(RenewalReason),
    /// Check the current account.
    CheckCurrent,
    /// Something about an account whose name can't be one.
    NoSuchAccount,
}

impl SessionHandle {
    /// Starts keeping: opens the vault and goes on where the last run stopped. Must be called
    /// within a tokio runtime.
    #[must_use]
    pub fn start(dependencies: Dependencies) -> Self {
        let (mail, inbox) = mpsc::unbounded_channel();
        let (publish, states) = watch::channel(None);
        let (hand_out, current_token) = watch::channel(None);
        let (count, on_their_way) = watch::channel(0);
        let clock = Arc::clone(&dependencies.clock);
        let actor = SessionActor::new(dependencies, publish, hand_out, count, mail.downgrade());
        tokio::spawn(actor.run(inbox));
        let handle = Self {
            mail,
            states,
            current_token,
            on_their_way,
            clock,
        };
        handle.post(Message::Event(Event::UnlockRequested(Unlock::Keychain)));
        handle
    }

    /// The states, as they come down. `None` until there is one to show.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<Option<Arc<AppState>>> {
        self.states.clone()
    }

    /// The states for whoever draws or tells of them.
    #[must_use]
    pub fn follow(&self) -> StateStream {
        StateStream(self.states.clone())
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

    /// Asks Amiqus again whose the tokens of an unfinished sign-in are.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such sign-in.
    pub async fn finish_sign_in(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::FinishRequested)).await
    }

    /// Drops an unfinished sign-in, if there is one.
    ///
    /// # Errors
    /// When the vault can't be written.
    pub async fn forget_sign_in(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::ForgetRequested)).await
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
    pub async fn exchange(&self, pasted: ReceivedLink) -> Result<(), Problem> {
        self.ask(Command::Event(Event::AddressReceived(
            pasted,
            LinkOrigin::Pasted,
        )))
        .await
    }

    /// Takes an address that reached the app by itself. A wrong one is logged without its query
    /// and ignored.
    pub fn receive(&self, link: ReceivedLink) {
        self.post(Message::Event(Event::AddressReceived(
            link,
            LinkOrigin::Link,
        )));
    }

    /// Looks at everything anew: the computer woke, its clock was set, or a network came. Costs
    /// nothing when nothing waits for that.
    pub fn on_environment_change(&self) {
        self.post(Message::Event(Event::EnvironmentChanged));
    }

    /// Opens a vault that a keychain keeps locked, if that needs no word from anybody: a keychain came, was
    /// unlocked or answers again. Costs nothing when the vault is open.
    pub fn keychain_changed(&self) {
        self.post(Message::Event(Event::KeychainChanged));
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
        self.ask(Command::RenewCurrent(RenewalReason::Asked)).await
    }

    /// An access token of the current account that isn't past its end, for a caller within this
    /// process; never for the window. While there is one at hand it is given at once and nobody is
    /// asked. Else the account is renewed, once for all callers, and while a refresh is under way its
    /// outcome is waited for: it may end the old token at any moment.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn access_token(&self) -> Result<AccessToken, Problem> {
        // While the vault is being opened nobody is known yet.
        self.state().await?;
        loop {
            if let Some(access) = self.at_hand() {
                return Ok(access);
            }
            let renewed = self.ask(Command::RenewCurrent(RenewalReason::Needed)).await;
            // A refresh that failed may have left the old token alive; after one that went well the next
            // may have begun already.
            if let (None, Err(problem)) = (self.at_hand(), renewed) {
                return Err(problem);
            }
        }
    }

    fn at_hand(&self) -> Option<AccessToken> {
        let current_token = self.current_token.borrow();
        let current_token = current_token.as_ref()?;
        (self.clock.now() < current_token.ends_at).then(|| current_token.access.clone())
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
        self.ask(about_account(id, Event::SwitchRequested)).await
    }

    /// Removes an account's tokens from this computer. Works offline; the access at Amiqus ends on
    /// the Team apps page only.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when there is no such account.
    pub async fn sign_out(&self, id: &str) -> Result<(), Problem> {
        self.ask(about_account(id, Event::SignOutRequested)).await
    }

    /// Takes what an administrator entered. A secret that is left out stays as it is.
    ///
    /// # Errors
    /// What to change, or why it could not be kept.
    pub async fn save_registration(&self, draft: RegistrationDraft) -> Result<(), SaveError> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::SaveRegistration(draft, reply));
        answer
            .await
            .unwrap_or_else(|_| Err(SaveError::Problem(Code::Internal.into())))
    }

    /// Asks the service whether what an administrator entered is right, without anybody signing in.
    /// Nothing is kept of it.
    ///
    /// # Errors
    /// What to change, or why it can't be told just now.
    pub async fn check_registration(&self, draft: RegistrationDraft) -> Result<(), CheckError> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::CheckRegistration(draft, reply));
        answer.await.unwrap_or_else(|_| Err(Code::Internal.into()))
    }

    /// Goes to the set-up screen, unless IT manages the set-up.
    ///
    /// # Errors
    /// [`Code::SetupManaged`] when IT does.
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
    /// [`Code::VaultLocked`] while the vault could still be opened, [`Code::Internal`] while it is open.
    pub async fn start_over(&self) -> Result<(), Problem> {
        self.ask(Command::Event(Event::StartOverRequested)).await
    }

    /// Waits until all that was asked for so far is done, no code and no refresh token is on its way,
    /// and what came of them is durable. Whoever ends the process waits for this: an answer that arrives
    /// at nobody is lost, and so is a sign-out whose write is cut off.
    pub async fn wait_until_idle(&self) {
        let (reply, done) = oneshot::channel();
        self.post(Message::Done(reply));
        // An ended session does nothing any more.
        let _ = done.await;
        // An ended session has nothing on its way.
        let _ = self
            .on_their_way
            .clone()
            .wait_for(|count| *count == 0)
            .await;
    }

    /// Ends the session, if all that it knows is in the vault and nothing is under way; answers whether it
    /// did. No request leaves and nothing is written after that, and whoever asks for something is told
    /// that the session has ended: for a process that is about to begin anew.
    pub async fn stop_if_quiescent(&self) -> bool {
        let (reply, ended) = oneshot::channel();
        self.post(Message::StopIfQuiescent(reply));
        // If it has ended already, somebody else is ending the process.
        ended.await.unwrap_or(false)
    }

    /// The address of one of the pages that may be opened from the window.
    ///
    /// # Errors
    /// When the session ended.
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

    fn post(&self, mail: Message) {
        if self.mail.send(mail).is_err() {
            tracing::error!("the session has ended; a message went nowhere");
        }
    }
}

/// A command about the account that a caller named.
fn about_account(id: &str, event: impl FnOnce(AccountKey) -> Event) -> Command {
    AccountKey::from_str(id).map_or(Command::NoSuchAccount, |key| Command::Event(event(key)))
}

/// Makes a passphrase into what opens the vault.
#[must_use]
pub fn unlock_with(passphrase: Option<String>) -> Unlock {
    passphrase.map_or(Unlock::Keychain, |text| {
        Unlock::Passphrase(Passphrase::new(text))
    })
}
