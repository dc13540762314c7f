//! Words for whoever started the app by hand, or reads the session's journal.

/// Writes to standard error as much as it takes at once. It may be closed, or a full pipe that nobody
/// reads: `eprintln!` panics or waits for ever there.
pub(crate) fn say(words: &str) {
    #[cfg(unix)]
    for chunk in words.as_bytes().chunks(CHUNK) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let stderr = rustix::stdio::stderr();
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
        let is_ready = poll(&mut asked, Some(&at_once)).is_ok_and(|ready| ready > 0);
        // Not by way of `std`: another thread may hold its lock, waiting.
        if !is_ready || rustix::io::write(stderr, chunk).is_err() {
            return;
        }
    }
    #[cfg(not(unix))]
    {
        use std::io::Write as _;
        let _ = std::io::stderr().write_all(words.as_bytes());
    }
}

/// A pipe that is ready takes so much without waiting (POSIX's least `PIPE_BUF`).
#[cfg(unix)]
const CHUNK: usize = 512;
