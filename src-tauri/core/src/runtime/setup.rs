//! Validates, saves and checks the registration that an administrator enters.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::actor::{SessionActor, answer};
use super::{Dependencies, SaveError};
use crate::check::{self, CheckError};
use crate::error::Code;
use crate::registration::{
    Field, FieldProblem, Provenance, Reason, Registration, RegistrationDraft,
};
use crate::session::{CommandOutcome, Event};

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

    /// Reads the provisioning file again. What makes no difference is dropped.
    pub(super) async fn reload_setup(&mut self) {
        let provisioning = (self.dependencies.provisioning)();
        if self.session.is_changed_by(&provisioning) {
            self.handle(Event::ProvisioningRead(provisioning)).await;
        }
    }

    pub(super) async fn save_registration(
        &mut self,
        draft: RegistrationDraft,
    ) -> Result<(), SaveError> {
        let registration = self.validate(draft).map_err(SaveError::Fields)?;
        let entered = Event::RegistrationEntered(Box::new(registration));
        match self.handle(entered).await {
            CommandOutcome::Refused(problem) => Err(SaveError::Problem(problem)),
            CommandOutcome::Accepted | CommandOutcome::Pending(_) => Ok(()),
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
