//! A process's system calls, traced by `strace`, and kills at the entry of one of them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use durability::{Result, TestError};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::unexpected_output;

/// The traced system calls. A question mark: not every architecture has it.
const CALLS: &str = "trace=?open,openat,write,writev,?sendto,?sendmsg,fsync,fdatasync,\
                     ?rename,renameat,?renameat2,?chmod,fchmod,fchmodat,close";

/// How long `strace` may take to attach, or to let go.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The process or thread to trace.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// A process with all its threads.
    Process(u32),
    /// One thread.
    Thread(u32),
}

/// A kill at the entry of a call, before the call has an effect.
#[derive(Debug, Clone)]
pub(crate) struct KillAt {
    /// The call's name.
    pub(crate) call: String,
    /// Which one of that name, counted from 1.
    pub(crate) occurrence: usize,
}

/// A running `strace`.
pub(crate) struct Tracer {
    strace: Child,
    file: PathBuf,
}

impl Tracer {
    /// Attaches to the target, which is traced when this returns.
    pub(crate) async fn attach(
        target: Target,
        kill_at: Option<&KillAt>,
        file: PathBuf,
    ) -> Result<Self> {
        let mut command = Command::new("strace");
        // With paths, and enough of each string to identify it.
        command
            .args(["-y", "-s", "64", "-e", CALLS, "-o"])
            .arg(&file);
        if let Some(KillAt { call, occurrence }) = kill_at {
            command.args([
                "-e",
                &format!("inject={call}:signal=SIGKILL:when={occurrence}"),
            ]);
        }
        match target {
            Target::Process(process) => command.args(["-f", "-p", &process.to_string()]),
            Target::Thread(thread) => command.args(["-p", &thread.to_string()]),
        };
        let mut strace = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|problem| TestError::ProgramMissing {
                program: "strace".into(),
                how: format!("apt-get install strace ({problem})"),
            })?;
        let stderr = strace.stderr.take();
        let mut stderr =
            BufReader::new(stderr.ok_or_else(|| unexpected_output("strace has no stderr"))?);
        let mut output = String::new();
        // A line, or the end of the output.
        let reading = timeout(TIMEOUT, stderr.read_line(&mut output));
        if !matches!(reading.await, Ok(Ok(_))) || !output.contains("attached") {
            let _ = timeout(TIMEOUT, stderr.read_to_string(&mut output)).await;
            return Err(TestError::ProgramFailed {
                program: "strace".to_owned(),
                output: format!(
                    "{} (one process must be allowed to trace another, or the kills at every step \
                     can't be done; in a container that takes the capability SYS_PTRACE, elsewhere \
                     a `kernel.yama.ptrace_scope` below 2)",
                    output.trim()
                ),
            });
        }
        // Its later output is not read, and must not block it.
        tokio::spawn(async move { stderr.read_to_string(&mut output).await });
        Ok(Self { strace, file })
    }

    /// Detaches, if the target still runs, and returns the calls seen.
    pub(crate) async fn seen(mut self) -> Result<Vec<Call>> {
        if let Some(id) = self.strace.id().and_then(|id| i32::try_from(id).ok())
            && let Some(id) = Pid::from_raw(id)
        {
            // It may be exiting already, because its target was killed.
            let is_ending = timeout(Duration::from_millis(200), self.strace.wait()).await;
            if is_ending.is_err() {
                let _ = kill_process(id, Signal::TERM);
            }
        }
        timeout(TIMEOUT, self.strace.wait())
            .await
            .map_err(|_| TestError::Timeout {
                what: "strace ends".to_owned(),
                seconds: TIMEOUT.as_secs(),
            })?
            .map_err(|problem| unexpected_output(problem.to_string()))?;
        let trace =
            fs::read(&self.file).map_err(|problem| unexpected_output(problem.to_string()))?;
        Ok(calls(&String::from_utf8_lossy(&trace)))
    }
}

/// A traced system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The thread; 0 if only one was traced.
    pub(crate) thread: u32,
    /// The call's name.
    pub(crate) name: String,
    /// The call's arguments, as text.
    pub(crate) arguments: String,
    /// When it began: the number of its line.
    pub(crate) began: usize,
    /// When it returned; `None` if it never did.
    pub(crate) ended: Option<usize>,
}

/// Reads a trace.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut unfinished: HashMap<u32, usize> = HashMap::new();
    for (number, line) in trace.lines().enumerate() {
        let (thread, line) = thread_of(line);
        if let Some(rest) = line.strip_prefix("<... ") {
            let Some((_, rest)) = rest.split_once(" resumed>") else {
                continue;
            };
            if let Some(call) = unfinished.remove(&thread).and_then(|at| calls.get_mut(at)) {
                call.arguments.push_str(rest);
                call.ended = has_ended(rest).then_some(number);
            }
            continue;
        }
        let Some((name, arguments)) = line.split_once('(') else {
            continue;
        };
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            continue;
        }
        if line.ends_with("<unfinished ...>") {
            unfinished.insert(thread, calls.len());
        }
        calls.push(Call {
            thread,
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            began: number,
            ended: has_ended(arguments).then_some(number),
        });
    }
    calls
}

/// The number at the beginning of a line, where there is one.
fn thread_of(line: &str) -> (u32, &str) {
    let is_thread = |(number, rest)| Some((str::parse(number).ok()?, str::trim_start(rest)));
    line.split_once(' ')
        .and_then(is_thread)
        .unwrap_or((0, line))
}

/// Whether there is a result: `= ?` is that of a call that was killed.
fn has_ended(text: &str) -> bool {
    text.rsplit_once(") ")
        .and_then(|(_, result)| result.trim_start().strip_prefix("= "))
        .is_some_and(|result| !result.starts_with('?'))
}

/// What a call does to the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// Creates a new file next to the vault's: a commit begins.
    Create,
    /// Writes into the new file.
    Write,
    /// Makes the new file's bytes durable.
    SyncFile,
    /// Puts the new file in place of the old one.
    Rename,
    /// Changes who may read the file.
    ChangeMode,
    /// Opens the folder.
    OpenFolder,
    /// Makes the folder's entries durable.
    SyncFolder,
    /// Closes the folder.
    CloseFolder,
}

impl StepKind {
    fn describe(self) -> &'static str {
        match self {
            Self::Create => "create the new file",
            Self::Write => "write",
            Self::SyncFile => "fsync of the new file",
            Self::Rename => "rename",
            Self::ChangeMode => "chmod",
            Self::OpenFolder => "open the folder",
            Self::SyncFolder => "fsync of the folder",
            Self::CloseFolder => "close the folder",
        }
    }
}

/// A call that is a step of a commit.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Which commit, counted from 0.
    pub(crate) commit: usize,
    /// Its effect on the vault.
    pub(crate) kind: StepKind,
    /// Which one of several alike in this commit, counted from 1.
    pub(crate) number: usize,
    /// The kill that hits this step.
    pub(crate) kill_at: KillAt,
    /// When it began.
    pub(crate) began: usize,
    /// When it returned.
    pub(crate) ended: Option<usize>,
}

impl Step {
    /// Whether it is the same step of another run.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.commit, self.kind, self.number) == (other.commit, other.kind, other.number)
    }

    pub(crate) fn describe(&self) -> String {
        if self.kind == StepKind::Write {
            format!("write {}", self.number)
        } else {
            self.kind.describe().to_owned()
        }
    }
}

/// The steps of all commits to the vault in this folder.
pub(crate) fn steps(calls: &[Call], vault: &Path) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut counts: HashMap<(u32, &str), usize> = HashMap::new();
    let mut commits: usize = 0;
    for call in calls {
        let occurrence = counts.entry((call.thread, &call.name)).or_default();
        *occurrence += 1;
        let Some(kind) = kind(call, vault) else {
            continue;
        };
        if kind == StepKind::Create {
            commits += 1;
        }
        // What comes before the first commit belongs to none.
        let Some(commit) = commits.checked_sub(1) else {
            continue;
        };
        let alike = |step: &&Step| step.commit == commit && step.kind == kind;
        steps.push(Step {
            commit,
            kind,
            number: steps.iter().filter(alike).count() + 1,
            kill_at: KillAt {
                call: call.name.clone(),
                occurrence: *occurrence,
            },
            began: call.began,
            ended: call.ended,
        });
    }
    steps
}

fn kind(call: &Call, vault: &Path) -> Option<StepKind> {
    let vault = vault.display();
    let is_about = |what: String| call.arguments.contains(&what);
    let new_file = format!("{vault}/vault.stronghold.");
    match call.name.as_str() {
        "open" | "openat" if is_about(format!("\"{new_file}")) && is_about("O_CREAT".into()) => {
            Some(StepKind::Create)
        }
        "open" | "openat" if is_about(format!("\"{vault}\"")) => Some(StepKind::OpenFolder),
        "write" | "writev" if is_about(format!("<{new_file}")) => Some(StepKind::Write),
        "fsync" | "fdatasync" if is_about(format!("<{new_file}")) => Some(StepKind::SyncFile),
        "fsync" | "fdatasync" if is_about(format!("<{vault}>")) => Some(StepKind::SyncFolder),
        "rename" | "renameat" | "renameat2" if is_about(format!("\"{new_file}")) => {
            Some(StepKind::Rename)
        }
        "chmod" | "fchmod" | "fchmodat" if is_about(format!("{vault}/vault.stronghold")) => {
            Some(StepKind::ChangeMode)
        }
        "close" if is_about(format!("<{vault}>")) => Some(StepKind::CloseFolder),
        _ => None,
    }
}

/// The kill that hits a step in a run like this one. Not all calls of its name are steps: a thread also
/// writes to wake another one, a varying number of times.
pub(crate) fn aim(step: &Step, undisturbed: &[Step], run: &[Call], reached: &[Step]) -> KillAt {
    let name = &step.kill_at.call;
    let named = |step: &&Step| step.kill_at.call == *name;
    let until_it = undisturbed.iter().filter(|other| other.began <= step.began);
    let calls = run.iter().filter(|call| call.name == *name).count();
    let others = calls.saturating_sub(reached.iter().filter(named).count());
    KillAt {
        call: name.clone(),
        occurrence: until_it.filter(named).count() + others,
    }
}

/// The first line, from `from` on, of a call that sent or wrote this text.
pub(crate) fn sent(calls: &[Call], text: &str, from: usize) -> Option<usize> {
    let is_sending = |call: &&Call| {
        matches!(
            call.name.as_str(),
            "write" | "writev" | "sendto" | "sendmsg"
        ) && call.began >= from
            && call.arguments.contains(text)
    };
    calls.iter().find(is_sending).map(|call| call.began)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A commit and a request, with another thread in between, as strace writes it.
    const TRACE: &str = r#"
7 write(4<anon_inode:[eventfd]>, "\1\0", 8) = 8
8 openat(AT_FDCWD</>, "/v/vault.stronghold.0123456789ab", O_WRONLY|O_CREAT|O_EXCL, 0666) = 9</v/vault.stronghold.0123456789ab>
8 write(9</v/vault.stronghold.0123456789ab>, "PARTI", 5) = 5
8 write(9</v/vault.stronghold.0123456789ab>, "age", 3) = 3
8 fsync(9</v/vault.stronghold.0123456789ab> <unfinished ...>
7 write(1<pipe:[5]>, "{\"state\"", 8) = 8
8 <... fsync resumed>)              = 0
8 rename("/v/vault.stronghold.0123456789ab", "/v/vault.stronghold") = 0
8 close(9</v/vault.stronghold>)   = 0
8 chmod("/v/vault.stronghold", 0600) = 0
8 openat(AT_FDCWD</>, "/v", O_RDONLY|O_CLOEXEC) = 9</v>
8 fsync(9</v>)                    = 0
8 close(9</v>)                    = 0
7 writev(3<socket:[6]>, [{iov_base="POST /oauth/token HTTP/1.1\r\n"..., iov_len=188}], 1) = 188
8 openat(AT_FDCWD</>, "/v/vault.stronghold.ba9876543210", O_WRONLY|O_CREAT|O_EXCL, 0666) = ?
8 +++ killed by SIGKILL +++
7 +++ killed by SIGKILL +++
"#;

    #[test]
    fn commit_steps_are_recognised_in_order() {
        let calls = calls(TRACE);
        let steps = steps(&calls, Path::new("/v"));
        let names: Vec<_> = steps.iter().map(Step::describe).collect();
        assert_eq!(
            names,
            [
                "create the new file",
                "write 1",
                "write 2",
                "fsync of the new file",
                "rename",
                "chmod",
                "open the folder",
                "fsync of the folder",
                "close the folder",
                "create the new file",
            ]
        );
        // Another thread's writes are not counted, nor another file's close.
        assert_eq!(steps[2].kill_at.occurrence, 2);
        assert_eq!(steps[8].kill_at.occurrence, 2);
        assert!(!steps[0].is_like(&steps[9]));
    }

    #[test]
    fn kill_that_missed_is_retargeted() {
        let undisturbed = calls(TRACE);
        let undisturbed = steps(&undisturbed, Path::new("/v"));
        // In this run the thread wakes another one first, and so the second write is a third.
        let run = calls(
            r#"write(4<anon_inode:[eventfd]>, "\1\0", 8) = 8
openat(AT_FDCWD</>, "/v/vault.stronghold.0123456789ab", O_WRONLY|O_CREAT|O_EXCL, 0666) = 9
write(9</v/vault.stronghold.0123456789ab>, "PARTI", 5) = ?
+++ killed by SIGKILL +++"#,
        );
        let reached = steps(&run, Path::new("/v"));
        let kill_at = aim(&undisturbed[2], &undisturbed, &run, &reached);
        assert_eq!(kill_at.call, "write");
        assert_eq!(kill_at.occurrence, 3);
    }

    #[test]
    fn call_ends_when_resumed_and_never_when_killed() {
        let calls = calls(TRACE);
        let steps = steps(&calls, Path::new("/v"));
        assert_eq!(steps[3].ended, Some(steps[3].began + 2));
        assert_eq!(steps[9].ended, None);
        let posted = sent(&calls, "POST /oauth/token", 0).unwrap();
        assert!(steps[7].ended.unwrap() < posted);
        assert_eq!(sent(&calls, "POST /oauth/token", posted + 1), None);
    }
}
