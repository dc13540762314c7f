//! The support report: a text that a user can read before they send it. The window saves it; `--diagnose`
//! prints it.
//!
//! No secret can get into it: its lines take only [`Redacted`] text, numbers and flags, and names of the
//! app's own. The vault is not opened for it.

mod redacted;
mod service;
mod system;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amiqus_core::app_state::{AccountStatusView, AppState};
use amiqus_core::clock::Clock as _;
use amiqus_core::registration::{BaseUrl, DEFAULT_BASE_URL};
use amiqus_core::session::Provisioning;

use self::redacted::{Redacted, Redactor};
pub(crate) use self::system::operating_system;
use crate::clock::SystemClock;
use crate::deadline::{self, ANSWER_TIMEOUT};
use crate::logging::state;
use crate::private_fs::private_file;
use crate::private_fs::safeguards::{self, MISSING};
use crate::{desktop, links, logging, paths, provisioning, start_at_login, vault};

/// The command-line argument that prints the report.
pub(crate) const ARGUMENT: &str = "--diagnose";

/// How much of the log goes into the report.
const MAX_LOG_BYTES: usize = 48 * 1024;

/// The report, as far as it is written.
struct Report {
    redactor: Redactor,
    text: String,
}

impl Report {
    fn section(&mut self, title: &'static str) {
        self.write(format_args!("\n{title}\n"));
    }

    /// Writes a text, redacted.
    fn text(&mut self, name: &'static str, text: &str) {
        let text: Redacted = self.redactor.redact(text);
        self.write(format_args!("  {name}: {text}\n"));
    }

    fn number(&mut self, name: &'static str, number: usize) {
        self.write(format_args!("  {name}: {number}\n"));
    }

    fn flag(&mut self, name: &'static str, flag: bool) {
        self.write(format_args!(
            "  {name}: {}\n",
            if flag { "yes" } else { "no" }
        ));
    }

    fn write(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = self.text.write_fmt(line);
    }
}

/// Prints the report. It opens no window, takes no lock and contacts no other process of the app.
pub(crate) fn print() -> ExitCode {
    let report = tauri::async_runtime::block_on(write(None));
    // Not `println!`, which panics where nobody reads.
    match std::io::stdout().write_all(report.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Saves the report to the user's downloads or home folder; returns its path.
///
/// # Errors
/// When there is no such folder, it can't be written to, or the report or the disk takes too long.
pub(crate) async fn save(state: &AppState) -> std::io::Result<PathBuf> {
    let _one_at_a_time = SAVING.lock().await;
    let report = tokio::time::timeout(WRITE_TIMEOUT, write(Some(state))).await?;
    let saved = tokio::task::spawn_blocking(move || save_to_first_path(&report));
    let path = tokio::time::timeout(SAVE_TIMEOUT, saved).await???;
    *last() = path.parent().map(Path::to_owned);
    tracing::info!("report: saved");
    Ok(path)
}

/// Opens the folder of the last saved report. Blocks.
///
/// # Errors
/// When this process saved none, or the folder can't be opened.
pub(crate) fn show_last() -> std::io::Result<()> {
    let folder = last().clone();
    desktop::open_path(&folder.ok_or(std::io::ErrorKind::NotFound)?)
}

fn save_to_first_path(report: &str) -> std::io::Result<PathBuf> {
    let mut outcome = Err(std::io::ErrorKind::NotFound.into());
    for path in paths::reports(SystemClock.now()) {
        // Always a new file, so that a link at its path is not followed.
        let file = private_file().create_new(true).open(&path);
        outcome = file.and_then(|mut file| file.write_all(report.as_bytes()));
        if outcome.is_ok() {
            return Ok(path);
        }
    }
    outcome.map(|()| PathBuf::new())
}

/// Held while a report is saved: each asks other programs, the keychain and Amiqus.
static SAVING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The folder of the last saved report.
static LAST: Mutex<Option<PathBuf>> = Mutex::new(None);

fn last() -> MutexGuard<'static, Option<PathBuf>> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long writing the report may take; each of its lookups has a shorter timeout of its own.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// How long saving the finished report may take.
const SAVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Writes the report. Without a state it has the one that was logged last.
async fn write(state: Option<&AppState>) -> String {
    let inspected = tokio::task::spawn_blocking(|| {
        let provisioning = provisioning::inspect();
        let redactor = Redactor {
            home: dirs::home_dir().map(|home| home.display().to_string()),
            secrets: secrets_of(provisioning.as_ref()),
        };
        (provisioning, redactor)
    });
    let Ok((provisioning, redactor)) = inspected.await else {
        return failed();
    };
    let mut report = Report {
        redactor,
        text: format!(
            "{}\n{}\n",
            ::words::report::TITLE,
            ::words::report::SENTENCE
        ),
    };
    report.section("Versions");
    report.text("app", env!("CARGO_PKG_VERSION"));
    report.text("created", &SystemClock.now().strftime("%FT%TZ").to_string());
    report.text("Tauri", tauri::VERSION);
    report.text(
        "webview",
        &tauri::webview_version().unwrap_or_else(|_| "not found".to_owned()),
    );
    let base_url = base_url(state, provisioning.as_ref());
    let described = tokio::task::spawn_blocking(move || {
        describe_computer(&mut report, provisioning.as_ref());
        report
    });
    let Ok(mut report) = described.await else {
        return failed();
    };
    if let Some(base_url) = base_url {
        service::probe(&mut report, &base_url).await;
    }
    describe_state(&mut report, state);
    let finished = tokio::task::spawn_blocking(move || {
        add_log(&mut report);
        report.text
    });
    finished.await.unwrap_or_else(|_| failed())
}

/// In place of the report where a part of it panicked.
fn failed() -> String {
    format!("{}\n", ::words::report::FAILED)
}

fn secrets_of(inspection: Option<&provisioning::Inspection>) -> Vec<String> {
    match inspection.map(|inspection| &inspection.provisioning) {
        Some(Provisioning::Valid(registration)) => {
            vec![registration.client_secret.expose().to_owned()]
        }
        _ => Vec::new(),
    }
}

/// The service that this app is set up for. Without a state, a set-up by hand is in the closed vault, and
/// the log names its service.
fn base_url(
    state: Option<&AppState>,
    inspection: Option<&provisioning::Inspection>,
) -> Option<BaseUrl> {
    if let Some(state) = state {
        return BaseUrl::parse(&state.setup.base_url).ok();
    }
    let provisioning = inspection.map(|inspection| &inspection.provisioning);
    if let Some(Provisioning::Valid(registration)) = provisioning {
        return Some(registration.base_url.clone());
    }
    let logged = state::last_logged(MAX_LOG_BYTES).and_then(|line| {
        let (_, service) = line.rsplit_once("service=")?;
        BaseUrl::parse(service.split_whitespace().next()?.trim_matches('"')).ok()
    });
    logged.or_else(|| BaseUrl::parse(DEFAULT_BASE_URL).ok())
}

fn describe_computer(report: &mut Report, inspection: Option<&provisioning::Inspection>) {
    system::describe(report);

    report.section("Keychain");
    match paths::data() {
        Some(data) => {
            let key = vault::look_up_key(data.join(paths::VAULT));
            report.text("vault key", &key.describe());
        }
        None => report.text("vault key", paths::NO_FOLDER),
    }

    report.section("Vault");
    let missing = missing_safeguards();
    if missing.is_empty() {
        report.text("missing safeguards", "none known");
    }
    for safeguard in missing {
        report.text("missing safeguard", &safeguard);
    }

    report.section("Links");
    match deadline::within(ANSWER_TIMEOUT, links::current_handler) {
        Ok(links::LinkHandler::Absent) => report.text("opened by", "no app"),
        Ok(links::LinkHandler::ThisApp) => report.text("opened by", "this app"),
        Ok(links::LinkHandler::Other { name, entry }) => {
            report.text("opened by", &format!("another app, {name} ({entry})"));
        }
        Ok(links::LinkHandler::Unknown) => report.text("opened by", "unknown on this system"),
        Err(late) => report.text("opened by", &format!("no answer: {late}")),
    }

    report.section("Provisioning");
    match inspection {
        None => report.text("file", "this system has no place for it"),
        Some(inspection) => {
            report.text("file", &inspection.file.display().to_string());
            let outcome = match &inspection.provisioning {
                Provisioning::Absent => "absent".to_owned(),
                Provisioning::Valid(_) => "valid".to_owned(),
                Provisioning::Wrong { code, field, .. } => match field {
                    Some(field) => format!("invalid, {code:?}, {field:?}"),
                    None => format!("invalid, {code:?}"),
                },
            };
            report.text("status", &outcome);
            for issue in &inspection.permission_issues {
                report.text("warning", &issue.to_string());
            }
        }
    }
    let at_login = start_at_login::now();
    report.flag("opens at login", at_login.on);
    report.flag("managed", at_login.managed);
}

/// The safeguards that this process, or the one that started the log last, reported as missing.
fn missing_safeguards() -> BTreeSet<String> {
    let log = paths::log()
        .map(|folder| logging::newest(&folder, MAX_LOG_BYTES))
        .unwrap_or_default();
    let (_, since_start) = log.rsplit_once(" started version=").unwrap_or(("", &log));
    let logged = since_start.lines().filter_map(|line| {
        let (_, missing) = line.split_once(MISSING)?;
        Some(missing.to_owned())
    });
    safeguards::missing().into_iter().chain(logged).collect()
}

/// Describes the state and its accounts; of a user it names only the domain of their e-mail address.
fn describe_state(report: &mut Report, state: Option<&AppState>) {
    report.section("State");
    let Some(state) = state else {
        match state::last_logged(MAX_LOG_BYTES) {
            Some(line) => report.text("last known state", &line),
            None => report.text("last known state", "none"),
        }
        return;
    };
    report.text("screen", &state::summary(state));
    for account in &state.accounts {
        let domain = account
            .email
            .rsplit_once('@')
            .map_or("no domain", |(_, domain)| domain);
        let status = match account.status {
            AccountStatusView::Connected => "connected".to_owned(),
            AccountStatusView::SignInAgain { why } => format!("sign in again, {why:?}"),
        };
        let renews_by = account.renews_by.map_or_else(
            || "never".to_owned(),
            |at| at.strftime("%Y-%m-%d").to_string(),
        );
        report.text(
            "account",
            &format!(
                "at {domain}, {status}, renews by {renews_by}, offline: {}, team known: {}",
                account.offline,
                account.team.is_some()
            ),
        );
    }
    report.number("accounts", state.accounts.len());
}

fn add_log(report: &mut Report) {
    report.section("Log (most recent part)");
    let text = paths::log()
        .map(|folder| logging::newest(&folder, MAX_LOG_BYTES))
        .unwrap_or_default();
    let redacted = report.redactor.redact(&text);
    report.write(format_args!("{redacted}"));
}

#[cfg(test)]
mod tests {
    use amiqus_core::account::SignInAgainReason;
    use amiqus_core::app_state::Screen;

    use super::*;
    use crate::fixtures;

    fn report_on(state: &AppState) -> String {
        let mut report = Report {
            redactor: Redactor::default(),
            text: String::new(),
        };
        describe_state(&mut report, Some(state));
        report.text
    }

    /// Shows check 42.
    #[test]
    fn account_in_the_report_has_only_status_and_domain() {
        let why = SignInAgainReason::AccessRemoved;
        let bob = fixtures::account("345789.unknown", AccountStatusView::SignInAgain { why });
        let state = fixtures::state(Screen::SignInAgain { why }, vec![bob]);
        let text = report_on(&state);
        for present in ["example.com", "AccessRemoved", "sign-in-again accounts=1"] {
            assert!(text.contains(present), "{text}");
        }
        for absent in ["Bob", "bob@", "Fusion", "345789", "Gale", "9f3c"] {
            assert!(!text.contains(absent), "{absent} is in {text}");
        }
    }
}
