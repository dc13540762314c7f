//! A notification when a person must act, and never else: an account needs the browser again. Once
//! for each account and cause, also over restarts.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use amiqus_core::app_state::{AccountStatusView, AccountView, AppState, Screen};
use amiqus_core::runtime::SessionHandle;
use sha2::{Digest as _, Sha256};
use tauri::AppHandle;
use tokio::sync::watch;

use crate::private_fs::{private_file, private_folder};
use crate::{window, words};

/// What was told, in the app's data folder: no names, no ids, only their fingerprints.
const FILE: &str = "told.json";

/// Tells of what comes, for as long as the keeper lives.
pub(crate) fn watch(app: &AppHandle, session: &SessionHandle, folder: PathBuf) {
    let app = app.clone();
    let mut following = session.follow();
    tauri::async_runtime::spawn(async move {
        let file = folder.join(FILE);
        let mut told = read(&file);
        while let Some(state) = following.next().await {
            if !tells_of_accounts(&state) {
                continue;
            }
            let (now, news) = compare(&told, &state);
            if now != told {
                write(&file, &now);
                told = now;
            }
            for account in news {
                notify(&app, account);
            }
        }
    });
}

/// A locked app knows of no account; that is no news of them.
fn tells_of_accounts(state: &AppState) -> bool {
    !matches!(state.screen, Screen::Locked { .. })
}

/// What is to be remembered as told now, and whom to tell. One that is well again, or gone, is
/// forgotten: the next time is another.
fn compare<'a>(
    told: &BTreeSet<String>,
    state: &'a AppState,
) -> (BTreeSet<String>, Vec<&'a AccountView>) {
    let mut now = BTreeSet::new();
    let mut news = Vec::new();
    for account in &state.accounts {
        let AccountStatusView::SignInAgain { why } = account.status else {
            continue;
        };
        let fingerprint = fingerprint(&format!("{} {why:?}", account.id));
        if !told.contains(&fingerprint) {
            news.push(account);
        }
        now.insert(fingerprint);
    }
    (now, news)
}

fn fingerprint(text: &str) -> String {
    use std::fmt::Write as _;

    Sha256::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// What can't be read was not told: better twice than never.
fn read(file: &Path) -> BTreeSet<String> {
    std::fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn write(file: &Path, told: &BTreeSet<String>) {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = file.parent() {
            private_folder(folder)?;
        }
        let bytes = serde_json::to_vec(told)?;
        private_file()
            .create(true)
            .truncate(true)
            .open(file)?
            .write_all(&bytes)
    };
    if let Err(problem) = write() {
        tracing::warn!(%problem, "what was told can't be remembered");
    }
}

fn notify(app: &AppHandle, account: &AccountView) {
    let AccountStatusView::SignInAgain { why } = account.status else {
        return;
    };
    tracing::info!(?why, "an account needs its person");
    if window::has_focus(app) {
        return;
    }
    let body = match &account.team {
        Some(team) => format!("{}, {team}: {}", words::name_of(account), words::why(why)),
        None => format!("{}: {}", words::name_of(account), words::why(why)),
    };
    say(app, words::SIGN_IN_AGAIN, &body);
}

/// How many notifications are shown whose click leads to this very process.
static SHOWN: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Follows how many notifications wait for their person.
#[cfg(target_os = "linux")]
pub(crate) fn shown() -> watch::Receiver<usize> {
    SHOWN.subscribe()
}

/// Counts a notification for as long as it is shown.
struct Shown;

impl Shown {
    fn new() -> Self {
        SHOWN.send_modify(|count| *count += 1);
        Self
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        SHOWN.send_modify(|count| *count -= 1);
    }
}

/// Shows a notification; a click on it opens the window.
pub(crate) fn say(app: &AppHandle, summary: &'static str, body: &str) {
    let app = app.clone();
    let body = escaped(body);
    let is_shown = Shown::new();
    // It waits until somebody deals with it, so it is none of the pool's.
    let waiting = std::thread::Builder::new()
        .name("notification".to_owned())
        .spawn(move || {
            let _is_shown = is_shown;
            let shown = notify_rust::Notification::new()
                .appname(words::APP)
                .summary(summary)
                .body(&body)
                .icon("sign-in-with-amiqus")
                .action("default", words::OPEN)
                .show();
            match shown {
                #[cfg(target_os = "linux")]
                Ok(shown) => shown.wait_for_action(|action| {
                    if action == "default" {
                        window::bring_to_front(&app);
                    }
                }),
                #[cfg(not(target_os = "linux"))]
                Ok(_) => drop(app),
                Err(problem) => tracing::info!(%problem, "this desktop shows no notifications"),
            }
        });
    if let Err(problem) = waiting {
        tracing::error!(%problem, "nobody shows the notification");
    }
}

/// On Linux a notification's text may have marks in it (freedesktop's notification specification):
/// a name must not.
fn escaped(text: &str) -> String {
    if cfg!(target_os = "linux") {
        text.replace('&', "&amp;").replace('<', "&lt;")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use amiqus_core::account::SignInAgainReason;

    fn state(accounts: &[(&str, Option<SignInAgainReason>)]) -> AppState {
        let accounts = accounts.iter().map(|(id, why)| {
            let status = why.map_or(AccountStatusView::Connected, |why| {
                AccountStatusView::SignInAgain { why }
            });
            fixtures::account(id, status)
        });
        fixtures::state(Screen::SignedIn, accounts.collect())
    }

    #[test]
    fn each_account_and_cause_is_told_once_until_it_was_well_again() {
        let removed = Some(SignInAgainReason::AccessRemoved);
        let lost = Some(SignInAgainReason::AnswerLost);
        let mut told = BTreeSet::new();
        let mut news = |accounts: &[(&str, Option<SignInAgainReason>)]| {
            let state = state(accounts);
            let (now, news) = compare(&told, &state);
            let count = news.len();
            told = now;
            count
        };
        assert_eq!(news(&[("1.a", None), ("1.b", None)]), 0);
        assert_eq!(news(&[("1.a", removed), ("1.b", None)]), 1);
        assert_eq!(news(&[("1.a", removed), ("1.b", None)]), 0, "not twice");
        assert_eq!(news(&[("1.a", removed), ("1.b", removed)]), 1);
        assert_eq!(news(&[("1.a", lost), ("1.b", removed)]), 1, "another cause");
        assert_eq!(news(&[("1.a", None), ("1.b", removed)]), 0);
        assert_eq!(news(&[("1.a", lost), ("1.b", removed)]), 1, "again");
    }

    #[test]
    fn what_was_told_outlives_a_restart_and_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data").join(FILE);
        let state = state(&[("345789.unknown", Some(SignInAgainReason::AccessRemoved))]);
        let (now, _) = compare(&BTreeSet::new(), &state);
        write(&file, &now);
        assert_eq!(read(&file), now);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("345789") && !text.contains("Bob"), "{text}");
    }
}
