//! What an effect is: the browser, the window, Amiqus over HTTPS, the vault's door, a deadline.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::AbortHandle;

use super::actor::{Listening, SessionActor};
use super::{Dependencies, Message};
use crate::account::{AccountKey, Identity};
use crate::api::{Api, ApiError};
use crate::authorization::{AttemptId, AuthorizationUrl};
use crate::http::{Client, RequestError};
use crate::registration::{RedirectUrl, Registration};
use crate::session::{Effect, Event, RenewalReason, TokenGeneration};
use crate::token::{self, Transient};
use crate::vault::{LockReason, OpenError, Opened, Records, SetAsideReason, Unlock, VaultOpener};

/// After this the window says what the opening is waiting for: mostly the keychain is asking its person
/// for a password.
const OPENING_TAKES: Duration = Duration::from_secs(2);

/// How often the person behind new tokens is asked for before the sign-in is given up for now.
const IDENTIFY_TRIES: u32 = 3;

/// The first wait between those tries; it doubles.
const IDENTIFY_WAIT: Duration = Duration::from_millis(500);

/// A person who is signing in does not wait longer than this because Amiqus asks for it.
const LONGEST_IDENTIFY_WAIT: SignedDuration = SignedDuration::from_secs(10);

impl SessionActor {
    pub(super) fn run_effect(&mut self, effect: Effect) {
        match effect {
            Effect::OpenVault(unlock) => self.open_vault(|opener| open(opener, unlock)),
            Effect::StartOver => self.open_vault(start_over),
            Effect::AbandonPrompt => self.abandon_prompt(),
            Effect::AwaitVault => self.await_vault(),
            Effect::OpenBrowser(id, url) => self.open_browser(id, url),
            Effect::Listen(id, redirect_url, url) => self.listen(id, &redirect_url, url),
            Effect::WarmUpTls => self.warm_up_tls(),
            Effect::BringToFront => self.dependencies.host.bring_to_front(),
            Effect::ArmDeadline(id, at) => {
                let wait = self.wait_until(at);
                self.later(async move {
                    wait.await;
                    Some(Event::DeadlinePassed(id))
                });
            }
            Effect::PlanRenewal(key, at) => self.plan_renewal(key, at),
            Effect::ProbeLater(key, generation, due, wait) => {
                let wait = self.with_jitter(Duration::try_from(wait).unwrap_or_default());
                let wait = self.dependencies.clock.wait_for(wait);
                self.later(async move {
                    wait.await;
                    Some(Event::ProbeDue(key, generation, due))
                });
            }
            Effect::ReadAgain(key, generation) => self.read_again(key, generation),
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
        let dependencies = Arc::clone(&self.dependencies);
        self.later(async move {
            let now = || dependencies.clock.now();
            match effect {
                Effect::Exchange {
                    attempt,
                    code,
                    verifier,
                    redirect_url,
                } => {
                    let tokens = match client(&dependencies, &registration).await {
                        Ok(client) => {
                            token::exchange(
                                client,
                                &registration,
                                &redirect_url,
                                code,
                                verifier,
                                now,
                            )
                            .await
                        }
                        Err(problem) => Err(problem.into()),
                    };
                    Some(Event::CodeExchanged(attempt, tokens))
                }
                Effect::Identify(generation, access) => {
                    let identity = identify(&dependencies, &registration, &access).await;
                    Some(Event::Identified(generation, identity))
                }
                Effect::Refresh(key, generation, refresh, redirect_url) => {
                    let tokens = match client(&dependencies, &registration).await {
                        Ok(client) => {
                            token::refresh(client, &registration, &refresh, &redirect_url, now)
                                .await
                        }
                        Err(problem) => Err(problem.into()),
                    };
                    Some(Event::Refreshed(key, generation, tokens))
                }
                Effect::Probe(key, generation, access) => {
                    let status = match api(&dependencies, &registration, &access).await {
                        Ok(api) => api.status().await,
                        Err(problem) => Err(problem.into()),
                    };
                    Some(Event::Probed(key, generation, status))
                }
                Effect::Check(key, generation, access) => {
                    dependencies.host.first_painted().await;
                    let identity = ask_identity(&dependencies, &registration, &access).await;
                    Some(Event::Checked(key, generation, identity))
                }
                _ => None,
            }
        });
    }

    /// Reads the system's trust store while the person is in the browser: their name is painted sooner.
    fn warm_up_tls(&self) {
        let Some(registration) = self.session.registration().cloned() else {
            return;
        };
        let dependencies = Arc::clone(&self.dependencies);
        self.later(async move {
            dependencies.host.first_painted().await;
            // Whoever sends something tries again, and says why it can't.
            let _ = client(&dependencies, &registration).await;
            None
        });
    }

    fn open_browser(&self, id: AttemptId, url: AuthorizationUrl) {
        let Some(registration) = self.session.registration() else {
            return;
        };
        let service = registration.base_url.clone();
        let host = Arc::clone(&self.dependencies.host);
        self.later(async move {
            let opened =
                tokio::task::spawn_blocking(move || host.open_browser(url.expose(), &service))
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

    /// Listens for a pending attempt's answer. An attempt that ended in the very step that asked for
    /// this has none to come.
    fn listen(&mut self, id: AttemptId, redirect_url: &RedirectUrl, url: Option<AuthorizationUrl>) {
        if self.session.pending() != Some(id) {
            return;
        }
        match self
            .dependencies
            .host
            .listen(redirect_url, self.recipient())
        {
            Ok(listener) => {
                self.listening = Some(Listening {
                    attempt: id,
                    listener,
                });
                if let Some(url) = url {
                    self.open_browser(id, url);
                }
            }
            Err(failure) => {
                tracing::error!(%failure);
                self.later(async move { Some(Event::NotListening(id)) });
            }
        }
    }

    fn open_vault(
        &self,
        opening: impl FnOnce(&dyn VaultOpener) -> Result<(Opened, Records), OpenError> + Send + 'static,
    ) {
        let long = self.dependencies.clock.wait_for(OPENING_TAKES);
        let opener = Arc::clone(&self.dependencies.opener);
        self.later(async move {
            long.await;
            Some(Event::OpeningTakesLong(opener.waits_for()))
        });
        let opener = Arc::clone(&self.dependencies.opener);
        let Some(mail) = self.mail.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            let opened = tokio::task::spawn_blocking(move || opening(opener.as_ref())).await;
            let letter = match opened {
                Ok(Ok((opened, records))) => Message::VaultOpened(opened, Box::new(records)),
                Ok(Err(failure)) => {
                    tracing::warn!(%failure, "the vault did not open");
                    Message::Event(Event::NotOpened(failure))
                }
                Err(failure) => {
                    tracing::error!(%failure, "opening the vault failed");
                    let failure = OpenError::Locked(LockReason::VaultUnreachable);
                    Message::Event(Event::NotOpened(failure))
                }
            };
            // The session may have ended meanwhile.
            let _ = mail.send(letter);
        });
    }

    /// On a thread of its own: the opening may have the last one of the pool.
    fn abandon_prompt(&self) {
        let opener = Arc::clone(&self.dependencies.opener);
        let abandoning = std::thread::Builder::new()
            .name("abandon the prompt".to_owned())
            .spawn(move || opener.abandon_prompt());
        if let Err(failure) = abandoning {
            // Then its person answers it first.
            tracing::error!(%failure, "the keychain's prompt is not abandoned");
        }
    }

    /// Arms the timer for one account's renewal in place of its earlier one.
    fn plan_renewal(&mut self, key: AccountKey, at: Timestamp) {
        let now = self.dependencies.clock.now();
        let wait = self.with_jitter(until(now, at));
        let wait = self.wait_until(now.saturating_add(wait).unwrap_or(Timestamp::MAX));
        let plan = self.later(async move {
            wait.await;
            Some(Event::RenewalRequested(key, RenewalReason::Due))
        });
        if let Some(earlier) = self.plans.insert(key, plan) {
            earlier.abort();
        }
    }

    /// Waits for a time, and no longer than it is until then by a clock that nobody sets.
    fn wait_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send + use<> {
        let clock = &self.dependencies.clock;
        let by_the_wall = clock.wait_until(at);
        let by_going_by = clock.wait_for(until(clock.now(), at));
        async {
            tokio::select! {
                () = by_the_wall => {}
                () = by_going_by => {}
            }
        }
    }

    fn with_jitter(&self, wait: Duration) -> Duration {
        let mut byte = [0];
        // Without jitter it still works.
        let _ = self.dependencies.entropy.fill(&mut byte);
        with_jitter(wait, byte[0])
    }

    /// Reads an account's record anew. What can't be read says nothing.
    fn read_again(&self, key: AccountKey, generation: TokenGeneration) {
        let store = self.store.clone();
        self.later(async move {
            let read = tokio::task::spawn_blocking(move || store?.read_all().ok()).await;
            let account = read
                .ok()
                .flatten()
                .and_then(|stored| Records::read(&stored).ok())
                .and_then(|mut records| records.accounts.remove(&key));
            Some(Event::ReadAgain(key, generation, account.map(Box::new)))
        });
    }

    /// Waits beside everything else until another process lets the vault go. The thread may wait for
    /// as long as that process lives, so it is none of the pool's.
    fn await_vault(&mut self) {
        if std::mem::replace(&mut self.awaits_vault, true) {
            return;
        }
        let opener = Arc::clone(&self.dependencies.opener);
        let mail = self.mail.clone();
        let waiting = std::thread::Builder::new()
            .name("await the vault".to_owned())
            .spawn(move || {
                opener.wait_until_free();
                if let Some(mail) = mail.upgrade() {
                    // The session may have ended meanwhile.
                    let _ = mail.send(Message::VaultFree);
                }
            });
        if let Err(failure) = waiting {
            tracing::error!(%failure, "nobody waits for the vault");
            self.awaits_vault = false;
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
                let _ = mail.send(Message::Event(event));
            }
        });
        task.abort_handle()
    }
}

/// Sets aside a vault that can't be opened any more, and opens an empty one.
fn start_over(opener: &dyn VaultOpener) -> Result<(Opened, Records), OpenError> {
    opener
        .set_aside(SetAsideReason::Damaged)
        .map_err(|failure| {
            tracing::error!(%failure, "the vault can't be set aside");
            OpenError::Locked(LockReason::VaultUnreachable)
        })?;
    open(opener, Unlock::Keychain)
}

/// Opens the vault and reads it. One written by a newer version is set aside whole.
fn open(opener: &dyn VaultOpener, unlock: Unlock) -> Result<(Opened, Records), OpenError> {
    let unreachable = |failure: &dyn std::fmt::Display| {
        tracing::error!(%failure, "the vault can't be read");
        OpenError::Locked(LockReason::VaultUnreachable)
    };
    let opened = opener.open(unlock.clone())?;
    let stored = opened
        .store
        .read_all()
        .map_err(|failure| unreachable(&failure))?;
    if let Ok(records) = Records::read(&stored) {
        return Ok((opened, records));
    }
    drop(opened);
    let set_aside = opener
        .set_aside(SetAsideReason::Newer)
        .map_err(|failure| unreachable(&failure))?;
    let mut opened = opener.open(unlock)?;
    opened.set_aside = Some(set_aside);
    Ok((opened, Records::default()))
}

async fn client<'a>(
    dependencies: &'a Dependencies,
    registration: &Registration,
) -> Result<&'a Client, RequestError> {
    let client = dependencies
        .clients
        .for_service(&registration.base_url)
        .await;
    client.inspect_err(|problem| tracing::error!(%problem, "nothing can be sent"))
}

async fn api<'a>(
    dependencies: &'a Dependencies,
    registration: &'a Registration,
    access: &'a token::AccessToken,
) -> Result<Api<'a>, RequestError> {
    Ok(Api {
        client: client(dependencies, registration).await?,
        base_url: &registration.base_url,
        access,
        now: dependencies.clock.now(),
    })
}

async fn ask_identity(
    dependencies: &Dependencies,
    registration: &Registration,
    access: &token::AccessToken,
) -> Result<Identity, ApiError> {
    api(dependencies, registration, access)
        .await?
        .identity()
        .await
}

/// Asks who new tokens belong to, and again when the first answer is lost: the sign-in that led to
/// them cost a person's time.
async fn identify(
    dependencies: &Dependencies,
    registration: &Registration,
    access: &token::AccessToken,
) -> Result<Identity, ApiError> {
    let mut wait = IDENTIFY_WAIT;
    let mut tries = 1;
    loop {
        match ask_identity(dependencies, registration, access).await {
            Err(failure) if failure.passes() && tries < IDENTIFY_TRIES => {
                if let ApiError::Transient(Transient::Busy(Some(asked))) = failure {
                    if asked > LONGEST_IDENTIFY_WAIT {
                        return Err(failure);
                    }
                    wait = wait.max(Duration::try_from(asked).unwrap_or_default());
                }
                dependencies.clock.wait_for(wait).await;
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
pub(super) fn with_jitter(wait: Duration, random: u8) -> Duration {
    let longest = (wait / 10).min(Duration::from_hours(24));
    wait.saturating_add(longest * u32::from(random) / 255)
}

/// How long it is until then; nothing when it is past.
pub(super) fn until(now: Timestamp, at: Timestamp) -> Duration {
    let wait = at.duration_since(now).max(SignedDuration::ZERO);
    Duration::try_from(wait).unwrap_or_default()
}
