//! The Tauri commands that the window can invoke. They delegate to the core or the shell; what a command
//! changed shows in the published [`AppState`].

use std::io;
use std::path::Path;

use amiqus_core::app_state::AppState;
use amiqus_core::check::CheckError;
use amiqus_core::error::chain;
use amiqus_core::error::{Code, Problem};
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{Page, RegistrationDraft};
use amiqus_core::runtime::{SaveError, SessionHandle};
use amiqus_core::secret::Passphrase;
use amiqus_core::vault::Unlock;
use specta_typescript::Typescript;
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, Manager as _, State};
use tauri_specta::{Builder, collect_commands};

use crate::busy::Busy;
use crate::clipboard::{self, Secrecy};
use crate::preferences::Preferences;
use crate::this_computer::{self, ThisComputer};
use crate::window_requests::{self, WindowRequest};
use crate::{desktop, diagnostics, links, shutdown, start_at_login, updates, window};

fn builder() -> Builder<tauri::Wry> {
    // One TypeScript type for each Rust type, not one each for serialising and deserialising.
    Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            app_state,
            follow,
            authorize,
            finish_sign_in,
            forget_sign_in,
            open_browser_again,
            exchange,
            cancel,
            refresh,
            me,
            sign_out,
            switch_account,
            save_registration,
            check_registration,
            change_setup,
            unlock,
            choose_passphrase,
            start_over,
            open_page,
            this_computer,
            start_at_login,
            take_links_back,
            save_report,
            report_fault,
            update,
            dismiss_problem,
            reload_setup,
            copy_authorization_url,
            copy_text,
            close_window,
            quit,
            notify_me,
            show_report,
            open_licences,
            contact_support,
            follow_requests,
        ])
}

/// The handler of the window's commands.
pub(crate) fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    // The handler borrows from its builder for as long as the process lives.
    Box::leak(Box::new(builder())).invoke_handler()
}

/// Writes the TypeScript side of the commands and their types.
///
/// # Errors
/// When the file can't be written.
pub fn bindings(to: &Path) -> Result<(), specta_typescript::Error> {
    builder().export(Typescript::default(), to)
}

type Session<'a> = State<'a, SessionHandle>;

/// The current state.
#[tauri::command]
#[specta::specta]
async fn app_state(session: Session<'_>) -> Result<AppState, Problem> {
    session.state().await.map(|state| AppState::clone(&state))
}

/// Sends the current state, and each later one, down a channel of the window's own. Tauri
/// events can't be used: a window that may listen to events also receives the deep-link plugin's, which
/// carry authorization codes.
#[tauri::command]
#[specta::specta]
async fn follow(
    app: AppHandle,
    session: Session<'_>,
    states: Channel<AppState>,
) -> Result<(), Problem> {
    tracing::info!("window: page follows the state");
    window::page_is_alive(&app);
    let mut following = session.follow();
    let task = tauri::async_runtime::spawn(async move {
        while let Some(state) = following.next().await {
            if states.send(AppState::clone(&state)).is_err() {
                return;
            }
        }
    });
    window::page_follows(&app, task);
    Ok(())
}

/// Starts a sign-in.
#[tauri::command]
#[specta::specta]
async fn authorize(session: Session<'_>) -> Result<(), Problem> {
    session.authorize().await
}

/// Finishes a sign-in whose user is not known yet.
#[tauri::command]
#[specta::specta]
async fn finish_sign_in(session: Session<'_>) -> Result<(), Problem> {
    session.finish_sign_in().await
}

/// Discards a sign-in whose user is not known yet.
#[tauri::command]
#[specta::specta]
async fn forget_sign_in(session: Session<'_>) -> Result<(), Problem> {
    session.forget_sign_in().await
}

/// Opens the browser again for the pending attempt.
#[tauri::command]
#[specta::specta]
async fn open_browser_again(session: Session<'_>) -> Result<(), Problem> {
    session.open_browser_again().await
}

/// Exchanges the code in a redirect URL that the user pasted.
#[tauri::command]
#[specta::specta]
async fn exchange(session: Session<'_>, address: String) -> Result<(), Problem> {
    session.exchange(ReceivedLink::new(address)).await
}

/// Cancels the pending attempt, or leaves the set-up screen.
#[tauri::command]
#[specta::specta]
async fn cancel(session: Session<'_>) -> Result<(), Problem> {
    session.cancel().await
}

/// Refreshes the current account's tokens.
#[tauri::command]
#[specta::specta]
async fn refresh(session: Session<'_>) -> Result<(), Problem> {
    session.refresh().await
}

/// Requests the current account's user, team and role.
#[tauri::command]
#[specta::specta]
async fn me(session: Session<'_>) -> Result<(), Problem> {
    session.me().await
}

/// Removes an account's tokens from this computer.
#[tauri::command]
#[specta::specta]
async fn sign_out(session: Session<'_>, account: String) -> Result<(), Problem> {
    session.sign_out(&account).await
}

/// Makes another account current.
#[tauri::command]
#[specta::specta]
async fn switch_account(session: Session<'_>, account: String) -> Result<(), Problem> {
    session.switch_account(&account).await
}

/// Saves the registration that an administrator entered.
#[tauri::command]
#[specta::specta]
async fn save_registration(
    session: Session<'_>,
    draft: RegistrationDraft,
) -> Result<(), SaveError> {
    session.save_registration(draft).await
}

/// Checks an entered registration with Amiqus, without saving it.
#[tauri::command]
#[specta::specta]
async fn check_registration(
    session: Session<'_>,
    draft: RegistrationDraft,
) -> Result<(), CheckError> {
    session.check_registration(draft).await
}

/// Goes to the set-up screen.
#[tauri::command]
#[specta::specta]
async fn change_setup(session: Session<'_>) -> Result<(), Problem> {
    session.change_setup().await
}

/// Opens a locked vault.
#[tauri::command]
#[specta::specta]
async fn unlock(session: Session<'_>, passphrase: Option<String>) -> Result<(), Problem> {
    session
        .unlock(amiqus_core::runtime::unlock_with(passphrase))
        .await
}

/// Creates a vault protected by a passphrase, on a computer without a keychain.
#[tauri::command]
#[specta::specta]
async fn choose_passphrase(session: Session<'_>, passphrase: String) -> Result<(), Problem> {
    session
        .unlock(Unlock::NewPassphrase(Passphrase::new(passphrase)))
        .await
}

/// Moves a vault that can't be opened out of the way, and creates an empty one.
#[tauri::command]
#[specta::specta]
async fn start_over(session: Session<'_>) -> Result<(), Problem> {
    session.start_over().await
}

/// Opens one of Amiqus's pages in the system's browser. The window chooses a [`Page`]; it can't pass a URL.
#[tauri::command]
#[specta::specta]
async fn open_page(session: Session<'_>, page: Page) -> Result<(), Problem> {
    let address = session.page_address(page).await?;
    tauri::async_runtime::spawn_blocking(move || {
        desktop::open_in_browser(&address.url, &address.service)
    })
    .await
    .map_err(|_| Code::Internal)?
    .map_err(|_| Code::BrowserDidNotOpen.into())
}

/// Settings of this computer that the window shows in addition to the state.
#[tauri::command]
#[specta::specta]
async fn this_computer(app: AppHandle) -> Result<ThisComputer, Problem> {
    this_computer::describe(app).await
}

/// Turns starting at login on or off.
#[tauri::command]
#[specta::specta]
async fn start_at_login(on: bool) -> Result<(), Problem> {
    run_blocking(move || start_at_login::choose(on))
        .await?
        .map_err(|error| {
            tracing::warn!(error = %chain(&error), "start at login: change failed");
            Code::StartNotChanged.into()
        })
}

/// Registers this app for our URL scheme in place of another app.
#[tauri::command]
#[specta::specta]
async fn take_links_back() -> Result<(), Problem> {
    let is_ours = run_blocking(links::take_back).await?;
    is_ours
        .then_some(())
        .ok_or_else(|| Code::LinksNotTakenBack.into())
}

/// Saves a report for support; returns its path.
#[tauri::command]
#[specta::specta]
async fn save_report(session: Session<'_>, busy: State<'_, Busy>) -> Result<String, Problem> {
    let _busy = busy.begin();
    let state = session.state().await?;
    let path = diagnostics::save(&state).await.map_err(|error| {
        tracing::error!(error = %chain(&error), "report: save failed");
        Code::ReportNotSaved
    })?;
    Ok(path.display().to_string())
}

/// Opens the folder of the last saved report.
#[tauri::command]
#[specta::specta]
async fn show_report() -> Result<(), Problem> {
    open("report", diagnostics::show_last).await
}

/// Opens the licences of the software in this program.
#[tauri::command]
#[specta::specta]
async fn open_licences(app: AppHandle) -> Result<(), Problem> {
    open("licences", move || desktop::open_licences(&app)).await
}

/// Opens the way to the distributor's support that the brand names.
#[tauri::command]
#[specta::specta]
async fn contact_support() -> Result<(), Problem> {
    open("support", desktop::open_support).await
}

/// How the page failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
enum PageFault {
    /// It failed before it drew anything.
    Start,
    /// A screen could not be rendered.
    Drawing,
    /// An uncaught error.
    Script,
    /// An unhandled promise rejection.
    Promise,
}

/// Logs that the page failed. Only the kind is logged: an error's text could contain personal data.
#[tauri::command]
#[specta::specta]
fn report_fault(fault: PageFault) {
    tracing::error!(?fault, "window: page failed");
}

/// Installs the newer version and restarts the app.
#[tauri::command]
#[specta::specta]
async fn update(app: AppHandle, session: Session<'_>) -> Result<(), Problem> {
    updates::install(&app, &session).await.map_err(|error| {
        tracing::error!(error = %chain(&error), "updates: installation failed");
        Code::UpdateFailed.into()
    })
}

/// Dismisses the problem that is shown.
#[tauri::command]
#[specta::specta]
async fn dismiss_problem(session: Session<'_>) -> Result<(), Problem> {
    session.dismiss_problem().await
}

/// Reads the provisioning file again while the app is not set up, or the file is invalid.
#[tauri::command]
#[specta::specta]
async fn reload_setup(session: Session<'_>) -> Result<(), Problem> {
    session.reload_setup().await
}

/// Puts the pending attempt's authorization URL into the clipboard, for another browser. It has the
/// attempt's `state`, so the window never receives it.
#[tauri::command]
#[specta::specta]
async fn copy_authorization_url(app: AppHandle, session: Session<'_>) -> Result<(), Problem> {
    let url = session.authorization_url().await?;
    copy(&app, url.expose().to_string(), Secrecy::Secret).await
}

/// Puts the window's own text into the clipboard.
#[tauri::command]
#[specta::specta]
async fn copy_text(app: AppHandle, text: String) -> Result<(), Problem> {
    copy(&app, text, Secrecy::None).await
}

async fn copy(app: &AppHandle, text: String, secrecy: Secrecy) -> Result<(), Problem> {
    clipboard::write(app, text, secrecy).await.map_err(|error| {
        tracing::warn!(error = %chain(&error), "clipboard: write failed");
        Code::Internal.into()
    })
}

/// Closes the window: the app stays in the tray, or ends where there is none.
#[tauri::command]
#[specta::specta]
async fn close_window(app: AppHandle) -> Result<(), Problem> {
    window::close(&app).map_err(|error| {
        tracing::warn!(error = %chain(&error), "window: close failed");
        Code::Internal.into()
    })
}

/// Ends the app.
#[tauri::command]
#[specta::specta]
async fn quit(app: AppHandle) -> Result<(), Problem> {
    shutdown::quit(&app);
    Ok(())
}

/// Turns notifications of accounts that must sign in again on or off.
#[tauri::command]
#[specta::specta]
async fn notify_me(app: AppHandle, busy: State<'_, Busy>, on: bool) -> Result<(), Problem> {
    let _busy = busy.begin();
    run_blocking(move || app.state::<Preferences>().set_notifies(on))
        .await?
        .map_err(|error| {
            tracing::warn!(error = %chain(&error), "preferences: save failed");
            Code::CannotSave.into()
        })
}

/// Sends what the tray asks of the window down a channel of the window's own.
#[tauri::command]
#[specta::specta]
async fn follow_requests(app: AppHandle, requests: Channel<WindowRequest>) -> Result<(), Problem> {
    window_requests::follow(&app, requests);
    Ok(())
}

/// Opens something with the system's handler, which may block.
async fn open(
    what: &'static str,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<(), Problem> {
    run_blocking(work).await?.map_err(|error| {
        tracing::warn!(what, error = %chain(&error), "desktop: open failed");
        Code::Internal.into()
    })
}

/// Runs work that may block, such as waiting for another program, on the blocking thread pool.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tauri::async_runtime::spawn_blocking(work)
        .await
        .map_err(|_| Code::Internal.into())
}
