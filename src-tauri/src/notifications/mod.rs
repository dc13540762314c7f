//! Notifications for an account that needs the user: once for each account and cause, also over restarts.

mod system;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use amiqus_core::app_state::{AccountStatusView, AccountView, AppState, Screen};
use amiqus_core::error::chain;
use amiqus_core::runtime::SessionHandle;
use sha2::{Digest as _, Sha256};
use tauri::{AppHandle, Manager as _};

use crate::busy::Busy;
use crate::preferences::Preferences;
use crate::{private_fs, window, words};

/// How long a relaunch waits for a click on a notification that the user can do without: as long as desktops
/// show one in front of other windows.
const BANNER_TIME: Duration = Duration::from_secs(8);

/// Which notifications were shown, in the app's data folder: neither names nor IDs, only fingerprints.
const FILE: &str = "told.json";

/// Notifies of accounts that need the user, for as long as the session lives.
pub(crate) fn watch(app: &AppHandle, session: &SessionHandle, folder: PathBuf) {
    let app = app.clone();
    let mut states = session.follow();
    tauri::async_runtime::spawn(async move {
        let file = folder.join(FILE);
        let mut shown = read(&file);
        while let Some(state) = states.next().await {
            if !knows_accounts(&state) {
                continue;
            }
            let (now, new) = compare(&shown, &state);
            if now != shown {
                write(&file, &now);
                shown = now;
            }
            for account in new {
                notify(&app, account);
            }
        }
    });
}

/// Whether the accounts of a state are known; those of a locked app are not.
fn knows_accounts(state: &AppState) -> bool {
    !matches!(state.screen, Screen::Locked { .. })
}

/// The fingerprints to remember, and the accounts to notify of. An account that recovered, or is gone, is
/// forgotten: the next time counts as new.
fn compare<'a>(
    shown: &BTreeSet<String>,
    state: &'a AppState,
) -> (BTreeSet<String>, Vec<&'a AccountView>) {
    let mut now = BTreeSet::new();
    let mut new = Vec::new();
    for account in &state.accounts {
        let AccountStatusView::SignInAgain { why } = account.status else {
            continue;
        };
        let fingerprint = fingerprint(&format!("{} {why:?}", account.id));
        if !shown.contains(&fingerprint) {
            new.push(account);
        }
        now.insert(fingerprint);
    }
    (now, new)
}

fn fingerprint(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// The fingerprints in the file; none where it can't be read: better to notify twice than never.
fn read(file: &Path) -> BTreeSet<String> {
    private_fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn write(file: &Path, shown: &BTreeSet<String>) {
    let write = |bytes: Vec<u8>| private_fs::write(file, &bytes);
    if let Err(error) = serde_json::to_vec(shown)
        .map_err(Into::into)
        .and_then(write)
    {
        tracing::warn!(error = %chain(&error), "notifications: save failed");
    }
}

fn notify(app: &AppHandle, account: &AccountView) {
    let AccountStatusView::SignInAgain { why } = account.status else {
        return;
    };
    tracing::info!(?why, "notifications: an account needs the user");
    if window::has_focus(app) || !app.state::<Preferences>().notifies() {
        return;
    }
    let body = words::sign_in_again(account.team.as_deref(), why);
    show(app, words::SIGN_IN_AGAIN_TITLE, &body);
}

/// Tells the user where the app is now that its window is closed: once, while an account is signed in.
pub(crate) fn tell_about_tray(app: &AppHandle, session: &SessionHandle) {
    let is_signed_in = session
        .states()
        .borrow()
        .as_deref()
        .is_some_and(has_connection);
    if !is_signed_in {
        return;
    }
    if app.state::<Preferences>().is_told_about_tray() {
        return;
    }
    let teller = app.clone();
    let notification = Notification {
        summary: words::IN_THE_TRAY,
        body: words::IN_THE_TRAY_ADVICE.to_owned(),
        clickable: Some(BANNER_TIME),
        on_shown: Box::new(move || teller.state::<Preferences>().told_about_tray()),
    };
    notification.show(app);
}

/// Whether an account is connected.
fn has_connection(state: &AppState) -> bool {
    state
        .accounts
        .iter()
        .any(|account| account.status == AccountStatusView::Connected)
}

/// Shows a notification; a click on it opens the window.
pub(crate) fn show(app: &AppHandle, summary: &'static str, body: &str) {
    let notification = Notification {
        summary,
        body: body.to_owned(),
        clickable: None,
        on_shown: Box::new(|| {}),
    };
    notification.show(app);
}

/// A notification whose click opens the window.
struct Notification {
    summary: &'static str,
    body: String,
    /// How long a relaunch waits for the click; as long as it is shown where there is none.
    clickable: Option<Duration>,
    /// Called once the system has it.
    on_shown: Box<dyn FnOnce() + Send>,
}

impl Notification {
    fn show(self, app: &AppHandle) {
        let app = app.clone();
        // A click leads to this process, so it has to live on.
        let busy = app.state::<Busy>().begin();
        let (done, closed) = tokio::sync::oneshot::channel::<()>();
        tauri::async_runtime::spawn(async move {
            let _busy = busy;
            // The sender is dropped when the notification is closed.
            let closed = async { drop(closed.await) };
            match self.clickable {
                Some(time) => drop(tokio::time::timeout(time, closed).await),
                None => closed.await,
            }
        });
        // It may block until the user reacts, which would occupy a thread of the pool.
        let spawned = std::thread::Builder::new()
            .name("notification".to_owned())
            .spawn(move || {
                let _done = done;
                let open = move || window::bring_to_front(&app);
                let shown = system::show(self.summary, &self.body, self.on_shown, open);
                if let Err(error) = shown {
                    tracing::info!(error = %chain(error.as_ref()), "notifications: not shown");
                }
            });
        if let Err(error) = spawned {
            tracing::error!(error = %chain(&error), "notifications: not shown");
        }
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
        fixtures::state(Screen::SignedIn { just_now: false }, accounts.collect())
    }

    #[test]
    fn account_and_cause_are_notified_once_until_the_account_recovers() {
        let removed = Some(SignInAgainReason::AccessRemoved);
        let lost = Some(SignInAgainReason::AnswerLost);
        let mut shown = BTreeSet::new();
        let mut count_new = |accounts: &[(&str, Option<SignInAgainReason>)]| {
            let state = state(accounts);
            let (now, new) = compare(&shown, &state);
            let count = new.len();
            shown = now;
            count
        };
        assert_eq!(count_new(&[("1.a", None), ("1.b", None)]), 0);
        assert_eq!(count_new(&[("1.a", removed), ("1.b", None)]), 1);
        assert_eq!(
            count_new(&[("1.a", removed), ("1.b", None)]),
            0,
            "not twice"
        );
        assert_eq!(count_new(&[("1.a", removed), ("1.b", removed)]), 1);
        assert_eq!(
            count_new(&[("1.a", lost), ("1.b", removed)]),
            1,
            "another cause"
        );
        assert_eq!(count_new(&[("1.a", None), ("1.b", removed)]), 0);
        assert_eq!(count_new(&[("1.a", lost), ("1.b", removed)]), 1, "again");
    }

    #[test]
    fn user_is_told_about_the_tray_only_while_an_account_is_connected() {
        let removed = Some(SignInAgainReason::AccessRemoved);
        assert!(!has_connection(&state(&[])));
        assert!(!has_connection(&state(&[("1.a", removed)])));
        assert!(has_connection(&state(&[("1.a", removed), ("1.b", None)])));
    }

    #[test]
    fn file_of_shown_notifications_outlives_a_restart_without_names() {
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
