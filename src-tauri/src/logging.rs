//! The log: one file a day, a week of them, in the app's own folder. Secrets can't get into it:
//! their types don't print. Other crates don't write to it: some would print whole addresses.

use std::path::Path;

use amiqus_core::keeper::Keeper;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::vault::files::private_folder;

/// How many days of logs are kept.
const DAYS: usize = 7;

/// Before a state in the log; the report for support looks for it.
pub(crate) const STATE: &str = "the state is now ";

/// Writes each state's name into the log, for as long as the keeper lives.
pub(crate) fn follow(keeper: &Keeper) {
    let mut following = keeper.follow();
    tauri::async_runtime::spawn(async move {
        let mut last = String::new();
        while let Some(state) = following.next().await {
            let summary = crate::diagnostics::summary(&state);
            if summary != last {
                tracing::info!("{STATE}{summary}");
                last = summary;
            }
        }
    });
}

/// The newest part of the log: its last whole lines, no more than so many bytes.
pub(crate) fn newest(folder: &Path, bytes: usize) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    // Their names have the day in them.
    files.sort_unstable();
    let mut text = String::new();
    for file in files.iter().rev() {
        let Ok(read) = std::fs::read(file) else {
            continue;
        };
        text.insert_str(0, &String::from_utf8_lossy(&read));
        if text.len() >= bytes {
            break;
        }
    }
    let begin = text.len().saturating_sub(bytes);
    if begin == 0 {
        return text;
    }
    // What the cut falls into goes: half a line helps nobody.
    match text.bytes().skip(begin).position(|byte| byte == b'\n') {
        Some(end_of_line) => text.split_off(begin + end_of_line + 1),
        None => String::new(),
    }
}

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
    let own = Targets::new()
        .with_target("amiqus_core", LevelFilter::INFO)
        .with_target("sign_in_with_amiqus", LevelFilter::INFO);
    if let Ok(file) = file {
        // A second start within one process keeps the first one's log.
        let layer = fmt::layer()
            .with_ansi(false)
            .with_writer(std::sync::Mutex::new(file));
        let _ = tracing_subscriber::registry()
            .with(layer.with_filter(own))
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

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn the_newest_part_of_the_log_is_whole_lines_over_the_days() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a.2026-11-22.log", "one\ntwo\n");
        write("a.2026-11-23.log", "thrée\nfour\n");
        write("other.txt", "five\n");
        assert_eq!(newest(folder.path(), 1000), "one\ntwo\nthrée\nfour\n");
        assert_eq!(newest(folder.path(), 8), "four\n");
        assert_eq!(newest(folder.path(), 1), "");
        assert_eq!(newest(&folder.path().join("nowhere"), 8), "");
    }
}
