//! What can happen to a session, and what it asks for in return.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, AccountKey, Identity};
use crate::api::ApiError;
use crate::authorization::{Attempt, AttemptId, AuthorizationUrl, CodeVerifier};
use crate::error::{Code, Problem};
use crate::redirect::{AuthorizationCode, ReceivedLink};
use crate::registration::{Field, RedirectUrl, Registration};
use crate::token::{AccessToken, RefreshToken, TokenError, TokenSet};
use crate::vault::{LockReason, OpenError, RecordName, Records, SetAside, Unlock};

/// What IT's provisioning file said.
#[derive(Debug)]
pub enum Provisioning {
    /// There is none.
    Absent,
    /// It holds a valid registration.
    Valid(Box<Registration>),
    /// It is there, and wrong.
    Wrong {
        /// The file.
        file: String,
        /// What is wrong.
        code: Code,
        /// Which field.
        field: Option<Field>,
    },
}

/// How an address reached the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOrigin {
    /// By the operating system, an argument, a second process, or the loopback listener: anybody
    /// can send one, so a wrong one is ignored.
    Link,
    /// By a person's paste: a wrong one gets an answer.
    Pasted,
}

/// Which pair of tokens an answer is about. Each pair of a run of the app has one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenGeneration(pub(crate) u64);

/// Which of the tries to ask `/status` after a lost answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeAttempt(pub(crate) u32);

impl ProbeAttempt {
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Why an account is to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewalReason {
    /// A person asked.
    Asked,
    /// A caller within the process wants a living access token, and the one at hand is past its end.
    Needed,
    /// Its time has come.
    Due,
    /// Amiqus no longer takes its access token (401).
    Refused,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The vault is open.
    Opened {
        /// What it held.
        records: Box<Records>,
        /// What IT says.
        provisioning: Provisioning,
        /// What had to be set aside.
        set_aside: Option<SetAside>,
    },
    /// The vault didn't open.
    NotOpened(OpenError),
    /// The vault takes long to open, because of this.
    OpeningTakesLong(LockReason),
    /// A keychain came, was unlocked or answers again.
    KeychainChanged,
    /// A person gives the vault up that can't be opened, and wants an empty one.
    StartOverRequested,
    /// A person wants the vault opened (again).
    UnlockRequested(Unlock),
    /// A person wants to sign in; the attempt brings the randomness with it.
    SignInRequested(Box<Attempt>),
    /// A person wants the browser opened again for the pending attempt.
    BrowserRequestedAgain,
    /// The browser could not be started.
    BrowserDidNotOpen(AttemptId),
    /// Nobody can listen where the attempt's answer would arrive.
    NotListening(AttemptId),
    /// An address arrived.
    AddressReceived(ReceivedLink, LinkOrigin),
    /// An attempt's ten minutes are over.
    DeadlinePassed(AttemptId),
    /// A person wants to go back: from the pending attempt, or from the set-up.
    Cancelled,
    /// The token endpoint answered to a code.
    CodeExchanged(AttemptId, Result<TokenSet, TokenError>),
    /// The API told who the new tokens belong to.
    Identified(TokenGeneration, Result<Identity, ApiError>),
    /// A person wants the sign-in finished whose owner is not known yet.
    FinishRequested,
    /// A person wants that sign-in dropped.
    ForgetRequested,
    /// An account is to be renewed.
    RenewalRequested(AccountKey, RenewalReason),
    /// The token endpoint answered to a refresh token.
    Refreshed(AccountKey, TokenGeneration, Result<TokenSet, TokenError>),
    /// `/status` told whether the old access token lives, after a refresh without an answer.
    Probed(AccountKey, TokenGeneration, Result<(), ApiError>),
    /// It is time to ask `/status` again after a refresh without an answer.
    ProbeDue(AccountKey, TokenGeneration, ProbeAttempt),
    /// What the vault holds of an account that Amiqus calls dead.
    ReadAgain(AccountKey, TokenGeneration, Option<Box<Account>>),
    /// The computer woke, its clock was set, or a network came.
    EnvironmentChanged,
    /// An account's person and team are to be asked for.
    CheckRequested(AccountKey),
    /// The API told them.
    Checked(AccountKey, TokenGeneration, Result<Identity, ApiError>),
    /// A person wants another account to be current.
    SwitchRequested(AccountKey),
    /// A person wants an account's tokens removed from this computer.
    SignOutRequested(AccountKey),
    /// An administrator entered a valid registration.
    RegistrationEntered(Box<Registration>),
    /// An administrator wants to change the set-up.
    SetupChangeRequested,
    /// The changes of the last step could not be made durable, and so these effects of it were
    /// not run.
    SaveFailed(Vec<Effect>),
    /// What could not be saved earlier was saved now.
    Saved,
}

/// Something to do. The keeper runs effects only after the step's changes are durable.
#[derive(Debug)]
pub enum Effect {
    /// Open the vault.
    OpenVault(Unlock),
    /// Leave off waiting for what the keychain asks its person, if an opening does: it fails.
    AbandonPrompt,
    /// Open the vault as soon as the other process that has it lets it go.
    AwaitVault,
    /// Set the vault aside, with what is known of its key, and open an empty one.
    StartOver,
    /// Open the system's browser.
    OpenBrowser(AttemptId, AuthorizationUrl),
    /// Listen on this computer's own address for as long as the attempt is pending, and open the
    /// browser once that is so: whoever else had the port would be handed the code.
    Listen(AttemptId, RedirectUrl, Option<AuthorizationUrl>),
    /// Say when the attempt's time is over.
    ArmDeadline(AttemptId, Timestamp),
    /// Prepare for the request that comes next: nothing is sent yet.
    WarmUpTls,
    /// Show the window and give it the focus.
    BringToFront,
    /// Post a code. It moves in here and is gone afterwards.
    Exchange {
        /// The attempt.
        attempt: AttemptId,
        /// Its code.
        code: AuthorizationCode,
        /// Its verifier, where a challenge was sent.
        verifier: Option<CodeVerifier>,
        /// The redirect URL of its authorization request.
        redirect_url: RedirectUrl,
    },
    /// Ask who the new tokens belong to.
    Identify(TokenGeneration, AccessToken),
    /// Post a refresh token, once.
    Refresh(AccountKey, TokenGeneration, RefreshToken, RedirectUrl),
    /// Ask `/status`.
    Probe(AccountKey, TokenGeneration, AccessToken),
    /// Say [`Event::ProbeDue`] after a while.
    ProbeLater(AccountKey, TokenGeneration, ProbeAttempt, SignedDuration),
    /// Read the account's record from the vault anew.
    ReadAgain(AccountKey, TokenGeneration),
    /// Ask `/me`, `/team` and `/team/me`.
    Check(AccountKey, TokenGeneration, AccessToken),
    /// Say [`Event::RenewalRequested`] then; it replaces the account's earlier plan.
    PlanRenewal(AccountKey, Timestamp),
}

/// A question that callers wait for, however many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PendingReply {
    /// How a renewal ends.
    Renewal(AccountKey),
    /// How a check ends.
    Check(AccountKey),
}

/// What a command gets back from the step it caused.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It is done or has begun; the state shows the rest.
    Accepted,
    /// The result comes later, as the answer to this.
    Pending(PendingReply),
    /// Nothing was done.
    Refused(Problem),
}

/// What one event led to.
#[derive(Debug)]
pub struct Step {
    /// The records to make durable before anything else.
    pub changed: BTreeSet<RecordName>,
    /// What to do after that, in this order.
    pub effects: Vec<Effect>,
    /// What the command that caused it gets back.
    pub outcome: CommandOutcome,
    /// Questions that are answered now.
    pub answers: Vec<(PendingReply, Result<(), Problem>)>,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            changed: BTreeSet::new(),
            effects: Vec::new(),
            outcome: CommandOutcome::Accepted,
            answers: Vec::new(),
        }
    }
}

impl Step {
    /// A step that changes nothing and says why.
    pub(crate) fn refused(problem: impl Into<Problem>) -> Self {
        Self {
            outcome: CommandOutcome::Refused(problem.into()),
            ..Self::default()
        }
    }

    pub(crate) fn change(&mut self, name: RecordName) -> &mut Self {
        self.changed.insert(name);
        self
    }

    pub(crate) fn run(&mut self, effect: Effect) -> &mut Self {
        self.effects.push(effect);
        self
    }

    /// Takes over all of another step but its outcome.
    pub(crate) fn append(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.effects.extend(other.effects);
        self.answers.extend(other.answers);
    }

    pub(crate) fn answer(&mut self, reply: PendingReply, result: Result<(), Problem>) -> &mut Self {
        self.answers.push((reply, result));
        self
    }
}
