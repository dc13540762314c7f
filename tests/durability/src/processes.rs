//! Child processes that end with the test.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};

use crate::{Result, TestError};

/// A program that is running. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn().map_err(|source| {
            let program = command.get_program().to_owned();
            if source.kind() == io::ErrorKind::NotFound {
                TestError::ProgramMissing {
                    program: program.into(),
                    how: "it comes with a system package".to_owned(),
                }
            } else {
                let what = format!("starting {}", program.display());
                TestError::Io { what, source }
            }
        })?;
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends SIGKILL; a process that has exited is ignored.
    pub(crate) fn kill(&mut self) {
        // It may have exited just now.
        let _ = self.child.kill();
    }

    /// Waits for the exit and returns its status.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // It was killed, so this returns at once.
        let _ = self.child.wait();
    }
}

/// A command that the kernel kills together with its parent (`PR_SET_PDEATHSIG`): a killed test
/// can't clean up.
pub(crate) fn killed_with_parent(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", program]);
    command
}

/// Describes an exit status.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with {code}"),
        (None, Some(signal)) => format!("signal {signal} ended it"),
        (None, None) => "it ended without a code or signal".to_owned(),
    }
}
