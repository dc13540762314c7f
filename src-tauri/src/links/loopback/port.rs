//! A port that is listened on, and the attempt that it serves.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use amiqus_core::redirect::ReceivedLink;
use amiqus_core::runtime::{AttemptEnd, Listener, SignInOutcome};
use hyper::StatusCode;
use tokio::sync::watch;

use super::answer_cache::AnswerCache;
use super::pages::Page;

/// Takes a redirect and returns how the sign-in ended with it, or nothing when it was not the attempt's
/// response.
pub(super) type Judge = Arc<
    dyn Fn(ReceivedLink) -> Pin<Box<dyn Future<Output = Option<SignInOutcome>> + Send>>
        + Send
        + Sync,
>;

/// A port that is listened on, for one attempt after the other.
pub(super) struct Port {
    pub(super) address: SocketAddr,
    /// The only `Host` header that is accepted.
    pub(super) host: String,
    pub(super) role: watch::Sender<Role>,
    pub(super) answers: AnswerCache,
    /// How many redirects the core is judging.
    pub(super) judging: watch::Sender<usize>,
}

/// The attempt that a port serves, and its stage.
#[derive(Clone)]
pub(super) struct Role {
    pub(super) attempt: u64,
    pub(super) path: String,
    pub(super) stage: Stage,
}

#[derive(Clone)]
pub(super) enum Stage {
    /// The attempt's response is expected.
    Pending(Judge),
    /// The attempt is over, and a late redirect is answered with how it ended.
    Over(AttemptEnd),
    /// The port closes at once.
    Closed,
}

impl Port {
    pub(super) fn new(address: SocketAddr, role: Role) -> Self {
        Self {
            address,
            host: address.to_string(),
            role: watch::Sender::new(role),
            answers: AnswerCache::default(),
            judging: watch::Sender::new(0),
        }
    }

    /// The page for a redirect that the core has no use for.
    pub(super) fn unused_page(&self, attempt: u64) -> Page {
        let role = self.role.borrow();
        match role.stage {
            // The response came another way, as by a paste: this may be its own page, reloaded.
            Stage::Over(AttemptEnd::Answered) if self.answers.has(attempt) => {
                Page::Refused(StatusCode::BAD_REQUEST)
            }
            Stage::Over(how) if role.attempt == attempt => Page::Over(how),
            _ => Page::Refused(StatusCode::BAD_REQUEST),
        }
    }
}

/// Keeps the port open for one attempt; the port closes when it is dropped.
pub(crate) struct Pending {
    port: Arc<Port>,
    attempt: u64,
}

impl Pending {
    pub(super) fn new(port: Arc<Port>, attempt: u64) -> Self {
        Self { port, attempt }
    }

    /// Ends the pending stage, unless another attempt has taken the port over.
    fn move_on_to(&self, stage: Stage) {
        self.port.role.send_if_modified(|role| {
            let is_ours = role.attempt == self.attempt && matches!(role.stage, Stage::Pending(_));
            if is_ours {
                role.stage = stage;
            }
            is_ours
        });
    }
}

impl Listener for Pending {
    fn attempt_over(self: Box<Self>, how: AttemptEnd) {
        self.move_on_to(Stage::Over(how));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.move_on_to(Stage::Closed);
    }
}
