//! Whether the app starts when its person logs in: their own choice, unless IT decides.

use std::io;

use specta::Type;

use crate::provisioning;

/// The argument of a start at login: into the tray, without a window.
pub(crate) const IN_THE_TRAY: &str = "--in-the-tray";

/// How it is, as the window shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, Type)]
pub(crate) struct AtLogin {
    /// Whether the app starts at login.
    pub(crate) on: bool,
    /// Whether IT decides that: then it can't be changed here.
    pub(crate) managed: bool,
}

/// How it is; what IT decided may not be settled yet.
pub(crate) fn now() -> AtLogin {
    let decided = provisioning::policy().autostart;
    AtLogin {
        on: decided.unwrap_or_else(system::is_on),
        managed: decided.is_some(),
    }
}

/// A person's wish.
///
/// # Errors
/// When IT decides, or the system doesn't take it.
pub(crate) fn choose(on: bool) -> io::Result<()> {
    if provisioning::policy().autostart.is_some() {
        return Err(io::Error::other(
            "IT decides whether the app starts at login",
        ));
    }
    set(on)
}

/// What IT decided, and where the program is now, becomes what the system does.
pub(crate) fn settle() {
    let on = provisioning::policy()
        .autostart
        .unwrap_or_else(system::is_on);
    // A program that moved is named anew.
    if (on || system::is_on())
        && let Err(problem) = set(on)
    {
        tracing::warn!(%problem, on, "the start at login can't be settled");
    }
}

fn set(on: bool) -> io::Result<()> {
    system::set(on)?;
    tracing::info!(on, "start at login");
    Ok(())
}

/// Takes the start at login back, for a copy that forgets everything.
///
/// # Errors
/// When the system doesn't take it.
pub(crate) fn forget() -> io::Result<()> {
    system::set(false)
}

/// An entry of the person's own (freedesktop's autostart specification).
#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::io;
    use std::path::PathBuf;

    use tauri::utils::platform::current_exe;

    use super::IN_THE_TRAY;
    use crate::desktop_entry_linux::{exec_argument, string};
    use crate::{paths, words};

    fn entry() -> io::Result<PathBuf> {
        let folder = dirs::config_dir().ok_or(io::ErrorKind::NotFound)?;
        Ok(folder
            .join("autostart")
            .join(format!("{}.desktop", paths::IDENTIFIER)))
    }

    pub(super) fn is_on() -> bool {
        // Desktops switch an entry off with either line.
        entry().and_then(fs::read_to_string).is_ok_and(|text| {
            !text
                .lines()
                .any(|line| matches!(line, "Hidden=true" | "X-GNOME-Autostart-enabled=false"))
        })
    }

    pub(super) fn set(on: bool) -> io::Result<()> {
        let entry = entry()?;
        if !on {
            return match fs::remove_file(entry) {
                Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
                _ => Ok(()),
            };
        }
        // As it was called when it started: an upgrade replaces it, and the system then calls it deleted.
        let exec = exec_argument(&current_exe()?).ok_or(io::ErrorKind::InvalidFilename)?;
        let text = format!(
            "[Desktop Entry]\nType=Application\nName={}\nExec={exec} {IN_THE_TRAY}\nTerminal=false\n",
            string(words::APP),
        );
        // Nothing to write is nothing to fail at.
        if fs::read_to_string(&entry).is_ok_and(|there| there == text) {
            return Ok(());
        }
        if let Some(folder) = entry.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(entry, text)
    }
}

/// Windows' Run key, macOS's login items.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use auto_launch::{AutoLaunch, AutoLaunchBuilder};

    use super::IN_THE_TRAY;
    use crate::words;

    fn entry() -> io::Result<AutoLaunch> {
        AutoLaunchBuilder::new()
            .set_app_name(words::APP)
            .set_app_path(&std::env::current_exe()?.to_string_lossy())
            .set_args(&[IN_THE_TRAY])
            .build()
            .map_err(io::Error::other)
    }

    pub(super) fn is_on() -> bool {
        entry().is_ok_and(|entry| entry.is_enabled().unwrap_or(false))
    }

    pub(super) fn set(on: bool) -> io::Result<()> {
        let entry = entry()?;
        if on { entry.enable() } else { entry.disable() }.map_err(io::Error::other)
    }
}
