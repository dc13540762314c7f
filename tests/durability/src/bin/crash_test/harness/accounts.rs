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

/// An account, as it was last seen to work.
#[derive(Debug, Clone)]
pub(super) struct TestAccount {
    pub(super) person: &'static str,
    pub(super) team: &'static str,
    pub(super) name: &'static str,
    pub(super) id: String,
    pub(super) access_token: String,
    pub(super) live_refresh_tokens: usize,
}

impl TestAccount {
    pub(super) fn holder(&self) -> Holder {
        Holder {
            person: self.person.to_owned(),
            team: self.team.to_owned(),
        }
    }
}

impl Harness {
    /// The victim is current and was seen to work.
    pub(crate) async fn reset(&mut self) -> Result<()> {
        let victim = self.victim.clone();
        self.victim.access_token = self.visit(&victim).await?;
        Ok(())
    }

    /// Makes an account current and checks it; returns the access token used.
    pub(super) async fn visit(&mut self, resident: &TestAccount) -> Result<String> {
        let id = resident.id.clone();
        let app = self.app()?;
        let before = app.state().await?;
        let as_of = |state: &State| {
            let account = state.account(resident.person, resident.team);
            account.map(|account| account.as_of.clone())
        };
        app.request(&Command::Switch { id }).await?;
        // A switch starts a check of the account; a second check would be mistaken for it.
        app.until("the account was checked", |state| {
            let account = state.account(resident.person, resident.team);
            as_of(state) != as_of(&before) || !account.is_some_and(Account::is_connected)
        })
        .await?;
        app.request(&Command::Me).await?;
        let state = app.state().await?;
        let account = state.account(resident.person, resident.team);
        if !account.is_some_and(|account| account.is_connected() && account.name == resident.name) {
            return Err(unexpected_output(format!(
                "{} is not connected: {state:?}",
                resident.id
            )));
        }
        let token = self.last_access_token(resident);
        token.ok_or_else(|| unexpected_output("`me` went well, and Amiqus knows nothing of it"))
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
                .live_refresh_tokens(other.person, other.team);
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
        for resident in self
            .others
            .iter()
            .chain([&self.victim])
            .cloned()
            .collect::<Vec<_>>()
        {
            self.visit(&resident).await?;
            self.app()?.request(&Command::Refresh).await?;
        }
        Ok(())
    }
}
