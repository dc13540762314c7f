//! The accounts of the test computer, and whether each still works.

use durability::Result;
use durability::protocol::{Account, Command, State};
use practice_amiqus::Holder;

use super::Harness;
use crate::unexpected_output;

/// The account that the kills are aimed at, and then those that must be unaffected: the same user in
/// another team, and another user in that team.
pub(super) const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("bob@example.com", "Fusion Industries", "Bob Gale"),
    ("bob@example.com", "Hill Valley Legal", "Bob Gale"),
    (
        "lorraine@example.com",
        "Hill Valley Legal",
        "Lorraine Baines",
    ),
];

/// An account, with its state at the last check.
#[derive(Debug, Clone)]
pub(super) struct TestAccount {
    pub(super) email: &'static str,
    pub(super) team: &'static str,
    pub(super) name: &'static str,
    pub(super) id: String,
    pub(super) access_token: String,
    pub(super) live_refresh_tokens: usize,
}

impl TestAccount {
    pub(super) fn holder(&self) -> Holder {
        Holder {
            person: self.email.to_owned(),
            team: self.team.to_owned(),
        }
    }
}

impl Harness {
    /// Makes the victim current and checks it.
    pub(crate) async fn reset(&mut self) -> Result<()> {
        let victim = self.victim.clone();
        self.victim.access_token = self.visit(&victim).await?;
        Ok(())
    }

    /// Makes an account current and checks it; returns the access token used.
    pub(super) async fn visit(&mut self, test_account: &TestAccount) -> Result<String> {
        let id = test_account.id.clone();
        let app = self.app()?;
        let before = app.state().await?;
        let as_of = |state: &State| {
            let account = state.account(test_account.email, test_account.team);
            account.map(|account| account.as_of.clone())
        };
        app.request(&Command::Switch { id }).await?;
        // A switch starts a check of the account; a second check would be mistaken for it.
        app.until("the account was checked", |state| {
            let account = state.account(test_account.email, test_account.team);
            as_of(state) != as_of(&before) || !account.is_some_and(Account::is_connected)
        })
        .await?;
        app.request(&Command::Me).await?;
        let state = app.state().await?;
        let account = state.account(test_account.email, test_account.team);
        if !account
            .is_some_and(|account| account.is_connected() && account.name == test_account.name)
        {
            return Err(unexpected_output(format!(
                "{} is not connected: {state:?}",
                test_account.id
            )));
        }
        let token = self.last_access_token(test_account);
        token.ok_or_else(|| unexpected_output("`me` succeeded, but Amiqus got no request"))
    }

    /// What is wrong with the other accounts.
    pub(super) async fn damaged(&mut self) -> Vec<String> {
        let mut damaged = Vec::new();
        for other in self.others.clone() {
            match self.visit(&other).await {
                Ok(token) if token == other.access_token => {}
                Ok(_) => damaged.push(format!("{} has another pair", other.id)),
                Err(trouble) => damaged.push(format!("{}: {trouble}", other.id)),
            }
            let live = self
                .computer
                .amiqus
                .live_refresh_tokens(other.email, other.team);
            if live != Ok(other.live_refresh_tokens) {
                damaged.push(format!("{}: {live:?} refresh tokens live", other.id));
            }
            let posts = self.token_posts();
            if posts.iter().any(|post| self.is_about(post, &other)) {
                damaged.push(format!("{}: Amiqus got a token request for it", other.id));
            }
        }
        damaged
    }

    /// Renews every account once: the stored refresh token must work as well as the access token.
    pub(crate) async fn renew_all(&mut self) -> Result<()> {
        for test_account in self
            .others
            .iter()
            .chain([&self.victim])
            .cloned()
            .collect::<Vec<_>>()
        {
            self.visit(&test_account).await?;
            self.app()?.request(&Command::Refresh).await?;
        }
        Ok(())
    }
}
