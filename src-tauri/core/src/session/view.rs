//! The public view of the session: what the window may show.

use std::collections::BTreeSet;

use super::{AccountEntry, Open, Phase, Renewal, Session, SignIn};
use crate::account::{AccountKey, AccountStatus, Team, TeamKey};
use crate::app_state::{AccountStatusView, AccountView, AppState, Screen, SetupView};
use crate::error::Code;
use crate::registration::{DEFAULT_BASE_URL, DEFAULT_REDIRECT_URL, RedirectKind};
use crate::vault::LockReason;

impl Session {
    /// The state for the window, with the revision number that the runtime assigns.
    #[must_use]
    pub fn app_state(&self, revision: u32) -> AppState {
        let (screen, accounts, current, setup) = match &self.phase {
            Phase::Opening { was_locked, .. } => (
                Screen::Locked {
                    why: was_locked.unwrap_or(LockReason::KeychainLocked),
                },
                Vec::new(),
                None,
                not_set_up(),
            ),
            Phase::Locked { why, .. } => {
                (Screen::Locked { why: *why }, Vec::new(), None, not_set_up())
            }
            Phase::Open(open) => (
                open.screen(),
                open.accounts
                    .iter()
                    .map(|(key, entry)| entry.view(*key))
                    .collect(),
                open.current.map(|key| key.to_string()),
                open.setup(),
            ),
        };
        AppState {
            revision,
            unfinished: match &self.phase {
                Phase::Open(open) => open.has_unfinished(),
                Phase::Opening { .. } | Phase::Locked { .. } => false,
            },
            screen,
            problem: self
                .problem
                .clone()
                .or_else(|| self.unsaved.then(|| Code::CannotSave.into())),
            accounts,
            current,
            setup,
            other_teams: self.open().map(Open::other_teams).unwrap_or_default(),
            just_signed_in: self.open().is_some_and(Open::has_just_signed_in),
        }
    }
}

impl Open {
    fn screen(&self) -> Screen {
        match &self.sign_in {
            SignIn::AwaitingBrowser(attempt) => Screen::AwaitingBrowser {
                started_at: attempt.started_at(),
                deadline: attempt.deadline(),
                extendable_from: attempt.extendable_from(),
            },
            SignIn::ExchangingCode(_) | SignIn::Identifying => Screen::ExchangingCode,
            SignIn::Idle if self.registration.is_none() || self.changing_setup => {
                Screen::NeedsSetup
            }
            SignIn::Idle => match self.current.and_then(|key| self.accounts.get(&key)) {
                None => Screen::SignedOut {
                    just_now: self.signed_out,
                },
                Some(entry) => match entry.account.status {
                    AccountStatus::Connected { .. } => Screen::SignedIn,
                    AccountStatus::SignInAgain(why) => Screen::SignInAgain { why },
                },
            },
        }
    }

    fn has_just_signed_in(&self) -> bool {
        self.just_signed_in.is_some() && self.just_signed_in == self.current
    }

    /// The names of the current user's teams that no account here is for.
    fn other_teams(&self) -> Vec<String> {
        let current = self
            .current
            .and_then(|key| Some((key, self.accounts.get(&key)?)));
        let Some((AccountKey { user, .. }, entry)) = current else {
            return Vec::new();
        };
        let is_here = |team: &Team| {
            let team = TeamKey::Known(team.uuid);
            self.accounts.contains_key(&AccountKey { user, team })
        };
        let teams = entry.account.identity.teams.iter().flatten();
        let names: BTreeSet<_> = teams
            .filter(|team| !team.name.is_empty() && !is_here(team))
            .map(|team| team.name.clone())
            .collect();
        names.into_iter().collect()
    }

    fn setup(&self) -> SetupView {
        let managed = self.is_managed();
        self.registration.as_ref().map_or_else(
            || SetupView {
                managed,
                ..not_set_up()
            },
            |registration| SetupView {
                managed,
                organisation: registration.organisation.clone(),
                client_id: Some(registration.client_id.as_str().to_owned()),
                redirect_url: registration.redirect_url.as_str().to_owned(),
                redirect: registration.redirect_url.kind(),
                base_url: registration.base_url.as_str().to_owned(),
            },
        )
    }
}

impl AccountEntry {
    fn view(&self, key: AccountKey) -> AccountView {
        let identity = &self.account.identity;
        let (status, renews_by) = match &self.account.status {
            AccountStatus::Connected { tokens, .. } => {
                (AccountStatusView::Connected, Some(tokens.ends_at()))
            }
            AccountStatus::SignInAgain(why) => (AccountStatusView::SignInAgain { why: *why }, None),
        };
        AccountView {
            id: key.to_string(),
            name: identity.user.display_name().to_owned(),
            email: identity.user.email.clone(),
            is_verified: identity.user.is_verified,
            is_disabled: identity.user.is_disabled,
            team: identity
                .team
                .as_ref()
                .map(|team| team.name.clone())
                .filter(|name| !name.is_empty()),
            role: identity.role,
            status,
            renews_by,
            as_of: self.account.as_of,
            offline: self.offline,
            renewing: matches!(
                self.renewal,
                Renewal::Sent | Renewal::LastAttempt(_) | Renewal::Confirming(_)
            ),
        }
    }
}

fn not_set_up() -> SetupView {
    SetupView {
        managed: false,
        organisation: None,
        client_id: None,
        redirect_url: DEFAULT_REDIRECT_URL.to_owned(),
        redirect: RedirectKind::Scheme,
        base_url: DEFAULT_BASE_URL.to_owned(),
    }
}
