//! Validates, saves and checks the registration that an administrator enters.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::actor::{SessionActor, answer};
use super::{Dependencies, Message, SaveError};
use crate::check::{self, CheckError};
use crate::error::{Code, Problem, chain};
use crate::registration::{
    Field, FieldProblem, Provenance, Reason, Registration, RegistrationDraft,
};
use crate::session::{CommandOutcome, Event, Provisioning};

impl SessionActor {
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

    pub(super) async fn save_registration(
        &mut self,
        draft: RegistrationDraft,
    ) -> Result<(), SaveError> {
        let registration = self.validate(draft).map_err(SaveError::Fields)?;
        let entered = Event::RegistrationEntered(Box::new(registration));
        match self.handle(entered).await {
            CommandOutcome::Refused(problem) => Err(SaveError::Problem(problem)),
            CommandOutcome::Accepted | CommandOutcome::Unchanged | CommandOutcome::Pending(_) => {
                Ok(())
            }
        }
    }

    /// Reads the provisioning file again, beside the actor, while the set-up waits for it.
    pub(super) fn reload_setup(&self, reply: oneshot::Sender<Result<(), Problem>>) {
        if !self.session.awaits_provisioning() {
            answer(reply, Ok(()));
            return;
        }
        let dependencies = Arc::clone(&self.dependencies);
        let reads = Arc::clone(&self.provisioning_reads);
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let _in_order = reads.lock().await;
            let read = tokio::task::spawn_blocking(move || (dependencies.provisioning)()).await;
            let Some(messages) = messages.upgrade() else {
                return;
            };
            match read {
                // The session may have stopped.
                Ok(provisioning) => {
                    let _ = messages.send(Message::ProvisioningRead(provisioning, reply));
                }
                Err(error) => {
                    tracing::error!(
                        error = %chain(&error),
                        "provisioning: read failed, task aborted"
                    );
                    answer(reply, Err(Code::Internal.into()));
                }
            }
        });
    }

    /// Hands the file to the session. An unchanged one leads to no new state: the shell asks each time that
    /// the window gets the focus, and every few seconds while the app is not set up.
    pub(super) async fn provisioning_read(
        &mut self,
        provisioning: Provisioning,
    ) -> Result<(), Problem> {
        match self.handle(Event::ProvisioningRead(provisioning)).await {
            CommandOutcome::Refused(problem) => Err(problem),
            CommandOutcome::Accepted | CommandOutcome::Unchanged | CommandOutcome::Pending(_) => {
                Ok(())
            }
        }
    }

    /// Checks beside the actor; the session is not involved.
    pub(super) fn check_registration(
        &self,
        draft: RegistrationDraft,
        reply: oneshot::Sender<Result<(), CheckError>>,
    ) {
        if self.session.is_managed() {
            // Users of a managed set-up have nothing to check, and choose no service to contact.
            answer(reply, Err(Code::SetupManaged.into()));
            return;
        }
        let registration = self.validate(draft);
        let dependencies = Arc::clone(&self.dependencies);
        tokio::spawn(async move {
            let result = match registration {
                Ok(registration) => check(&dependencies, &registration).await,
                Err(problems) => Err(CheckError::Fields(problems)),
            };
            answer(reply, result);
        });
    }
}

async fn check(dependencies: &Dependencies, registration: &Registration) -> Result<(), CheckError> {
    let client = dependencies
        .clients
        .for_service(&registration.base_url)
        .await?;
    let now = || dependencies.clock.now();
    check::check(client, registration, dependencies.entropy.as_ref(), now).await
}
