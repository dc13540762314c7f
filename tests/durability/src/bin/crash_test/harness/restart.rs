//! Restarts the app until the victim's status is known.

use std::time::Duration;

use durability::protocol::{Account, Command, State};
use durability::{AppProcess, Result};
use tokio::time::{Instant, timeout};

use super::Harness;
use crate::unexpected_output;
use crate::verdict::{AccountStatus, Pair};
use crate::waiting::{POLL_INTERVAL, TIMEOUT, wait_until};

impl Harness {
    /// Restarts the app, waits for the victim's status, and kills it again.
    pub(crate) async fn restart_between(&self) -> Result<()> {
        let (app, ..) = self.restarted().await?;
        app.kill().await?;
        Ok(())
    }

    /// Starts the app and kills it during its start.
    pub(super) async fn start_and_kill(&self, share: f64) -> Result<()> {
        let at = Instant::now() + self.start_takes.mul_f64(share);
        let app = tokio::select! {
            app = self.computer.start_only() => app?,
            // What has only just been started is killed when it is dropped.
            () = wait_until(at) => return Ok(()),
        };
        wait_until(at).await;
        let report = app.kill().await?;
        if report.was_killed() {
            Ok(())
        } else {
            Err(unexpected_output(format!(
                "it exited before the kill: {:?}",
                report.status
            )))
        }
    }

    /// Starts the app and waits for the victim's status. Also returns whether an attempt is
    /// pending.
    pub(super) async fn restarted(&self) -> Result<(AppProcess, AccountStatus, bool)> {
        let mut app = self.computer.start().await?;
        let first = app
            .until("the vault is open", |state| state.screen.state != "locked")
            .await?;
        // The app resumes what the last run left: an unclaimed sign-in, a refresh without a known
        // outcome; and it checks the current account. Each of these emits a state.
        let is_connected = first.current_account().is_some_and(Account::is_connected);
        let is_signing_in = first.unfinished;
        let awaited = 1 + u32::from(is_connected) + u32::from(is_signing_in);
        let starting = app.until("it has started", |state| state.revision >= awaited);
        // If it emits fewer, the check below finds out.
        let _ = timeout(Duration::from_secs(2), starting).await;

        let deadline = Instant::now() + TIMEOUT;
        while Instant::now() < deadline {
            let state = app.state().await?;
            let is_pending = state.screen.state == "awaiting-browser";
            if !state.unfinished
                && let Some(status) = self.status(&mut app, &state).await?
            {
                return Ok((app, status, is_pending));
            }
            // Reads what it reports in the meantime.
            let news = app.until("a change", |now| now.revision != state.revision);
            let _ = timeout(POLL_INTERVAL, news).await;
        }
        Err(unexpected_output(format!(
            "the victim's status stayed unknown: {:?}",
            app.state().await?
        )))
    }

    /// The victim's status; `None` while it isn't known.
    async fn status(&self, app: &mut AppProcess, state: &State) -> Result<Option<AccountStatus>> {
        let victim = &self.victim;
        let Some(account) = state.account(victim.email, victim.team) else {
            return Ok(Some(AccountStatus::Absent));
        };
        if !account.is_connected() {
            let why = account.status.why.clone().unwrap_or_default();
            return Ok(Some(AccountStatus::SignInAgain { why }));
        }
        if state.current.as_deref() != Some(victim.id.as_str()) || account.name != victim.name {
            return Ok(Some(AccountStatus::Broken(format!("{state:?}"))));
        }
        let number = app.send(&Command::Me)?;
        if app.outcome(number).await?.is_some() {
            return Ok(None);
        }
        Ok(Some(match self.last_access_token(victim) {
            None => AccountStatus::Broken("`me` succeeded, but Amiqus got no request".to_owned()),
            Some(token) if !self.computer.amiqus.is_access_token_live(&token) => {
                AccountStatus::Broken("`me` succeeded with a dead token".to_owned())
            }
            Some(token) if token == victim.access_token => AccountStatus::Works(Pair::Old),
            Some(_) => AccountStatus::Works(Pair::New),
        }))
    }
}
