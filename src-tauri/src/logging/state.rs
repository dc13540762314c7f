//! The app's state in the log: a line without personal data for each change, and the last such line for
//! the support report.

use amiqus_core::app_state::{AccountStatusView, AppState};
use amiqus_core::runtime::SessionHandle;

use super::newest;
use crate::paths;

/// Precedes a state in the log. The support report searches for it, also in logs that earlier versions wrote.
const STATE_PREFIX: &str = "the state is now ";

/// Logs a summary of each state until the session ends.
pub(crate) fn follow(session: &SessionHandle) {
    let mut states = session.follow();
    tauri::async_runtime::spawn(async move {
        let mut last = String::new();
        while let Some(state) = states.next().await {
            let summary = summary(&state);
            if summary != last {
                tracing::info!("{STATE_PREFIX}{summary}");
                last = summary;
            }
        }
    });
}

/// Summarises a state in one line, without personal data.
pub(crate) fn summary(state: &AppState) -> String {
    let sign_in_again = state
        .accounts
        .iter()
        .filter(|account| account.status != AccountStatusView::Connected)
        .count();
    let problem = state.problem.as_ref().map_or_else(
        || "none".to_owned(),
        |problem| format!("{:?}", problem.code),
    );
    let screen = match serde_json::to_value(&state.screen) {
        Ok(screen) => screen["state"].as_str().unwrap_or_default().to_owned(),
        Err(_) => String::new(),
    };
    format!(
        "{screen} accounts={} sign_in_again={sign_in_again} unfinished={} problem={problem} managed={} \
         service={}",
        state.accounts.len(),
        state.unfinished,
        state.setup.managed,
        state.setup.base_url,
    )
}

/// The last state in the newest part of the log, which is this many bytes long.
pub(crate) fn last_logged(bytes: usize) -> Option<String> {
    newest(&paths::log()?, bytes)
        .lines()
        .rev()
        .find_map(|line| {
            let (_, state) = line.split_once(STATE_PREFIX)?;
            Some(state.trim().to_owned())
        })
}
