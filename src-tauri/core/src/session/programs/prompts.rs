//! The questions for the user: one is asked, a few wait, and what was refused isn't asked again for a while.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::clock::later;
use crate::program::{AccessRequest, GrantId};

/// How long the user may take to answer.
const TIME_TO_ANSWER: SignedDuration = SignedDuration::from_mins(1);

/// How long a refusal holds.
const REFUSAL_TIME: SignedDuration = SignedDuration::from_mins(10);

/// How many questions wait while one is asked.
const MAX_WAITING: usize = 3;

/// How many requests of one program wait for the same answer.
const MAX_REQUESTS_PER_PROMPT: usize = 16;

/// How many refusals are remembered; the oldest is forgotten first.
const MAX_REFUSALS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Prompts {
    asked: Option<(PendingPrompt, Timestamp)>,
    waiting: VecDeque<PendingPrompt>,
    refusals: VecDeque<Refusal>,
    /// A prompt whose program went while it was shown. The second time counts as a refusal: else a program could
    /// bring the window up again and again.
    withdrawn: Option<AccessRequest>,
}

/// Requests of the same program for the same access to the same account. The first one is shown.
#[derive(Debug)]
struct PendingPrompt {
    request: AccessRequest,
    waiting: Vec<GrantId>,
}

#[derive(Debug)]
struct Refusal {
    request: AccessRequest,
    until: Timestamp,
}

impl Prompts {
    /// The request that is asked about, and until when.
    pub(super) fn asked(&self) -> Option<(&AccessRequest, Timestamp)> {
        let (question, until) = self.asked.as_ref()?;
        Some((&question.request, *until))
    }

    /// Adds a request, to a question of the same program where there is one. `false` where too many wait.
    pub(super) fn add(&mut self, request: AccessRequest) -> bool {
        let asked = self.asked.as_mut().map(|(question, _)| question);
        let mut questions = asked.into_iter().chain(&mut self.waiting);
        if let Some(question) = questions.find(|question| is_alike(&question.request, &request)) {
            let has_room = question.waiting.len() < MAX_REQUESTS_PER_PROMPT;
            if has_room {
                question.waiting.push(request.id);
            }
            return has_room;
        }
        // The next one is asked at once where none is.
        let limit = MAX_WAITING + usize::from(self.asked.is_none());
        let has_room = self.waiting.len() < limit;
        if has_room {
            let waiting = vec![request.id];
            self.waiting.push_back(PendingPrompt { request, waiting });
        }
        has_room
    }

    /// The request that is to be asked about next.
    pub(super) fn next_waiting(&self) -> Option<&AccessRequest> {
        self.waiting.front().map(|question| &question.request)
    }

    /// Takes the next question out, with the requests that wait for its answer.
    pub(super) fn take_next(&mut self) -> Vec<GrantId> {
        let next = self.waiting.pop_front();
        next.map(|question| question.waiting).unwrap_or_default()
    }

    /// Asks the next question.
    pub(super) fn ask_next(&mut self, now: Timestamp) {
        let until = later(now, TIME_TO_ANSWER);
        self.asked = self.waiting.pop_front().map(|question| (question, until));
    }

    /// Takes the question that is asked out, with the requests that wait for its answer.
    pub(super) fn take_asked(&mut self) -> Option<(AccessRequest, Vec<GrantId>)> {
        let (question, _) = self.asked.take()?;
        Some((question.request, question.waiting))
    }

    /// Removes a request whose program has gone, and its question with the last one.
    pub(super) fn withdraw(&mut self, id: GrantId, now: Timestamp) {
        let has_gone = |question: &mut PendingPrompt| {
            question.waiting.retain(|waiting| *waiting != id);
            question.waiting.is_empty()
        };
        self.waiting.retain_mut(|question| !has_gone(question));
        let Some((shown, _)) = self.asked.take_if(|(question, _)| has_gone(question)) else {
            return;
        };
        let request = shown.request;
        let earlier = self.withdrawn.take();
        if earlier.is_some_and(|earlier| is_alike(&earlier, &request)) {
            self.refuse(request, now);
        } else {
            self.withdrawn = Some(request);
        }
    }

    /// Drops the questions that aren't to be asked any more; returns the requests that waited.
    pub(super) fn retain(&mut self, stays: impl Fn(&AccessRequest) -> bool) -> Vec<GrantId> {
        let mut dropped = Vec::new();
        let asked = self
            .asked
            .take_if(|(question, _)| !stays(&question.request));
        dropped.extend(asked.into_iter().flat_map(|(question, _)| question.waiting));
        self.waiting.retain_mut(|question| {
            let stays = stays(&question.request);
            if !stays {
                dropped.append(&mut question.waiting);
            }
            stays
        });
        dropped
    }

    /// Remembers a refusal.
    pub(super) fn refuse(&mut self, request: AccessRequest, now: Timestamp) {
        let until = later(now, REFUSAL_TIME);
        if self.refusals.len() == MAX_REFUSALS {
            self.refusals.pop_front();
        }
        self.refusals.push_back(Refusal { request, until });
    }

    /// Whether the same was refused a while ago, in either direction of a clock that was set.
    pub(super) fn was_refused(&self, request: &AccessRequest, now: Timestamp) -> bool {
        self.refusals
            .iter()
            .any(|refusal| refusal.holds(now) && is_alike(&refusal.request, request))
    }

    /// Ends what has come to its end. A question that nobody answered counts as refused; returns the requests
    /// that waited for it.
    pub(super) fn end_of_time(&mut self, now: Timestamp) -> Vec<GrantId> {
        self.refusals.retain(|refusal| refusal.holds(now));
        let Some((_, until)) = self.asked() else {
            return Vec::new();
        };
        // Or the clock was set back.
        if now < until && until <= later(now, TIME_TO_ANSWER) {
            return Vec::new();
        }
        let Some((request, waiting)) = self.take_asked() else {
            return Vec::new();
        };
        self.refuse(request, now);
        waiting
    }

    /// When the next question or refusal ends.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        let asked = self.asked.as_ref().map(|(_, until)| *until);
        let refusals = self.refusals.iter().map(|refusal| refusal.until);
        refusals.chain(asked).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        let Self {
            asked,
            waiting,
            refusals,
            // Shown once more than it should be, at worst.
            withdrawn: _,
        } = self;
        asked.is_none() && waiting.is_empty() && refusals.is_empty()
    }
}

impl Refusal {
    fn holds(&self, now: Timestamp) -> bool {
        now < self.until && later(now, REFUSAL_TIME) >= self.until
    }
}

/// Whether the same program asks for the same access to the same account.
fn is_alike(one: &AccessRequest, other: &AccessRequest) -> bool {
    one.program.is_same(&other.program)
        && one.account == other.account
        && one.access == other.access
}
