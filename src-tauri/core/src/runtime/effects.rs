//! Runs the effects that concern the browser, the window and timers. Requests to Amiqus are in
//! `requests`, the vault is in `vault_access`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::AbortHandle;

use super::Message;
use super::actor::{ActiveListener, SessionActor};
use super::vault_access;
use crate::account::AccountKey;
use crate::authorization::{AttemptId, AuthorizationUrl};
use crate::error::chain;
use crate::registration::RedirectUrl;
use crate::session::{Effect, Event, ProbeAttempt, ProgramEvent, RenewalReason, TokenGeneration};

impl SessionActor {
    pub(super) fn run_effect(&mut self, effect: Effect) {
        match effect {
            Effect::OpenVault(unlock) => {
                self.open_vault(|opener| vault_access::open(opener, unlock));
            }
            Effect::StartOver => self.open_vault(vault_access::start_over),
            Effect::AbandonPrompt => self.abandon_prompt(),
            Effect::AwaitVault => self.await_vault(),
            Effect::ReloadAccount(key, generation) => self.reload_account(key, generation),
            Effect::OpenBrowser(id, url) => self.open_browser(id, url),
            Effect::Listen(id, redirect_url, url) => self.listen(id, &redirect_url, url),
            Effect::BringToFront => self.dependencies.host.bring_to_front(),
            Effect::ArmDeadline(id, at) => self.arm_deadline(id, at),
            Effect::PlanRenewal(key, at) => self.plan_renewal(key, at),
            Effect::ArmProgramTimer(at) => {
                let wait = self.wait_until(at);
                let timer = self.spawn_event(async move {
                    wait.await;
                    Some(Event::Program(ProgramEvent::TimePassed))
                });
                if let Some(earlier) = self.program_timer.replace(timer) {
                    earlier.abort();
                }
            }
            Effect::ProbeLater(key, generation, attempt, wait) => {
                self.probe_later(key, generation, attempt, wait);
            }
            Effect::WarmUpTls => self.warm_up_tls(),
            Effect::Exchange {
                attempt,
                code,
                verifier,
                redirect_url,
            } => self.exchange(attempt, code, verifier, redirect_url),
            Effect::Identify(generation, access) => self.identify(generation, access),
            Effect::Refresh(key, generation, refresh, redirect_url) => {
                self.refresh(key, generation, refresh, redirect_url);
            }
            Effect::Probe(key, generation, access) => self.probe(key, generation, access),
            Effect::Check(key, generation, access) => self.check(key, generation, access),
        }
    }

    fn open_browser(&self, id: AttemptId, url: AuthorizationUrl) {
        let Some(registration) = self.session.registration() else {
            return;
        };
        let service = registration.base_url.clone();
        let host = Arc::clone(&self.dependencies.host);
        self.spawn_event(async move {
            let opened =
                tokio::task::spawn_blocking(move || host.open_browser(url.expose(), &service))
                    .await;
            match opened {
                Ok(Ok(())) => None,
                Ok(Err(error)) => {
                    tracing::error!(error = %chain(&error), "browser: open failed");
                    Some(Event::BrowserDidNotOpen(id))
                }
                Err(error) => {
                    tracing::error!(
                        error = %chain(&error),
                        "browser: open failed, task aborted"
                    );
                    Some(Event::BrowserDidNotOpen(id))
                }
            }
        });
    }

    /// Listens for the answer to an attempt, unless that attempt ended in the same step.
    fn listen(&mut self, id: AttemptId, redirect_url: &RedirectUrl, url: Option<AuthorizationUrl>) {
        if self.session.pending_attempt() != Some(id) {
            return;
        }
        let host = &self.dependencies.host;
        match host.listen(redirect_url, self.recipient()) {
            Ok(listener) => {
                self.active_listener = Some(ActiveListener {
                    attempt: id,
                    listener,
                });
                if let Some(url) = url {
                    self.open_browser(id, url);
                }
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "listener: start failed");
                self.send(Message::Event(Event::ListenFailed(id)));
            }
        }
    }

    fn arm_deadline(&self, id: AttemptId, at: Timestamp) {
        let wait = self.wait_until(at);
        self.spawn_event(async move {
            wait.await;
            Some(Event::DeadlinePassed(id))
        });
    }

    /// Starts the timer for an account's renewal, in place of an earlier one.
    fn plan_renewal(&mut self, key: AccountKey, at: Timestamp) {
        let now = self.dependencies.clock.now();
        let wait = self.with_jitter(until(now, at));
        let wait = self.wait_until(now.saturating_add(wait).unwrap_or(Timestamp::MAX));
        let timer = self.spawn_event(async move {
            wait.await;
            Some(Event::RenewalRequested(key, RenewalReason::Due))
        });
        if let Some(earlier) = self.planned_renewals.insert(key, timer) {
            earlier.abort();
        }
    }

    fn probe_later(
        &self,
        key: AccountKey,
        generation: TokenGeneration,
        attempt: ProbeAttempt,
        wait: SignedDuration,
    ) {
        let wait = self.with_jitter(Duration::try_from(wait).unwrap_or_default());
        let wait = self.dependencies.clock.wait_for(wait);
        self.spawn_event(async move {
            wait.await;
            Some(Event::ProbeDue(key, generation, attempt))
        });
    }

    /// Waits for a time by the wall clock, and no longer than the span until then by a clock that
    /// can't be set.
    fn wait_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send + use<> {
        let clock = &self.dependencies.clock;
        let wall_clock = clock.wait_until(at);
        let elapsed = clock.wait_for(until(clock.now(), at));
        async {
            tokio::select! {
                () = wall_clock => {}
                () = elapsed => {}
            }
        }
    }

    fn with_jitter(&self, wait: Duration) -> Duration {
        let mut byte = [0];
        // Without random bytes there is no jitter, which does no harm.
        let _ = self.dependencies.entropy.fill(&mut byte);
        with_jitter(wait, byte[0])
    }

    /// Runs a task beside the actor, and sends the actor the event that it returns.
    pub(super) fn spawn_event(
        &self,
        task: impl Future<Output = Option<Event>> + Send + 'static,
    ) -> AbortHandle {
        self.spawn(async { task.await.map(Message::Event) })
    }

    /// Runs a task beside the actor, and sends the actor the message that it returns.
    pub(super) fn spawn(
        &self,
        task: impl Future<Output = Option<Message>> + Send + 'static,
    ) -> AbortHandle {
        let messages = self.messages.clone();
        let task = tokio::spawn(async move {
            if let Some(message) = task.await
                && let Some(messages) = messages.upgrade()
            {
                // The session may have stopped.
                let _ = messages.send(message);
            }
        });
        task.abort_handle()
    }

    /// Sends the actor a message that it handles after those that are waiting.
    pub(super) fn send(&self, message: Message) {
        if let Some(messages) = self.messages.upgrade() {
            // The session may have stopped.
            let _ = messages.send(message);
        }
    }
}

/// Lengthens a wait at random by up to a tenth, so that an office whose users signed in together
/// doesn't renew together. It never ends before the time that Amiqus asked for, and a renewal planned
/// at nine tenths of a token's life still comes in time.
pub(super) fn with_jitter(wait: Duration, random: u8) -> Duration {
    let longest = (wait / 10).min(Duration::from_hours(24));
    wait.saturating_add(longest * u32::from(random) / 255)
}

/// The span from now until a time; zero when the time has passed.
pub(super) fn until(now: Timestamp, at: Timestamp) -> Duration {
    let wait = at.duration_since(now).max(SignedDuration::ZERO);
    Duration::try_from(wait).unwrap_or_default()
}
