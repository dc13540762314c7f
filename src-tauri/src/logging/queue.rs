//! The bounded queue between who logs and the one thread that writes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// How many lines may wait to be written.
pub(super) const MAX_WAITING: usize = 512;

/// No line is longer, in bytes; the rest of a longer one is cut off.
pub(super) const MAX_LINE: usize = 8 * 1024;

/// What the writing thread is to do.
pub(super) enum Work<'line> {
    /// It has started.
    Begin,
    /// Write this line.
    Line(&'line [u8]),
    /// Say that so many lines were dropped.
    Lost(u64),
    /// Say what is due; whatever there is to say where the process may end.
    Due {
        /// Whether it may end.
        all: bool,
    },
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
    /// Something will be due.
    LookAtClock,
}

/// Takes lines and never makes their writers wait. A clone is another end of the same queue.
#[derive(Clone)]
pub(super) struct Queue {
    // Unbounded, so that an urgent line always fits; ordinary ones are counted.
    messages: Sender<Message>,
    counts: Arc<Counts>,
    thread: ThreadId,
}

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    lost: AtomicU64,
}

impl Queue {
    /// Starts the thread that does the work. It ends with the last clone of the queue.
    /// `next_due` tells how long it is until something is due by itself.
    pub(super) fn start(
        work: impl for<'line> FnMut(Work<'line>) + Send + 'static,
        next_due: impl Fn() -> Option<Duration> + Send + 'static,
    ) -> io::Result<Self> {
        let (messages, received) = channel();
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || do_all(&received, &counted, work, next_due))?;
        Ok(Self {
            messages,
            counts,
            thread: thread.thread().id(),
        })
    }

    /// Whether this is the thread that does the work.
    pub(super) fn is_on_its_thread(&self) -> bool {
        thread::current().id() == self.thread
    }

    /// Takes a line, or counts it as lost when too many wait.
    fn send(&self, line: Vec<u8>) {
        let has_room = |waiting| (waiting < MAX_WAITING).then_some(waiting + 1);
        let taken =
            self.counts
                .waiting
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, has_room);
        if taken.is_err() || self.messages.send(Message::Line(line)).is_err() {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes a line however many wait.
    pub(super) fn send_urgently(&self, line: Vec<u8>) {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        // Nobody can be told that the thread is gone.
        let _ = self.messages.send(Message::Line(line));
    }

    /// Has the thread ask anew when something is due.
    pub(super) fn look_at_clock(&self) {
        // Nobody can be told that the thread is gone.
        let _ = self.messages.send(Message::LookAtClock);
    }

    /// Waits until all lines so far are written, or for so long.
    pub(super) fn flush(&self, timeout: Duration) {
        let (done, is_done) = sync_channel(1);
        if self.messages.send(Message::Flush(done)).is_ok() {
            let _ = is_done.recv_timeout(timeout);
        }
    }
}

/// What the formatting layer writes to: it hands a whole line over at once.
impl io::Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.send(cut(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn cut(line: &[u8]) -> Vec<u8> {
    match line.get(..MAX_LINE) {
        Some(begin) if line.len() > MAX_LINE => {
            let mut shorter = begin.to_vec();
            shorter.extend_from_slice("…\n".as_bytes());
            shorter
        }
        _ => line.to_vec(),
    }
}

fn do_all(
    received: &Receiver<Message>,
    counts: &Counts,
    mut work: impl for<'line> FnMut(Work<'line>),
    next_due: impl Fn() -> Option<Duration>,
) {
    work(Work::Begin);
    loop {
        let message = match next_due() {
            None => received.recv().map_err(RecvTimeoutError::from),
            Some(wait) => received.recv_timeout(wait),
        };
        let message = match message {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                work(Work::Due { all: false });
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match message {
            Message::LookAtClock => {}
            Message::Line(line) => {
                work(Work::Line(&line));
                // Said once the burst is over, and not within it again and again.
                if counts.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
                    say_what_was_lost(counts, &mut work);
                }
            }
            Message::Flush(done) => {
                say_what_was_lost(counts, &mut work);
                work(Work::Due { all: true });
                // Who asked may have stopped waiting.
                let _ = done.try_send(());
            }
        }
    }
}

fn say_what_was_lost(counts: &Counts, work: &mut impl for<'line> FnMut(Work<'line>)) {
    let lost = counts.lost.swap(0, Ordering::Relaxed);
    if lost > 0 {
        work(Work::Lost(lost));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::mpsc;

    use super::*;

    /// A queue whose thread stands still at its first line until it is let go.
    fn standing_still() -> (Queue, Sender<()>, mpsc::Receiver<String>) {
        let (go, may_go) = channel::<()>();
        let (done, written) = channel();
        let queue = Queue::start(
            move |work| {
                let text = match work {
                    Work::Begin | Work::Due { .. } => return,
                    Work::Line(line) => {
                        let _ = may_go.recv();
                        String::from_utf8_lossy(line).into_owned()
                    }
                    Work::Lost(count) => format!("lost {count}"),
                };
                let _ = done.send(text);
            },
            || None,
        )
        .unwrap();
        (queue, go, written)
    }

    #[test]
    fn full_queue_drops_and_counts_lines_but_no_urgent_one() {
        let (mut queue, go, written) = standing_still();
        for number in 0..MAX_WAITING + 7 {
            writeln!(queue.by_ref(), "{number}").unwrap();
        }
        queue.send_urgently(b"urgent".to_vec());
        // It waits no longer than it is told to.
        queue.flush(Duration::ZERO);
        drop(go);
        let written: Vec<_> = written.iter().take(MAX_WAITING + 2).collect();
        // `writeln!` hands a number and its line's end over apart, each as a line of its own.
        let whole = MAX_WAITING / 2;
        assert_eq!(written[0], "0");
        assert_eq!(written[MAX_WAITING - 1], "\n");
        assert_eq!(written[MAX_WAITING], "urgent");
        let lost = 2 * (MAX_WAITING + 7) - 2 * whole;
        assert_eq!(written[MAX_WAITING + 1], format!("lost {lost}"));
    }

    #[test]
    fn long_line_is_cut_and_stays_one_line() {
        let (mut queue, go, written) = standing_still();
        drop(go);
        queue.write_all(&vec![b'x'; 3 * MAX_LINE]).unwrap();
        let line = written.recv().unwrap();
        assert!(line.ends_with("x…\n"));
        assert_eq!(line.len(), MAX_LINE + "…\n".len());
    }

    #[test]
    fn flush_returns_after_the_lines_before_it() {
        let (mut queue, go, written) = standing_still();
        drop(go);
        queue.write_all(b"last words\n").unwrap();
        queue.flush(Duration::from_mins(1));
        assert_eq!(written.try_recv().unwrap(), "last words\n");
    }
}
