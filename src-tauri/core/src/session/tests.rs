//! The session alone: events in, steps and states out.

mod accounts;
mod attempts;
mod environment_change;
mod extension;
mod greeting;
mod opening;
mod other_teams;
mod pending_links;
mod problems;
mod programs;
mod provisioning;
mod quiescence;
mod redirects;
mod renewals;
mod saving;
mod secrets;
mod setup;
mod sign_in;
mod unclaimed;
mod unknown_teams;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    CommandOutcome, Effect, Event, LinkOrigin, PendingReply, Provisioning, RenewalReason, Session,
    Step, TokenGeneration,
};
use crate::account::{Account, AccountKey, Identity};
use crate::api::ApiError;
use crate::app_state::{AccountStatusView, AccountView, AppState, Screen};
use crate::authorization::{Attempt, AttemptId};
use crate::error::{Code, Problem};
use crate::fixtures::{Counting, REDIRECT, attempt, bob, draft, now, registration, tokens};
use crate::redirect::ReceivedLink;
use crate::registration::{Provenance, Registration, RegistrationDraft};
use crate::token::{RejectedPart, TokenError, TokenSet, Transient};
use crate::vault::{RecordName, Records, Unlock};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

const SERVER_ERROR: ApiError = ApiError::Transient(Transient::ServerError);

const SIGNED_OUT: Screen = Screen::SignedOut { just_now: false };

const SIGNED_IN: Screen = Screen::SignedIn { just_now: false };

const JUST_SIGNED_IN: Screen = Screen::SignedIn { just_now: true };

/// A session whose time and random values are set by the test.
struct Bench {
    session: Session,
    now: Timestamp,
    entropy: Counting,
}

/// An attempt whose browser page is open.
struct Pending {
    id: AttemptId,
    url: Url,
    state: String,
}

impl Bench {
    /// Opened with these records.
    fn opened(records: Records) -> (Self, Step) {
        let mut bench = Self {
            session: Session::default(),
            now: now(),
            entropy: Counting::default(),
        };
        let step = bench.open(records);
        (bench, step)
    }

    /// Set up, without an account.
    fn set_up() -> Self {
        Self::opened(Records {
            registration: Some(registration()),
            ..Records::default()
        })
        .0
    }

    /// Set up, with these accounts; the first is current.
    fn with(accounts: Vec<Account>) -> (Self, Step) {
        let current = accounts.first().map(|account| account.identity.key());
        Self::opened(Records {
            registration: Some(registration()),
            accounts: accounts
                .into_iter()
                .map(|account| (account.identity.key(), account))
                .collect(),
            current,
            ..Records::default()
        })
    }

    /// Bob is signed in with the tokens `1`; the check at the start is over.
    fn with_bob() -> Self {
        let (mut bench, step) =
            Self::with(vec![crate::fixtures::connected(bob(), tokens("1", now()))]);
        bench.checked(&step, Ok(bob()));
        bench
    }

    fn open(&mut self, records: Records) -> Step {
        self.open_with(records, Provisioning::Absent)
    }

    fn open_with(&mut self, records: Records, provisioning: Provisioning) -> Step {
        self.step(Event::Opened {
            records: Box::new(records),
            provisioning,
            set_aside: None,
        })
    }

    fn step(&mut self, event: Event) -> Step {
        self.session.step(event, self.now)
    }

    fn advance(&mut self, span: SignedDuration) {
        self.now += span;
    }

    fn state(&self) -> AppState {
        self.session.app_state(1)
    }

    fn screen(&self) -> Screen {
        self.state().screen
    }

    fn problem(&self) -> Option<Code> {
        self.state().problem.map(|problem| problem.code)
    }

    fn account(&self, key: AccountKey) -> AccountView {
        let id = key.to_string();
        let mut accounts = self.state().accounts.into_iter();
        accounts.find(|account| account.id == id).unwrap()
    }

    fn status(&self, key: AccountKey) -> AccountStatusView {
        self.account(key).status
    }

    /// A record's text, as it would be written now.
    fn record(&self, name: RecordName) -> Option<String> {
        let bytes = self.session.record(name)?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn begin(&mut self) -> (Pending, Step) {
        let step = self.press();
        let Some(Effect::OpenBrowser(id, url)) = step
            .effects
            .iter()
            .find(|effect| matches!(effect, Effect::OpenBrowser(..)))
        else {
            panic!("no browser was opened: {step:?}");
        };
        let url = url.expose().clone();
        let state = url.query_pairs().find(|(name, _)| name == "state");
        let state = state.unwrap().1.into_owned();
        (
            Pending {
                id: *id,
                url,
                state,
            },
            step,
        )
    }

    fn link(&mut self, address: &str) -> Step {
        self.step(Event::AddressReceived(
            ReceivedLink::new(address),
            LinkOrigin::Link,
        ))
    }

    fn paste(&mut self, text: &str) -> Step {
        self.step(Event::AddressReceived(
            ReceivedLink::new(text),
            LinkOrigin::Pasted,
        ))
    }

    /// Signs in without errors and returns the last step.
    fn sign_in(&mut self, identity: Identity, pair: &str) -> Step {
        let (pending, _) = self.begin();
        self.link(&pending.granted());
        let pair = tokens(pair, self.now);
        let step = self.step(Event::CodeExchanged(pending.id, Ok(pair)));
        self.identified(&step, Ok(identity))
    }

    /// Amiqus answers the request for the owner of this step's tokens.
    fn identified(&mut self, step: &Step, result: Result<Identity, ApiError>) -> Step {
        self.step(Event::Identified(identified_generation(step), result))
    }

    /// The user clicks *Sign in with Amiqus*.
    fn press(&mut self) -> Step {
        let registration: Registration = self.session.registration().unwrap().clone();
        let attempt = Attempt::begin(&registration, self.now, &self.entropy).unwrap();
        self.step(Event::SignInRequested(Box::new(attempt)))
    }

    /// The user clicks *Open the browser again*.
    fn press_again(&mut self) -> Step {
        let registration: Registration = self.session.registration().unwrap().clone();
        let fresh = Attempt::begin(&registration, self.now, &self.entropy).unwrap();
        self.step(Event::BrowserRequestedAgain(Box::new(fresh)))
    }

    /// The generation of an account's tokens, which no renewal may be under way for.
    fn generation(&self, key: AccountKey) -> TokenGeneration {
        let mut tokens = self.session.usable_tokens();
        let (_, generation, _) = tokens.find(|(account, ..)| *account == key).unwrap();
        generation
    }

    /// The token endpoint answers to the refresh of this step.
    fn refreshed(&mut self, step: &Step, result: Result<TokenSet, TokenError>) -> Step {
        let (key, generation) = step
            .effects
            .iter()
            .find_map(|effect| match effect {
                Effect::Refresh(key, generation, ..) => Some((*key, *generation)),
                _ => None,
            })
            .unwrap_or_else(|| panic!("no refresh was sent: {step:?}"));
        self.step(Event::Refreshed(key, generation, result))
    }

    /// `/status` answers to the probe of this step.
    fn probed(&mut self, step: &Step, result: Result<(), ApiError>) -> Step {
        let (key, generation) = probe_of(step);
        self.step(Event::Probed(key, generation, result))
    }

    /// The vault is read again and holds this account.
    fn reloaded(&mut self, step: &Step, found: Option<Account>) -> Step {
        let [Effect::ReloadAccount(key, generation)] = step.effects.as_slice() else {
            panic!("the vault is not read again: {step:?}");
        };
        self.step(Event::AccountReloaded(
            *key,
            *generation,
            found.map(Box::new),
        ))
    }

    /// `/me` answers to the check of this step.
    fn checked(&mut self, step: &Step, result: Result<Identity, ApiError>) -> Step {
        let (key, generation) = step
            .effects
            .iter()
            .find_map(|effect| match effect {
                Effect::Check(key, generation, _) => Some((*key, *generation)),
                _ => None,
            })
            .unwrap_or_else(|| panic!("nothing was checked: {step:?}"));
        self.step(Event::Checked(key, generation, result))
    }

    /// What the runtime does with a step whose changes can't be saved.
    fn not_saved(&mut self, step: Step) -> Step {
        self.step(Event::SaveFailed(step.effects))
    }
}

impl Pending {
    fn granted(&self) -> String {
        format!(
            "{}?code=hush-code&state={}",
            crate::fixtures::REDIRECT,
            self.state
        )
    }

    fn denied(&self, error: &str) -> String {
        format!(
            "{}?error={error}&state={}",
            crate::fixtures::REDIRECT,
            self.state
        )
    }
}

/// The tokens whose owner the step requests.
fn identified_generation(step: &Step) -> TokenGeneration {
    step.effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Identify(generation, _) => Some(*generation),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no owner was requested: {step:?}"))
}

fn probe_of(step: &Step) -> (AccountKey, TokenGeneration) {
    step.effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Probe(key, generation, _) | Effect::ProbeLater(key, generation, _, _) => {
                Some((*key, *generation))
            }
            _ => None,
        })
        .unwrap_or_else(|| panic!("nothing was probed: {step:?}"))
}

/// The effects in words, with the tokens that are in them.
fn effects(step: &Step) -> Vec<String> {
    step.effects.iter().map(describe).collect()
}

fn describe(effect: &Effect) -> String {
    match effect {
        Effect::OpenVault(Unlock::KeychainWithoutPrompt) => {
            "open the vault without a prompt".to_owned()
        }
        Effect::OpenVault(_) => "open the vault".to_owned(),
        Effect::StartOver => "start over".to_owned(),
        Effect::OpenBrowser(..) => "open the browser".to_owned(),
        Effect::Listen(_, _, url) => match url {
            Some(_) => "listen, then open the browser".to_owned(),
            None => "listen".to_owned(),
        },
        Effect::ArmDeadline(..) => "arm the deadline".to_owned(),
        Effect::WarmUpTls => "warm up TLS".to_owned(),
        Effect::BringToFront => "bring to front".to_owned(),
        Effect::Exchange { code, .. } => format!("exchange {}", code.expose()),
        Effect::Identify(_, access) => format!("identify {}", access.expose()),
        Effect::Refresh(_, _, refresh, _) => format!("refresh {}", refresh.expose()),
        Effect::Probe(_, _, access) => format!("probe {}", access.expose()),
        Effect::ProbeLater(_, _, _, wait) => format!("probe in {} s", wait.as_secs()),
        Effect::ReloadAccount(..) => "reload the account".to_owned(),
        Effect::AbandonPrompt => "abandon the prompt".to_owned(),
        Effect::AwaitVault => "await the vault".to_owned(),
        Effect::Check(_, _, access) => format!("check {}", access.expose()),
        Effect::PlanRenewal(..) => "plan the renewal".to_owned(),
        Effect::ArmProgramTimer(_) => "arm the programs' timer".to_owned(),
    }
}

/// The wait from a time until the renewal that the step plans.
fn planned(step: &Step, from: Timestamp) -> SignedDuration {
    step.effects
        .iter()
        .find_map(|effect| match effect {
            Effect::PlanRenewal(_, at) => Some(at.duration_since(from)),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no renewal was planned: {step:?}"))
}

fn changed(step: &Step) -> Vec<String> {
    step.changed.iter().map(ToString::to_string).collect()
}

fn refused(code: Code) -> CommandOutcome {
    CommandOutcome::Refused(code.into())
}

/// The step's answer to callers that wait for a renewal.
fn renewal_answer(step: &Step) -> Option<Result<(), Code>> {
    answer(step, |reply| matches!(reply, PendingReply::Renewal(_)))
}

/// The step's answer to callers that wait for a check.
fn check_answer(step: &Step) -> Option<Result<(), Code>> {
    answer(step, |reply| matches!(reply, PendingReply::Check(_)))
}

fn answer(step: &Step, about: impl Fn(&PendingReply) -> bool) -> Option<Result<(), Code>> {
    let code = |problem: Problem| problem.code;
    step.answers
        .iter()
        .find(|(reply, _)| about(reply))
        .map(|(_, result)| result.clone().map_err(code))
}

/// Asserts that a step changes no record and has no effect.
fn assert_nothing_happened(step: &Step) {
    assert_eq!(changed(step), [""; 0]);
    assert_eq!(effects(step), [""; 0]);
}

fn closed() -> Bench {
    Bench {
        session: Session::default(),
        now: now(),
        entropy: Counting::default(),
    }
}

fn pending_records() -> (Records, String) {
    let entropy = Counting::default();
    let attempt = attempt(&entropy);
    let link = format!("{REDIRECT}?code=hush-code&state={}", attempt.state.expose());
    let records = Records {
        registration: Some(registration()),
        attempt: Some(attempt),
        ..Records::default()
    };
    (records, link)
}

fn changed_draft(change: impl FnOnce(&mut RegistrationDraft)) -> Box<Registration> {
    let mut draft = draft();
    change(&mut draft);
    Box::new(draft.validate(Provenance::ByHand).unwrap())
}

fn provisioned() -> Provisioning {
    Provisioning::Valid(Box::new(draft().validate(Provenance::Provisioned).unwrap()))
}
