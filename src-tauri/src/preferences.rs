//! What the user chose and was told on this computer, in a private file of the app's data folder. It holds
//! nothing about an account.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use amiqus_core::error::chain;
use serde::{Deserialize, Serialize};

use crate::private_fs;

/// The file in the app's data folder.
const FILE: &str = "preferences.json";

/// The preferences as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    /// Whether the user is notified of an account that must sign in again.
    notifies: bool,
    /// Whether the user was told that the app stays in the tray.
    told_about_tray: bool,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            notifies: true,
            told_about_tray: false,
        }
    }
}

/// The user's preferences.
#[derive(Debug)]
pub(crate) struct Preferences {
    file: PathBuf,
    stored: Mutex<Stored>,
}

impl Preferences {
    /// Reads the preferences in a folder; the defaults where there are none, or they can't be read.
    pub(crate) fn read(folder: &Path) -> Self {
        let file = folder.join(FILE);
        let stored = read(&file).unwrap_or_else(|error| {
            tracing::warn!(error = %chain(&error), "preferences: read failed, the defaults apply");
            Stored::default()
        });
        Self {
            file,
            stored: Mutex::new(stored),
        }
    }

    /// Whether the user is notified of an account that must sign in again.
    pub(crate) fn notifies(&self) -> bool {
        self.stored().notifies
    }

    /// Sets whether the user is notified. Blocks.
    ///
    /// # Errors
    /// When the file can't be written; the earlier choice stays.
    pub(crate) fn set_notifies(&self, notifies: bool) -> io::Result<()> {
        let mut stored = self.stored();
        let changed = Stored {
            notifies,
            ..*stored
        };
        if changed != *stored {
            write(&self.file, changed)?;
            *stored = changed;
        }
        Ok(())
    }

    /// Whether the user was told that the app stays in the tray.
    pub(crate) fn is_told_about_tray(&self) -> bool {
        self.stored().told_about_tray
    }

    /// Notes that the user was told that the app stays in the tray. Blocks.
    pub(crate) fn told_about_tray(&self) {
        let mut stored = self.stored();
        stored.told_about_tray = true;
        // Told again after a restart, which is better than never.
        if let Err(error) = write(&self.file, *stored) {
            tracing::warn!(error = %chain(&error), "preferences: save failed");
        }
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &Path) -> io::Result<Stored> {
    match private_fs::read(file) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Stored::default()),
        Err(error) => Err(error),
    }
}

fn write(file: &Path, stored: Stored) -> io::Result<()> {
    private_fs::write(file, &serde_json::to_vec(&stored)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_outlive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("data");
        let preferences = Preferences::read(&folder);
        assert!(preferences.notifies());
        preferences.set_notifies(false).unwrap();
        assert!(!preferences.is_told_about_tray());
        preferences.told_about_tray();
        assert!(preferences.is_told_about_tray());
        let preferences = Preferences::read(&folder);
        assert!(!preferences.notifies());
        assert!(preferences.is_told_about_tray());
    }

    #[test]
    fn unreadable_or_partial_file_leaves_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "[]", "{\"notifies\":", "{}"] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert!(Preferences::read(folder.path()).notifies(), "{text}");
        }
        std::fs::write(folder.path().join(FILE), "{\"notifies\":false}").unwrap();
        let preferences = Preferences::read(folder.path());
        assert!(!preferences.notifies());
        assert!(!preferences.is_told_about_tray());
    }

    #[test]
    fn choice_that_is_not_saved_does_not_apply() {
        let folder = tempfile::tempdir().unwrap();
        let preferences = Preferences::read(folder.path());
        std::fs::create_dir(folder.path().join(FILE)).unwrap();
        preferences.set_notifies(false).unwrap_err();
        assert!(preferences.notifies());
    }

    #[cfg(unix)]
    #[test]
    fn file_is_private_to_its_user() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        Preferences::read(folder.path())
            .set_notifies(false)
            .unwrap();
        let metadata = std::fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}
