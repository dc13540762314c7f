//! Registers this copy of the app as the handler of our scheme, unless another app is.
//!
//! The lists of default apps are read here and not through GIO (`AppInfo::default_for_uri_scheme`): `GLib`
//! caches them in each process and refreshes the cache from inotify events. Asked at once after [`register`]
//! wrote them, it still named the former handler in 39 of 200 tries (`GLib` 2.74).

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use amiqus_core::error::chain;
use amiqus_core::registration::SCHEME;
use amiqus_core::text::plain_text;
use tauri::utils::platform::current_exe;

use super::LinkHandler;
use crate::deadline::ANSWER_TIMEOUT;
use crate::desktop_entry_linux::{every_opener_runs, exec_argument, program_in, string};
use crate::{paths, program_linux};

/// The desktop entries that the package installs, without their extension: the app's, and a hidden one
/// under the name that earlier packages used.
const INSTALLED_ENTRIES: [&str; 2] = [brand::IDENTIFIER, brand::NAME];

/// A symbolic link to this program in the app's folder, for openers that can't run it where it is.
const SYMLINK_NAME: &str = "sign-in-with-amiqus";

/// The desktop entry that a copy of this program makes for itself.
const OWN_ENTRY: &str = "sign-in-with-amiqus-handler.desktop";

/// The app that opens our links, by its desktop entry.
#[derive(Debug, PartialEq, Eq)]
enum Handler {
    /// No app.
    Absent,
    /// The installed package.
    Installed,
    /// A copy of this program that registered itself, perhaps from another path.
    Registered,
    /// Another app.
    Other(String),
}

/// Registers this program for the scheme, unless the installed package or another app is.
pub(super) fn claim_scheme() {
    match current_handler() {
        Handler::Installed => {}
        Handler::Other(entry) => {
            tracing::warn!(entry, "links: another app is the handler");
        }
        Handler::Absent | Handler::Registered => {
            if let Err(error) = register() {
                tracing::warn!(error = %chain(&error), "links: registration failed");
            }
        }
    }
}

/// Makes this program the handler.
pub(super) fn register() -> io::Result<()> {
    let program = current_exe()?;
    let folder = user_applications()?;
    let program = runnable_path(&program, paths::data().as_deref());
    let exec = exec_argument(&program).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidFilename,
            "no desktop entry can hold the program's path",
        )
    })?;
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName={}\nExec={exec} %u\nTerminal=false\nNoDisplay=true\n\
         StartupNotify=true\nStartupWMClass={}\nMimeType={};\n",
        string(brand::NAME),
        brand::IDENTIFIER,
        mime_type(),
    );
    let file = folder.join(OWN_ENTRY);
    if fs::read_to_string(&file).ok().as_ref() != Some(&entry) {
        fs::create_dir_all(&folder)?;
        fs::write(&file, entry)?;
        update_database(&folder);
    }
    if default_in_lists().as_deref() != Some(OWN_ENTRY) {
        output_of(
            "xdg-mime",
            &["default".as_ref(), OWN_ENTRY.as_ref(), mime_type().as_ref()],
        )?;
    }
    tracing::info!("links: handler registered");
    Ok(())
}

/// A path at which every opener can run a program: its own, or else a symbolic link in the app's folder.
fn runnable_path(program: &Path, data: Option<&Path>) -> PathBuf {
    if every_opener_runs(program) {
        return program.to_owned();
    }
    let Some(symlink) = data.map(|data| data.join(SYMLINK_NAME)) else {
        return program.to_owned();
    };
    if !every_opener_runs(&symlink) {
        tracing::warn!("links: xdg-open can't run programs in this home folder on a bare session");
        return program.to_owned();
    }
    match create_symlink(program, &symlink) {
        Ok(()) => symlink,
        Err(error) => {
            tracing::warn!(error = %chain(&error), "links: symbolic link not created");
            program.to_owned()
        }
    }
}

fn create_symlink(program: &Path, at: &Path) -> io::Result<()> {
    if fs::read_link(at).is_ok_and(|target| target == program) {
        return Ok(());
    }
    if let Some(folder) = at.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(at) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(program, at)
}

fn user_applications() -> io::Result<PathBuf> {
    let data = dirs::data_dir().ok_or(io::ErrorKind::NotFound)?;
    Ok(data.join("applications"))
}

fn mime_type() -> String {
    format!("x-scheme-handler/{SCHEME}")
}

/// Refreshes the desktop's cache. If that fails, the next package's installation does it.
fn update_database(folder: &Path) {
    let _ = output_of("update-desktop-database", &[folder.as_os_str()]);
}

/// The standard output of a program that succeeds within [`ANSWER_TIMEOUT`].
fn output_of(program: &str, arguments: &[&OsStr]) -> io::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = program_linux::output(command, ANSWER_TIMEOUT)?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program}: {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Removes the desktop entry that a copy of this program made for itself. The user's lists may still name
/// it; desktops skip an entry that doesn't exist.
pub(super) fn forget() -> io::Result<()> {
    let Ok(folder) = user_applications() else {
        return Ok(());
    };
    match fs::remove_file(folder.join(OWN_ENTRY)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        outcome => outcome?,
    }
    update_database(&folder);
    Ok(())
}

/// The app that opens our links, with its name.
pub(super) fn current() -> LinkHandler {
    match current_handler() {
        Handler::Absent => LinkHandler::Absent,
        Handler::Installed | Handler::Registered => LinkHandler::ThisApp,
        Handler::Other(entry) => LinkHandler::Other {
            name: app_name(&entry).unwrap_or_else(|| plain_text(&entry)),
            entry: plain_text(&entry),
        },
    }
}

/// The handler that the user's and the system's lists name; where they name none, the one that xdg-mime
/// finds. It is not asked first, because its generic mode skips entries whose program is quoted.
fn current_handler() -> Handler {
    if let Some(entry) = default_in_lists() {
        return read_handler(&entry);
    }
    match output_of(
        "xdg-mime",
        &["query".as_ref(), "default".as_ref(), mime_type().as_ref()],
    ) {
        Ok(answer) => match read_handler(&answer) {
            // It also names entries whose program is gone, and the first word of a name with spaces.
            Handler::Installed | Handler::Other(_) if !is_usable(answer.trim()) => Handler::Absent,
            handler => handler,
        },
        Err(error) => {
            tracing::warn!(error = %chain(&error), "links: handler query failed");
            Handler::Absent
        }
    }
}

fn read_handler(answer: &str) -> Handler {
    match answer.lines().next().map(str::trim).unwrap_or_default() {
        "" => Handler::Absent,
        entry
            if entry
                .strip_suffix(".desktop")
                .is_some_and(|entry| INSTALLED_ENTRIES.contains(&entry)) =>
        {
            Handler::Installed
        }
        OWN_ENTRY => Handler::Registered,
        entry => Handler::Other(entry.to_owned()),
    }
}

/// Whether an entry with this ID exists and its program, too; a dash may stand for a folder.
fn is_usable(entry: &str) -> bool {
    [entry.to_owned(), entry.replacen('-', "/", 1)]
        .iter()
        .any(|entry| entry_file(entry).is_some_and(|file| has_program(&file)))
}

/// Whether the program exists that an entry starts.
fn has_program(entry: &Path) -> bool {
    let Some(program) = fs::read_to_string(entry)
        .ok()
        .as_deref()
        .and_then(program_in)
    else {
        return false;
    };
    if program.is_absolute() {
        return program.is_file();
    }
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(&program).is_file())
    })
}

/// The first default in the lists whose app exists (MIME Applications Associations Specification).
fn default_in_lists() -> Option<String> {
    let desktops = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let names: Vec<_> = desktops
        .split(':')
        .filter(|desktop| !desktop.is_empty())
        .map(|desktop| format!("{}-mimeapps.list", desktop.to_lowercase()))
        .chain(["mimeapps.list".to_owned()])
        .collect();
    let configured = dirs::config_dir()
        .into_iter()
        .chain(base_directories("XDG_CONFIG_DIRS", "/etc/xdg"));
    configured
        .chain(application_folders())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .filter_map(|list| fs::read_to_string(list).ok())
        .find_map(|list| {
            defaults_in(&list)
                .find(|entry| entry_file(entry).is_some_and(|file| has_program(&file)))
                .map(str::to_owned)
        })
}

/// The entries that a list names as defaults for our links, the preferred one first.
fn defaults_in(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        .map(str::trim)
        .skip_while(|line| *line != "[Default Applications]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .filter(|(kind, _)| kind.trim().strip_prefix("x-scheme-handler/") == Some(SCHEME))
        .flat_map(|(_, entries)| entries.split(';'))
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// The folders that a variable names (XDG Base Directory Specification).
fn base_directories(variable: &str, default: &str) -> Vec<PathBuf> {
    let named = std::env::var(variable)
        .ok()
        .filter(|named| !named.is_empty());
    named
        .as_deref()
        .unwrap_or(default)
        .split(':')
        .map(PathBuf::from)
        .collect()
}

/// The folders of desktop entries, the user's first.
fn application_folders() -> impl Iterator<Item = PathBuf> {
    dirs::data_dir()
        .into_iter()
        .chain(base_directories(
            "XDG_DATA_DIRS",
            "/usr/local/share:/usr/share",
        ))
        .map(|folder| folder.join("applications"))
}

/// The file of an entry, if it exists.
fn entry_file(entry: &str) -> Option<PathBuf> {
    application_folders()
        .map(|folder| folder.join(entry))
        .find(|file| file.is_file())
}

/// The name that an app gives itself in its desktop entry (Desktop Entry Specification).
fn app_name(entry: &str) -> Option<String> {
    name_in(&fs::read_to_string(entry_file(entry)?).ok()?)
}

fn name_in(entry: &str) -> Option<String> {
    entry
        .lines()
        .find_map(|line| line.strip_prefix("Name="))
        .map(plain_text)
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handler_of_another_app_is_distinguished_from_our_own() {
        assert_eq!(read_handler("\n"), Handler::Absent);
        assert_eq!(
            read_handler("co.amiqus.signin.desktop\n"),
            Handler::Installed
        );
        assert_eq!(
            read_handler("Sign in with Amiqus.desktop\n"),
            Handler::Installed
        );
        assert_eq!(
            read_handler("sign-in-with-amiqus-handler.desktop \n"),
            Handler::Registered
        );
        assert_eq!(
            read_handler("other.desktop\n"),
            Handler::Other("other.desktop".to_owned())
        );
    }

    #[test]
    fn other_app_has_the_name_of_its_entry() {
        let entry = "[Desktop Entry]\nType=Application\nName[de]=Anderes\nName=Other \u{202e}App\n";
        assert_eq!(name_in(entry), Some("Other App".to_owned()));
        assert_eq!(name_in("[Desktop Entry]\nName=\n"), None);
    }

    #[test]
    fn association_in_a_list_is_no_default() {
        let list = "[Added Associations]\n\
                    x-scheme-handler/co.amiqus.signin=added.desktop;\n\
                    [Default Applications]\n\
                    x-scheme-handler/https=browser.desktop\n\
                    x-scheme-handler/co.amiqus.signin = one.desktop;two.desktop;\n\
                    [Removed Associations]\n\
                    x-scheme-handler/co.amiqus.signin=removed.desktop\n";
        let named: Vec<_> = defaults_in(list).collect();
        assert_eq!(named, ["one.desktop", "two.desktop"]);
        assert_eq!(defaults_in("").count(), 0);
    }
}
