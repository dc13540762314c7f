//! The way of a listener to the session: [`Recipient`].

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::{Command, Message};
use crate::app_state::{AppState, Screen};
use crate::error::Code;
use crate::redirect::ReceivedLink;
use crate::session::{Event, LinkOrigin};

/// Receives the addresses that a [`Listener`](super::Listener) is sent. It doesn't keep the session
/// running.
#[derive(Clone)]
pub struct Recipient {
    messages: mpsc::WeakUnboundedSender<Message>,
    states: watch::Receiver<Option<Arc<AppState>>>,
}

/// How a sign-in ended, for the last page that the browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The user is signed in.
    SignedIn,
    /// The user chose Deny.
    Denied,
    /// It ended in another way, which the window shows.
    Otherwise,
    /// The answer is unusable, which the window shows. The attempt is still pending.
    NotUsable,
}

impl Recipient {
    pub(super) fn new(
        messages: mpsc::WeakUnboundedSender<Message>,
        states: watch::Receiver<Option<Arc<AppState>>>,
    ) -> Self {
        Self { messages, states }
    }

    /// Hands over an address, which any program may have sent, and waits for the end of the
    /// sign-in. `None` when the address is not the answer to the pending attempt, which stays
    /// pending.
    pub async fn receive(mut self, received: ReceivedLink) -> Option<SignInOutcome> {
        let messages = self.messages.upgrade()?;
        let (reply, answer) = oneshot::channel();
        let event = Event::AddressReceived(received, LinkOrigin::Link);
        messages
            .send(Message::Command(Command::Event(event), reply))
            .ok()?;
        // A strong sender would keep the session running during the wait.
        drop(messages);
        if let Err(problem) = answer.await.ok()? {
            return match problem.code {
                Code::LinkNotOurs | Code::LinkIncomplete | Code::LinkTooLate => None,
                Code::DeniedWithoutState | Code::AnswerNotUsable => Some(SignInOutcome::NotUsable),
                _ => Some(SignInOutcome::Otherwise),
            };
        }
        let is_over = |state: &Option<Arc<AppState>>| {
            state
                .as_ref()
                .is_some_and(|state| state.screen != Screen::ExchangingCode)
        };
        let state = self.states.wait_for(is_over).await.ok()?;
        let state = state.as_ref()?;
        let code = state.problem.as_ref().map(|problem| problem.code);
        Some(match (&state.screen, code) {
            (_, Some(Code::AccessDenied)) => SignInOutcome::Denied,
            (Screen::SignedIn { .. }, None | Some(Code::AlreadyHere | Code::CannotSave)) => {
                SignInOutcome::SignedIn
            }
            _ => SignInOutcome::Otherwise,
        })
    }
}
