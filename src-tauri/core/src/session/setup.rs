//! The set-up: a registration comes from the provisioning file or from an administrator.

use jiff::Timestamp;

use super::{Backoff, CommandOutcome, Open, PendingReply, Provisioning, Session, SignIn, Step};
use crate::account::{AccountStatus, SignInAgainReason};
use crate::error::{Code, Problem};
use crate::registration::{Provenance, Registration};
use crate::vault::{self, RecordName};

impl Provisioning {
    /// What is wrong with the file, as the window shows it.
    fn problem(&self) -> Option<Problem> {
        match self {
            Self::Wrong { file, code, field } => Some(Problem {
                code: *code,
                file: Some(file.clone()),
                field: *field,
            }),
            Self::Absent | Self::Valid(_) => None,
        }
    }
}

impl Session {
    /// Whether the provisioning file may end the set-up or correct it, so that it is worth reading
    /// again: the app isn't set up, or the file was invalid.
    pub(crate) fn awaits_provisioning(&self) -> bool {
        self.open().is_some_and(Open::awaits_provisioning)
    }

    /// Whether the provisioning file, read again, changes anything.
    fn is_changed_by(&self, provisioning: &Provisioning) -> bool {
        self.open().is_some_and(|open| {
            open.awaits_provisioning()
                && (matches!(provisioning, Provisioning::Valid(_))
                    || open.provisioning_problem != provisioning.problem())
        })
    }

    /// Applies the provisioning file if it is what the set-up waits for, and has changed.
    pub(super) fn provisioning_read(&mut self, provisioning: Provisioning, now: Timestamp) -> Step {
        if !self.is_changed_by(&provisioning) {
            return Step {
                outcome: CommandOutcome::Unchanged,
                ..Step::default()
            };
        }
        let shown = self.problem.clone();
        self.when_open(|open| {
            let mut step = Step::default();
            if shown.is_some() && shown == open.provisioning_problem {
                step.clear_problem();
            }
            open.apply_provisioning(&mut step, provisioning, now);
            step
        })
    }
}

impl Open {
    fn awaits_provisioning(&self) -> bool {
        self.registration.is_none() || self.provisioning_problem.is_some()
    }

    /// Applies the provisioning file, which is read each time the vault is opened, and again while
    /// that may change the set-up.
    pub(super) fn apply_provisioning(
        &mut self,
        step: &mut Step,
        provisioning: Provisioning,
        now: Timestamp,
    ) {
        self.provisioning_problem = provisioning.problem();
        match provisioning {
            Provisioning::Absent => self.make_editable(step),
            Provisioning::Valid(registration) => {
                self.changing_setup = false;
                self.register(step, *registration, now);
            }
            Provisioning::Wrong { .. } => {
                self.changing_setup = false;
                step.replace_problem(self.provisioning_problem.clone());
            }
        }
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
        self.just_signed_in = false;
        self.register(&mut step, registration, now);
        step
    }

    pub(super) fn setup_change_requested(&mut self) -> Step {
        if self.is_managed() {
            return Step::refused(Code::SetupManaged);
        }
        self.changing_setup = true;
        self.just_signed_in = false;
        let mut step = Step::default();
        step.clear_problem();
        step
    }

    pub(super) fn is_managed(&self) -> bool {
        self.provisioning_problem.is_some()
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
            self.end_stopped_tokens(step, now);
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
        self.remove_all_grants(step);
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
