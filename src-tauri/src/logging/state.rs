//! The app's state in the log: a line for each change, without names, and the last such line for the
//! report.

use amiqus_core::app_state::{AccountStatusView, AppState};
use amiqus_core::runtime::SessionHandle;

use super::newest;
use crate::paths;

/// Before a state in the log; the report for support looks for it.
const STATE: &str = "the state is now ";

/// Writes each state's name into the log, for as long as the keeper lives.
pub(crate) fn follow(session: &SessionHandle) {
    let mut following = session.follow();
    tauri::async_runtime::spawn(async move {
        let mut last = String::new();
        while let Some(state) = following.next().await {
            let summary = summary(&state);
            if summary != last {
                tracing::info!("{STATE}{summary}");
                last = summary;
            }
        }
    });
}

/// A state in a line for the log, without persons.
pub(crate) fn summary(state: &AppState) -> String {
    let again = state
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
        "{screen} accounts={} sign_in_again={again} unfinished={} problem={problem} managed={} \
         service={}",
        state.accounts.len(),
        state.unfinished,
        state.setup.managed,
        state.setup.base_url,
    )
}

/// The last state that the log knows.
pub(crate) fn last_logged(bytes: usize) -> Option<String> {
    newest(&paths::log()?, bytes)
        .lines()
        .rev()
        .find_map(|line| {
            let (_, state) = line.split_once(STATE)?;
            Some(state.trim().to_owned())
        })
}
