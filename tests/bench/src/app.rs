//! A running program: the app, or the bare window.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::processes::{has_ended, tree};
use crate::{Result, milliseconds, wait};

use crate::screen::{Screen, Seen};

/// A start is over once nothing was painted for this long.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// The time limit of a start.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long a program may take to end.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The environment variable that names a folder for pictures of each painted change.
const PICTURES: &str = "BENCH_PICTURES";

/// A running program with all its processes, which end when this is dropped.
pub(crate) struct App {
    child: Child,
}

impl App {
    /// Starts a program.
    pub(crate) fn start(program: &Path, arguments: &[&str], data: &Path) -> Result<Self> {
        let child = Command::new(program)
            .args(arguments)
            // A private folder, so that one desktop can have several users' vaults.
            .env("XDG_DATA_HOME", data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|problem| format!("{}: {problem}", program.display()))?;
        Ok(Self { child })
    }

    /// Starts a program on a display; also returns after how many milliseconds it had painted its final
    /// screen.
    pub(crate) fn painted(program: &Path, data: &Path, screen: &Screen) -> Result<(Self, f64)> {
        let (begun, app, seen) =
            screen.after(SETTLE_TIME, TIMEOUT, || Self::start(program, &[], data))?;
        save_pictures(&seen)?;
        let painted = seen.settled().ok_or("nothing was painted")?;
        Ok((app, milliseconds(painted - begun)))
    }

    /// The ID of the program's own process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The IDs of the program's process and all its descendants.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        tree(self.id())
    }

    /// Ends it, and waits until its window's processes have ended too.
    pub(crate) fn end(mut self) -> Result<()> {
        let all = self.processes()?;
        self.end_now();
        let begun = Instant::now();
        while !all.iter().all(|id| has_ended(*id)) {
            if begun.elapsed() > EXIT_TIMEOUT {
                return Err("the program's processes did not end".into());
            }
            wait(Duration::from_millis(20));
        }
        Ok(())
    }

    fn end_now(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have exited already.
            let _ = kill_process(id, Signal::TERM);
        }
        // It ends on SIGTERM.
        let _ = self.child.wait();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.end_now();
    }
}

/// Writes a picture of each change, if `BENCH_PICTURES` names a folder.
pub(crate) fn save_pictures(seen: &Seen) -> Result<()> {
    match std::env::var_os(PICTURES) {
        Some(folder) => seen.write_pictures(folder.as_ref()),
        None => Ok(()),
    }
}

/// The log text before the name of a state, as the app writes it.
const STATE_PREFIX: &str = "the state is now ";

/// The last state in the app's log.
pub(crate) fn last_state(data: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in std::fs::read_dir(data.join("co.amiqus.signin/logs"))? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("log")) {
            text.push_str(&std::fs::read_to_string(path)?);
        }
    }
    let (_, last) = text
        .rsplit_once(STATE_PREFIX)
        .ok_or("the log names no state")?;
    let end = last.find([' ', '\n', ':', ',']).unwrap_or(last.len());
    Ok(last[..end].to_owned())
}
