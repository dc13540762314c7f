//! A sign-in whose tokens are here and whose owner Amiqus has not told yet: asked for, finished, dropped.
//!
//! ```text
//!                 asked by a person: the screen is theirs until Amiqus answers
//!   code ──▶ Unclaimed ───────────────────────────────▶ an account
//!             │  ▲  asked at the start, or when a network came: no screen changes
//!             │  └── no word from Amiqus: kept, shown as not finished
//!             └───▶ dropped: Amiqus refused it to a person; signed out; forgotten; another API client; replaced
//! ```

use jiff::{SignedDuration, Timestamp};

use super::accounts::clear_service_problem;
use super::sign_in::Admitted;
use super::{Effect, Open, SignIn, Step, TokenGeneration};
use crate::account::Identity;
use crate::api::ApiError;
use crate::authorization::ATTEMPT_LIFETIME;
use crate::error::{Code, Problem};
use crate::token::{TokenSet, Transient};
use crate::vault::RecordName;

/// How old a pair may be for Amiqus to be asked whose it is with nobody having said so. Later another
/// person may be at the computer, and the pair may have outlived a sign-out by an earlier version.
const UNBIDDEN_UNTIL: SignedDuration = SignedDuration::from_hours(24);

/// Tokens whose owner isn't known yet.
#[derive(Debug)]
pub(super) struct Unclaimed {
    pub(super) tokens: TokenSet,
    pub(super) generation: TokenGeneration,
    /// On whose behalf Amiqus is being asked, while it is.
    asking: Option<Asker>,
    /// Whether the next press of *Sign in* asks Amiqus once more before it opens a browser.
    press_asks: bool,
}

/// On whose behalf Amiqus is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// The person who signs in.
    User,
    /// The start of the app, which goes on where the last run stopped.
    Start,
    /// A network that came, or the computer that woke.
    Environment,
}

/// What a failure to tell the owner means for the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It passes: asking again is likely to help.
    AskAgain,
    /// It isn't Amiqus's usual answer: asking again may help, and a browser surely does.
    Unclear,
    /// Amiqus refused the pair. No repetition changes that.
    Refused,
}

impl Verdict {
    fn of(failure: ApiError) -> Self {
        match failure {
            ApiError::Unauthenticated => Self::Refused,
            ApiError::Transient(transient) => match transient {
                Transient::Offline
                | Transient::ProxyNeedsPassword
                | Transient::CertificateNotTrusted
                | Transient::CaptivePortal
                | Transient::ServerError
                | Transient::Busy(_) => Self::AskAgain,
                Transient::UnexpectedResponse => Self::Unclear,
                Transient::NotPermitted => Self::Refused,
            },
        }
    }
}

impl ApiError {
    /// Whether the same question is likely to be answered in a moment.
    pub(crate) fn passes(self) -> bool {
        Verdict::of(self) == Verdict::AskAgain
    }
}

impl Unclaimed {
    pub(super) fn new(tokens: TokenSet, generation: TokenGeneration) -> Self {
        Self {
            tokens,
            generation,
            asking: None,
            press_asks: true,
        }
    }

    /// Asks Amiqus whose the pair is. A question that is on its way already is taken over by a person
    /// who wants the same.
    fn ask(&mut self, step: &mut Step, asker: Asker) {
        if self.asking.is_none() {
            step.run(Effect::Identify(
                self.generation,
                self.tokens.access.clone(),
            ));
        }
        if self.asking.is_none() || asker == Asker::User {
            self.asking = Some(asker);
        }
    }

    /// Whether the pair is younger than this, by whichever way the clock was turned.
    fn is_younger_than(&self, span: SignedDuration, now: Timestamp) -> bool {
        now.duration_since(self.tokens.received_at).abs() < span
    }
}

impl Open {
    /// Whether the window is to say that a sign-in isn't finished.
    pub(super) fn has_unfinished(&self) -> bool {
        self.unclaimed.is_some() && !matches!(self.sign_in, SignIn::Identifying)
    }

    /// A person signs in and the browser has answered: all that is missing is whose the tokens are.
    pub(super) fn identify_new(&mut self, step: &mut Step, tokens: TokenSet) {
        let unclaimed = Unclaimed::new(tokens, self.generations.next());
        step.change(RecordName::Unclaimed);
        let unclaimed = self.unclaimed.insert(unclaimed);
        unclaimed.ask(step, Asker::User);
        self.sign_in = SignIn::Identifying;
    }

    /// Takes a press of *Sign in* for the wish to finish what the browser has answered, where it is
    /// most likely that: once, within the time that an attempt has. Says whether it did.
    pub(super) fn press_finishes(&mut self, step: &mut Step, now: Timestamp) -> bool {
        let SignIn::Idle = self.sign_in else {
            return false;
        };
        match &mut self.unclaimed {
            Some(unclaimed)
                if unclaimed.press_asks && unclaimed.is_younger_than(ATTEMPT_LIFETIME, now) =>
            {
                unclaimed.press_asks = false;
                unclaimed.ask(step, Asker::User);
                self.sign_in = SignIn::Identifying;
                true
            }
            _ => false,
        }
    }

    pub(super) fn finish_requested(&mut self, problem: &mut Option<Problem>) -> Step {
        let SignIn::Idle = self.sign_in else {
            return Step::default();
        };
        let Some(unclaimed) = &mut self.unclaimed else {
            return Step::refused(self.no_account());
        };
        let mut step = Step::default();
        unclaimed.ask(&mut step, Asker::User);
        self.sign_in = SignIn::Identifying;
        *problem = None;
        self.changing_setup = false;
        self.signed_out = false;
        step
    }

    pub(super) fn forget_requested(&mut self, problem: &mut Option<Problem>) -> Step {
        let mut step = Step::default();
        if self.unclaimed.is_some() {
            *problem = None;
            self.drop_unclaimed(&mut step);
        }
        step
    }

    /// Drops whatever sign-in is under way. Late answers about it find nothing.
    pub(super) fn drop_sign_in(&mut self, step: &mut Step) {
        self.drop_unclaimed(step);
        if let SignIn::AwaitingBrowser(_) = std::mem::take(&mut self.sign_in) {
            step.change(RecordName::Attempt);
        }
    }

    /// Leaves off waiting for Amiqus to tell whose the pair is. It stays, and a late answer finds
    /// nothing: whoever asks next may be answered sooner.
    pub(super) fn stop_identifying(&mut self) {
        if let Some(unclaimed) = &mut self.unclaimed {
            unclaimed.asking = None;
            unclaimed.generation = self.generations.next();
        }
        self.sign_in = SignIn::Idle;
    }

    /// Drops a sign-in whose owner isn't known. A late answer about it finds nothing.
    pub(super) fn drop_unclaimed(&mut self, step: &mut Step) {
        if self.unclaimed.take().is_some() {
            step.change(RecordName::Unclaimed);
        }
        if let SignIn::Identifying = self.sign_in {
            self.sign_in = SignIn::Idle;
        }
    }

    /// Goes on with it when the app starts.
    pub(super) fn identify_at_start(&mut self, step: &mut Step, now: Timestamp) {
        self.identify_unbidden(step, Asker::Start, now);
    }

    /// Goes on with it when a network came or the computer woke.
    pub(super) fn identify_again(&mut self, step: &mut Step, now: Timestamp) {
        self.identify_unbidden(step, Asker::Environment, now);
    }

    fn identify_unbidden(&mut self, step: &mut Step, asker: Asker, now: Timestamp) {
        // Without a registration nobody could be asked, and no answer would come.
        if self.registration.is_none() {
            return;
        }
        if let Some(unclaimed) = &mut self.unclaimed
            && unclaimed.is_younger_than(UNBIDDEN_UNTIL, now)
        {
            unclaimed.ask(step, asker);
        }
    }

    /// Amiqus told whose the pair is, or didn't. What nobody asked for changes no screen that somebody
    /// may be typing in, raises no window, and says nothing of its failing.
    pub(super) fn identified(
        &mut self,
        problem: &mut Option<Problem>,
        generation: TokenGeneration,
        result: Result<Identity, ApiError>,
        now: Timestamp,
    ) -> Step {
        let Some(mut unclaimed) = self
            .unclaimed
            .take_if(|unclaimed| unclaimed.generation == generation)
        else {
            tracing::info!("identify: dropped, the tokens are gone");
            return Step::default();
        };
        let Some(asker) = unclaimed.asking.take() else {
            self.unclaimed = Some(unclaimed);
            return Step::default();
        };
        let mut step = Step::default();
        if let SignIn::Identifying = self.sign_in {
            self.sign_in = SignIn::Idle;
        }
        if asker == Asker::User {
            step.run(Effect::BringToFront);
        }
        match result {
            Ok(identity) => {
                step.change(RecordName::Unclaimed);
                clear_service_problem(problem);
                let Admitted { key, was_connected } =
                    self.admit(&mut step, identity, unclaimed, now);
                tracing::info!(?asker, "identify: claimed");
                if asker == Asker::User {
                    *problem = was_connected.then(|| Code::AlreadyHere.into());
                }
                // Programs and people may be at work with the account that is current.
                if asker != Asker::Environment || self.current.is_none() {
                    self.current = Some(key);
                    step.change(RecordName::Current);
                }
            }
            Err(failure) => {
                if asker == Asker::User {
                    *problem = Some(code_of(failure).into());
                }
                match Verdict::of(failure) {
                    // Nothing is dropped behind its person's back.
                    Verdict::Refused if asker != Asker::User => {
                        unclaimed.press_asks = false;
                        self.unclaimed = Some(unclaimed);
                    }
                    Verdict::Refused => {
                        tracing::warn!(?failure, "identify: refused, the tokens are dropped");
                        step.change(RecordName::Unclaimed);
                    }
                    Verdict::Unclear => {
                        unclaimed.press_asks = false;
                        self.unclaimed = Some(unclaimed);
                    }
                    Verdict::AskAgain => self.unclaimed = Some(unclaimed),
                }
            }
        }
        step
    }
}

fn code_of(failure: ApiError) -> Code {
    match failure {
        ApiError::Unauthenticated => Code::CodeNotAccepted,
        ApiError::Transient(transient) => transient.into(),
    }
}
