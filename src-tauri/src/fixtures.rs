//! Test data that several modules share.

use amiqus_core::app_state::{AccountStatusView, AccountView, AppState, Screen, SetupView};
use amiqus_core::registration::RedirectKind;

/// The account of Bob Gale at Fusion Industries.
pub(crate) fn account(id: &str, status: AccountStatusView) -> AccountView {
    AccountView {
        id: id.to_owned(),
        name: "Bob Gale".to_owned(),
        email: "bob@example.com".to_owned(),
        is_verified: true,
        is_disabled: false,
        team: Some("Fusion Industries".to_owned()),
        role: None,
        status,
        renews_by: None,
        as_of: jiff::Timestamp::UNIX_EPOCH,
        offline: false,
        renewing: false,
    }
}

/// A state with these accounts, of which the first is current, in an app that IT has set up.
pub(crate) fn state(screen: Screen, accounts: Vec<AccountView>) -> AppState {
    AppState {
        revision: 1,
        screen,
        problem: None,
        current: accounts.first().map(|account| account.id.clone()),
        accounts,
        unfinished: false,
        setup: SetupView {
            managed: true,
            organisation: Some("Gale & Partners".to_owned()),
            client_id: Some("9f3c".to_owned()),
            redirect_url: "co.amiqus.signin://oauth/callback".to_owned(),
            redirect: RedirectKind::Scheme,
            base_url: "https://id.amiqus.co".to_owned(),
        },
        other_teams: Vec::new(),
    }
}
