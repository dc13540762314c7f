//! Settings of this computer, and what is known about this copy of the app, for the window.

use amiqus_core::error::{Code, Problem};
use tauri::{AppHandle, Manager as _};

use crate::links::{self, LinkHandler};
use crate::preferences::Preferences;
use crate::start_at_login::{self, AtLogin};
use crate::updates::{self, UpdateStatus};
use crate::{diagnostics, provisioning};

/// Settings of this computer that the window shows in addition to the state.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, specta::Type)]
pub(crate) struct ThisComputer {
    /// Whether the app starts at login.
    at_login: AtLogin,
    /// Whether the user is notified of an account that must sign in again.
    notifies: bool,
    /// The display name of another app that is registered for our URL scheme.
    links_taken_by: Option<String>,
    /// Whether no app is registered for our URL scheme, and this one can't register itself.
    links_unclaimed: bool,
    /// Whether a newer version is ready to be installed.
    update: UpdateStatus,
    /// This app's version.
    version: String,
    /// The operating system, such as "Debian GNU/Linux 12".
    system: String,
    /// The path at which an administrator puts the provisioning file; `None` where the system has none.
    provisioning_file: Option<String>,
    /// Where users find the distributor's support, an `https:` or `mailto:` address.
    support: Option<String>,
}

/// Collects the settings. The links may have to be claimed first.
///
/// # Errors
/// [`Code::Internal`] when the app is ending.
pub(crate) async fn describe(app: AppHandle) -> Result<ThisComputer, Problem> {
    let (links_taken_by, links_unclaimed) = match links::settled_handler(&app).await {
        LinkHandler::Other { name, .. } => (Some(name), false),
        LinkHandler::Absent => (None, true),
        LinkHandler::ThisApp | LinkHandler::Unknown => (None, false),
    };
    tauri::async_runtime::spawn_blocking(move || ThisComputer {
        at_login: start_at_login::now(),
        notifies: app.state::<Preferences>().notifies(),
        links_taken_by,
        links_unclaimed,
        update: updates::follow(&app).borrow().status(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        system: diagnostics::operating_system(),
        provisioning_file: provisioning::file().map(|file| file.display().to_string()),
        support: brand::SUPPORT.map(str::to_owned),
    })
    .await
    .map_err(|_| Code::Internal.into())
}
