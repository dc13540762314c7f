//! Messages to standard error, for a user who started the app by hand and for the session's journal.

/// Writes as much to standard error as it takes without blocking. It may be closed, or a full pipe
/// without a reader; there `eprintln!` would panic or block.
pub(crate) fn write(text: &str) {
    #[cfg(unix)]
    for chunk in text.as_bytes().chunks(CHUNK_BYTES) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let stderr = rustix::stdio::stderr();
        let immediately = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut files = [PollFd::new(&stderr, PollFlags::OUT)];
        let is_ready = poll(&mut files, Some(&immediately)).is_ok_and(|ready| ready > 0);
        // Not through `std`: another thread may hold its lock and block.
        if !is_ready || rustix::io::write(stderr, chunk).is_err() {
            return;
        }
    }
    #[cfg(not(unix))]
    {
        use std::io::Write as _;
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// What a pipe that is ready takes without blocking (the least `PIPE_BUF` that POSIX allows).
#[cfg(unix)]
const CHUNK_BYTES: usize = 512;
