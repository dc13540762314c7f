//! The app's own folders, known without a window: a report on the command line needs them too.
//! They are Tauri's, computed as Tauri computes them (`tauri::path`).

use std::path::PathBuf;

use jiff::Timestamp;

/// The app's name in the system's folders.
pub(crate) const IDENTIFIER: &str = brand::IDENTIFIER;

/// Why the app can't start where no person has a home.
pub(crate) const NO_FOLDER: &str = "this system names no folder for an app's own data";

/// The vault's folder within [`data`].
pub(crate) const VAULT: &str = "vault";

/// Where the app keeps what must last.
pub(crate) fn data() -> Option<PathBuf> {
    Some(dirs::data_dir()?.join(IDENTIFIER))
}

/// Every folder of the app's own, the window's storage and caches included.
pub(crate) fn all() -> Vec<PathBuf> {
    let mut folders: Vec<_> = [
        dirs::data_dir(),
        dirs::data_local_dir(),
        dirs::cache_dir(),
        dirs::config_dir(),
    ]
    .into_iter()
    .flatten()
    .map(|folder| folder.join(IDENTIFIER))
    .chain(log())
    .collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// Where the log lies.
pub(crate) fn log() -> Option<PathBuf> {
    #[cfg(target_os = "macos")]
    return Some(dirs::home_dir()?.join("Library/Logs").join(IDENTIFIER));
    #[cfg(not(target_os = "macos"))]
    Some(dirs::data_local_dir()?.join(IDENTIFIER).join("logs"))
}

/// Where a report for support goes: where people look for what a program gave them, else to their home; each
/// with some names, for those who save two within a second.
pub(crate) fn reports(now: Timestamp) -> Vec<PathBuf> {
    let name = now
        .strftime("sign-in-with-amiqus-report-%Y-%m-%dT%H-%M-%SZ")
        .to_string();
    let names = [".txt", "-2.txt", "-3.txt", "-4.txt"].map(|ending| format!("{name}{ending}"));
    dirs::download_dir()
        .filter(|folder| folder.is_dir())
        .into_iter()
        .chain(dirs::home_dir())
        .flat_map(|folder| names.clone().map(|name| folder.join(name)))
        .collect()
}
