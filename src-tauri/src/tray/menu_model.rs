//! The tray's menu and icon for a state: pure, so that they can be tested without a tray.

use amiqus_core::app_state::{AccountStatusView, AccountView, AppState, Screen};
use tauri::image::Image;

use crate::words::{self, WithStatus};

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MenuModel {
    /// What the icon and its tooltip say.
    pub(super) status: Status,
    /// The menu's items in their order.
    pub(super) items: Vec<Item>,
}

/// What the icon and its tooltip say of all accounts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Connected,
    Offline,
    /// An account must sign in again.
    SignInAgain,
    /// The vault waits for the keychain or a passphrase.
    Locked,
    /// The app has no registration.
    NotSetUp,
    SignedOut,
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
    SignIn,
    Switch(String),
    Renew,
    SignOut(String),
    Settings,
    Update,
    Quit,
}

impl Action {
    /// The action's ID in the menu's events.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::SignIn => "sign-in".to_owned(),
            Self::Switch(account) => format!("switch {account}"),
            Self::Renew => "renew".to_owned(),
            Self::SignOut(account) => format!("sign-out {account}"),
            Self::Settings => "settings".to_owned(),
            Self::Update => "update".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// The action with this ID, if there is one.
    pub(super) fn from_id(id: &str) -> Option<Self> {
        match id.split_once(' ') {
            None => match id {
                "open" => Some(Self::Open),
                "sign-in" => Some(Self::SignIn),
                "renew" => Some(Self::Renew),
                "settings" => Some(Self::Settings),
                "update" => Some(Self::Update),
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
        let settled = current.filter(|_| is_settled(&state.screen));

        let mut items = Vec::new();
        items.extend(settled.map(|account| Item::Label(account_label(account))));
        items.push(Item::label(status_line(state, current)));
        items.push(Item::Separator);
        if asks_to_sign_in(&state.screen) {
            items.push(Item::button(Action::SignIn, words::SIGN_IN));
        }
        items.push(Item::button(Action::Open, words::OPEN));
        if let Some(account) = settled {
            if state.accounts.len() > 1 {
                let accounts = state.accounts.iter().map(|account| AccountItem {
                    id: account.id.clone(),
                    label: label_with_status(account),
                    is_current: is_current(account),
                });
                items.push(Item::Accounts(accounts.collect()));
            }
            if account.status == AccountStatusView::Connected {
                items.push(Item::button(Action::Renew, words::RENEW_NOW));
            }
            let sign_out = Action::SignOut(account.id.clone());
            items.push(Item::button(sign_out, words::SIGN_OUT));
        }
        items.push(Item::Separator);
        items.push(Item::button(Action::Settings, words::SETTINGS));
        if is_update_ready {
            items.push(Item::button(Action::Update, words::UPDATE));
        }
        items.push(Item::button(Action::Quit, words::QUIT));
        Self {
            status: Status::of(state, current),
            items,
        }
    }
}

/// Whether the screen is about the current account alone, and no sign-in is in progress.
fn is_settled(screen: &Screen) -> bool {
    match screen {
        Screen::SignedIn { .. } | Screen::SignInAgain { .. } => true,
        Screen::NeedsSetup
        | Screen::SignedOut { .. }
        | Screen::AwaitingBrowser { .. }
        | Screen::ExchangingCode
        | Screen::Locked { .. } => false,
    }
}

/// Whether a sign-in is what the user does next.
fn asks_to_sign_in(screen: &Screen) -> bool {
    match screen {
        Screen::SignedOut { .. } | Screen::SignInAgain { .. } => true,
        Screen::NeedsSetup
        | Screen::AwaitingBrowser { .. }
        | Screen::ExchangingCode
        | Screen::SignedIn { .. }
        | Screen::Locked { .. } => false,
    }
}

/// Whether the app has a registration. One that is being changed is still in force.
fn is_set_up(state: &AppState) -> bool {
    state.setup.client_id.is_some()
}

fn status_line(state: &AppState, current: Option<&AccountView>) -> &'static str {
    match state.screen {
        Screen::Locked { .. } => words::LOCKED,
        Screen::AwaitingBrowser { .. } => words::AWAITING_BROWSER,
        Screen::ExchangingCode => words::EXCHANGING_CODE,
        Screen::NeedsSetup if !is_set_up(state) => words::NEEDS_SETUP,
        Screen::NeedsSetup
        | Screen::SignedOut { .. }
        | Screen::SignedIn { .. }
        | Screen::SignInAgain { .. } => account_line(current),
    }
}

fn account_line(current: Option<&AccountView>) -> &'static str {
    let Some(account) = current else {
        return words::SIGNED_OUT;
    };
    match account.status {
        AccountStatusView::SignInAgain { .. } => words::SIGN_IN_AGAIN,
        AccountStatusView::Connected if account.is_disabled => words::PAUSED,
        AccountStatusView::Connected if account.offline => words::OFFLINE,
        AccountStatusView::Connected => words::CONNECTED,
    }
}

fn account_label(account: &AccountView) -> String {
    match &account.team {
        Some(team) => format!("{}, {team}", words::display_name(account)),
        None => words::display_name(account).to_owned(),
    }
}

/// The label of an account among others, with what keeps it from being used.
fn label_with_status(account: &AccountView) -> String {
    let label = account_label(account);
    let status = match account.status {
        AccountStatusView::SignInAgain { .. } => words::status::SIGN_IN_AGAIN,
        AccountStatusView::Connected if account.is_disabled => words::status::PAUSED,
        AccountStatusView::Connected => return label,
    };
    words::with_status(WithStatus {
        name: &label,
        status,
    })
}

impl Status {
    fn of(state: &AppState, current: Option<&AccountView>) -> Self {
        match state.screen {
            Screen::Locked { .. } => Self::Locked,
            Screen::NeedsSetup if !is_set_up(state) => Self::NotSetUp,
            Screen::NeedsSetup
            | Screen::SignedOut { .. }
            | Screen::AwaitingBrowser { .. }
            | Screen::ExchangingCode
            | Screen::SignedIn { .. }
            | Screen::SignInAgain { .. } => Self::of_accounts(&state.accounts, current),
        }
    }

    fn of_accounts(accounts: &[AccountView], current: Option<&AccountView>) -> Self {
        let needs_user = |account: &AccountView| account.status != AccountStatusView::Connected;
        if accounts.iter().any(needs_user) {
            return Self::SignInAgain;
        }
        match current {
            None => Self::SignedOut,
            Some(account) if account.offline => Self::Offline,
            Some(_) => Self::Connected,
        }
    }

    pub(super) fn tooltip(self) -> String {
        let status = match self {
            Self::Connected => words::status::CONNECTED,
            Self::Offline => words::status::OFFLINE,
            Self::SignInAgain => words::status::SIGN_IN_AGAIN,
            Self::Locked => words::status::LOCKED,
            Self::NotSetUp => words::status::NOT_SET_UP,
            Self::SignedOut => words::status::SIGNED_OUT,
        };
        words::with_status(WithStatus {
            name: words::APP,
            status,
        })
    }

    /// What the icon shows of it.
    fn picture(self) -> Picture {
        match self {
            Self::Connected => Picture::Connected,
            Self::Offline => Picture::Offline,
            Self::SignInAgain | Self::Locked | Self::NotSetUp => Picture::Attention,
            Self::SignedOut => Picture::SignedOut,
        }
    }

    pub(super) fn icon(self) -> Image<'static> {
        self.picture().image()
    }
}

/// The icon's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Connected,
    Offline,
    /// The user must do something.
    Attention,
    SignedOut,
}

impl Picture {
    /// The picture in its colours.
    #[cfg(not(target_os = "macos"))]
    fn image(self) -> Image<'static> {
        match self {
            Self::Connected => tauri::include_image!("../icons/tray/connected.png"),
            Self::Offline => tauri::include_image!("../icons/tray/offline.png"),
            Self::Attention => tauri::include_image!("../icons/tray/attention.png"),
            Self::SignedOut => tauri::include_image!("../icons/tray/signed-out.png"),
        }
    }

    /// The picture's shape, which the system colours.
    #[cfg(target_os = "macos")]
    fn image(self) -> Image<'static> {
        match self {
            Self::Connected => tauri::include_image!("../icons/tray/connected-template.png"),
            Self::Offline => tauri::include_image!("../icons/tray/offline-template.png"),
            Self::Attention => tauri::include_image!("../icons/tray/attention-template.png"),
            Self::SignedOut => tauri::include_image!("../icons/tray/signed-out-template.png"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use amiqus_core::account::SignInAgainReason;

    const CONNECTED: AccountStatusView = AccountStatusView::Connected;
    const SIGN_IN_AGAIN: AccountStatusView = AccountStatusView::SignInAgain {
        why: SignInAgainReason::AccessRemoved,
    };

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

    /// The menu as it reads: labels in brackets, lines as "—".
    fn text(menu: &MenuModel) -> Vec<String> {
        let items = menu.items.iter().map(|item| match item {
            Item::Label(label) => format!("[{label}]"),
            Item::Button { label, .. } => label.clone(),
            Item::Accounts(_) => format!("{} ›", words::SWITCH),
            Item::Separator => "—".to_owned(),
        });
        items.collect()
    }

    fn submenu(menu: &MenuModel) -> Vec<(String, bool)> {
        let accounts = menu.items.iter().filter_map(|item| match item {
            Item::Accounts(accounts) => Some(accounts),
            _ => None,
        });
        accounts
            .flatten()
            .map(|account| (account.label.clone(), account.is_current))
            .collect()
    }

    #[test]
    fn signed_in_account_can_renew_and_sign_out() {
        let bob = account("1.a", "Bob Gale", "Gale & Sons", CONNECTED);
        let menu = menu(Screen::SignedIn { just_now: false }, vec![bob]);
        assert_eq!(
            text(&menu),
            [
                "[Bob Gale, Gale & Sons]",
                "[Connected]",
                "—",
                words::OPEN,
                "Renew now",
                "Sign out…",
                "—",
                "Settings and help",
                "Quit",
            ]
        );
        assert_eq!(menu.status, Status::Connected);
    }

    #[test]
    fn signed_out_app_offers_to_sign_in() {
        let menu = menu(Screen::SignedOut { just_now: false }, Vec::new());
        assert_eq!(
            text(&menu),
            [
                "[You’re not signed in]",
                "—",
                "Sign in with Amiqus",
                words::OPEN,
                "—",
                "Settings and help",
                "Quit",
            ]
        );
        assert_eq!(menu.status, Status::SignedOut);
    }

    #[test]
    fn newer_version_can_be_installed() {
        let offers = |is_update_ready| {
            let state = fixtures::state(Screen::SignedIn { just_now: false }, Vec::new());
            let update = Item::button(Action::Update, words::UPDATE);
            MenuModel::new(&state, is_update_ready)
                .items
                .contains(&update)
        };
        assert!(offers(true));
        assert!(!offers(false));
    }

    #[test]
    fn status_of_the_current_account_is_shown() {
        let shown = |change: fn(&mut AccountView)| {
            let mut bob = fixtures::account("1.a", CONNECTED);
            change(&mut bob);
            let menu = menu(Screen::SignedIn { just_now: false }, vec![bob]);
            (text(&menu)[1].clone(), menu.status)
        };
        assert_eq!(
            shown(|bob| bob.offline = true),
            ("[Offline]".to_owned(), Status::Offline)
        );
        // Nobody needs to do anything about it.
        assert_eq!(
            shown(|bob| bob.is_disabled = true),
            ("[Paused]".to_owned(), Status::Connected)
        );
    }

    #[test]
    fn account_that_must_sign_in_again_can_do_so_or_be_removed() {
        let why = SignInAgainReason::AccessRemoved;
        let bob = account("1.a", "Bob Gale", "Gale & Sons", SIGN_IN_AGAIN);
        let menu = menu(Screen::SignInAgain { why }, vec![bob]);
        assert_eq!(
            text(&menu),
            [
                "[Bob Gale, Gale & Sons]",
                "[Sign in again]",
                "—",
                "Sign in with Amiqus",
                words::OPEN,
                "Sign out…",
                "—",
                "Settings and help",
                "Quit",
            ]
        );
        assert_eq!(menu.status, Status::SignInAgain);
    }

    #[test]
    fn several_accounts_can_be_switched_and_say_what_keeps_them_from_use() {
        let mut paused = account("1.c", "Bob Gale", "Triplet", CONNECTED);
        paused.is_disabled = true;
        let menu = menu(
            Screen::SignedIn { just_now: false },
            vec![
                account("1.a", "Bob Gale", "Fusion", CONNECTED),
                account("1.b", "Bob Gale", "Twin", SIGN_IN_AGAIN),
                paused,
            ],
        );
        assert_eq!(
            submenu(&menu),
            [
                ("Bob Gale, Fusion".to_owned(), true),
                ("Bob Gale, Twin: sign in again".to_owned(), false),
                ("Bob Gale, Triplet: paused".to_owned(), false),
            ]
        );
        assert_eq!(text(&menu)[4], "Switch account ›");
        assert_eq!(menu.status, Status::SignInAgain);
    }

    #[test]
    fn locked_app_offers_only_what_needs_no_account() {
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
        assert_eq!(actions, [Action::Open, Action::Settings, Action::Quit]);
    }

    #[test]
    fn tooltip_names_the_app_and_its_status() {
        let tooltips = [
            Status::Connected,
            Status::Offline,
            Status::SignInAgain,
            Status::Locked,
            Status::NotSetUp,
            Status::SignedOut,
        ]
        .map(Status::tooltip);
        let expected = [
            "connected",
            "offline",
            "sign in again",
            "locked",
            "not set up",
            "signed out",
        ];
        assert_eq!(
            tooltips,
            expected.map(|status| format!("{}: {status}", words::APP))
        );
    }

    #[test]
    fn app_that_waits_for_its_user_asks_for_attention() {
        let why = amiqus_core::vault::LockReason::KeychainLocked;
        let locked = menu(Screen::Locked { why }, Vec::new()).status;
        assert_eq!(locked, Status::Locked);

        let mut state = fixtures::state(Screen::NeedsSetup, Vec::new());
        state.setup.client_id = None;
        let menu = MenuModel::new(&state, false);
        assert_eq!(text(&menu)[0], "[This computer isn’t set up yet]");
        let not_set_up = menu.status;
        assert_eq!(not_set_up, Status::NotSetUp);

        for status in [locked, not_set_up, Status::SignInAgain] {
            assert_eq!(status.picture(), Picture::Attention, "{status:?}");
        }
    }

    #[test]
    fn setup_that_is_being_changed_leaves_the_accounts_status() {
        let shown = |accounts| {
            let menu = menu(Screen::NeedsSetup, accounts);
            (text(&menu)[0].clone(), menu.status)
        };
        let bob = |status| vec![fixtures::account("1.a", status)];
        assert_eq!(
            shown(bob(CONNECTED)),
            ("[Connected]".to_owned(), Status::Connected)
        );
        assert_eq!(
            shown(bob(SIGN_IN_AGAIN)),
            ("[Sign in again]".to_owned(), Status::SignInAgain)
        );
        assert_eq!(
            shown(Vec::new()),
            ("[You’re not signed in]".to_owned(), Status::SignedOut)
        );
    }

    #[test]
    fn action_is_found_by_its_id() {
        for action in [
            Action::Open,
            Action::SignIn,
            Action::Switch("345789.unknown".to_owned()),
            Action::Renew,
            Action::SignOut("345789.unknown".to_owned()),
            Action::Settings,
            Action::Update,
            Action::Quit,
        ] {
            assert_eq!(Action::from_id(&action.id()), Some(action));
        }
        assert_eq!(Action::from_id("minimise"), None);
    }
}
