//! Updates of this app. They are off, without a single request, unless the build names a distributor's
//! address and public key. With them the app checks once a day in the background and installs only when the
//! user asks for it; the provisioning file may forbid the check.

pub mod distributor;
pub mod release;

use std::time::Duration;

use amiqus_core::clock::Clock;
use amiqus_core::error::chain;
use amiqus_core::http::Clients;
use amiqus_core::runtime::SessionHandle;
use serde_json::json;
use tauri::{AppHandle, Builder, Context, Manager as _, Runtime};
use tauri_plugin_updater::UpdaterExt as _;
use tokio::sync::{Mutex, watch};

use self::distributor::Distributor;
use self::release::{CheckOutcome, UpdateError};
use crate::clock::SystemClock;
use crate::provisioning;

/// At the start there is more urgent work, and perhaps no network yet.
const FIRST_CHECK_DELAY: Duration = Duration::from_mins(1);
const CHECK_INTERVAL: Duration = Duration::from_hours(24);
/// The interval after a check that failed.
const RETRY_INTERVAL: Duration = Duration::from_hours(1);

/// The distributor's variables of this build. It is a constant so that the compiler leaves the code for
/// updates out of a build without them.
const BUILD_VARIABLES: Option<(&str, &str)> = match (
    option_env!("AMIQUS_UPDATE_ADDRESS"),
    option_env!("AMIQUS_UPDATE_PUBLIC_KEY"),
) {
    (Some(address), Some(public_key)) if !address.is_empty() => Some((address, public_key)),
    _ => None,
};

/// The distributor of this build; `None` in a build without updates.
#[must_use]
pub fn distributor() -> Option<Distributor> {
    let (address, public_key) = BUILD_VARIABLES?;
    // The build script has rejected invalid ones.
    Distributor::new(Some(address), Some(public_key)).unwrap_or_default()
}

/// Adds the updater plugin to an app. Only Rust calls it: no capability gives the window access.
#[must_use]
pub fn plug_in<R: Runtime>(
    builder: Builder<R>,
    context: &mut Context<R>,
    distributor: &Distributor,
) -> Builder<R> {
    let settings = json!({
        "endpoints": [distributor.address()],
        // Without it the plugin ends the app at an http loopback address, with which updates are tried out.
        "dangerousInsecureTransportProtocol": distributor.address().scheme() == "http",
        "pubkey": distributor.public_key(),
        "requireSignedVersion": true,
    });
    context
        .config_mut()
        .plugins
        .0
        .insert("updater".to_owned(), settings);
    builder.plugin(tauri_plugin_updater::Builder::new().build())
}

/// Whether a newer version is ready to be installed, for the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UpdateStatus {
    /// This build or IT allows no checks, or none has succeeded yet.
    Unknown,
    /// This is the newest version.
    UpToDate,
    /// A newer version is ready to be installed.
    Ready,
}

/// The outcome of the last check that succeeded, if there was one.
#[derive(Clone, Default)]
pub(crate) struct LastCheck(Option<CheckOutcome>);

impl LastCheck {
    /// The status for the window.
    pub(crate) fn status(&self) -> UpdateStatus {
        match self.0 {
            None | Some(CheckOutcome::Forbidden) => UpdateStatus::Unknown,
            Some(CheckOutcome::UpToDate) => UpdateStatus::UpToDate,
            Some(CheckOutcome::Newer(_)) => UpdateStatus::Ready,
        }
    }
}

/// The state of the checks.
struct Updates {
    clients: Clients,
    last_check: watch::Sender<LastCheck>,
    /// Locked during an installation.
    installing: Mutex<()>,
}

/// Checks for a newer version after the start, and then daily, in the background.
pub(crate) fn watch(app: &AppHandle, clients: Clients) {
    let Some(distributor) = distributor() else {
        return;
    };
    tracing::info!(address = %distributor.address(), "updates: enabled");
    app.manage(Updates {
        clients,
        last_check: watch::Sender::default(),
        installing: Mutex::new(()),
    });
    let app = app.clone();
    tauri::async_runtime::spawn(check_daily(SystemClock, move || {
        let app = app.clone();
        let distributor = distributor.clone();
        async move {
            let outcome = check(&app, &distributor).await;
            if let Err(error) = &outcome {
                tracing::warn!(error = %chain(error), "updates: check failed");
            }
            outcome.is_ok()
        }
    }));
}

/// Calls `check` after [`FIRST_CHECK_DELAY`], and then at [`CHECK_INTERVAL`], or [`RETRY_INTERVAL`] after it
/// returned `false`.
async fn check_daily<Check: Future<Output = bool>>(clock: impl Clock, check: impl Fn() -> Check) {
    clock.wait_for(FIRST_CHECK_DELAY).await;
    loop {
        let interval = if check().await {
            CHECK_INTERVAL
        } else {
            RETRY_INTERVAL
        };
        let at = clock
            .now()
            .saturating_add(interval)
            .unwrap_or(jiff::Timestamp::MAX);
        // The wall clock also counts the time in which the computer sleeps; the other bounds the wait when
        // the wall clock is set back.
        tokio::select! {
            () = clock.wait_until(at) => {}
            () = clock.wait_for(interval) => {}
        }
    }
}

async fn check(app: &AppHandle, distributor: &Distributor) -> Result<(), UpdateError> {
    let updates = app.state::<Updates>();
    let policy = tauri::async_runtime::spawn_blocking(provisioning::policy)
        .await
        .map_err(tauri_plugin_updater::Error::from)?;
    let outcome = release::check(policy, distributor, &updates.clients, &app.updater()?).await?;
    if let CheckOutcome::Newer(update) = &outcome {
        tracing::info!(
            version = update.version(),
            "updates: newer version available"
        );
    }
    updates.last_check.send_replace(LastCheck(Some(outcome)));
    Ok(())
}

/// Follows whether a newer version is available; in a build without updates it never changes.
pub(crate) fn follow(app: &AppHandle) -> watch::Receiver<LastCheck> {
    app.try_state::<Updates>().map_or_else(
        || watch::Sender::default().subscribe(),
        |updates| updates.last_check.subscribe(),
    )
}

/// Whether a newer version is ready to be installed.
#[cfg(target_os = "linux")]
pub(crate) fn is_ready(app: &AppHandle) -> bool {
    follow(app).borrow().status() == UpdateStatus::Ready
}

/// Downloads and installs the newer version, and restarts the app while no request is pending: an answer with
/// new tokens would be lost with the process.
///
/// # Errors
/// When the download, the verification or the installation fails. The app continues then.
pub(crate) async fn install(app: &AppHandle, session: &SessionHandle) -> Result<(), UpdateError> {
    let (Some(_), Some(updates)) = (BUILD_VARIABLES, app.try_state::<Updates>()) else {
        return Ok(());
    };
    // A second click starts no second installation.
    let Ok(_installing) = updates.installing.try_lock() else {
        return Ok(());
    };
    let LastCheck(Some(CheckOutcome::Newer(update))) = updates.last_check.borrow().clone() else {
        return Ok(());
    };
    let verified = update.download().await?;
    tracing::info!(version = update.version(), "updates: download verified");
    // The installer may end this process.
    session.wait_until_idle().await;
    crate::logging::flush();
    // The installer may prompt for a password, and block until it is typed.
    tauri::async_runtime::spawn_blocking(move || verified.install())
        .await
        .map_err(tauri_plugin_updater::Error::from)??;
    tracing::info!(version = update.version(), "updates: installed, restarting");
    session.wait_until_idle().await;
    app.exit(tauri::RESTART_EXIT_CODE);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex as Shared};

    use amiqus_core::clock::Wait;
    use jiff::{SignedDuration, Timestamp};
    use tokio::time::Instant;

    use super::*;

    /// Tokio's paused time, plus the time that the wall clock jumped by.
    #[derive(Clone)]
    struct PausedClock {
        started: Instant,
        jumped: Arc<Shared<SignedDuration>>,
    }

    impl Clock for PausedClock {
        fn now(&self) -> Timestamp {
            let awake = SignedDuration::try_from(self.started.elapsed()).unwrap();
            Timestamp::UNIX_EPOCH + awake + *self.jumped.lock().unwrap()
        }

        fn wait_until(&self, at: Timestamp) -> Wait {
            let clock = self.clone();
            Box::pin(async move {
                while clock.now() < at {
                    tokio::time::sleep(Duration::from_mins(1)).await;
                }
            })
        }

        fn wait_for(&self, span: Duration) -> Wait {
            Box::pin(tokio::time::sleep(span))
        }
    }

    /// The minutes of the wall clock at which it checked, where the clock jumps an hour after each check.
    async fn checks_within(hours: u64, succeeds: bool, jump: SignedDuration) -> Vec<i64> {
        let clock = PausedClock {
            started: Instant::now(),
            jumped: Arc::default(),
        };
        let checks = Arc::new(Shared::new(Vec::new()));
        let checking = check_daily(clock.clone(), || {
            let at = clock.now().as_second() / 60;
            checks.lock().unwrap().push(at);
            let jumped = Arc::clone(&clock.jumped);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_hours(1)).await;
                *jumped.lock().unwrap() += jump;
            });
            std::future::ready(succeeds)
        });
        let end = Duration::from_hours(hours);
        assert!(tokio::time::timeout(end, checking).await.is_err());
        checks.lock().unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_after_the_start_and_once_a_day() {
        let checks = checks_within(73, true, SignedDuration::ZERO).await;
        assert_eq!(checks, [1, 1 + 1440, 1 + 2 * 1440, 1 + 3 * 1440]);
    }

    #[tokio::test(start_paused = true)]
    async fn failed_check_is_repeated_after_an_hour() {
        let checks = checks_within(3, false, SignedDuration::ZERO).await;
        assert_eq!(checks, [1, 61, 121]);
    }

    #[tokio::test(start_paused = true)]
    async fn sleep_counts_towards_the_check_interval() {
        let night = SignedDuration::from_hours(12);
        let checks = checks_within(25, true, night).await;
        assert_eq!(checks, [1, 1 + 1440, 1 + 2 * 1440]);
    }

    #[tokio::test(start_paused = true)]
    async fn clock_set_back_delays_no_check_beyond_a_day() {
        let back = SignedDuration::from_hours(-24 * 30);
        assert_eq!(checks_within(49, true, back).await.len(), 3);
    }

    #[test]
    fn forbidden_check_leaves_the_status_unknown() {
        let status = |outcome| LastCheck(outcome).status();
        assert_eq!(status(None), UpdateStatus::Unknown);
        assert_eq!(status(Some(CheckOutcome::Forbidden)), UpdateStatus::Unknown);
        assert_eq!(status(Some(CheckOutcome::UpToDate)), UpdateStatus::UpToDate);
    }

    #[test]
    fn build_without_variables_has_no_distributor() {
        let is_set =
            option_env!("AMIQUS_UPDATE_ADDRESS").is_some_and(|address| !address.is_empty());
        assert_eq!(distributor().is_some(), is_set);
    }
}
