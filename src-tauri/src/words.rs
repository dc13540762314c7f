//! The words of the tray and of notifications, in one table. They can't come from the window's
//! table: that one lies in the window's own bundle, and these are said while there is no window.
//! Where both say the same, a test holds them to the same words.

use amiqus_core::account::WhySignInAgain;

pub(crate) const APP: &str = "Sign in with Amiqus";

pub(crate) const OPEN: &str = "Open";
pub(crate) const SWITCH: &str = "Switch account";
pub(crate) const RENEW_NOW: &str = "Renew now";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const QUIT: &str = "Quit";
pub(crate) const UPDATE_READY: &str = "A newer version is ready";

pub(crate) const SIGNED_IN: &str = "You are signed in";
pub(crate) const SIGN_IN_AGAIN: &str = "Please sign in again";
pub(crate) const SIGNED_OUT: &str = "You are not signed in";
pub(crate) const AWAITING_BROWSER: &str = "Continue in your browser";
pub(crate) const EXCHANGING_CODE: &str = "Finishing sign-in…";
pub(crate) const NEEDS_SETUP: &str = "Connect your organisation";
pub(crate) const LOCKED: &str = "Your sign-in is locked";
pub(crate) const OFFLINE: &str = "Amiqus can’t be reached";

/// Why an account needs its person, in a line.
pub(crate) const fn why(why: WhySignInAgain) -> &'static str {
    match why {
        WhySignInAgain::AccessRemoved => "Amiqus no longer lets this app in.",
        WhySignInAgain::AnswerLost => "An answer from Amiqus was lost.",
        WhySignInAgain::TooLongAway => "It has been a long time.",
        WhySignInAgain::SetUpChanged => "Your organisation changed its connection to Amiqus.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tray_says_what_the_window_says() {
        const WINDOW: &str = include_str!("../../ui/src/words.ts");
        for words in [
            APP,
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
            why(WhySignInAgain::AccessRemoved),
            why(WhySignInAgain::AnswerLost),
            why(WhySignInAgain::TooLongAway),
            why(WhySignInAgain::SetUpChanged),
        ] {
            assert!(
                WINDOW.contains(&format!("\"{words}\"")),
                "the window doesn't say \"{words}\""
            );
        }
    }
}
