//! The queue of everything that arrives from outside. It exists before Tauri's builder does, because a
//! second copy hands over its link as soon as this one has its name on the bus, long before there is a
//! session that could judge a link.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amiqus_core::head_and_tail::HeadAndTail;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::runtime::{Recipient, SignInOutcome};
use tokio::sync::{Notify, oneshot};

use super::start::Start;

/// So many of the first entries are kept, and so many of the newest, as the core keeps links while its
/// vault is closed: any of them may be the genuine one.
const MAX_AT_EACH_END: usize = 64;

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
#[cfg_attr(
    not(target_os = "linux"),
    allow(
        dead_code,
        reason = "elsewhere the plugin hands starts over, and waits for nothing"
    )
)]
pub(crate) struct Receipt(Option<oneshot::Receiver<Result<(), QueueClosedError>>>);

impl Receipt {
    /// Waits until the start was handled. One that came before the queue is drained is not waited for.
    ///
    /// # Errors
    /// When the queue was closed before the start was handled.
    #[cfg_attr(
        not(target_os = "linux"),
        allow(
            dead_code,
            reason = "elsewhere the plugin hands starts over, and waits for nothing"
        )
    )]
    pub(crate) async fn handled(self) -> Result<(), QueueClosedError> {
        match self.0 {
            // Dropped by an app that ends after it took the start.
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
    phase: Mutex<Phase>,
    changed: Notify,
}

enum Phase {
    /// Nothing is handled yet, so that what a flood leaves has to be bounded.
    Starting(HeadAndTail<Incoming, MAX_AT_EACH_END>),
    /// Entries are handled as they come.
    Draining(VecDeque<Incoming>),
    /// No entry is handled any more.
    Closed,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Starting(HeadAndTail::default())
    }
}

impl IncomingQueue {
    /// Queues a start.
    pub(crate) fn push(&self, start: Start) -> Receipt {
        let (sender, receiver) = oneshot::channel();
        let mut phase = self.phase();
        let receipt = match &mut *phase {
            Phase::Starting(waiting) => {
                let handled = None;
                push_bounded(waiting, Incoming::Start { start, handled });
                Receipt(None)
            }
            Phase::Draining(waiting) => {
                let handled = Some(sender);
                waiting.push_back(Incoming::Start { start, handled });
                Receipt(Some(receiver))
            }
            Phase::Closed => {
                // The receiver is still here.
                let _ = sender.send(Err(QueueClosedError));
                return Receipt(Some(receiver));
            }
        };
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
        let redirect = Incoming::Redirect {
            link,
            recipient,
            outcome,
        };
        match &mut *self.phase() {
            Phase::Starting(waiting) => push_bounded(waiting, redirect),
            Phase::Draining(waiting) => waiting.push_back(redirect),
            // Dropped, and with it the sender of its outcome.
            Phase::Closed => {}
        }
        self.0.changed.notify_one();
        async move { ended.await.ok().flatten() }
    }

    /// Starts to drain the queue: from here on a [`Receipt`] waits until its start was handled.
    pub(crate) fn drain(&self) -> Drain {
        let mut phase = self.phase();
        if let Phase::Starting(waiting) = &mut *phase {
            *phase = Phase::Draining(std::mem::take(waiting).into_iter().collect());
        }
        Drain(self.clone())
    }

    /// Closes the queue, because the app is ending. Senders of starts that were not handled get an error.
    pub(crate) fn close(&self) {
        let closed = std::mem::replace(&mut *self.phase(), Phase::Closed);
        if let Phase::Draining(waiting) = closed {
            waiting.into_iter().for_each(Incoming::reject);
        }
        self.0.changed.notify_one();
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push_bounded(waiting: &mut HeadAndTail<Incoming, MAX_AT_EACH_END>, incoming: Incoming) {
    if waiting.push(incoming) {
        tracing::warn!("links: queue full, an entry was dropped");
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
pub(crate) struct Drain(IncomingQueue);

impl Drain {
    /// Waits for the next entry, in the order of their arrival; nothing once the queue is closed.
    pub(crate) async fn next(&mut self) -> Option<Incoming> {
        loop {
            match &mut *self.0.phase() {
                Phase::Draining(waiting) => {
                    if let Some(incoming) = waiting.pop_front() {
                        return Some(incoming);
                    }
                }
                Phase::Closed => return None,
                // `drain` has ended it.
                Phase::Starting(_) => {}
            }
            // Remembers a notification that came before it waits.
            self.0.0.changed.notified().await;
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
        // More than is kept before the drain, without a pause in which they could be handled.
        let receipts: Vec<_> = (0..10_000).map(|_| push(&queue, &link("again"))).collect();
        assert_eq!(handle_all(&mut drain).await.len(), receipts.len());
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
