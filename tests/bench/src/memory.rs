//! Memory use with the window open, and after it was closed to the tray.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use zbus::blocking::Connection;

use crate::app::App;
use crate::computer::Computer;
use crate::processes::memory_of;
use crate::redirect::send_link;
use crate::screen::Screen;
use crate::{Figures, Options, Result, wait};

/// How long a start settles.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// How long a closed window's processes may take to end.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Measures all processes with the window open, signed in.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let bare = computer.user("empty")?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let mut row = Figures::of("memory, window open");
    for _ in 0..options.rounds {
        for (program, data, figures) in [
            (&options.bare, &bare, &mut row.floor),
            (&options.ours, &signed_in, &mut row.ours),
        ] {
            let (app, _) = App::painted(program, data, &screen)?;
            wait(SETTLE_TIME);
            figures.push(memory_of(&app.processes()?)?);
            app.end()?;
        }
    }
    Ok(vec![row])
}

/// Measures the app closed to the tray, against the same process before its first window.
pub(crate) fn measure_tray(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let bus = Connection::session()?;
    let _tray = Tray::start(options)?;
    let mut row = Figures::of("memory, closed to the tray");
    for _ in 0..options.rounds {
        let app = App::start(&options.ours, &["--in-the-tray"], &signed_in)?;
        wait(SETTLE_TIME);
        row.floor.push(memory_of(&app.processes()?)?);

        screen.after(SETTLE_TIME, SETTLE_TIME, || send_link(&bus, ""))?;
        let open = app.processes()?.len();
        if open < 2 {
            return Err("no window was opened".into());
        }
        let closed = Command::new("wmctrl")
            .args(["-F", "-c", "Sign in with Amiqus"])
            .status()?;
        if !closed.success() {
            return Err("the window can't be closed".into());
        }
        let begun = Instant::now();
        while app.processes()?.len() > 1 {
            if begun.elapsed() > EXIT_TIMEOUT {
                return Err("the closed window's processes are still there".into());
            }
            wait(Duration::from_millis(50));
        }
        wait(SETTLE_TIME);
        row.ours.push(memory_of(&app.processes()?)?);
        app.end()?;
    }
    Ok(vec![row])
}

/// A system tray, which ends when dropped.
struct Tray(Child);

impl Tray {
    fn start(options: &Options) -> Result<Self> {
        let program: PathBuf = options.ours.with_file_name("practice-tray");
        let child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|problem| format!("{}: {problem}", program.display()))?;
        let mut tray = Self(child);
        let stdout = tray.0.stdout.take().ok_or("the tray has no output")?;
        // Its first line reports that it is ready.
        BufReader::new(stdout).read_line(&mut String::new())?;
        Ok(tray)
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
