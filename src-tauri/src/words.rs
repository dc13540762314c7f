//! The texts of the tray and of notifications, in one table. They can't come from the window's table, which
//! is part of the window's bundle, because they are shown while there is no window. A test makes sure that
//! both tables use the same texts.

use amiqus_core::account::SignInAgainReason;
use amiqus_core::app_state::AccountView;

pub(crate) const APP: &str = brand::NAME;

pub(crate) const OPEN: &str = "Open";
pub(crate) const SWITCH: &str = "Switch account";
pub(crate) const RENEW_NOW: &str = "Renew now";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const QUIT: &str = "Quit";
pub(crate) const NAME_TAKEN: &str = "Another program uses this app’s name";
pub(crate) const NAME_TAKEN_ADVICE: &str =
    "Please tell your IT team. Your sign-in was not handed to that program.";
#[cfg(target_os = "linux")]
pub(crate) const NOT_RESPONDING: &str = "The app isn’t responding";
#[cfg(target_os = "linux")]
pub(crate) const NOT_RESPONDING_NOW: &str =
    "Wait a moment. If nothing happens, end the app and start it again.";
pub(crate) const UPDATE_READY: &str = "A newer version is ready";

/// The name of an account for which Amiqus has neither a name nor an e-mail address.
pub(crate) const UNNAMED: &str = "Your Amiqus account";

/// An account's name as it is shown.
pub(crate) fn display_name(account: &AccountView) -> &str {
    if account.name.is_empty() {
        UNNAMED
    } else {
        &account.name
    }
}

pub(crate) const SIGNED_IN: &str = "You are signed in";
pub(crate) const SIGN_IN_AGAIN: &str = "Please sign in again";
pub(crate) const SIGNED_OUT: &str = "You are not signed in";
pub(crate) const AWAITING_BROWSER: &str = "Continue in your browser";
pub(crate) const EXCHANGING_CODE: &str = "Finishing sign-in…";
pub(crate) const NEEDS_SETUP: &str = "Connect your organisation";
pub(crate) const LOCKED: &str = "Your sign-in is locked";
pub(crate) const OFFLINE: &str = "Amiqus can’t be reached";

pub(crate) const WINDOW_CLOSED: &str = "The window couldn’t be displayed";
pub(crate) const WINDOW_CLOSED_ADVICE: &str =
    "It stopped several times, so it was closed. Open the app again.";

/// The reason for which an account needs the user, in a line.
pub(crate) const fn sign_in_again_reason(why: SignInAgainReason) -> &'static str {
    match why {
        SignInAgainReason::AccessRemoved => "Amiqus no longer accepts this computer’s sign-in",
        SignInAgainReason::AnswerLost => "An answer from Amiqus was lost.",
        SignInAgainReason::TooLongAway => "It has been a long time.",
        SignInAgainReason::SetUpChanged => "Your organisation changed its connection to Amiqus.",
    }
}

/// What `--forget-everything` prints.
pub(crate) mod forget {
    use std::io;
    use std::path::Path;

    pub(crate) const IN_USE: &str =
        "The app is running. Quit it, also in the tray, and run this again. Nothing was removed.";
    pub(crate) const VAULT_REMOVED: &str = "The vault was removed, with all accounts in it.";
    pub(crate) const NO_VAULT: &str = "There was no vault.";
    pub(crate) const KEY_REMOVED: &str = "Its key was removed from the keychain.";
    pub(crate) const NO_KEY: &str = "The keychain had no key.";
    pub(crate) const KEYCHAIN_LOCKED: &str = "The keychain is locked and may still hold the vault's key, which opens a copy of the vault if there is one. Unlock it and run this again.";
    pub(crate) const KEYCHAIN_NOT_ANSWERING: &str = "The keychain doesn't answer and may still hold the vault's key, which opens a copy of the vault if there is one. Start the keychain again, then run this again.";
    pub(crate) const KEYCHAIN_UNREACHABLE: &str = "The keychain that holds the vault's key can't be reached from here; the key opens a copy of the vault if there is one. Run this again in the person's own session.";
    pub(crate) const NO_KEYCHAIN: &str = "There is no keychain here, and no vault that needs one.";
    pub(crate) const REST_REMOVED: &str = "Logs, caches, the window's data, the start at login and a registration of our links were removed. Reports for support that were saved are still where they were saved.";
    pub(crate) const ACCESS_GOES_ON: &str =
        "Amiqus was not told. To end the access there, remove the app under Team apps in Amiqus.";

    pub(crate) fn not_removed(what: &Path, error: &io::Error) -> String {
        format!("{} can't be removed: {error}", what.display())
    }

    pub(crate) fn entry_not_removed(error: &io::Error) -> String {
        format!("An entry for the desktop can't be removed: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_tray_is_also_the_windows() {
        const WINDOW: &str = concat!(
            include_str!("../../ui/src/words/awaiting-browser.ts"),
            include_str!("../../ui/src/words/button.ts"),
            include_str!("../../ui/src/words/exchanging-code.ts"),
            include_str!("../../ui/src/words/needs-setup.ts"),
            include_str!("../../ui/src/words/problem.ts"),
            include_str!("../../ui/src/words/sign-in-again.ts"),
            include_str!("../../ui/src/words/signed-in.ts"),
            include_str!("../../ui/src/words/this-computer.ts"),
        );
        for words in [
            APP,
            UNNAMED,
            RENEW_NOW,
            SIGN_OUT,
            SIGNED_IN,
            SIGN_IN_AGAIN,
            SIGNED_OUT,
            AWAITING_BROWSER,
            EXCHANGING_CODE,
            NEEDS_SETUP,
            OFFLINE,
            UPDATE_READY,
            sign_in_again_reason(SignInAgainReason::AccessRemoved),
            sign_in_again_reason(SignInAgainReason::AnswerLost),
            sign_in_again_reason(SignInAgainReason::TooLongAway),
            sign_in_again_reason(SignInAgainReason::SetUpChanged),
        ] {
            assert!(
                WINDOW.contains(&format!("\"{words}\"")),
                "the window has no \"{words}\""
            );
        }
    }
}
