//! The time from a program's start until its first screen is painted, signed out and signed in.

use tokio::runtime::Runtime;

use crate::app::{App, last_state};
use crate::computer::Computer;
use crate::screen::Screen;
use crate::{Figures, Options, Result};

/// Starts the programs in turn, so that a slow moment of the machine affects all of them.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let bare = computer.user("empty")?;
    let signed_out = runtime.block_on(computer.signed_out("signed-out"))?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let (mut floor, mut out, mut within) = (Vec::new(), Vec::new(), Vec::new());
    // The very first start after a build reads the program from the disk.
    for round in 0..=options.rounds {
        for (program, data, state, figures) in [
            (&options.bare, &bare, None, &mut floor),
            (&options.ours, &signed_out, Some("signed-out"), &mut out),
            (&options.ours, &signed_in, Some("signed-in"), &mut within),
        ] {
            let (app, painted) = App::painted(program, data, &screen)?;
            app.end()?;
            if let Some(state) = state {
                let shown = last_state(data)?;
                if shown != state {
                    return Err(format!("{shown} was painted instead of {state}").into());
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
