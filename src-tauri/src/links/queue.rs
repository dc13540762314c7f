//! The queue of everything that arrives from outside. It exists before Tauri's builder does, because a
//! second copy hands over its link as soon as this one has its name on the bus, long before there is a
//! session that could judge a link.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amiqus_core::head_and_tail::HeadAndTail;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::runtime::{Recipient, SignInOutcome};
use tokio::sync::{Notify, oneshot};

use super::start::Start;

/// So many of the first entries are kept, and so many of the newest, as the core keeps links while its
/// vault is closed: any of them may be the genuine one.
const MAX_AT_EACH_END: usize = 64;

type Entries = HeadAndTail<Incoming, MAX_AT_EACH_END>;

/// Something that arrived from outside.
pub(crate) enum Incoming {
    /// A start of the app, or a link, which the system delivers as one.
    Start {
        start: Start,
        /// Confirms to the sender that the start was handled, if it waits for that.
        handled: Option<oneshot::Sender<Result<(), QueueClosedError>>>,
    },
    /// A request at the loopback address.
    Redirect {
        link: ReceivedLink,
        /// The attempt that the address is listened on for.
        recipient: Recipient,
        /// Returns the outcome of the sign-in to the browser's request.
        outcome: oneshot::Sender<Option<SignInOutcome>>,
    },
}

/// The app is ending: the sender tries again and finds this process gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this copy is ending")]
pub(crate) struct QueueClosedError;

/// The sender's end of a queued start.
#[derive(Debug)]
pub(crate) struct Receipt(Option<oneshot::Receiver<Result<(), QueueClosedError>>>);

impl Receipt {
    /// Waits until the start was handled. One that came before the queue is drained is not waited for.
    ///
    /// # Errors
    /// When the queue was closed before the start was handled.
    pub(crate) async fn handled(self) -> Result<(), QueueClosedError> {
        match self.0 {
            // Dropped by an app that ends after it took the start, or for want of room.
            Some(handled) => handled.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

/// The queue; clones share it.
#[derive(Clone, Default)]
pub(crate) struct IncomingQueue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    phase: Phase,
    waiting: Entries,
}

#[derive(Default, PartialEq, Eq)]
enum Phase {
    /// Nothing is handled yet.
    #[default]
    Starting,
    /// Entries are handled as they come.
    Draining,
    /// No entry is handled any more.
    Closed,
}

impl IncomingQueue {
    /// Queues a start.
    pub(crate) fn push(&self, start: Start) -> Receipt {
        let mut state = self.state();
        let (sender, receiver) = oneshot::channel();
        let (handled, receipt) = match state.phase {
            Phase::Starting => (None, Receipt(None)),
            Phase::Draining => (Some(sender), Receipt(Some(receiver))),
            Phase::Closed => {
                // The receiver is still here.
                let _ = sender.send(Err(QueueClosedError));
                return Receipt(Some(receiver));
            }
        };
        state.push(Incoming::Start { start, handled });
        self.0.changed.notify_one();
        receipt
    }

    /// Queues a request at the loopback address. Returns how the sign-in ended with it, or nothing when it
    /// was not the answer.
    pub(crate) fn push_redirect(
        &self,
        link: ReceivedLink,
        recipient: Recipient,
    ) -> impl Future<Output = Option<SignInOutcome>> + Send + use<> {
        let (outcome, ended) = oneshot::channel();
        let mut state = self.state();
        if state.phase != Phase::Closed {
            state.push(Incoming::Redirect {
                link,
                recipient,
                outcome,
            });
            self.0.changed.notify_one();
        }
        drop(state);
        async move { ended.await.ok().flatten() }
    }

    /// Starts to drain the queue: from here on a [`Receipt`] waits until its start was handled.
    pub(crate) fn drain(&self) -> Drain {
        let mut state = self.state();
        if state.phase == Phase::Starting {
            state.phase = Phase::Draining;
        }
        Drain {
            queue: self.clone(),
            taken: Entries::default().into_iter(),
        }
    }

    /// Closes the queue, because the app is ending. Senders of starts that were not handled get an error.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.phase = Phase::Closed;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Incoming::reject);
        self.0.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, incoming: Incoming) {
        if self.waiting.push(incoming) {
            tracing::warn!("links: queue full, an entry was dropped");
        }
    }
}

impl Incoming {
    fn reject(self) {
        if let Self::Start {
            handled: Some(handled),
            ..
        } = self
        {
            // The sender may have gone.
            let _ = handled.send(Err(QueueClosedError));
        }
    }
}

/// The receiving end of the queue.
pub(crate) struct Drain {
    queue: IncomingQueue,
    /// Taken all at once, so that a flood drops entries only while they can't be handled.
    taken: <Entries as IntoIterator>::IntoIter,
}

impl Drain {
    /// Waits for the next entry, in the order of their arrival; nothing once the queue is closed.
    pub(crate) async fn next(&mut self) -> Option<Incoming> {
        loop {
            {
                let mut state = self.queue.state();
                if state.phase == Phase::Closed {
                    drop(state);
                    self.taken.by_ref().for_each(Incoming::reject);
                    return None;
                }
                if let Some(incoming) = self.taken.next() {
                    return Some(incoming);
                }
                if !state.waiting.is_empty() {
                    self.taken = std::mem::take(&mut state.waiting).into_iter();
                    continue;
                }
            }
            // Remembers a notification that came before it waits.
            self.queue.0.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use amiqus_core::registration::SCHEME;
    use tokio::time::{Duration, timeout};

    use super::*;
    use crate::links::start::{Launch, StartRequest};

    fn link(name: &str) -> String {
        format!("{SCHEME}://oauth/callback?code={name}&state=s")
    }

    fn push(queue: &IncomingQueue, link: &str) -> Receipt {
        queue.push(Start {
            request: StartRequest::Link(ReceivedLink::new(link.to_owned())),
            launch: Launch::default(),
        })
    }

    /// Handles all that is in the queue by now.
    async fn handle_all(drain: &mut Drain) -> Vec<String> {
        let mut links = Vec::new();
        while let Ok(Some(Incoming::Start { start, handled })) =
            timeout(Duration::from_millis(50), drain.next()).await
        {
            if let StartRequest::Link(link) = start.request {
                links.push(link.expose().to_owned());
            }
            if let Some(handled) = handled {
                // The test may have dropped the receipt.
                let _ = handled.send(Ok(()));
            }
        }
        links
    }

    /// Shows check 17.
    #[tokio::test(start_paused = true)]
    async fn links_that_come_before_and_after_the_drain_are_handled_in_order() {
        let queue = IncomingQueue::default();
        let early = push(&queue, &link("first"));
        push(&queue, &link("second"));
        assert_eq!(early.handled().await, Ok(()));
        let mut drain = queue.drain();
        let late = push(&queue, &link("third"));
        let handled = handle_all(&mut drain).await;
        assert_eq!(handled, [link("first"), link("second"), link("third")]);
        assert_eq!(late.handled().await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn flood_before_the_drain_is_bounded_and_keeps_both_ends() {
        let queue = IncomingQueue::default();
        push(&queue, &link("first"));
        for _ in 0..10_000 {
            push(&queue, &link("again"));
        }
        push(&queue, &link("last"));
        let handled = handle_all(&mut queue.drain()).await;
        assert_eq!(handled.len(), 2 * MAX_AT_EACH_END);
        assert_eq!(handled.first(), Some(&link("first")));
        assert_eq!(handled.last(), Some(&link("last")));
    }

    #[tokio::test(start_paused = true)]
    async fn flood_during_the_drain_loses_nothing() {
        let queue = IncomingQueue::default();
        let mut drain = queue.drain();
        for _ in 0..100 {
            for _ in 0..MAX_AT_EACH_END {
                push(&queue, &link("again"));
            }
            assert_eq!(handle_all(&mut drain).await.len(), MAX_AT_EACH_END);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn receipt_waits_until_its_start_was_handled() {
        let queue = IncomingQueue::default();
        let mut drain = queue.drain();
        let mut handled = Box::pin(push(&queue, &link("one")).handled());
        let soon = Duration::from_millis(10);
        assert!(timeout(soon, &mut handled).await.is_err());
        assert_eq!(handle_all(&mut drain).await.len(), 1);
        assert_eq!(handled.await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn start_that_was_not_handled_before_the_close_is_an_error() {
        let queue = IncomingQueue::default();
        let mut drain = queue.drain();
        let taken = push(&queue, &link("taken"));
        let rest = push(&queue, &link("rest"));
        let first = drain.next().await;
        let waiting = push(&queue, &link("waiting"));
        queue.close();
        assert!(drain.next().await.is_none());
        let late = push(&queue, &link("late"));
        for unhandled in [rest, waiting, late] {
            assert_eq!(unhandled.handled().await, Err(QueueClosedError));
        }
        // What was taken is not sent again.
        drop(first);
        assert_eq!(taken.handled().await, Ok(()));
    }
}
