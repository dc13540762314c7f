//! `--forget-everything`: removes from this computer whatever the app keeps for the person who runs
//! it. For handing a computer on, and for whoever removes the package, which keeps people's data.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::vault::forget::{KeyGone, NotForgotten, forget};
use crate::words::forget as words;
use crate::{links, paths, start_at_login};

/// The argument that asks for it.
pub(crate) const ARGUMENT: &str = "--forget-everything";

/// Removes it and says what it did, a line each. It opens no window and asks nothing: who typed the
/// argument has said what they want. Fails when something is left.
pub(crate) fn run() -> ExitCode {
    let mut said = Vec::new();
    let is_gone = everything(&mut said);
    // Not `println!`: a reader that went away is no fault.
    let _ = io::stdout().write_all(&said);
    if is_gone {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether nothing is left.
fn everything(said: &mut Vec<u8>) -> bool {
    // Writing to a vector can't fail.
    let mut say = |line: &str| drop(writeln!(said, "{line}"));
    let Some(data) = paths::data() else {
        say(paths::NO_FOLDER);
        return false;
    };
    let is_key_gone = match forget(data.join(paths::VAULT)) {
        Ok(forgotten) => {
            say(if forgotten.vault {
                words::VAULT_REMOVED
            } else {
                words::NO_VAULT
            });
            say(match forgotten.key {
                KeyGone::Removed => words::KEY_REMOVED,
                KeyGone::WasNotThere => words::NO_KEY,
                KeyGone::KeychainLocked => words::KEYCHAIN_LOCKED,
                KeyGone::NotAnswering => words::KEYCHAIN_NOT_ANSWERING,
                KeyGone::Unreachable => words::KEYCHAIN_UNREACHABLE,
                KeyGone::NotNeeded => words::NO_KEYCHAIN,
            });
            !matches!(
                forgotten.key,
                KeyGone::KeychainLocked | KeyGone::NotAnswering | KeyGone::Unreachable
            )
        }
        Err(NotForgotten::InUse) => {
            say(words::IN_USE);
            return false;
        }
        Err(NotForgotten::Unreachable(problem)) => {
            say(&words::not_removed(&data.join(paths::VAULT), &problem));
            return false;
        }
    };
    let mut is_rest_gone = true;
    for folder in paths::all() {
        // What tells of a key that is still in the keychain stays there.
        let outcome = if is_key_gone || folder != data {
            remove(&folder)
        } else {
            remove_all_but(&folder, paths::VAULT)
        };
        if let Err(problem) = outcome {
            say(&words::not_removed(&folder, &problem));
            is_rest_gone = false;
        }
    }
    for outcome in [start_at_login::forget(), links::forget()] {
        if let Err(problem) = outcome {
            say(&words::entry_not_removed(&problem));
            is_rest_gone = false;
        }
    }
    if is_rest_gone {
        say(words::REST_REMOVED);
    }
    say(words::ACCESS_GOES_ON);
    is_key_gone && is_rest_gone
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
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
        _ => Ok(()),
    }
}
