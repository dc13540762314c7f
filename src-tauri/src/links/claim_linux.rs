//! Makes this copy of the app the one that links open, where no foreign app is.

use std::process::Command;

use amiqus_core::registration::SCHEME;
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;

/// The desktop entry that the package installs.
const INSTALLED_ENTRY: &str = "Sign in with Amiqus.desktop";

/// Where the package installs the program.
const INSTALLED_PROGRAM: &str = "/usr/bin/sign-in-with-amiqus";

/// Who opens our links now.
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
        "sign-in-with-amiqus-handler.desktop" => Handler::Registered,
        entry => Handler::Foreign(entry.to_owned()),
    }
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
}
