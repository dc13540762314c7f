//! CPU time and context switches of the idle app, signed in, with its window open.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::app::App;
use crate::computer::Computer;
use crate::processes::WorkMeter;
use crate::screen::Screen;
use crate::{Figures, Options, Result, milliseconds, wait};

/// How long a start settles: `WebKit` returns memory and ends threads for twenty seconds.
const SETTLE_TIME: Duration = Duration::from_secs(25);

/// The length of one sample: several per minute, so that a single event does not count as permanent work.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

/// Measures both programs at once, so that the same events wake both.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let empty = computer.user("empty")?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let (bare, _) = App::painted(&options.bare, &empty, &screen)?;
    let (ours, _) = App::painted(&options.ours, &signed_in, &screen)?;
    wait(SETTLE_TIME);

    let alone = |app: &App| WorkMeter::of(&[app.id()]);
    let with_window = |app: &App| WorkMeter::of(&app.processes()?);
    let mut rows = [
        "idle, CPU",
        "idle, switches",
        "idle, CPU of all processes",
        "idle, switches of all processes",
    ]
    .map(Figures::of);
    for _ in 0..options.rounds {
        let before = (
            alone(&ours)?,
            alone(&bare)?,
            with_window(&ours)?,
            with_window(&bare)?,
        );
        wait(SAMPLE_INTERVAL);
        let ours_did = [
            alone(&ours)?.since(&before.0),
            with_window(&ours)?.since(&before.2),
        ];
        let bare_did = [
            alone(&bare)?.since(&before.1),
            with_window(&bare)?.since(&before.3),
        ];
        for (of, (ours, bare)) in ours_did.iter().zip(&bare_did).enumerate() {
            rows[2 * of].ours.push(milliseconds(ours.busy));
            rows[2 * of].floor.push(milliseconds(bare.busy));
            rows[2 * of + 1].ours.push(ours.switches);
            rows[2 * of + 1].floor.push(bare.switches);
        }
    }
    ours.end()?;
    bare.end()?;
    Ok(rows.into())
}
