//! Runs a program that may hang.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::deadline::TimedOut;

/// Runs a program and returns its output. After `limit` it is killed, with the processes that it started, and
/// reaped. Blocks.
///
/// # Errors
/// When the program can't be started, and [`io::ErrorKind::TimedOut`] when it was killed.
pub(crate) fn output(program: std::process::Command, limit: Duration) -> io::Result<Output> {
    // A thread of its own: a thread that runs a task can't block on another.
    std::thread::scope(|scope| {
        let running = std::thread::Builder::new().spawn_scoped(scope, || {
            tauri::async_runtime::block_on(run(Command::from(program), limit))
        })?;
        running.join().unwrap_or_else(|_| {
            Err(io::Error::other(
                "the thread that waits for the program ended",
            ))
        })
    })
}

async fn run(mut program: Command, limit: Duration) -> io::Result<Output> {
    program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // A script's own children hold its pipes open.
    program.process_group(0);
    let mut child = program.spawn()?;
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let mut output = Output {
        status: std::process::ExitStatus::default(),
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    let running = async {
        let read_stdout = async {
            match &mut stdout {
                Some(pipe) => pipe.read_to_end(&mut output.stdout).await,
                None => Ok(0),
            }
        };
        let read_stderr = async {
            match &mut stderr {
                Some(pipe) => pipe.read_to_end(&mut output.stderr).await,
                None => Ok(0),
            }
        };
        tokio::try_join!(read_stdout, read_stderr)?;
        child.wait().await
    };
    if let Ok(status) = tokio::time::timeout(limit, running).await {
        output.status = status?;
        return Ok(output);
    }
    kill_group(&child);
    child.kill().await?;
    Err(io::Error::new(io::ErrorKind::TimedOut, TimedOut(limit)))
}

/// Kills the process group of a child that is not reaped yet, so that its process ID is not reused.
fn kill_group(child: &tokio::process::Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(group) = group {
        // It may have ended in this moment.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::ANSWER_TIMEOUT;

    #[test]
    fn program_that_hangs_is_killed_with_its_children_and_reaped() {
        let folder = tempfile::tempdir().unwrap();
        let ids = folder.path().join("ids");
        let mut script = std::process::Command::new("sh");
        script
            .args(["-c", "sleep 600 & echo $$ $! > \"$0\"; wait"])
            .arg(&ids);
        let late = output(script, Duration::from_secs(1)).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        let ids = std::fs::read_to_string(ids).unwrap();
        let mut ids = ids.split_whitespace();
        let [script, child] = [ids.next().unwrap(), ids.next().unwrap()];
        assert!(!std::path::Path::new("/proc").join(script).exists());
        // It is killed at once, and ends in its own time. An orphan that nothing reaps stays as a zombie.
        let begun = std::time::Instant::now();
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z ") {
                break;
            }
            assert!(begun.elapsed() < ANSWER_TIMEOUT, "{stat}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn program_that_ends_in_time_returns_its_output() {
        let mut script = std::process::Command::new("sh");
        script.args(["-c", "echo out; echo err >&2; exit 3"]);
        let written = output(script, ANSWER_TIMEOUT).unwrap();
        assert_eq!(written.stdout, b"out\n");
        assert_eq!(written.stderr, b"err\n");
        assert_eq!(written.status.code(), Some(3));
    }
}
