//! `--forget-everything`: removes all data that the app keeps for the current user on this computer. It is
//! for a computer that changes hands, and for after the package's removal, which keeps user data.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use ::words::command_line::forget as words;

use crate::private_fs::remove_file;
use crate::vault::removal::{self, KeyRemoval, RemoveError};
use crate::{links, paths, start_at_login};

/// The command-line argument.
pub(crate) const ARGUMENT: &str = "--forget-everything";

/// Removes the data and prints what it did, one line for each step. It opens no window and asks for no
/// confirmation. Fails when something is left.
pub(crate) fn run() -> ExitCode {
    let mut output = Vec::new();
    let is_complete = remove_everything(&mut output);
    // Not `println!`, which panics where nobody reads.
    let _ = io::stdout().write_all(&output);
    if is_complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Removes the data; returns whether nothing is left.
fn remove_everything(output: &mut Vec<u8>) -> bool {
    // Writing to a vector can't fail.
    let mut print = |line: &str| drop(writeln!(output, "{line}"));
    let Some(data) = paths::data() else {
        print(paths::NO_FOLDER);
        return false;
    };
    // There its key is found as well.
    #[cfg(target_os = "windows")]
    crate::roaming_windows::move_out();
    let vault = data.join(paths::VAULT);
    let key_may_remain = match removal::remove(vault.clone()) {
        Ok(removal) => {
            print(if removal.vault_existed {
                words::VAULT_REMOVED
            } else {
                words::NO_VAULT
            });
            print(match removal.key {
                KeyRemoval::Removed => words::KEY_REMOVED,
                KeyRemoval::NotFound => words::NO_KEY,
                KeyRemoval::KeychainLocked => words::KEYCHAIN_LOCKED,
                KeyRemoval::KeychainNotAnswering => words::KEYCHAIN_NOT_ANSWERING,
                KeyRemoval::KeychainAbsent => words::KEYCHAIN_UNREACHABLE,
                KeyRemoval::NotNeeded => words::NO_KEYCHAIN,
            });
            removal.key.may_remain()
        }
        Err(RemoveError::InUse) => {
            print(words::IN_USE);
            return false;
        }
        Err(RemoveError::Io(error)) => {
            print(&not_removed(&vault, &error));
            return false;
        }
    };
    let mut is_rest_removed = true;
    for folder in paths::all() {
        // The vault's folder still identifies a key that may be in the keychain.
        let outcome = if key_may_remain && folder == data {
            remove_all_but(&folder, paths::VAULT)
        } else {
            remove(&folder)
        };
        if let Err(error) = outcome {
            print(&not_removed(&folder, &error));
            is_rest_removed = false;
        }
    }
    for outcome in [start_at_login::forget(), links::forget()] {
        if let Err(error) = outcome {
            print(&words::entry_not_removed(&error.to_string()));
            is_rest_removed = false;
        }
    }
    if is_rest_removed {
        print(words::REST_REMOVED);
    }
    print(words::ACCESS_GOES_ON);
    !key_may_remain && is_rest_removed
}

fn not_removed(path: &Path, error: &io::Error) -> String {
    words::not_removed(words::NotRemoved {
        path: &path.display().to_string(),
        error: &error.to_string(),
    })
}

fn remove_all_but(folder: &Path, kept: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == kept {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            remove_file(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
