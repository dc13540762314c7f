//! Whether the app starts when the user logs in: their choice, unless IT decides.

use std::io;

use amiqus_core::error::chain;

use specta::Type;

use crate::provisioning;

/// The argument of a start at login: into the tray, without a window.
pub(crate) const IN_THE_TRAY: &str = "--in-the-tray";

/// Whether the app starts at login, as the window shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, Type)]
pub(crate) struct AtLogin {
    /// Whether the app starts at login.
    pub(crate) on: bool,
    /// Whether IT decides that: then it can't be changed here.
    pub(crate) managed: bool,
}

/// Whether the app starts at login. What IT decided may not be applied yet.
pub(crate) fn now() -> AtLogin {
    let policy = provisioning::policy().autostart;
    AtLogin {
        on: policy.unwrap_or_else(system::is_on),
        managed: policy.is_some(),
    }
}

/// Applies the user's choice.
///
/// # Errors
/// When IT decides, or the system can't be changed.
pub(crate) fn choose(on: bool) -> io::Result<()> {
    if provisioning::policy().autostart.is_some() {
        return Err(io::Error::other(
            "IT decides whether the app starts at login",
        ));
    }
    set(on)
}

/// Applies what IT decided, and updates the program's path in the system's entry.
pub(crate) fn apply() {
    let on = provisioning::policy()
        .autostart
        .unwrap_or_else(system::is_on);
    // The program may have moved.
    if (on || system::is_on())
        && let Err(error) = set(on)
    {
        tracing::warn!(error = %chain(&error), on, "start at login: change failed");
    }
}

fn set(on: bool) -> io::Result<()> {
    system::set(on)?;
    tracing::info!(on, "start at login: set");
    Ok(())
}

/// Removes the start at login, for `--forget-everything`.
///
/// # Errors
/// When the system can't be changed.
pub(crate) fn forget() -> io::Result<()> {
    system::set(false)
}

/// An entry in the user's autostart folder (freedesktop's autostart specification).
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
        // Desktops disable an entry by either line.
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
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        // The path at the start: an upgrade replaces the program, and the system then calls it deleted.
        let exec = exec_argument(&current_exe()?).ok_or(io::ErrorKind::InvalidFilename)?;
        let text = format!(
            "[Desktop Entry]\nType=Application\nName={}\nExec={exec} {IN_THE_TRAY}\nTerminal=false\n",
            string(words::APP),
        );
        // An entry that is up to date may be in a folder that can't be written to.
        if fs::read_to_string(&entry).is_ok_and(|current| current == text) {
            return Ok(());
        }
        if let Some(folder) = entry.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(entry, text)
    }
}

/// The current user's Run key, beside which Windows keeps what the user turned off in its settings.
#[cfg(target_os = "windows")]
mod system {
    use std::io;

    use windows_registry::{CURRENT_USER, Result};

    use super::IN_THE_TRAY;
    use crate::command_line_windows::command_line;
    use crate::words;

    const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
    const TURNED_OFF: &str =
        r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";

    pub(super) fn is_on() -> bool {
        let entry = CURRENT_USER
            .open(RUN)
            .and_then(|key| key.get_string(words::APP));
        entry.is_ok() && !is_turned_off()
    }

    /// The value's first bit is set where the user turned the entry off.
    fn is_turned_off() -> bool {
        CURRENT_USER
            .open(TURNED_OFF)
            .and_then(|key| key.get_value(words::APP))
            .is_ok_and(|value| value.first().is_some_and(|byte| byte & 1 == 1))
    }

    pub(super) fn set(on: bool) -> io::Result<()> {
        // Without it the entry counts as turned on.
        remove(TURNED_OFF)?;
        if !on {
            return Ok(remove(RUN)?);
        }
        let command = command_line(&std::env::current_exe()?, IN_THE_TRAY)?;
        CURRENT_USER.create(RUN)?.set_string(words::APP, command)?;
        Ok(())
    }

    fn remove(key: &str) -> Result<()> {
        let Ok(key) = CURRENT_USER.options().read().write().open(key) else {
            return Ok(());
        };
        if key.get_type(words::APP).is_err() {
            return Ok(());
        }
        key.remove_value(words::APP)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn entry_starts_this_program_in_the_tray_until_it_is_turned_off() {
            set(false).unwrap();
            assert!(!is_on());
            set(true).unwrap();
            assert!(is_on());
            let entry = CURRENT_USER.open(RUN).unwrap().get_string(words::APP);
            let program = std::env::current_exe().unwrap();
            let expected = format!("\"{}\" --in-the-tray", program.display());
            assert_eq!(entry.unwrap(), expected);

            // As Windows' settings write it.
            let turned_off = CURRENT_USER.create(TURNED_OFF).unwrap();
            let value = [3, 0, 0, 0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 1];
            turned_off
                .set_bytes(words::APP, windows_registry::Type::Bytes, &value)
                .unwrap();
            assert!(!is_on());
            set(true).unwrap();
            assert!(is_on());
            set(false).unwrap();
            assert!(!is_on());
            set(false).unwrap();
        }
    }
}

/// macOS's login items.
#[cfg(target_os = "macos")]
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
