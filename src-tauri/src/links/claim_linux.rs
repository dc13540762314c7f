//! Makes this copy of the app the one that links open, where no foreign app is.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use amiqus_core::text::plain_text;
use amiqus_core::registration::SCHEME;
use tauri::utils::platform::current_exe;

use super::Holder;
use crate::deadline::{self, ANSWER_TIMEOUT};
use crate::desktop_entry_linux::{every_opener_runs, exec_argument, program_in, string};
use crate::paths;

/// The desktop entries that the package installs, before their ending: the app's, and the hidden one
/// under the name of earlier packages.
const INSTALLED_ENTRIES: [&str; 2] = [brand::IDENTIFIER, brand::NAME];

/// A link to this program, in the app's own folder, for openers that can't run it where it is.
const PLAIN_NAME: &str = "sign-in-with-amiqus";

/// The desktop entry that a copy of this program makes for itself.
const OWN_ENTRY: &str = "sign-in-with-amiqus-handler.desktop";

/// Who opens our links now, by desktop entry.
#[derive(Debug, PartialEq, Eq)]
enum Handler {
    /// Nobody.
    Nobody,
    /// The installed package.
    Installed,
    /// A copy of this program that registered itself, perhaps from another place.
    Registered,
    /// Another app.
    Foreign(String),
}

/// Registers this program for the scheme, unless a package that works did, or another app holds it.
pub(super) fn claim_scheme() {
    match current_handler() {
        Handler::Installed => {}
        Handler::Foreign(entry) => {
            tracing::warn!(entry, "another app opens our links");
        }
        Handler::Nobody | Handler::Registered => {
            if let Err(problem) = register() {
                tracing::warn!(%problem, "the scheme can't be registered");
            }
        }
    }
}

/// Makes this program the one that opens our links.
pub(super) fn register() -> io::Result<()> {
    let program = current_exe()?;
    let folder = own_applications()?;
    let program = runnable(&program, paths::data().as_deref());
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

/// Where every opener can run a program: where it is, or else by a link to it in the app's own folder.
fn runnable(program: &Path, data: Option<&Path>) -> PathBuf {
    if every_opener_runs(program) {
        return program.to_owned();
    }
    let Some(link) = data.map(|data| data.join(PLAIN_NAME)) else {
        return program.to_owned();
    };
    if !every_opener_runs(&link) {
        tracing::warn!("xdg-open can run no program in this home folder outside a full desktop");
        return program.to_owned();
    }
    match link_to(program, &link) {
        Ok(()) => link,
        Err(problem) => {
            tracing::warn!(%problem, "the link to the program can't be made");
            program.to_owned()
        }
    }
}

fn link_to(program: &Path, link: &Path) -> io::Result<()> {
    if fs::read_link(link).is_ok_and(|target| target == program) {
        return Ok(());
    }
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(link) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    symlink(program, link)
}

fn own_applications() -> io::Result<PathBuf> {
    let data = dirs::data_dir().ok_or(io::ErrorKind::NotFound)?;
    Ok(data.join("applications"))
}

fn mime_type() -> String {
    format!("x-scheme-handler/{SCHEME}")
}

/// Refreshes the desktop's cache. One that isn't refreshed is by the next package.
fn update_database(folder: &Path) {
    let _ = output_of("update-desktop-database", &[folder.as_os_str()]);
}

/// What a program says, if it ends well and within its time.
fn output_of(program: &str, arguments: &[&OsStr]) -> io::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = deadline::output(command, ANSWER_TIMEOUT)?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program}: {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Removes the desktop entry that a copy of this program made for itself. The person's lists may
/// still name it; desktops pass over what is not there.
pub(super) fn forget() -> io::Result<()> {
    let Ok(folder) = own_applications() else {
        return Ok(());
    };
    match fs::remove_file(folder.join(OWN_ENTRY)) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        outcome => outcome?,
    }
    update_database(&folder);
    Ok(())
}

/// Who opens our links, for people to read.
pub(super) fn holder() -> Holder {
    match current_handler() {
        Handler::Nobody => Holder::Nobody,
        Handler::Installed | Handler::Registered => Holder::ThisApp,
        Handler::Foreign(entry) => Holder::Another {
            name: name_of(&entry).unwrap_or_else(|| plain_text(&entry)),
            entry: plain_text(&entry),
        },
    }
}

/// What the person's and the system's lists say; without a word in them, what xdg-mime makes of it.
/// It is not asked first: its generic mode overlooks entries whose program stands in quotes.
fn current_handler() -> Handler {
    if let Some(entry) = default_in_lists() {
        return read_handler(&entry);
    }
    match output_of(
        "xdg-mime",
        &["query".as_ref(), "default".as_ref(), mime_type().as_ref()],
    ) {
        Ok(answer) => match read_handler(&answer) {
            // It also names entries whose program is gone, and the first word of a name with blanks.
            Handler::Installed | Handler::Foreign(_) if !opens(answer.trim()) => Handler::Nobody,
            handler => handler,
        },
        Err(problem) => {
            tracing::warn!(%problem, "xdg-mime can't be asked who opens our links");
            Handler::Nobody
        }
    }
}

fn read_handler(answer: &str) -> Handler {
    match answer.lines().next().map(str::trim).unwrap_or_default() {
        "" => Handler::Nobody,
        entry
            if entry
                .strip_suffix(".desktop")
                .is_some_and(|entry| INSTALLED_ENTRIES.contains(&entry)) =>
        {
            Handler::Installed
        }
        OWN_ENTRY => Handler::Registered,
        entry => Handler::Foreign(entry.to_owned()),
    }
}

/// Whether an entry of this name is there with its program; a dash may stand for a folder.
fn opens(entry: &str) -> bool {
    [entry.to_owned(), entry.replacen('-', "/", 1)]
        .iter()
        .any(|entry| file_of(entry).is_some_and(|file| works(&file)))
}

/// Whether an entry's program is there; one that is gone opens nothing.
fn works(entry: &Path) -> bool {
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

/// The first default in the lists whose app is there (MIME Applications Associations Specification).
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
        .chain(folders("XDG_CONFIG_DIRS", "/etc/xdg"));
    configured
        .chain(applications())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .filter_map(|list| fs::read_to_string(list).ok())
        .find_map(|list| {
            defaults_in(&list)
                .find(|entry| file_of(entry).is_some_and(|file| works(&file)))
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
fn folders(variable: &str, otherwise: &str) -> Vec<PathBuf> {
    let named = std::env::var(variable)
        .ok()
        .filter(|named| !named.is_empty());
    named
        .as_deref()
        .unwrap_or(otherwise)
        .split(':')
        .map(PathBuf::from)
        .collect()
}

/// Where desktop entries are, the person's own first.
fn applications() -> impl Iterator<Item = PathBuf> {
    dirs::data_dir()
        .into_iter()
        .chain(folders("XDG_DATA_DIRS", "/usr/local/share:/usr/share"))
        .map(|folder| folder.join("applications"))
}

/// An entry's file; one that is gone opens nothing.
fn file_of(entry: &str) -> Option<PathBuf> {
    applications()
        .map(|folder| folder.join(entry))
        .find(|file| file.is_file())
}

/// What an app calls itself in its desktop entry (Desktop Entry Specification).
fn name_of(entry: &str) -> Option<String> {
    name_in(&fs::read_to_string(file_of(entry)?).ok()?)
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
    fn a_foreign_handler_is_told_from_our_own() {
        assert_eq!(read_handler("\n"), Handler::Nobody);
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
            Handler::Foreign("other.desktop".to_owned())
        );
    }

    #[test]
    fn the_other_app_is_called_what_it_calls_itself() {
        let entry = "[Desktop Entry]\nType=Application\nName[de]=Anderes\nName=Other \u{202e}App\n";
        assert_eq!(name_in(entry), Some("Other App".to_owned()));
        assert_eq!(name_in("[Desktop Entry]\nName=\n"), None);
    }

    #[test]
    fn the_default_is_what_the_list_names_and_not_what_it_only_associates() {
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
