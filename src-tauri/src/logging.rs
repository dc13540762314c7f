//! The log: one file a day, a week of them, in the app's own folder. Secrets can't get into it:
//! their types don't print. Other crates don't write to it: some would print whole addresses.

use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

use crate::vault::files::private_folder;

/// How many days of logs are kept.
const DAYS: usize = 7;

/// Starts the log. Without a folder to write in, the app works without one.
pub(crate) fn start(folder: &Path) {
    // A folder that can't be made private is one that can't be written to either.
    let _ = private_folder(folder);
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("sign-in-with-amiqus")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder);
    let filter = EnvFilter::new("off,amiqus_core=info,sign_in_with_amiqus=info");
    if let Ok(file) = file {
        // A second start within one process keeps the first one's log.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(std::sync::Mutex::new(file))
            .try_init();
    }
    // Where a panic happened is logged; what it says could be anything, so it isn't.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "the app met a fault of its own");
    }));
}
