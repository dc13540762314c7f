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

use crate::conversation::{Command, Said, State};
use crate::processes::{Process, in_words};
use crate::{Result, Trouble, while_doing};

/// Nothing that is waited for takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A `keep` that is running. It is killed when this is dropped.
#[derive(Debug)]
pub struct Kept {
    process: Process,
    stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    vault_thread: u32,
    commands: u64,
    heard: LastWords,
}

/// What a `keep` had said up to its end.
#[derive(Debug, Default)]
pub struct LastWords {
    /// The last state, if there was one.
    pub state: Option<State>,
    /// The outcomes of commands by their numbers; `None` is a good one.
    pub outcomes: HashMap<u64, Option<String>>,
    /// The addresses that the browser was to open and nobody looked at yet.
    pub browser: VecDeque<String>,
    /// How it ended.
    pub status: Option<ExitStatus>,
}

impl LastWords {
    /// Whether SIGKILL ended it.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        /// The same number on every system.
        const SIGKILL: i32 = 9;
        self.status
            .is_some_and(|status| status.signal() == Some(SIGKILL))
    }

    /// Whether it had said that this command went well.
    #[must_use]
    pub fn said_done(&self, command: u64) -> bool {
        self.outcomes.get(&command) == Some(&None)
    }
}

impl Kept {
    /// Starts one and waits for its first line. The program's standard input and output must be
    /// pipes.
    pub(crate) async fn start(program: &mut Program) -> Result<Self> {
        let mut process = Process::start(program)?;
        let stdin = process.take_stdin();
        let (said, lines) = mpsc::unbounded_channel();
        if let Some(stdout) = process.take_stdout() {
            let stdout = ChildStdout::from_std(stdout).or_else(while_doing("reading a pipe"))?;
            tokio::spawn(async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if said.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let mut kept = Self {
            process,
            stdin,
            lines,
            vault_thread: 0,
            commands: 0,
            heard: LastWords::default(),
        };
        let deadline = Instant::now() + PATIENCE;
        while kept.vault_thread == 0 {
            kept.hear("it is ready", deadline).await?;
        }
        Ok(kept)
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

    /// Gives a command and doesn't wait for its outcome; says its number.
    ///
    /// # Errors
    /// When it has ended.
    pub fn tell(&mut self, command: &Command) -> Result<u64> {
        let mut line = serde_json::to_string(command).map_err(|problem| Trouble::Nonsense {
            who: "a test".to_owned(),
            said: problem.to_string(),
        })?;
        line.push('\n');
        if let Some(stdin) = &mut self.stdin {
            stdin
                .write_all(line.as_bytes())
                .or_else(while_doing("giving a command"))?;
        }
        self.commands += 1;
        Ok(self.commands)
    }

    /// The outcome of a command: a problem's code, or `None` when it went well.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn outcome(&mut self, command: u64) -> Result<Option<String>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(outcome) = self.heard.outcomes.get(&command) {
                return Ok(outcome.clone());
            }
            self.hear("a command's outcome", deadline).await?;
        }
    }

    /// Gives a command and waits until it went well.
    ///
    /// # Errors
    /// When it didn't.
    pub async fn ask(&mut self, command: &Command) -> Result<()> {
        let number = self.tell(command)?;
        match self.outcome(number).await? {
            None => Ok(()),
            Some(problem) => Err(Trouble::Refused {
                command: format!("{command:?}"),
                problem,
            }),
        }
    }

    /// The first state from the present one on that is like this.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn until(&mut self, what: &str, like: impl Fn(&State) -> bool) -> Result<State> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(state) = self.heard.state.as_ref().filter(|state| like(state)) {
                return Ok(state.clone());
            }
            match self.hear(what, deadline).await {
                Ok(()) => {}
                // What it shows in place of that tells more than the time.
                Err(late @ Trouble::Late { .. }) => {
                    return Err(Trouble::Nonsense {
                        who: "the `keep`".to_owned(),
                        said: format!("{:?} ({late})", self.heard.state),
                    });
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// The last state.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn state(&mut self) -> Result<State> {
        self.until("it shows a state", |_| true).await
    }

    /// The address that the browser was to open.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn browser(&mut self) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = self.heard.browser.pop_front() {
                return Ok(address);
            }
            self.hear("the browser opens", deadline).await?;
        }
    }

    /// Kills it with SIGKILL, and says what it had said until then.
    ///
    /// # Errors
    /// When it doesn't die.
    pub async fn kill(mut self) -> Result<LastWords> {
        self.process.kill();
        self.last_words("it is dead").await
    }

    /// Waits until somebody else has ended it.
    ///
    /// # Errors
    /// When nobody does in time.
    pub async fn until_it_ends(self) -> Result<LastWords> {
        self.last_words("somebody ends it").await
    }

    /// Lets it end as the app does when its window is closed: nothing is on its way then.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn end(mut self) -> Result<LastWords> {
        self.ask(&Command::End).await?;
        self.last_words("it ends").await
    }

    async fn last_words(mut self, what: &str) -> Result<LastWords> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.hear(what, deadline).await {
                Ok(()) => {}
                Err(Trouble::Ended { .. }) => return Ok(self.heard),
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Takes in the next line.
    async fn hear(&mut self, what: &str, deadline: Instant) -> Result<()> {
        let line = timeout_at(deadline, self.lines.recv())
            .await
            .map_err(|_| Trouble::Late {
                what: what.to_owned(),
                seconds: PATIENCE.as_secs(),
            })?;
        let Some(line) = line else {
            // Its output is closed, so it has ended.
            let status = self
                .process
                .wait()
                .or_else(while_doing("waiting for the `keep`"))?;
            self.heard.status = Some(status);
            return Err(Trouble::Ended {
                what: what.to_owned(),
                how: in_words(status),
            });
        };
        match serde_json::from_str(&line) {
            Ok(Said::Ready { vault_thread }) => self.vault_thread = vault_thread,
            Ok(Said::Browser { browser }) => self.heard.browser.push_back(browser),
            Ok(Said::State { state }) => self.heard.state = Some(state),
            Ok(Said::Done { done, problem }) => {
                self.heard.outcomes.insert(done, problem);
            }
            Err(problem) => {
                return Err(Trouble::Nonsense {
                    who: "the `keep`".to_owned(),
                    said: format!("{line} ({problem})"),
                });
            }
        }
        Ok(())
    }
}
