//! The report for support: one text that a person can read before they send it. The window saves it;
//! `--diagnose` prints it.
//!
//! Nothing secret can get in: its lines are [`Redacted`] text, numbers and names of our own, and no
//! other type is taken. The vault is never opened for it.

mod redacted;
mod service;
mod system;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use amiqus_core::app_state::{AccountStatusView, AppState};
use amiqus_core::clock::Clock as _;
use amiqus_core::registration::{BaseUrl, DEFAULT_BASE_URL};
use amiqus_core::session::Provisioning;
use tokio::sync::Mutex;
#[cfg(target_os = "linux")]
use tokio::sync::MutexGuard;

use self::redacted::{Known, Redacted};
use crate::clock::SystemClock;
use crate::deadline::{self, ANSWER_TIMEOUT};
use crate::logging::state;
use crate::private_fs::private_file;
use crate::private_fs::safeguards::{self, MISSING};
use crate::{links, logging, paths, provisioning, start_at_login, vault};

/// The argument that prints the report and ends.
pub(crate) const ARGUMENT: &str = "--diagnose";

/// How much of the log goes into the report, in bytes.
const LOG_BYTES: usize = 48 * 1024;

/// The report.
struct Report {
    known: Known,
    text: String,
}

impl Report {
    fn section(&mut self, title: &'static str) {
        self.add(format_args!("\n{title}\n"));
    }

    /// Text from elsewhere.
    fn says(&mut self, name: &'static str, text: &str) {
        let text: Redacted = self.known.redact(text);
        self.add(format_args!("  {name}: {text}\n"));
    }

    fn counts(&mut self, name: &'static str, number: usize) {
        self.add(format_args!("  {name}: {number}\n"));
    }

    fn is(&mut self, name: &'static str, so: bool) {
        self.add(format_args!(
            "  {name}: {}\n",
            if so { "yes" } else { "no" }
        ));
    }

    fn add(&mut self, words: fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = self.text.write_fmt(words);
    }
}

/// Prints the report. It opens no window, takes no lock and talks to no other copy of the app.
pub(crate) fn print() -> ExitCode {
    let report = tauri::async_runtime::block_on(write(None));
    // Not `println!`: a reader that went away is no fault.
    match std::io::stdout().write_all(report.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Saves the report where people look for what a program gave them; says where.
///
/// # Errors
/// When there is no such place, or it can't be written to, or doesn't answer.
pub(crate) async fn save(state: &AppState) -> std::io::Result<PathBuf> {
    let _saving = SAVING.lock().await;
    let report = tokio::time::timeout(WRITING_TIMEOUT, write(Some(state))).await?;
    let saved = tokio::task::spawn_blocking(move || save_somewhere(&report));
    let path = tokio::time::timeout(SAVE_TIMEOUT, saved).await???;
    tracing::info!("a report for support was saved");
    Ok(path)
}

fn save_somewhere(report: &str) -> std::io::Result<PathBuf> {
    let mut outcome = Err(std::io::ErrorKind::NotFound.into());
    for path in paths::reports(SystemClock.now()) {
        // Anew, and never through a link that somebody laid there.
        let file = private_file().create_new(true).open(&path);
        outcome = file.and_then(|mut file| file.write_all(report.as_bytes()));
        if outcome.is_ok() {
            return Ok(path);
        }
    }
    outcome.map(|()| PathBuf::new())
}

/// How long the report may take to be made; each of its questions has a deadline of its own.
const WRITING_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a disk may take to answer that a report is saved to.
const SAVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Held while a report is being saved.
static SAVING: Mutex<()> = Mutex::const_new(());

/// Waits until no report is being saved; none is as long as the answer is held.
#[cfg(target_os = "linux")]
pub(crate) async fn no_report_is_being_saved() -> MutexGuard<'static, ()> {
    SAVING.lock().await
}

/// The report. Without a state it says what the log knows of one.
async fn write(state: Option<&AppState>) -> String {
    // Some of it asks other programs, which may take a moment.
    let looked = tokio::task::spawn_blocking(|| (provisioning::inspect(), known()));
    let Ok((provisioning, known)) = looked.await else {
        return "The report can't be made.\n".to_owned();
    };
    let mut report = Report {
        known: Known {
            secrets: secrets_of(provisioning.as_ref()),
            ..known
        },
        text: format!(
            "{}: a report for support\n\
             No password, code, token or secret is in it. Read it before you send it.\n",
            brand::NAME
        ),
    };
    report.section("Versions");
    report.says("app", env!("CARGO_PKG_VERSION"));
    report.says("made at", &SystemClock.now().strftime("%FT%TZ").to_string());
    report.says("Tauri", tauri::VERSION);
    report.says(
        "webview",
        &tauri::webview_version().unwrap_or_else(|_| "not known".to_owned()),
    );
    let base_url = base_url(state, provisioning.as_ref());
    let asked = tokio::task::spawn_blocking(move || {
        on_this_computer(&mut report, provisioning.as_ref());
        report
    });
    let Ok(mut report) = asked.await else {
        return "The report can't be made.\n".to_owned();
    };
    if let Some(base_url) = base_url {
        service::look(&mut report, &base_url).await;
    }
    accounts(&mut report, state);
    let read = tokio::task::spawn_blocking(move || {
        log(&mut report);
        report.text
    });
    let text = read.await;
    text.unwrap_or_else(|_| "The report can't be made.\n".to_owned())
}

fn known() -> Known {
    Known {
        home: dirs::home_dir().map(|home| home.display().to_string()),
        secrets: Vec::new(),
    }
}

fn secrets_of(look: Option<&provisioning::Inspection>) -> Vec<String> {
    match look.map(|look| &look.provisioning) {
        Some(Provisioning::Valid(registration)) => {
            vec![registration.client_secret.expose().to_owned()]
        }
        _ => Vec::new(),
    }
}

/// The service that this app is set up for; a set-up by hand lies in the vault, and there the log
/// knows it.
fn base_url(state: Option<&AppState>, look: Option<&provisioning::Inspection>) -> Option<BaseUrl> {
    if let Some(state) = state {
        return BaseUrl::parse(&state.setup.base_url).ok();
    }
    if let Some(Provisioning::Valid(registration)) = look.map(|look| &look.provisioning) {
        return Some(registration.base_url.clone());
    }
    let logged = state::last_logged(LOG_BYTES).and_then(|line| {
        let (_, service) = line.rsplit_once("service=")?;
        BaseUrl::parse(service.split_whitespace().next()?.trim_matches('"')).ok()
    });
    logged.or_else(|| BaseUrl::parse(DEFAULT_BASE_URL).ok())
}

fn on_this_computer(report: &mut Report, look: Option<&provisioning::Inspection>) {
    system::describe(report);

    report.section("Keychain");
    match paths::data() {
        Some(data) => {
            let key = vault::look_up_key(data.join(paths::VAULT));
            report.says("vault key", &key.describe());
        }
        None => report.says("vault key", paths::NO_FOLDER),
    }

    report.section("Vault");
    let missing = missing_safeguards();
    if missing.is_empty() {
        report.says("missing safeguards", "none known");
    }
    for safeguard in missing {
        report.says("missing safeguard", &safeguard);
    }

    report.section("Links");
    match deadline::within(ANSWER_TIMEOUT, links::holder) {
        Ok(links::Holder::Nobody) => report.says("opened by", "nobody"),
        Ok(links::Holder::ThisApp) => report.says("opened by", "this app"),
        Ok(links::Holder::Another { name, entry }) => {
            report.says("opened by", &format!("another app, {name} ({entry})"));
        }
        Ok(links::Holder::Unknown) => report.says("opened by", "not known on this system"),
        Err(late) => report.says("opened by", &format!("not told: {late}")),
    }

    report.section("Provisioning");
    match look {
        None => report.says("file", "this system has no place for one"),
        Some(look) => {
            report.says("file", &look.file.display().to_string());
            let usable = match &look.provisioning {
                Provisioning::Absent => "absent".to_owned(),
                Provisioning::Valid(_) => "valid".to_owned(),
                Provisioning::Wrong { code, field, .. } => match field {
                    Some(field) => format!("can't be used, {code:?}, {field:?}"),
                    None => format!("can't be used, {code:?}"),
                },
            };
            report.says("it is", &usable);
            for loose in &look.permission_issues {
                report.says("take care", &loose.to_string());
            }
        }
    }
    let at_login = start_at_login::now();
    report.is("starts at login", at_login.on);
    report.is("decided by IT", at_login.managed);
}

/// What this process, or the one that the log was last started by, found to be missing.
fn missing_safeguards() -> BTreeSet<String> {
    let log = paths::log()
        .map(|folder| logging::newest(&folder, LOG_BYTES))
        .unwrap_or_default();
    let (_, since_start) = log.rsplit_once(" started version=").unwrap_or(("", &log));
    let logged = since_start.lines().filter_map(|line| {
        let (_, missing) = line.split_once(MISSING)?;
        Some(missing.to_owned())
    });
    safeguards::missing().into_iter().chain(logged).collect()
}

/// The state's name and how its accounts stand; of persons only their e-mail's domain.
fn accounts(report: &mut Report, state: Option<&AppState>) {
    report.section("State");
    let Some(state) = state else {
        match state::last_logged(LOG_BYTES) {
            Some(line) => report.says("as last logged", &line),
            None => report.says("as last logged", "nothing"),
        }
        return;
    };
    report.says("screen", &state::summary(state));
    for account in &state.accounts {
        let domain = account
            .email
            .rsplit_once('@')
            .map_or("no domain", |(_, domain)| domain);
        let stands = match account.status {
            AccountStatusView::Connected => "connected".to_owned(),
            AccountStatusView::SignInAgain { why } => format!("sign in again, {why:?}"),
        };
        let renews = account.renews_by.map_or_else(
            || "never".to_owned(),
            |at| at.strftime("%Y-%m-%d").to_string(),
        );
        report.says(
            "account",
            &format!(
                "at {domain}, {stands}, renews by {renews}, offline: {}, team known: {}",
                account.offline,
                account.team.is_some()
            ),
        );
    }
    report.counts("accounts", state.accounts.len());
}

fn log(report: &mut Report) {
    report.section("Log, the newest part");
    let text = paths::log()
        .map(|folder| logging::newest(&folder, LOG_BYTES))
        .unwrap_or_default();
    let redacted = report.known.redact(&text);
    report.add(format_args!("{redacted}"));
}

#[cfg(test)]
mod tests {
    use amiqus_core::account::SignInAgainReason;
    use amiqus_core::app_state::Screen;

    use super::*;
    use crate::fixtures;

    fn report_on(state: &AppState) -> String {
        let mut report = Report {
            known: Known::default(),
            text: String::new(),
        };
        accounts(&mut report, Some(state));
        report.text
    }

    /// Shows check 42.
    #[test]
    fn an_account_is_told_by_its_standing_and_its_domain_and_nothing_else() {
        let why = SignInAgainReason::AccessRemoved;
        let bob = fixtures::account("345789.unknown", AccountStatusView::SignInAgain { why });
        let state = fixtures::state(Screen::SignInAgain { why }, vec![bob]);
        let text = report_on(&state);
        for there in ["example.com", "AccessRemoved", "sign-in-again accounts=1"] {
            assert!(text.contains(there), "{text}");
        }
        for absent in ["Bob", "bob@", "Fusion", "345789", "Gale", "9f3c"] {
            assert!(!text.contains(absent), "{absent} is in {text}");
        }
    }
}
