//! Makes this copy of the app the one that links open, where no foreign app is.

use std::path::PathBuf;
use std::process::Command;

use amiqus_core::account::plain_text;
use amiqus_core::registration::SCHEME;
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;

use super::Holder;
use crate::deadline::{self, ANSWER_TIMEOUT};

/// The desktop entry that the package installs, before its ending.
const INSTALLED_ENTRY: &str = brand::NAME;

/// Where the package installs the program.
const INSTALLED_PROGRAM: &str = "/usr/bin/sign-in-with-amiqus";

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

/// Registers this program for the scheme, unless the package did, or another app holds it.
pub(super) fn claim_scheme(app: &AppHandle) {
    let is_installed =
        std::env::current_exe().is_ok_and(|program| program.to_str() == Some(INSTALLED_PROGRAM));
    match current_handler() {
        Handler::Installed if is_installed => {}
        Handler::Foreign(entry) => {
            tracing::warn!(entry, "another app opens our links");
        }
        Handler::Nobody | Handler::Installed | Handler::Registered => {
            if let Err(problem) = app.deep_link().register_all() {
                tracing::warn!(%problem, "the scheme can't be registered");
            }
        }
    }
}

/// Removes the desktop entry that a copy of this program made for itself. The person's lists may
/// still name it; desktops pass over what is not there.
pub(super) fn forget() -> std::io::Result<()> {
    let Some(folder) = dirs::data_dir().map(|folder| folder.join("applications")) else {
        return Ok(());
    };
    match std::fs::remove_file(folder.join(OWN_ENTRY)) {
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        outcome => outcome?,
    }
    // The desktop's cache; one that isn't made anew is made so by the next package.
    let mut update = Command::new("update-desktop-database");
    update.arg(folder);
    let _ = deadline::output(update, ANSWER_TIMEOUT);
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
/// It is not asked first: its generic mode overlooks entries whose program stands in quotes, as the
/// one that the deep-link plugin writes.
fn current_handler() -> Handler {
    if let Some(entry) = default_in_lists() {
        return read_handler(&entry);
    }
    let mut ask = Command::new("xdg-mime");
    ask.args(["query", "default", &format!("x-scheme-handler/{SCHEME}")]);
    match deadline::output(ask, ANSWER_TIMEOUT) {
        Ok(answer) => read_handler(&String::from_utf8_lossy(&answer.stdout)),
        Err(problem) => {
            tracing::warn!(%problem, "xdg-mime can't be asked who opens our links");
            Handler::Nobody
        }
    }
}

fn read_handler(answer: &str) -> Handler {
    match answer.lines().next().map(str::trim).unwrap_or_default() {
        "" => Handler::Nobody,
        entry if entry.strip_suffix(".desktop") == Some(INSTALLED_ENTRY) => Handler::Installed,
        OWN_ENTRY => Handler::Registered,
        entry => Handler::Foreign(entry.to_owned()),
    }
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
        .filter_map(|list| std::fs::read_to_string(list).ok())
        .find_map(|list| {
            defaults_in(&list)
                .find(|entry| file_of(entry).is_some())
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
    name_in(&std::fs::read_to_string(file_of(entry)?).ok()?)
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
