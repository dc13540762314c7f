//! The app's folders, computed as Tauri computes them (`tauri::path`) but without an app: a report on the
//! command line needs them too.

use std::path::PathBuf;

use jiff::Timestamp;

/// The app's folder name within the system's folders.
pub(crate) const IDENTIFIER: &str = brand::IDENTIFIER;

/// Why the app can't start where the user has no home folder.
pub(crate) const NO_FOLDER: &str = "no folder for the app's data: the user has no home folder";

/// The vault's folder within [`data`].
pub(crate) const VAULT: &str = "vault";

/// The folder for data that must last on this computer: on Windows not the one that roams with the user.
pub(crate) fn data() -> Option<PathBuf> {
    Some(dirs::data_local_dir()?.join(IDENTIFIER))
}

/// Every folder of the app, the window's storage and caches included.
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

/// The folder of the log.
pub(crate) fn log() -> Option<PathBuf> {
    #[cfg(target_os = "macos")]
    return Some(dirs::home_dir()?.join("Library/Logs").join(IDENTIFIER));
    #[cfg(not(target_os = "macos"))]
    Some(dirs::data_local_dir()?.join(IDENTIFIER).join("logs"))
}

/// The paths to try for a report for support: in the downloads folder, else in the home folder; several
/// names in each, because two reports may be saved within a second.
pub(crate) fn reports(now: Timestamp) -> Vec<PathBuf> {
    let name = now
        .strftime("sign-in-with-amiqus-report-%Y-%m-%dT%H-%M-%SZ")
        .to_string();
    let names = [".txt", "-2.txt", "-3.txt", "-4.txt"].map(|suffix| format!("{name}{suffix}"));
    dirs::download_dir()
        .filter(|folder| folder.is_dir())
        .into_iter()
        .chain(dirs::home_dir())
        .flat_map(|folder| names.clone().map(|name| folder.join(name)))
        .collect()
}
