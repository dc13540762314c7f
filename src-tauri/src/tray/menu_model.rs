//! What the tray shows of a state: pure, so that it can be tried without a tray.

use amiqus_core::app_state::{AccountStatusView, AccountView, AppState, Screen};
use tauri::image::Image;

use crate::words;

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MenuModel {
    /// Whether somebody must act: the icon says so.
    pub(super) needs_its_person: bool,
    /// The menu, line by line.
    pub(super) lines: Vec<Line>,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Only says something.
    Says(String),
    /// Does something.
    Does(Wish, String),
    /// All accounts: what names them in commands, what to call them, and which is current.
    Accounts(Vec<(String, String, bool)>),
    /// Between what belongs together.
    Gap,
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Open,
    Switch(String),
    Renew,
    SignOut(String),
    Quit,
}

impl Wish {
    /// Its name in the menu's events.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Switch(account) => format!("switch {account}"),
            Self::Renew => "renew".to_owned(),
            Self::SignOut(account) => format!("sign-out {account}"),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// What an event's name stands for.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.split_once(' ') {
            None => match name {
                "open" => Some(Self::Open),
                "renew" => Some(Self::Renew),
                "quit" => Some(Self::Quit),
                _ => None,
            },
            Some(("switch", account)) => Some(Self::Switch(account.to_owned())),
            Some(("sign-out", account)) => Some(Self::SignOut(account.to_owned())),
            Some(_) => None,
        }
    }
}

impl MenuModel {
    pub(super) fn of(state: &AppState, is_update_ready: bool) -> Self {
        let current = state
            .accounts
            .iter()
            .find(|account| Some(&account.id) == state.current.as_ref());
        let is_settled = matches!(state.screen, Screen::SignedIn | Screen::SignInAgain { .. });

        let mut lines = vec![Line::Says(status(&state.screen).to_owned())];
        if let Some(account) = current.filter(|_| is_settled) {
            lines.push(Line::Says(called(account)));
            if account.offline {
                lines.push(Line::Says(words::OFFLINE.to_owned()));
            }
        }
        lines.push(Line::Gap);
        lines.push(Line::Does(Wish::Open, words::OPEN.to_owned()));
        if is_update_ready {
            // The window has the button, and says how it went.
            lines.push(Line::Does(Wish::Open, words::UPDATE_READY.to_owned()));
        }
        if state.accounts.len() > 1 && is_settled {
            let accounts = state.accounts.iter().map(|account| {
                let is_current = Some(&account.id) == state.current.as_ref();
                (account.id.clone(), called(account), is_current)
            });
            lines.push(Line::Accounts(accounts.collect()));
        }
        if let Some(account) = current.filter(|_| is_settled) {
            if account.status == AccountStatusView::Connected {
                lines.push(Line::Does(Wish::Renew, words::RENEW_NOW.to_owned()));
            }
            let wish = Wish::SignOut(account.id.clone());
            lines.push(Line::Does(wish, words::SIGN_OUT.to_owned()));
        }
        lines.push(Line::Gap);
        lines.push(Line::Does(Wish::Quit, words::QUIT.to_owned()));
        Self {
            needs_its_person: state
                .accounts
                .iter()
                .any(|account| account.status != AccountStatusView::Connected),
            lines,
        }
    }
}

fn status(screen: &Screen) -> &'static str {
    match screen {
        Screen::NeedsSetup => words::NEEDS_SETUP,
        Screen::SignedOut { .. } => words::SIGNED_OUT,
        Screen::AwaitingBrowser { .. } => words::AWAITING_BROWSER,
        Screen::ExchangingCode => words::EXCHANGING_CODE,
        Screen::SignedIn => words::SIGNED_IN,
        Screen::SignInAgain { .. } => words::SIGN_IN_AGAIN,
        Screen::Locked { .. } => words::LOCKED,
    }
}

fn called(account: &AccountView) -> String {
    match &account.team {
        Some(team) => format!("{}, {team}", words::name_of(account)),
        None => words::name_of(account).to_owned(),
    }
}

/// The app's icon; with a dot on it when somebody must act.
pub(super) fn icon(needs_its_person: bool) -> Image<'static> {
    const BYTES: usize = 4;
    const DOT: [u8; BYTES] = [0xd9, 0x5b, 0x00, 0xff];
    let icon = tauri::include_image!("../icons/32x32.png");
    if !needs_its_person {
        return icon;
    }
    let (width, height) = (icon.width(), icon.height());
    let side = usize::try_from(width).unwrap_or_default().max(1);
    let radius = side / 5;
    let (x, y) = (side - radius - 1, radius);
    let mut pixels = icon.rgba().to_vec();
    for (index, pixel) in pixels.chunks_exact_mut(BYTES).enumerate() {
        let across = (index % side).abs_diff(x);
        let down = (index / side).abs_diff(y);
        if across * across + down * down <= radius * radius {
            pixel.copy_from_slice(&DOT);
        }
    }
    Image::new_owned(pixels, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use amiqus_core::account::SignInAgainReason;

    fn account(id: &str, name: &str, team: &str, status: AccountStatusView) -> AccountView {
        AccountView {
            name: name.to_owned(),
            team: Some(team.to_owned()),
            ..fixtures::account(id, status)
        }
    }

    fn menu_model(screen: Screen, accounts: Vec<AccountView>) -> MenuModel {
        MenuModel::of(&fixtures::state(screen, accounts), false)
    }

    fn says(menu_model: &MenuModel, wanted: &str) -> bool {
        menu_model.lines.iter().any(|line| match line {
            Line::Says(text) | Line::Does(_, text) => text == wanted,
            _ => false,
        })
    }

    #[test]
    fn a_newer_version_leads_to_the_window() {
        let offers = |is_update_ready| {
            let menu_model = MenuModel::of(
                &fixtures::state(Screen::SignedIn, Vec::new()),
                is_update_ready,
            );
            menu_model
                .lines
                .contains(&Line::Does(Wish::Open, words::UPDATE_READY.to_owned()))
        };
        assert!(offers(true));
        assert!(!offers(false));
    }

    #[test]
    fn who_is_signed_in_can_renew_and_sign_out_from_the_tray() {
        let bob = account(
            "1.a",
            "Bob Gale",
            "Gale & Sons",
            AccountStatusView::Connected,
        );
        let menu_model = menu_model(Screen::SignedIn, vec![bob]);
        for wanted in [
            words::SIGNED_IN,
            "Bob Gale, Gale & Sons",
            "Renew now",
            "Sign out",
            "Quit",
        ] {
            assert!(says(&menu_model, wanted), "{wanted}");
        }
        assert!(!menu_model.needs_its_person);
        assert!(
            !menu_model
                .lines
                .iter()
                .any(|line| matches!(line, Line::Accounts(_)))
        );
    }

    #[test]
    fn several_accounts_can_be_switched_between_and_one_in_need_is_seen_on_the_icon() {
        let why = SignInAgainReason::AccessRemoved;
        let menu_model = menu_model(
            Screen::SignedIn,
            vec![
                account("1.a", "Bob Gale", "Fusion", AccountStatusView::Connected),
                account(
                    "1.b",
                    "Bob Gale",
                    "Twin",
                    AccountStatusView::SignInAgain { why },
                ),
            ],
        );
        assert!(menu_model.lines.contains(&Line::Accounts(vec![
            ("1.a".to_owned(), "Bob Gale, Fusion".to_owned(), true),
            ("1.b".to_owned(), "Bob Gale, Twin".to_owned(), false),
        ])));
        assert!(menu_model.needs_its_person);
        assert_ne!(icon(true).rgba(), icon(false).rgba());
    }

    #[test]
    fn a_locked_app_offers_nothing_but_its_window_and_its_end() {
        let menu_model = menu_model(
            Screen::Locked {
                why: amiqus_core::vault::LockReason::KeychainLocked,
            },
            Vec::new(),
        );
        let offered: Vec<_> = menu_model
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Does(..)))
            .collect();
        assert_eq!(offered.len(), 2);
    }

    #[test]
    fn what_can_be_chosen_is_known_by_its_name_again() {
        for wish in [
            Wish::Open,
            Wish::Switch("345789.unknown".to_owned()),
            Wish::Renew,
            Wish::SignOut("345789.unknown".to_owned()),
            Wish::Quit,
        ] {
            assert_eq!(Wish::named(&wish.name()), Some(wish));
        }
        assert_eq!(Wish::named("minimise"), None);
    }
}
