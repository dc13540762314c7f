//! The bounded queue between the code that logs and the thread that writes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// How many lines may wait to be written.
pub(super) const MAX_QUEUED_LINES: usize = 512;

/// Longer lines are truncated.
pub(super) const MAX_LINE_BYTES: usize = 8 * 1024;

/// A task of the writing thread.
pub(super) enum Task<'line> {
    /// Prepare to write: the thread has started.
    Prepare,
    /// Write this line.
    Write(&'line [u8]),
    /// Report that this many lines were dropped.
    ReportDropped(u64),
    /// Write the reports that are due.
    WriteDue {
        /// Whether to write those that are not due yet as well, because the process may end.
        all: bool,
    },
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
    /// The time of the next report has changed.
    RecheckDue,
}

/// Takes lines without blocking. A clone sends to the same queue.
#[derive(Clone)]
pub(super) struct Queue {
    // Unbounded, so that an urgent line always fits; ordinary ones are counted.
    messages: Sender<Message>,
    counts: Arc<Counts>,
    thread: ThreadId,
}

#[derive(Default)]
struct Counts {
    queued: AtomicUsize,
    dropped: AtomicU64,
}

impl Queue {
    /// Starts the thread that does the tasks. It ends with the last clone of the queue. `next_due` returns
    /// how long it is until a report is due.
    ///
    /// # Errors
    /// When the system can't start a thread.
    pub(super) fn start(
        do_task: impl for<'line> FnMut(Task<'line>) + Send + 'static,
        next_due: impl Fn() -> Option<Duration> + Send + 'static,
    ) -> io::Result<Self> {
        let (messages, received) = channel();
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || run(&received, &counted, do_task, next_due))?;
        Ok(Self {
            messages,
            counts,
            thread: thread.thread().id(),
        })
    }

    /// Whether the current thread is the writing thread.
    pub(super) fn is_current_thread(&self) -> bool {
        thread::current().id() == self.thread
    }

    /// Queues a line, or counts it as dropped where too many wait.
    fn send(&self, line: Vec<u8>) {
        let next_count = |queued| (queued < MAX_QUEUED_LINES).then_some(queued + 1);
        let counted =
            self.counts
                .queued
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next_count);
        if counted.is_err() || self.messages.send(Message::Line(line)).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Queues a line even where too many wait.
    pub(super) fn send_urgently(&self, line: Vec<u8>) {
        self.counts.queued.fetch_add(1, Ordering::Relaxed);
        // Fails only where the thread has ended, which nothing can be done about.
        let _ = self.messages.send(Message::Line(line));
    }

    /// Makes the thread call `next_due` again.
    pub(super) fn recheck_due(&self) {
        // Fails only where the thread has ended, which nothing can be done about.
        let _ = self.messages.send(Message::RecheckDue);
    }

    /// Waits until all lines so far are written, up to a timeout.
    pub(super) fn flush(&self, timeout: Duration) {
        let (done, is_done) = sync_channel(1);
        if self.messages.send(Message::Flush(done)).is_ok() {
            let _ = is_done.recv_timeout(timeout);
        }
    }
}

/// The formatting layer writes each line with one call.
impl io::Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.send(truncated(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn truncated(line: &[u8]) -> Vec<u8> {
    match line.get(..MAX_LINE_BYTES) {
        Some(start) if line.len() > MAX_LINE_BYTES => {
            let mut truncated = start.to_vec();
            truncated.extend_from_slice("…\n".as_bytes());
            truncated
        }
        _ => line.to_vec(),
    }
}

fn run(
    received: &Receiver<Message>,
    counts: &Counts,
    mut do_task: impl for<'line> FnMut(Task<'line>),
    next_due: impl Fn() -> Option<Duration>,
) {
    do_task(Task::Prepare);
    loop {
        let message = match next_due() {
            None => received.recv().map_err(RecvTimeoutError::from),
            Some(wait) => received.recv_timeout(wait),
        };
        let message = match message {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                do_task(Task::WriteDue { all: false });
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match message {
            Message::RecheckDue => {}
            Message::Line(line) => {
                do_task(Task::Write(&line));
                // Once the burst is over, and not repeatedly within it.
                if counts.queued.fetch_sub(1, Ordering::Relaxed) == 1 {
                    report_dropped(counts, &mut do_task);
                }
            }
            Message::Flush(done) => {
                report_dropped(counts, &mut do_task);
                do_task(Task::WriteDue { all: true });
                // The caller may have stopped waiting.
                let _ = done.try_send(());
            }
        }
    }
}

fn report_dropped(counts: &Counts, do_task: &mut impl for<'line> FnMut(Task<'line>)) {
    let dropped = counts.dropped.swap(0, Ordering::Relaxed);
    if dropped > 0 {
        do_task(Task::ReportDropped(dropped));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::mpsc;

    use super::*;

    /// A queue whose thread blocks at its first line until the sender is used or dropped.
    fn blocked_queue() -> (Queue, Sender<()>, mpsc::Receiver<String>) {
        let (go, may_go) = channel::<()>();
        let (done, written) = channel();
        let queue = Queue::start(
            move |task| {
                let text = match task {
                    Task::Prepare | Task::WriteDue { .. } => return,
                    Task::Write(line) => {
                        let _ = may_go.recv();
                        String::from_utf8_lossy(line).into_owned()
                    }
                    Task::ReportDropped(count) => format!("dropped {count}"),
                };
                let _ = done.send(text);
            },
            || None,
        )
        .unwrap();
        (queue, go, written)
    }

    #[test]
    fn full_queue_drops_all_but_urgent_lines() {
        let (mut queue, go, written) = blocked_queue();
        for number in 0..MAX_QUEUED_LINES + 7 {
            writeln!(queue.by_ref(), "{number}").unwrap();
        }
        queue.send_urgently(b"urgent".to_vec());
        // Returns at the timeout although the thread is blocked.
        queue.flush(Duration::ZERO);
        drop(go);
        let written: Vec<_> = written.iter().take(MAX_QUEUED_LINES + 2).collect();
        // `writeln!` writes the number and the newline with two calls, each queued as a line.
        let whole = MAX_QUEUED_LINES / 2;
        assert_eq!(written[0], "0");
        assert_eq!(written[MAX_QUEUED_LINES - 1], "\n");
        assert_eq!(written[MAX_QUEUED_LINES], "urgent");
        let dropped = 2 * (MAX_QUEUED_LINES + 7) - 2 * whole;
        assert_eq!(written[MAX_QUEUED_LINES + 1], format!("dropped {dropped}"));
    }

    #[test]
    fn long_line_is_truncated_to_one_line() {
        let (mut queue, go, written) = blocked_queue();
        drop(go);
        queue.write_all(&vec![b'x'; 3 * MAX_LINE_BYTES]).unwrap();
        let line = written.recv().unwrap();
        assert!(line.ends_with("x…\n"));
        assert_eq!(line.len(), MAX_LINE_BYTES + "…\n".len());
    }

    #[test]
    fn flush_returns_after_earlier_lines_are_written() {
        let (mut queue, go, written) = blocked_queue();
        drop(go);
        queue.write_all(b"last words\n").unwrap();
        queue.flush(Duration::from_mins(1));
        assert_eq!(written.try_recv().unwrap(), "last words\n");
    }
}
