//! Newer versions of this app: off, down to the last request, until whoever hands the app out gives
//! an address and a public key when they build it. Then it looks once a day, quietly; its person
//! alone installs what it found; IT may forbid the looking.

pub mod distributor;
pub mod release;

use std::time::Duration;

use amiqus_core::clock::Clock;
use amiqus_core::http::Clients;
use amiqus_core::runtime::SessionHandle;
use serde_json::json;
use tauri::{AppHandle, Builder, Context, Manager as _, Runtime};
use tauri_plugin_updater::UpdaterExt as _;
use tokio::sync::{Mutex, watch};

use self::distributor::Distributor;
use self::release::{Announced, NoUpdate};
use crate::clock::SystemClock;
use crate::provisioning;

/// At the start there is more urgent work, and perhaps no network yet.
const AFTER_THE_START: Duration = Duration::from_mins(1);
const A_DAY: Duration = Duration::from_hours(24);
/// After a look that came to nothing.
const AN_HOUR: Duration = Duration::from_hours(1);

/// What was given when this app was built. Without it the compiler sees that nothing below is ever
/// reached, and leaves it out.
const BUILT_WITH: Option<(&str, &str)> = match (
    option_env!("AMIQUS_UPDATE_ADDRESS"),
    option_env!("AMIQUS_UPDATE_PUBLIC_KEY"),
) {
    (Some(address), Some(public_key)) if !address.is_empty() => Some((address, public_key)),
    _ => None,
};

/// Who hands this build out; nobody where it is built without updates.
#[must_use]
pub fn distributor() -> Option<Distributor> {
    let (address, public_key) = BUILT_WITH?;
    // The build script read them already: a build that they are no good for is none.
    Distributor::given(Some(address), Some(public_key)).unwrap_or_default()
}

/// Plugs the updater into an app. It is for Rust alone: no capability lets the window speak to it.
#[must_use]
pub fn plug_in<R: Runtime>(
    builder: Builder<R>,
    context: &mut Context<R>,
    distributor: &Distributor,
) -> Builder<R> {
    let settings = json!({
        "endpoints": [distributor.address()],
        // Else it would end the app in place of trying it with an address of this computer's own.
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

/// What was found, if anything was.
struct Updates {
    clients: Clients,
    found: watch::Sender<Option<Announced>>,
    /// One installation at a time.
    installing: Mutex<()>,
}

/// Looks for a newer version a little after the start and once a day after that.
pub(crate) fn watch(app: &AppHandle, clients: Clients) {
    let Some(distributor) = distributor() else {
        return;
    };
    tracing::info!(address = %distributor.address(), "looks for updates");
    app.manage(Updates {
        clients,
        found: watch::Sender::new(None),
        installing: Mutex::new(()),
    });
    let app = app.clone();
    tauri::async_runtime::spawn(daily(SystemClock, move || {
        let app = app.clone();
        let distributor = distributor.clone();
        async move {
            let looked = look(&app, &distributor).await;
            if let Err(problem) = &looked {
                tracing::warn!(%problem, "it can't be told whether there is a newer version");
            }
            looked.is_ok()
        }
    }));
}

/// Calls a little after the start, and a day after each look; an hour after one that failed.
async fn daily<Looking: Future<Output = bool>>(clock: impl Clock, look: impl Fn() -> Looking) {
    clock.wait_for(AFTER_THE_START).await;
    loop {
        let pause = if look().await { A_DAY } else { AN_HOUR };
        let at = clock
            .now()
            .saturating_add(pause)
            .unwrap_or(jiff::Timestamp::MAX);
        // By the wall clock also when the computer sleeps, and not for ever when that is turned back.
        tokio::select! {
            () = clock.wait_until(at) => {}
            () = clock.wait_for(pause) => {}
        }
    }
}

async fn look(app: &AppHandle, distributor: &Distributor) -> Result<(), NoUpdate> {
    let updates = app.state::<Updates>();
    let policy = tauri::async_runtime::spawn_blocking(provisioning::policy)
        .await
        .map_err(tauri_plugin_updater::Error::from)?;
    let found = release::look(policy, distributor, &updates.clients, &app.updater()?).await?;
    if let Some(found) = &found {
        tracing::info!(version = found.version(), "a newer version is ready");
    }
    updates.found.send_replace(found);
    Ok(())
}

/// Whether there is a newer version, each time that changes; for ever the same without a
/// distributor.
pub(crate) fn ready(app: &AppHandle) -> watch::Receiver<Option<Announced>> {
    app.try_state::<Updates>().map_or_else(
        || watch::Sender::new(None).subscribe(),
        |updates| updates.found.subscribe(),
    )
}

/// Gets the newer version, installs it and starts again, while nothing is on its way: an answer with
/// new tokens that arrived at nobody would be lost.
///
/// # Errors
/// Why it was not installed; this version goes on.
pub(crate) async fn install(app: &AppHandle, session: &SessionHandle) -> Result<(), NoUpdate> {
    let (Some(_), Some(updates)) = (BUILT_WITH, app.try_state::<Updates>()) else {
        return Ok(());
    };
    // Whoever clicks twice waits for one.
    let Ok(_installing) = updates.installing.try_lock() else {
        return Ok(());
    };
    let Some(found) = updates.found.borrow().clone() else {
        return Ok(());
    };
    let verified = found.download().await?;
    tracing::info!(version = found.version(), "verified");
    // The installer may end this process.
    session.wait_until_idle().await;
    crate::logging::flush();
    // It may ask for a password, and wait for it.
    tauri::async_runtime::spawn_blocking(move || verified.install())
        .await
        .map_err(tauri_plugin_updater::Error::from)??;
    tracing::info!(version = found.version(), "installed; starting again");
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

    /// Tells tokio's own time, which a test can turn, and what the computer slept or was set by.
    #[derive(Clone)]
    struct PausedClock {
        begun: Instant,
        jumped: Arc<Shared<SignedDuration>>,
    }

    impl Clock for PausedClock {
        fn now(&self) -> Timestamp {
            let awake = SignedDuration::try_from(self.begun.elapsed()).unwrap();
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

    /// At which minutes of the clock it looked, when an hour after each look the clock jumps.
    async fn looks_within(hours: u64, goes_well: bool, jumps: SignedDuration) -> Vec<i64> {
        let clock = PausedClock {
            begun: Instant::now(),
            jumped: Arc::default(),
        };
        let looks = Arc::new(Shared::new(Vec::new()));
        let looking = daily(clock.clone(), || {
            let at = clock.now().as_second() / 60;
            looks.lock().unwrap().push(at);
            let jumped = Arc::clone(&clock.jumped);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_hours(1)).await;
                *jumped.lock().unwrap() += jumps;
            });
            std::future::ready(goes_well)
        });
        let end = Duration::from_hours(hours);
        assert!(tokio::time::timeout(end, looking).await.is_err());
        looks.lock().unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_a_little_after_the_start_and_once_a_day() {
        let looks = looks_within(73, true, SignedDuration::ZERO).await;
        assert_eq!(looks, [1, 1 + 1440, 1 + 2 * 1440, 1 + 3 * 1440]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_failed_is_repeated_after_an_hour() {
        let looks = looks_within(3, false, SignedDuration::ZERO).await;
        assert_eq!(looks, [1, 61, 121]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_computer_that_slept_for_a_day_has_waited_for_a_day() {
        let night = SignedDuration::from_hours(12);
        let looks = looks_within(25, true, night).await;
        assert_eq!(looks, [1, 1 + 1440, 1 + 2 * 1440]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_turned_back_keeps_it_waiting_no_longer_than_a_day() {
        let back = SignedDuration::from_hours(-24 * 30);
        assert_eq!(looks_within(49, true, back).await.len(), 3);
    }

    #[test]
    fn this_build_knows_no_distributor_unless_one_was_given() {
        let given = option_env!("AMIQUS_UPDATE_ADDRESS").is_some_and(|given| !given.is_empty());
        assert_eq!(distributor().is_some(), given);
    }
}
