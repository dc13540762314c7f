//! From a program's start to its first screen, painted: signed out, and signed in with a vault.

use tokio::runtime::Runtime;

use crate::app::{App, last_state};
use crate::computer::Computer;
use crate::screen::Screen;
use crate::{Figures, Options, Result};

/// Starts each program in turn, so that what slows the machine down slows all of them.
pub(crate) fn measure(given: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::of_this_desktop()?;
    let bare = computer.user("nobody")?;
    let signed_out = runtime.block_on(computer.signed_out("signed-out"))?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let (mut floor, mut out, mut within) = (Vec::new(), Vec::new(), Vec::new());
    // The very first start after a build reads the program from the disk.
    for round in 0..=given.rounds {
        for (program, data, state, figures) in [
            (&given.bare, &bare, None, &mut floor),
            (&given.ours, &signed_out, Some("signed-out"), &mut out),
            (&given.ours, &signed_in, Some("signed-in"), &mut within),
        ] {
            let (app, painted) = App::painted(program, data, &screen)?;
            app.end()?;
            if let Some(state) = state {
                let shown = last_state(data)?;
                if shown != state {
                    return Err(format!("{shown} was painted in place of {state}").into());
                }
            }
            if round > 0 {
                figures.push(painted);
            }
        }
    }
    Ok(vec![
        Figures {
            row: "start signed out".to_owned(),
            ours: out,
            floor: floor.clone(),
        },
        Figures {
            row: "start signed in".to_owned(),
            ours: within,
            floor,
        },
    ])
}
