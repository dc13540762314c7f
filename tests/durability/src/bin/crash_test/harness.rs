//! Runs cases on a computer with three accounts. The app is killed while it signs in or refreshes one
//! of them, the victim; the others must stay intact. Each case begins and ends with all three
//! connected and the victim current.

mod accounts;
mod case;
mod disk;
mod ledger;
mod restart;

use std::time::Duration;

use durability::protocol::Command;
use durability::{AppProcess, Computer, Result, TestError};
use tokio::time::Instant;
use url::Url;

use self::accounts::{ACCOUNTS, TestAccount};
pub(crate) use self::case::{Case, KilledRun, Outcome};
use crate::unexpected_output;
use crate::verdict::{AccountStatus, Evidence, Scenario, Verdict, judge};
use crate::waiting::wait_until;

/// The computer, and the running app.
pub(crate) struct Harness {
    pub(crate) computer: Computer,
    app: Option<AppProcess>,
    victim: TestAccount,
    others: Vec<TestAccount>,
    /// How long a start takes until the victim's status is known.
    start_takes: Duration,
}

impl Harness {
    /// A new computer with all three accounts.
    pub(crate) async fn set_up() -> Result<Self> {
        let computer = Computer::set_up().await?;
        let mut app = computer.start().await?;
        let mut accounts = Vec::new();
        // The victim comes last and is the current one then.
        for (email, team, name) in ACCOUNTS.into_iter().rev() {
            let state = computer.sign_in(&mut app, email, team).await?;
            accounts.push(TestAccount {
                email,
                team,
                name,
                id: state.current.unwrap_or_default(),
                access_token: String::new(),
                live_refresh_tokens: 0,
            });
        }
        let victim = accounts
            .pop()
            .ok_or_else(|| unexpected_output("ACCOUNTS is empty"))?;
        let mut harness = Self {
            computer,
            app: Some(app),
            victim,
            others: accounts,
            start_takes: Duration::ZERO,
        };
        for mut other in harness.others.clone() {
            other.access_token = harness.visit(&other).await?;
            other.live_refresh_tokens = harness
                .computer
                .amiqus
                .live_refresh_tokens(other.email, other.team)?;
            let mut others = harness.others.iter_mut();
            if let Some(found) = others.find(|found| found.id == other.id) {
                *found = other;
            }
        }
        harness.reset().await?;

        let begun = Instant::now();
        harness.take_app()?.kill().await?;
        let (app, ..) = harness.restarted().await?;
        harness.app = Some(app);
        harness.start_takes = begun.elapsed();
        Ok(harness)
    }

    pub(crate) fn app(&mut self) -> Result<&mut AppProcess> {
        self.app.as_mut().ok_or_else(not_running)
    }

    /// Prepares a case: the next command posts a code or a refresh token.
    pub(crate) async fn prepare(&mut self, scenario: Scenario) -> Result<Case> {
        let victim = self.victim.clone();
        if scenario == Scenario::FirstSignIn {
            let id = victim.id.clone();
            self.app()?.request(&Command::SignOut { id }).await?;
        }
        let (command, code) = match scenario {
            Scenario::Refresh => (Command::Refresh, None),
            Scenario::FirstSignIn | Scenario::RepeatedSignIn => {
                let (computer, app) = self.both()?;
                let address = computer.allow(app, victim.email, victim.team).await?;
                let code = code_in(&address)?;
                (Command::Receive { address }, Some(code))
            }
        };
        let state = self.app()?.state().await?;
        let account = state.account(victim.email, victim.team);
        let case = Case {
            scenario,
            command,
            code,
            renews_by: account.and_then(|account| account.renews_by.clone()),
            as_of: account.map(|account| account.as_of.clone()),
        };
        self.computer.amiqus.clear_requests();
        Ok(case)
    }

    /// Starts a prepared case; returns the number of its command.
    pub(crate) fn begin(&mut self, case: &Case) -> Result<u64> {
        self.app()?.send(&case.command)
    }

    /// Waits for the success of a case; returns how long it took.
    pub(crate) async fn finish(&mut self, case: &Case, number: u64) -> Result<Duration> {
        let begun = Instant::now();
        self.wait_for(case, number).await?;
        let took = begun.elapsed();
        self.reset().await?;
        Ok(took)
    }

    /// Waits for the success of a case.
    pub(crate) async fn wait_for(&mut self, case: &Case, number: u64) -> Result<()> {
        let (email, team) = (self.victim.email, self.victim.team);
        let app = self.app()?;
        if let Some(problem) = app.outcome(number).await? {
            return Err(TestError::CommandFailed {
                command: case.scenario.to_string(),
                problem,
            });
        }
        app.until("the victim is connected with new tokens", |state| {
            let account = state.account(email, team);
            account.is_some_and(|account| {
                // A refresh ends with a check of the account.
                let is_checked = case.scenario != Scenario::Refresh
                    || case.as_of.as_ref() != Some(&account.as_of);
                is_checked
                    && account.is_connected()
                    && account.renews_by != case.renews_by
                    && state.screen.state == "signed-in"
            })
        })
        .await?;
        Ok(())
    }

    /// Kills the app at an instant.
    pub(crate) async fn kill(&mut self, case: Case, number: u64, at: Instant) -> Result<KilledRun> {
        wait_until(at).await;
        let report = self.take_app()?.kill().await?;
        Ok(KilledRun::new(case, number, report))
    }

    /// Waits until a tracer has killed it.
    pub(crate) async fn until_killed(&mut self, case: Case, number: u64) -> Result<KilledRun> {
        let report = self.take_app()?.wait_for_exit().await?;
        Ok(KilledRun::new(case, number, report))
    }

    /// Restarts the app and determines the outcome of the kill. `again` is the moment at which the restarted
    /// process is killed too, as a share of the time that it needs.
    ///
    /// Afterwards the harness is as before, unless the outcome is bad: then it must not be used any
    /// more.
    pub(crate) async fn aftermath(&mut self, killed: KilledRun, again: Option<f64>) -> Outcome {
        let case = &killed.case;
        let mut faults = Vec::new();
        if !killed.report.was_killed() {
            faults.push(format!(
                "the app exited before it was killed: {:?}",
                killed.report.status
            ));
        }
        let posts_before = self.token_posts().len();
        let mut restarts = 1;
        if let Some(share) = again {
            restarts += 1;
            if let Err(trouble) = self.start_and_kill(share).await {
                faults.push(format!("the first restart: {trouble}"));
            }
        }
        let (status, was_pending) = match self.restarted().await {
            Ok((app, status, was_pending)) => {
                self.app = Some(app);
                (status, was_pending)
            }
            Err(trouble) => (AccountStatus::Broken(trouble.to_string()), false),
        };
        let granted = self.is_granted(case);
        faults.extend(self.wrong_posts(&killed, posts_before, restarts, granted));
        if was_pending && posts_before > 0 {
            faults.push("the attempt is still pending, though its code was posted".to_owned());
        }
        faults.extend(disk::file_faults(&self.computer.vault()));
        faults.extend(self.computer.amiqus.complaints());
        let evidence = Evidence {
            scenario: case.scenario,
            granted,
            was_reported: killed.had_reported_new_pair(&self.victim),
            status,
            faults,
        };
        let mut outcome = Outcome {
            verdict: judge(&evidence),
            was_pending,
            others_damaged: Vec::new(),
            killed_again: restarts - 1,
        };
        if self.app.is_some() {
            outcome.others_damaged = self.damaged().await;
        }
        if outcome.is_good()
            && let Err(trouble) = self.restore(&evidence.status, was_pending).await
        {
            outcome.verdict = Verdict::Lost(format!("afterwards: {trouble}"));
        }
        outcome
    }

    /// Ends the running app normally.
    pub(crate) async fn end(mut self) -> Result<()> {
        if let Some(app) = self.app.take() {
            app.end().await?;
        }
        Ok(())
    }

    fn both(&mut self) -> Result<(&Computer, &mut AppProcess)> {
        let app = self.app.as_mut().ok_or_else(not_running)?;
        Ok((&self.computer, app))
    }

    fn take_app(&mut self) -> Result<AppProcess> {
        self.app.take().ok_or_else(not_running)
    }

    /// Restores the initial state: cancels a pending attempt, and signs the victim in again if it is not
    /// connected.
    async fn restore(&mut self, status: &AccountStatus, was_pending: bool) -> Result<()> {
        if was_pending {
            self.app()?.request(&Command::Cancel).await?;
        }
        if !matches!(status, AccountStatus::Works(_)) {
            let (email, team) = (self.victim.email, self.victim.team);
            let (computer, app) = self.both()?;
            computer.sign_in(app, email, team).await?;
        }
        self.reset().await
    }
}

fn not_running() -> TestError {
    unexpected_output("no `headless-app` is running")
}

fn code_in(address: &str) -> Result<String> {
    let url = Url::parse(address).map_err(|problem| unexpected_output(problem.to_string()))?;
    let mut pairs = url.query_pairs();
    let code = pairs.find(|(name, _)| name == "code");
    let (_, code) = code.ok_or_else(|| unexpected_output("a redirect without a code"))?;
    Ok(code.into_owned())
}
