//! One run of the app without its window.

use std::collections::{HashMap, VecDeque};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ChildStdin, Command as Program, ExitStatus};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::processes::{Process, describe};
use crate::protocol::{Command, Reply, State};
use crate::{Result, TestError, during};

/// The time limit of each wait.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A `headless-app` that is running. It is killed when this is dropped.
#[derive(Debug)]
pub struct AppProcess {
    process: Process,
    stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    vault_thread: u32,
    commands: u64,
    output: ExitReport,
}

/// What a `headless-app` reported before it exited.
#[derive(Debug, Default)]
pub struct ExitReport {
    /// The last state, if there was one.
    pub state: Option<State>,
    /// The outcomes of commands by number; `None` is success.
    pub outcomes: HashMap<u64, Option<String>>,
    /// The addresses to open in the browser that the test hasn't taken yet.
    pub browser: VecDeque<String>,
    /// The exit status.
    pub status: Option<ExitStatus>,
}

impl ExitReport {
    /// Whether SIGKILL ended it.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        /// The same number on every system.
        const SIGKILL: i32 = 9;
        self.status
            .is_some_and(|status| status.signal() == Some(SIGKILL))
    }

    /// Whether it had reported the success of this command.
    #[must_use]
    pub fn reported_done(&self, command: u64) -> bool {
        self.outcomes.get(&command) == Some(&None)
    }
}

impl AppProcess {
    /// Starts one and waits for its first line. The program's standard input and output must be
    /// pipes.
    pub(crate) async fn start(program: &mut Program) -> Result<Self> {
        let mut process = Process::start(program)?;
        let stdin = process.take_stdin();
        let (sender, lines) = mpsc::unbounded_channel();
        if let Some(stdout) = process.take_stdout() {
            let stdout = ChildStdout::from_std(stdout).or_else(during("reading a pipe"))?;
            tokio::spawn(async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let mut app = Self {
            process,
            stdin,
            lines,
            vault_thread: 0,
            commands: 0,
            output: ExitReport::default(),
        };
        let deadline = Instant::now() + TIMEOUT;
        while app.vault_thread == 0 {
            app.read_line("it is ready", deadline).await?;
        }
        Ok(app)
    }

    /// The process's number.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The number of the thread that does all of the vault's work.
    #[must_use]
    pub fn vault_thread(&self) -> u32 {
        self.vault_thread
    }

    /// Sends a command and returns its number, without waiting for its outcome.
    ///
    /// # Errors
    /// If it has exited.
    pub fn send(&mut self, command: &Command) -> Result<u64> {
        let mut line =
            serde_json::to_string(command).map_err(|problem| TestError::UnexpectedOutput {
                program: "a test".to_owned(),
                output: problem.to_string(),
            })?;
        line.push('\n');
        if let Some(stdin) = &mut self.stdin {
            stdin
                .write_all(line.as_bytes())
                .or_else(during("giving a command"))?;
        }
        self.commands += 1;
        Ok(self.commands)
    }

    /// The outcome of a command: a problem's code, or `None` on success.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn outcome(&mut self, command: u64) -> Result<Option<String>> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(outcome) = self.output.outcomes.get(&command) {
                return Ok(outcome.clone());
            }
            self.read_line("a command's outcome", deadline).await?;
        }
    }

    /// Sends a command and waits for its success.
    ///
    /// # Errors
    /// If it fails.
    pub async fn request(&mut self, command: &Command) -> Result<()> {
        let number = self.send(command)?;
        match self.outcome(number).await? {
            None => Ok(()),
            Some(problem) => Err(TestError::CommandFailed {
                command: format!("{command:?}"),
                problem,
            }),
        }
    }

    /// The first state, from the current one on, that satisfies the condition.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn until(&mut self, what: &str, like: impl Fn(&State) -> bool) -> Result<State> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(state) = self.output.state.as_ref().filter(|state| like(state)) {
                return Ok(state.clone());
            }
            match self.read_line(what, deadline).await {
                Ok(()) => {}
                // The shown state is more helpful than the time limit.
                Err(late @ TestError::Timeout { .. }) => {
                    return Err(TestError::UnexpectedOutput {
                        program: "the `headless-app`".to_owned(),
                        output: format!("{:?} ({late})", self.output.state),
                    });
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// The last state.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn state(&mut self) -> Result<State> {
        self.until("it shows a state", |_| true).await
    }

    /// The next address to open in the browser.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn browser(&mut self) -> Result<String> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(address) = self.output.browser.pop_front() {
                return Ok(address);
            }
            self.read_line("the browser opens", deadline).await?;
        }
    }

    /// Kills it with SIGKILL, and returns what it had reported.
    ///
    /// # Errors
    /// If it is still running at the time limit.
    pub async fn kill(mut self) -> Result<ExitReport> {
        self.process.kill();
        self.exit_report("it is dead").await
    }

    /// Waits until it exits for a reason outside this type, such as a kill by a tracer.
    ///
    /// # Errors
    /// If it is still running at the time limit.
    pub async fn wait_for_exit(self) -> Result<ExitReport> {
        self.exit_report("it exits").await
    }

    /// Ends it as the app ends when its window is closed, once it is idle.
    ///
    /// # Errors
    /// If the command fails, or it is still running at the time limit.
    pub async fn end(mut self) -> Result<ExitReport> {
        self.request(&Command::End).await?;
        self.exit_report("it ends").await
    }

    async fn exit_report(mut self, what: &str) -> Result<ExitReport> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.read_line(what, deadline).await {
                Ok(()) => {}
                Err(TestError::AppExited { .. }) => return Ok(self.output),
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Reads the next line.
    async fn read_line(&mut self, what: &str, deadline: Instant) -> Result<()> {
        let line =
            timeout_at(deadline, self.lines.recv())
                .await
                .map_err(|_| TestError::Timeout {
                    what: what.to_owned(),
                    seconds: TIMEOUT.as_secs(),
                })?;
        let Some(line) = line else {
            // Its output is closed, so it has ended.
            let status = self
                .process
                .wait()
                .or_else(during("waiting for the `headless-app`"))?;
            self.output.status = Some(status);
            return Err(TestError::AppExited {
                what: what.to_owned(),
                how: describe(status),
            });
        };
        match serde_json::from_str(&line) {
            Ok(Reply::Ready { vault_thread }) => self.vault_thread = vault_thread,
            Ok(Reply::Browser { browser }) => self.output.browser.push_back(browser),
            Ok(Reply::State { state }) => self.output.state = Some(state),
            Ok(Reply::Done { done, problem }) => {
                self.output.outcomes.insert(done, problem);
            }
            Err(problem) => {
                return Err(TestError::UnexpectedOutput {
                    program: "the `headless-app`".to_owned(),
                    output: format!("{line} ({problem})"),
                });
            }
        }
        Ok(())
    }
}
