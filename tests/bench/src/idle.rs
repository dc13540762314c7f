//! What the app does in an idle minute, signed in, with its window open.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::app::App;
use crate::computer::Computer;
use crate::processes::WorkMeter;
use crate::screen::Screen;
use crate::{Figures, Options, Result, milliseconds, wait};

/// After this nothing of a start is under way any more; `WebKit` gives memory back and
/// ends threads for twenty seconds.
const SETTLE_TIME: Duration = Duration::from_secs(25);

/// What is looked at in one piece: a minute in several, so that what happens once is not taken for what
/// happens all the time.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

/// Both side by side, so that what wakes the one wakes the other.
pub(crate) fn measure(given: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::of_this_desktop()?;
    let nobody = computer.user("nobody")?;
    let signed_in = runtime.block_on(computer.signed_in("signed-in"))?;
    let screen = Screen::watch()?;
    let (bare, _) = App::painted(&given.bare, &nobody, &screen)?;
    let (ours, _) = App::painted(&given.ours, &signed_in, &screen)?;
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
    for _ in 0..given.rounds {
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
