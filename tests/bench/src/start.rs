//! From a program's start to its first screen, painted.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use crate::screen::Screen;
use crate::{Result, milliseconds};

/// As long as nothing is painted for this, nothing more will be.
const QUIET: Duration = Duration::from_millis(1_500);

/// No start takes longer.
const LONGEST: Duration = Duration::from_secs(20);

/// Names a folder for a picture of each change.
const PICTURES: &str = "BENCH_PICTURES";

/// A start, as it was seen.
#[derive(Serialize)]
pub(crate) struct Start {
    /// From the program's start to the screen that stays.
    painted: f64,
    /// Each time that something was painted: when, how many pixels were unlike those before the
    /// start, and how many unlike those at the end.
    steps: Vec<(f64, usize, usize)>,
}

/// Starts `PROGRAM [ARGUMENTS]` on this display, sees it paint its first screen, and ends it.
pub(crate) fn measure(command: &[String]) -> Result<Start> {
    let (program, arguments) = command.split_first().ok_or("which program?")?;
    let screen = Screen::watch()?;
    let (begun, mut child, seen) = screen.after(QUIET, LONGEST, || {
        Ok(Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?)
    })?;
    end(&mut child)?;
    if let Some(folder) = std::env::var_os(PICTURES) {
        seen.write_pictures(folder.as_ref())?;
    }
    let painted = seen.settled().ok_or("nothing was painted")?;
    Ok(Start {
        painted: milliseconds(painted - begun),
        steps: seen
            .steps()
            .into_iter()
            .map(|(at, changed, missing)| (milliseconds(at - begun), changed, missing))
            .collect(),
    })
}

fn end(child: &mut Child) -> Result<()> {
    let id = i32::try_from(child.id())?;
    if let Some(id) = Pid::from_raw(id) {
        kill_process(id, Signal::TERM)?;
    }
    child.wait()?;
    Ok(())
}
