//! The tray's menu and icon for a state: pure, so that they can be tested without a tray.

use amiqus_core::app_state::{AccountStatusView, AccountView, AppState, Screen};
use tauri::image::Image;

use crate::words;

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MenuModel {
    /// Whether an account needs the user: the icon shows it.
    pub(super) needs_attention: bool,
    /// The menu's items in their order.
    pub(super) items: Vec<Item>,
}

/// An item of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Text that can't be chosen.
    Label(String),
    /// An action that can be chosen.
    Button { action: Action, label: String },
    /// The submenu of all accounts.
    Accounts(Vec<AccountItem>),
    /// A line between groups.
    Separator,
}

/// An account in the submenu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountItem {
    /// What names the account in commands.
    pub(super) id: String,
    pub(super) label: String,
    pub(super) is_current: bool,
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Open,
    Switch(String),
    Renew,
    SignOut(String),
    Quit,
}

impl Action {
    /// The action's ID in the menu's events.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Switch(account) => format!("switch {account}"),
            Self::Renew => "renew".to_owned(),
            Self::SignOut(account) => format!("sign-out {account}"),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// The action with this ID, if there is one.
    pub(super) fn from_id(id: &str) -> Option<Self> {
        match id.split_once(' ') {
            None => match id {
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

impl Item {
    fn label(text: &str) -> Self {
        Self::Label(text.to_owned())
    }

    fn button(action: Action, label: &str) -> Self {
        Self::Button {
            action,
            label: label.to_owned(),
        }
    }
}

impl MenuModel {
    /// The menu for a state.
    pub(super) fn new(state: &AppState, is_update_ready: bool) -> Self {
        let is_current = |account: &AccountView| Some(&account.id) == state.current.as_ref();
        let current = state.accounts.iter().find(|account| is_current(account));
        let is_settled = matches!(
            state.screen,
            Screen::SignedIn { .. } | Screen::SignInAgain { .. }
        );

        let mut items = vec![Item::label(status(&state.screen))];
        if let Some(account) = current.filter(|_| is_settled) {
            items.push(Item::Label(account_label(account)));
            if account.offline {
                items.push(Item::label(words::OFFLINE));
            }
        }
        items.push(Item::Separator);
        items.push(Item::button(Action::Open, words::OPEN));
        if is_update_ready {
            // The window has the button, and shows the outcome.
            items.push(Item::button(Action::Open, words::UPDATE_READY));
        }
        if state.accounts.len() > 1 && is_settled {
            let accounts = state.accounts.iter().map(|account| AccountItem {
                id: account.id.clone(),
                label: account_label(account),
                is_current: is_current(account),
            });
            items.push(Item::Accounts(accounts.collect()));
        }
        if let Some(account) = current.filter(|_| is_settled) {
            if account.status == AccountStatusView::Connected {
                items.push(Item::button(Action::Renew, words::RENEW_NOW));
            }
            let sign_out = Action::SignOut(account.id.clone());
            items.push(Item::button(sign_out, words::SIGN_OUT));
        }
        items.push(Item::Separator);
        items.push(Item::button(Action::Quit, words::QUIT));
        Self {
            needs_attention: state
                .accounts
                .iter()
                .any(|account| account.status != AccountStatusView::Connected),
            items,
        }
    }
}

fn status(screen: &Screen) -> &'static str {
    match screen {
        Screen::NeedsSetup => words::NEEDS_SETUP,
        Screen::SignedOut { .. } => words::SIGNED_OUT,
        Screen::AwaitingBrowser { .. } => words::AWAITING_BROWSER,
        Screen::ExchangingCode => words::EXCHANGING_CODE,
        Screen::SignedIn { .. } => words::SIGNED_IN,
        Screen::SignInAgain { .. } => words::SIGN_IN_AGAIN,
        Screen::Locked { .. } => words::LOCKED,
    }
}

fn account_label(account: &AccountView) -> String {
    match &account.team {
        Some(team) => format!("{}, {team}", words::display_name(account)),
        None => words::display_name(account).to_owned(),
    }
}

/// The app's icon, with a dot on it when an account needs the user.
pub(super) fn icon(needs_attention: bool) -> Image<'static> {
    const BYTES: usize = 4;
    const DOT: [u8; BYTES] = [0xd9, 0x5b, 0x00, 0xff];
    let icon = tauri::include_image!("../icons/32x32.png");
    if !needs_attention {
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

    fn menu(screen: Screen, accounts: Vec<AccountView>) -> MenuModel {
        MenuModel::new(&fixtures::state(screen, accounts), false)
    }

    fn has_label(menu: &MenuModel, wanted: &str) -> bool {
        menu.items.iter().any(|item| match item {
            Item::Label(label) | Item::Button { label, .. } => label == wanted,
            _ => false,
        })
    }

    #[test]
    fn newer_version_leads_to_the_window() {
        let offers = |is_update_ready| {
            let state = fixtures::state(Screen::SignedIn { just_now: false }, Vec::new());
            let update = Item::button(Action::Open, words::UPDATE_READY);
            MenuModel::new(&state, is_update_ready)
                .items
                .contains(&update)
        };
        assert!(offers(true));
        assert!(!offers(false));
    }

    #[test]
    fn signed_in_account_can_renew_and_sign_out() {
        let connected = AccountStatusView::Connected;
        let bob = account("1.a", "Bob Gale", "Gale & Sons", connected);
        let menu = menu(Screen::SignedIn { just_now: false }, vec![bob]);
        for wanted in [
            words::SIGNED_IN,
            "Bob Gale, Gale & Sons",
            "Renew now",
            "Sign out",
            "Quit",
        ] {
            assert!(has_label(&menu, wanted), "{wanted}");
        }
        assert!(!menu.needs_attention);
        let is_accounts = |item: &Item| matches!(item, Item::Accounts(_));
        assert!(!menu.items.iter().any(is_accounts));
    }

    #[test]
    fn several_accounts_can_be_switched_and_one_that_needs_the_user_marks_the_icon() {
        let why = SignInAgainReason::AccessRemoved;
        let connected = AccountStatusView::Connected;
        let sign_in_again = AccountStatusView::SignInAgain { why };
        let menu = menu(
            Screen::SignedIn { just_now: false },
            vec![
                account("1.a", "Bob Gale", "Fusion", connected),
                account("1.b", "Bob Gale", "Twin", sign_in_again),
            ],
        );
        let item = |id: &str, label: &str, is_current| AccountItem {
            id: id.to_owned(),
            label: label.to_owned(),
            is_current,
        };
        assert!(menu.items.contains(&Item::Accounts(vec![
            item("1.a", "Bob Gale, Fusion", true),
            item("1.b", "Bob Gale, Twin", false),
        ])));
        assert!(menu.needs_attention);
        assert_ne!(icon(true).rgba(), icon(false).rgba());
    }

    #[test]
    fn locked_app_offers_only_open_and_quit() {
        let why = amiqus_core::vault::LockReason::KeychainLocked;
        let menu = menu(Screen::Locked { why }, Vec::new());
        let actions: Vec<_> = menu
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Button { action, .. } => Some(action.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(actions, [Action::Open, Action::Quit]);
    }

    #[test]
    fn action_is_found_by_its_id() {
        for action in [
            Action::Open,
            Action::Switch("345789.unknown".to_owned()),
            Action::Renew,
            Action::SignOut("345789.unknown".to_owned()),
            Action::Quit,
        ] {
            assert_eq!(Action::from_id(&action.id()), Some(action));
        }
        assert_eq!(Action::from_id("minimise"), None);
    }
}
