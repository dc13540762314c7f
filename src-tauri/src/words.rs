//! The sentences of the tray, of notifications and of messages outside the window, by the names under which
//! the shell uses them. The crate `words` has them from the table that is the window's as well.

use amiqus_core::account::SignInAgainReason;
use amiqus_core::app_state::AccountView;

pub(crate) use ::words::awaiting_browser::TITLE as AWAITING_BROWSER;
pub(crate) use ::words::button::SIGN_IN;
pub(crate) use ::words::exchanging_code::TITLE as EXCHANGING_CODE;
pub(crate) use ::words::home::{
    CONNECTED, OFFLINE, PAUSED_CHIP as PAUSED, TITLE_OF_SIGN_IN_AGAIN as SIGN_IN_AGAIN, UNNAMED,
};
pub(crate) use ::words::menu::RENEW_NOW;
pub(crate) use ::words::needs_setup::staff::TITLE as NEEDS_SETUP;
pub(crate) use ::words::notification::name_taken::{
    SENTENCE as NAME_TAKEN_ADVICE, TITLE as NAME_TAKEN,
};
#[cfg(target_os = "linux")]
pub(crate) use ::words::notification::not_responding::{
    SENTENCE as NOT_RESPONDING_NOW, TITLE as NOT_RESPONDING,
};
pub(crate) use ::words::notification::sign_in_again::TITLE as SIGN_IN_AGAIN_TITLE;
pub(crate) use ::words::notification::still_connected::{
    SENTENCE as IN_THE_TRAY_ADVICE, TITLE as IN_THE_TRAY,
};
pub(crate) use ::words::notification::window_closed::{
    SENTENCE as WINDOW_CLOSED_ADVICE, TITLE as WINDOW_CLOSED,
};
pub(crate) use ::words::problem::not_signed_in::TITLE as SIGNED_OUT;
pub(crate) use ::words::problem::vault_locked::TITLE as LOCKED;
pub(crate) use ::words::this_computer::update::BUTTON as UPDATE;
pub(crate) use ::words::top::SETTINGS;
pub(crate) use ::words::tray::{OPEN, QUIT, SIGN_OUT, SWITCH, WithStatus, status, with_status};

pub(crate) const APP: &str = brand::NAME;

/// An account's name as it is shown.
pub(crate) fn display_name(account: &AccountView) -> &str {
    if account.name.is_empty() {
        UNNAMED
    } else {
        &account.name
    }
}

/// Why an account needs the user, as a title.
pub(crate) const fn sign_in_again_title(why: SignInAgainReason) -> &'static str {
    use ::words::sign_in_again::{access_removed, answer_lost, set_up_changed, too_long_away};
    match why {
        SignInAgainReason::AccessRemoved => access_removed::TITLE,
        SignInAgainReason::AnswerLost => answer_lost::TITLE,
        SignInAgainReason::TooLongAway => too_long_away::TITLE,
        SignInAgainReason::SetUpChanged => set_up_changed::TITLE,
    }
}

/// What a notification says of an account that needs the user; the title alone while its team is unknown.
pub(crate) fn sign_in_again(team: Option<&str>, why: SignInAgainReason) -> String {
    use ::words::notification::sign_in_again::{Sentence, sentence};
    let title = sign_in_again_title(why);
    match team {
        Some(team) => sentence(Sentence { team, title }),
        None => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notification_names_the_team_where_it_is_known() {
        let why = SignInAgainReason::TooLongAway;
        assert_eq!(
            sign_in_again(Some("Fusion Industries"), why),
            "Fusion Industries: Your sign-in has expired"
        );
        assert_eq!(sign_in_again(None, why), "Your sign-in has expired");
    }
}
