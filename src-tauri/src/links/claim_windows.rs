//! Registers this copy of the app as the handler of our scheme, unless another app is: in the registry, for the
//! current user (Microsoft, *Registering an Application to a URI Scheme*).

use std::io;
use std::path::{Path, PathBuf};

use amiqus_core::error::chain;
use amiqus_core::registration::SCHEME;
use amiqus_core::text::plain_text;
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

use super::LinkHandler;
use crate::command_line_windows::{command_line, program_in};

/// Where Windows keeps the user's own choice among several apps.
const CHOICES: &str = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations";

/// The app that opens our links, by the program that it starts.
#[derive(Debug, PartialEq, Eq)]
enum Handler {
    /// No app, or one whose program is gone.
    Absent,
    /// This app, installed for all users.
    Installed,
    /// This app, registered for the current user, perhaps from another path.
    Registered,
    /// Another app.
    Other(PathBuf),
}

/// Registers this program for the scheme, unless it is installed for all users or another app is the handler.
pub(super) fn claim_scheme() {
    match current_handler() {
        Handler::Installed => {}
        Handler::Other(program) => {
            tracing::warn!(program = %program.display(), "links: another app is the handler");
        }
        Handler::Absent | Handler::Registered => {
            if let Err(error) = register() {
                tracing::warn!(error = %chain(&error), "links: registration failed");
            }
        }
    }
}

/// Makes this program the handler. Where the user has chosen among several apps, Windows keeps to that.
///
/// # Errors
/// When the registry can't be written.
pub(super) fn register() -> io::Result<()> {
    let program = std::env::current_exe()?;
    let scheme = CURRENT_USER.create(scheme_key())?;
    scheme.set_string("", format!("URL:{}", brand::NAME))?;
    scheme.set_string("URL Protocol", "")?;
    let icon = scheme.create("DefaultIcon")?;
    icon.set_string("", command_line(&program, "")?.trim_end())?;
    let command = scheme.create(r"shell\open\command")?;
    command.set_string("", command_line(&program, "\"%1\"")?)?;
    tracing::info!("links: handler registered");
    Ok(())
}

/// Removes the registration of this app for the current user; another app's stays.
///
/// # Errors
/// When it can't be removed.
pub(super) fn forget() -> io::Result<()> {
    match program_of(CURRENT_USER, &scheme_key()) {
        Some(program) if is_ours(&program) => Ok(CURRENT_USER.remove_tree(scheme_key())?),
        _ => Ok(()),
    }
}

/// The app that opens our links, with the name of its program.
pub(super) fn current() -> LinkHandler {
    match current_handler() {
        Handler::Absent => LinkHandler::Absent,
        Handler::Installed | Handler::Registered => LinkHandler::ThisApp,
        Handler::Other(program) => {
            let name = program.file_stem().unwrap_or(program.as_os_str());
            LinkHandler::Other {
                name: plain_text(&name.to_string_lossy()),
                entry: plain_text(&program.to_string_lossy()),
            }
        }
    }
}

/// The user's choice, else what is registered for the user, else for all users.
fn current_handler() -> Handler {
    let chosen = CURRENT_USER
        .open(format!(r"{CHOICES}\{SCHEME}\UserChoice"))
        .and_then(|key| key.get_string("ProgId"))
        .ok();
    let chosen = chosen.map(|id| format!(r"Software\Classes\{id}"));
    for class in chosen.into_iter().chain([scheme_key()]) {
        for (root, own) in [
            (CURRENT_USER, Handler::Registered),
            (LOCAL_MACHINE, Handler::Installed),
        ] {
            match program_of(root, &class) {
                Some(program) if is_gone(&program) => {}
                Some(program) if is_ours(&program) => return own,
                Some(program) => return Handler::Other(program),
                None => {}
            }
        }
    }
    Handler::Absent
}

fn scheme_key() -> String {
    format!(r"Software\Classes\{SCHEME}")
}

/// The program that a class opens links with.
fn program_of(root: &Key, class: &str) -> Option<PathBuf> {
    let command = root.open(format!(r"{class}\shell\open\command")).ok()?;
    program_in(&command.get_string("").ok()?)
}

/// Whether a program was removed. One that is found through `PATH`, or whose path has a variable in it, counts as
/// there: its links are not taken.
fn is_gone(program: &Path) -> bool {
    program.is_absolute() && !program.is_file()
}

/// Whether a program is a copy of this one: by its file's name, as another version lies in another folder.
fn is_ours(program: &Path) -> bool {
    let own = std::env::current_exe().unwrap_or_default();
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_lowercase());
    name(program).is_some() && name(program) == name(&own)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn set_command(command: &str) {
        let key = format!(r"{}\shell\open\command", scheme_key());
        CURRENT_USER
            .create(key)
            .unwrap()
            .set_string("", command)
            .unwrap();
    }

    fn command() -> Option<String> {
        let key = format!(r"{}\shell\open\command", scheme_key());
        CURRENT_USER.open(key).ok()?.get_string("").ok()
    }

    /// One test, because there is one registry.
    #[test]
    fn links_are_claimed_where_no_other_app_has_them_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let expected = format!("\"{}\" \"%1\"", own.display());
        let _ = CURRENT_USER.remove_tree(scheme_key());
        assert_eq!(current(), LinkHandler::Absent);

        claim_scheme();
        assert_eq!(command(), Some(expected.clone()));
        assert_eq!(current(), LinkHandler::ThisApp);

        // Another copy of this program, in a folder with spaces, without quotation marks.
        let folder = folder.path().join("Zoë & Co");
        fs::create_dir(&folder).unwrap();
        let copy = folder.join(own.file_name().unwrap());
        fs::write(&copy, "").unwrap();
        set_command(&format!("{} %1", copy.display()));
        assert_eq!(current(), LinkHandler::ThisApp);
        claim_scheme();
        assert_eq!(command(), Some(expected.clone()));

        // Another app keeps the links, also when the app is removed.
        let other = folder.join("Foreign Sign-in.exe");
        fs::write(&other, "").unwrap();
        let foreign = format!("\"{}\" \"%1\"", other.display());
        set_command(&foreign);
        let handler = current();
        let LinkHandler::Other { name, entry } = &handler else {
            panic!("{handler:?}")
        };
        assert_eq!(name, "Foreign Sign-in");
        assert_eq!(Path::new(entry), other);
        claim_scheme();
        forget().unwrap();
        assert_eq!(command(), Some(foreign));

        // So does one without a whole path.
        for foreign in [
            r"rundll32 other.dll,Open %1",
            r#""%ProgramFiles%\Other\other.exe" "%1""#,
        ] {
            set_command(foreign);
            claim_scheme();
            assert_eq!(command().as_deref(), Some(foreign));
        }
        set_command(&format!("\"{}\" \"%1\"", other.display()));

        // One that is gone doesn't.
        fs::remove_file(&other).unwrap();
        assert_eq!(current(), LinkHandler::Absent);
        claim_scheme();
        assert_eq!(command(), Some(expected));

        forget().unwrap();
        assert!(CURRENT_USER.open(scheme_key()).is_err());
        forget().unwrap();
    }
}
