//! Moves the app's data out of the roaming folder, where versions before 0.2 kept it. Windows copies that folder
//! to a company's server and to the user's other computers, which each need a sign-in of their own.

use std::fs;
use std::io;
use std::path::Path;

use amiqus_core::error::chain;

use crate::paths;
use crate::private_fs::rename;

/// Moves what is in the roaming folder, unless the local one has it. What another copy has open stays, for the
/// next start.
pub(crate) fn move_out() {
    let (Some(roaming), Some(local)) = (dirs::data_dir(), paths::data()) else {
        return;
    };
    let roaming = roaming.join(paths::IDENTIFIER);
    match move_entries(&roaming, &local) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "data: moved out of the roaming folder"),
        Err(error) => {
            tracing::warn!(error = %chain(&error), "data: not moved out of the roaming folder");
        }
    }
}

/// Moves what a folder holds into another, and removes it once it is empty; returns how much was moved.
///
/// # Errors
/// When something can't be moved. It is still where it was then.
fn move_entries(from: &Path, to: &Path) -> io::Result<usize> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    fs::create_dir_all(to)?;
    let mut moved = 0;
    for entry in entries {
        let entry = entry?;
        let new = to.join(entry.file_name());
        if new.try_exists()? {
            continue;
        }
        move_one(&entry.path(), &new)?;
        moved += 1;
    }
    // It stays where something is left in it.
    let _ = fs::remove_dir(from);
    Ok(moved)
}

/// Moves a file, or a folder of files. A roaming folder may be on a server, where a rename can't reach.
fn move_one(from: &Path, to: &Path) -> io::Result<()> {
    match rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        outcome => return outcome,
    }
    // Whole under another name first: a copy that was broken off must not be taken for the vault.
    let partial = to.with_extension("moving");
    match fs::remove_dir_all(&partial).or_else(|_| fs::remove_file(&partial)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    copy(from, &partial)?;
    rename(&partial, to)?;
    if from.is_dir() {
        fs::remove_dir_all(from)
    } else {
        fs::remove_file(from)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        fs::copy(from, to)?;
        return fs::OpenOptions::new().write(true).open(to)?.sync_all();
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vault_and_preferences_move_once_and_replace_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (roaming, local) = (
            folder.path().join("Roaming"),
            folder.path().join("Local/app"),
        );
        assert_eq!(move_entries(&roaming, &local).unwrap(), 0);
        assert!(!local.exists());

        fs::create_dir_all(roaming.join("vault")).unwrap();
        fs::write(roaming.join("vault/vault.stronghold"), "old").unwrap();
        fs::write(roaming.join("preferences.json"), "{}").unwrap();
        assert_eq!(move_entries(&roaming, &local).unwrap(), 2);
        assert!(!roaming.exists());
        assert_eq!(
            fs::read_to_string(local.join("vault/vault.stronghold")).unwrap(),
            "old"
        );

        fs::create_dir_all(roaming.join("vault")).unwrap();
        fs::write(roaming.join("vault/vault.stronghold"), "another").unwrap();
        assert_eq!(move_entries(&roaming, &local).unwrap(), 0);
        assert_eq!(
            fs::read_to_string(local.join("vault/vault.stronghold")).unwrap(),
            "old"
        );
        assert!(roaming.join("vault/vault.stronghold").exists());
    }

    #[test]
    fn copy_has_all_files_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("vault");
        fs::create_dir(&from).unwrap();
        for name in ["vault.stronghold", "key.json"] {
            fs::write(from.join(name), name).unwrap();
        }
        let to = folder.path().join("copy");
        copy(&from, &to).unwrap();
        for name in ["vault.stronghold", "key.json"] {
            assert_eq!(fs::read_to_string(to.join(name)).unwrap(), name);
        }
    }
}
