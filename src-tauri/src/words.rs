//! The texts of the tray and of notifications, in one table. They can't come from the window's table, which
//! is part of the window's bundle, because they are shown while there is no window. A test makes sure that
//! both tables use the same texts.

use amiqus_core::account::SignInAgainReason;
use amiqus_core::app_state::AccountView;

pub(crate) const APP: &str = brand::NAME;

pub(crate) const SIGN_IN: &str = "Sign in with Amiqus";
pub(crate) const SWITCH: &str = "Switch account";
pub(crate) const RENEW_NOW: &str = "Renew now";
pub(crate) const SETTINGS: &str = "Settings and help";
pub(crate) const UPDATE: &str = "Update and restart";
pub(crate) const QUIT: &str = "Quit";

/// Opens the window.
pub(crate) fn open() -> String {
    format!("Open {APP}")
}

/// What asks first ends in an ellipsis in a menu; in the window it doesn't.
pub(crate) const SIGN_OUT: &str = "Sign out…";

pub(crate) const NAME_TAKEN: &str = "Another program uses this app’s name";
pub(crate) const NAME_TAKEN_ADVICE: &str =
    "Tell your IT team. Your sign-in was not handed to that program.";
#[cfg(target_os = "linux")]
pub(crate) const NOT_RESPONDING: &str = "The app isn’t responding";
#[cfg(target_os = "linux")]
pub(crate) const NOT_RESPONDING_NOW: &str =
    "Wait a moment. If nothing happens, end the app and start it again.";

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

pub(crate) const CONNECTED: &str = "Connected";
pub(crate) const OFFLINE: &str = "Offline";
pub(crate) const PAUSED: &str = "Paused";
pub(crate) const SIGN_IN_AGAIN: &str = "Sign in again";
pub(crate) const SIGNED_OUT: &str = "You’re not signed in";
pub(crate) const AWAITING_BROWSER: &str = "Continue in your browser";
pub(crate) const EXCHANGING_CODE: &str = "Signing you in…";
pub(crate) const NEEDS_SETUP: &str = "This computer isn’t set up yet";
pub(crate) const LOCKED: &str = "Your sign-in is locked";

/// The tray's tooltip for a status, and the label of an account with one.
pub(crate) fn with_status(of: &str, status: &str) -> String {
    format!("{of}: {status}")
}

/// Statuses after the name of what they are about.
pub(crate) mod status {
    pub(crate) const CONNECTED: &str = "connected";
    pub(crate) const OFFLINE: &str = "offline";
    pub(crate) const PAUSED: &str = "paused";
    pub(crate) const SIGN_IN_AGAIN: &str = "sign in again";
    pub(crate) const SIGNED_OUT: &str = "signed out";
}

/// The title of a notification of an account that needs the user.
pub(crate) const SIGN_IN_AGAIN_TITLE: &str = "Sign in to Amiqus again";

pub(crate) const IN_THE_TRAY: &str = "Still connected to Amiqus";

/// Where the app is once its window is closed.
pub(crate) fn in_the_tray_advice() -> String {
    format!("{APP} keeps running in the background. Open it from its icon near the clock.")
}

pub(crate) const WINDOW_CLOSED: &str = "The window couldn’t be displayed";
pub(crate) const WINDOW_CLOSED_ADVICE: &str =
    "It stopped several times, so it was closed. Open the app again.";

/// The reason for which an account needs the user, as it follows the team's name and a colon.
pub(crate) const fn sign_in_again_reason(why: SignInAgainReason) -> &'static str {
    match why {
        SignInAgainReason::AccessRemoved => "this app’s access has ended.",
        SignInAgainReason::AnswerLost => "the connection was interrupted.",
        SignInAgainReason::TooLongAway => "your sign-in has expired.",
        SignInAgainReason::SetUpChanged => "your organisation’s setup has changed.",
    }
}

/// What a notification says of an account that needs the user; the reason alone while its team is unknown.
pub(crate) fn sign_in_again(team: Option<&str>, why: SignInAgainReason) -> String {
    let reason = sign_in_again_reason(why);
    if let Some(team) = team {
        return format!("{team}: {reason}");
    }
    let mut letters = reason.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
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

    /// The window's table of words.
    const WINDOW: &str = include_str!("../../ui/src/words/en-GB.json");

    #[test]
    fn text_of_the_tray_is_also_the_windows() {
        let window: serde_json::Value = serde_json::from_str(WINDOW).unwrap();
        for (words, place) in [
            (UNNAMED, "/home/unnamed"),
            (SIGN_IN, "/button/signIn"),
            (RENEW_NOW, "/menu/renewNow"),
            (SETTINGS, "/top/settings"),
            (UPDATE, "/thisComputer/update/button"),
            (CONNECTED, "/home/connected"),
            (OFFLINE, "/home/offline"),
            (PAUSED, "/home/pausedChip"),
            (SIGN_IN_AGAIN, "/home/titleOfSignInAgain"),
            (SIGNED_OUT, "/problem/not_signed_in/title"),
            (AWAITING_BROWSER, "/awaitingBrowser/title"),
            (EXCHANGING_CODE, "/exchangingCode/title"),
            (NEEDS_SETUP, "/needsSetup/staff/title"),
            (LOCKED, "/problem/vault_locked/title"),
        ] {
            assert_eq!(window.pointer(place).unwrap(), words, "{place}");
        }
        let sign_out = window.pointer("/menu/signOut").unwrap().as_str().unwrap();
        assert_eq!(SIGN_OUT, format!("{sign_out}…"));
        for why in REASONS {
            let name = serde_json::to_value(why).unwrap();
            let place = format!("/signInAgain/{}/brief", name.as_str().unwrap());
            assert_eq!(
                window.pointer(&place).unwrap(),
                sign_in_again_reason(why),
                "{place}"
            );
        }
    }

    #[test]
    fn notification_names_the_team_or_starts_with_a_capital() {
        let why = SignInAgainReason::TooLongAway;
        assert_eq!(
            sign_in_again(Some("Fusion Industries"), why),
            "Fusion Industries: your sign-in has expired."
        );
        assert_eq!(sign_in_again(None, why), "Your sign-in has expired.");
    }

    const REASONS: [SignInAgainReason; 4] = [
        SignInAgainReason::AccessRemoved,
        SignInAgainReason::AnswerLost,
        SignInAgainReason::TooLongAway,
        SignInAgainReason::SetUpChanged,
    ];
}
