//! The app's own folders, known without a window: a report on the command line needs them too.
//! They are Tauri's, computed as Tauri computes them (`tauri::path`).

use std::path::PathBuf;

use jiff::Timestamp;

/// The app's name in the system's folders: `identifier` in `tauri.conf.json`.
pub(crate) const IDENTIFIER: &str = "co.amiqus.signin";

/// Why the app can't start where no person has a home.
pub(crate) const NO_FOLDER: &str = "this system names no folder for an app's own data";

/// The vault's folder within [`data`].
pub(crate) const VAULT: &str = "vault";

/// Where the app keeps what must last.
pub(crate) fn data() -> Option<PathBuf> {
    Some(dirs::data_dir()?.join(IDENTIFIER))
}

/// Where the log lies.
pub(crate) fn log() -> Option<PathBuf> {
    #[cfg(target_os = "macos")]
    return Some(dirs::home_dir()?.join("Library/Logs").join(IDENTIFIER));
    #[cfg(not(target_os = "macos"))]
    Some(dirs::data_local_dir()?.join(IDENTIFIER).join("logs"))
}

/// Where a report for support goes: where people look for what a program gave them.
pub(crate) fn report(now: Timestamp) -> Option<PathBuf> {
    let folder = dirs::download_dir()
        .filter(|folder| folder.is_dir())
        .or_else(dirs::home_dir)?;
    Some(folder.join(format!(
        "sign-in-with-amiqus-report-{}.txt",
        now.strftime("%Y-%m-%dT%H-%M-%SZ")
    )))
}
