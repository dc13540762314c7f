//! What is held in memory: with the window open, and once it was closed to the tray.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use zbus::blocking::Connection;

use crate::app::App;
use crate::computer::Computer;
use crate::processes::held_by;
use crate::redirect::hand_over;
use crate::screen::Screen;
use crate::{Figures, Given, Result, let_pass};

/// After this nothing of a start is under way any more.
const SETTLED: Duration = Duration::from_secs(3);

/// How long a closed window's processes may take to end.
const ENDING: Duration = Duration::from_secs(10);

/// With the window open, signed in: all processes.
pub(crate) fn measure(given: &Given) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::of_this_desktop()?;
    let bare = computer.person("nobody")?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let mut row = Figures::of("memory, window open");
    for _ in 0..given.rounds {
        for (program, data, figures) in [
            (&given.bare, &bare, &mut row.floor),
            (&given.ours, &signed_in, &mut row.ours),
        ] {
            let (app, _) = App::painted(program, data, &screen)?;
            let_pass(SETTLED);
            figures.push(held_by(&app.processes()?)?);
            app.end()?;
        }
    }
    Ok(vec![row])
}

/// Closed to the tray, beside the same process before its first window.
pub(crate) fn measure_tray(given: &Given) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::of_this_desktop()?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let bus = Connection::session()?;
    let _tray = Tray::start(given)?;
    let mut row = Figures::of("memory, closed to the tray");
    for _ in 0..given.rounds {
        let app = App::start(&given.ours, &["--in-the-tray"], &signed_in)?;
        let_pass(SETTLED);
        row.floor.push(held_by(&app.processes()?)?);

        screen.after(SETTLED, SETTLED, || hand_over(&bus, ""))?;
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
            if begun.elapsed() > ENDING {
                return Err("the closed window's processes are still there".into());
            }
            let_pass(Duration::from_millis(50));
        }
        let_pass(SETTLED);
        row.ours.push(held_by(&app.processes()?)?);
        app.end()?;
    }
    Ok(vec![row])
}

/// A place for a tray, until it is dropped.
struct Tray(Child);

impl Tray {
    fn start(given: &Given) -> Result<Self> {
        let program: PathBuf = given.ours.with_file_name("practice-tray");
        let child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|problem| format!("{}: {problem}", program.display()))?;
        let mut tray = Self(child);
        let said = tray.0.stdout.take().ok_or("the tray has no output")?;
        // It says when it is ready.
        BufReader::new(said).read_line(&mut String::new())?;
        Ok(tray)
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
