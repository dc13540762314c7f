//! The set-up: a registration comes from the provisioning file or from an administrator.

use jiff::Timestamp;

use super::{Backoff, Open, PendingReply, Provisioning, SignIn, Step};
use crate::account::{AccountStatus, SignInAgainReason};
use crate::error::{Code, Problem};
use crate::registration::{Provenance, Registration};
use crate::vault::{self, RecordName};

impl Open {
    /// Applies the provisioning file, which is read each time the vault is opened.
    pub(super) fn apply_provisioning(
        &mut self,
        step: &mut Step,
        provisioning: Provisioning,
        now: Timestamp,
    ) {
        match provisioning {
            Provisioning::Absent => self.make_editable(step),
            Provisioning::Valid(registration) => self.register(step, *registration, now),
            Provisioning::Wrong { file, code, field } => {
                self.provisioning_is_invalid = true;
                step.show_problem(Problem {
                    code,
                    file: Some(file),
                    field,
                });
            }
        }
    }

    /// Whether the provisioning file is waited for: there is no registration, or the file is invalid.
    pub(super) fn awaits_setup(&self) -> bool {
        self.registration.is_none() || self.provisioning_is_invalid
    }

    /// Applies the provisioning file that was read again because the app is not set up.
    pub(super) fn provisioning_read(&mut self, provisioning: Provisioning, now: Timestamp) -> Step {
        let mut step = Step::default();
        if self.awaits_setup() {
            if std::mem::take(&mut self.provisioning_is_invalid) {
                step.clear_problem();
            }
            self.apply_provisioning(&mut step, provisioning, now);
        }
        step
    }

    pub(super) fn registration_entered(
        &mut self,
        registration: Registration,
        now: Timestamp,
    ) -> Step {
        if self.is_managed() {
            return Step::refused(Code::SetupManaged);
        }
        let mut step = Step::default();
        step.clear_problem();
        self.changing_setup = false;
        self.register(&mut step, registration, now);
        step
    }

    pub(super) fn setup_change_requested(&mut self) -> Step {
        if self.is_managed() {
            return Step::refused(Code::SetupManaged);
        }
        self.changing_setup = true;
        self.just_signed_in = None;
        let mut step = Step::default();
        step.clear_problem();
        step
    }

    pub(super) fn is_managed(&self) -> bool {
        self.provisioning_is_invalid
            || self
                .registration
                .as_ref()
                .is_some_and(|registration| registration.provenance == Provenance::Provisioned)
    }

    /// Puts a registration into force. Tokens belong to the API client and the service that issued
    /// them; another client or service never sees them.
    fn register(&mut self, step: &mut Step, new: Registration, now: Timestamp) {
        let same_client = self
            .registration
            .as_ref()
            .is_some_and(|old| old.client_id == new.client_id && old.base_url == new.base_url);

        // The provisioning file is read at each start; an unchanged one causes no write.
        let same = self.registration.as_ref().is_some_and(|old| {
            *vault::encode_registration(old) == *vault::encode_registration(&new)
        });
        self.registration = Some(new);
        if !same {
            step.change(RecordName::Registration);
        }
        if same_client {
            // What failed because of the set-up may work now.
            for (key, entry) in &mut self.accounts {
                if !same && entry.backoff == Some(Backoff::Own) {
                    entry.plan(step, *key, now);
                }
            }
            return;
        }
        self.drop_unclaimed(step);
        self.sign_in = SignIn::Idle;
        step.change(RecordName::Attempt);
        for (key, entry) in &mut self.accounts {
            if let AccountStatus::Connected { .. } = entry.account.status {
                entry.disconnect(SignInAgainReason::SetUpChanged);
                step.change(RecordName::Account(*key))
                    .answer(PendingReply::Renewal(*key), Err(Code::NotSignedIn.into()))
                    .answer(PendingReply::Check(*key), Err(Code::NotSignedIn.into()));
            }
        }
    }

    /// Lets an administrator change a registration whose provisioning file was removed. It stays
    /// in force.
    fn make_editable(&mut self, step: &mut Step) {
        if let Some(registration) = &mut self.registration
            && registration.provenance == Provenance::Provisioned
        {
            registration.provenance = Provenance::ByHand;
            step.change(RecordName::Registration);
        }
    }
}
