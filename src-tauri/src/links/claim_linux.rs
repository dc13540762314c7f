//! Makes this copy of the app the one that links open, where no foreign app is.

use std::path::PathBuf;
use std::process::Command;

use amiqus_core::account::plain_text;
use amiqus_core::registration::SCHEME;
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;

use super::Holder;

/// The desktop entry that the package installs.
const INSTALLED_ENTRY: &str = "Sign in with Amiqus.desktop";

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

fn current_handler() -> Handler {
    let asked = Command::new("xdg-mime")
        .args(["query", "default", &format!("x-scheme-handler/{SCHEME}")])
        .output();
    match asked {
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
        INSTALLED_ENTRY => Handler::Installed,
        OWN_ENTRY => Handler::Registered,
        entry => Handler::Foreign(entry.to_owned()),
    }
}

/// What an app calls itself in its desktop entry, which is looked for where the desktop does
/// (Desktop Entry Specification; XDG base directories).
fn name_of(entry: &str) -> Option<String> {
    let own = dirs::data_dir();
    let shared = std::env::var("XDG_DATA_DIRS")
        .ok()
        .filter(|folders| !folders.is_empty())
        .unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
    let text = own
        .into_iter()
        .chain(shared.split(':').map(PathBuf::from))
        .find_map(|folder| std::fs::read_to_string(folder.join("applications").join(entry)).ok())?;
    name_in(&text)
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
}
