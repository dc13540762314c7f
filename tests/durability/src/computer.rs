//! A computer with a practice Amiqus: what outlives a run of the app.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use practice_amiqus::{Answer, Practice, Settings};

use crate::conversation::{Command, State};
use crate::{Kept, Keychain, Result, Trouble, while_doing};

/// A computer that IT has set up with a practice service.
#[derive(Debug)]
pub struct Computer {
    /// The service.
    pub amiqus: Practice,
    /// The session with its keychain.
    pub keychain: Keychain,
    program: PathBuf,
}

impl Computer {
    /// Nobody is signed in yet.
    ///
    /// # Errors
    /// When the keychain or the service doesn't start, or the program `keep` isn't built.
    pub async fn set_up() -> Result<Self> {
        Self::set_up_with(Settings::default()).await
    }

    /// The same, with a service of this kind.
    ///
    /// # Errors
    /// As for [`Computer::set_up`].
    pub async fn set_up_with(settings: Settings) -> Result<Self> {
        let amiqus = Practice::start(Settings {
            // A test asks more often than a person, from one address.
            token_requests_per_minute: u32::MAX,
            api_requests_per_minute: u32::MAX,
            ..settings
        })
        .await?;
        let computer = Self {
            keychain: Keychain::start().await?,
            amiqus,
            program: program()?,
        };
        let provisioning = serde_json::json!({
            "client_id": computer.amiqus.client_id(),
            "client_secret": computer.amiqus.client_secret(),
            "base_url": computer.amiqus.base_url(),
            "organisation": "Gale & Partners",
        });
        fs::write(computer.provisioning(), provisioning.to_string())
            .or_else(while_doing("writing the provisioning file"))?;
        Ok(computer)
    }

    /// The folder of all that the app keeps.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.keychain.folder().join("data/co.amiqus.signin")
    }

    /// The vault's folder.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.data().join("vault")
    }

    /// IT's provisioning file.
    #[must_use]
    pub fn provisioning(&self) -> PathBuf {
        self.keychain.folder().join("provisioning.json")
    }

    /// What all runs of the app wrote to their logs, one after the other.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.keychain.folder().join("keep.log")
    }

    /// Starts the app and waits until it shows something.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn start(&self) -> Result<Kept> {
        let mut kept = self.start_only().await?;
        kept.state().await?;
        Ok(kept)
    }

    /// Starts the app; its vault may not be open yet.
    ///
    /// # Errors
    /// When it doesn't start.
    pub async fn start_only(&self) -> Result<Kept> {
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.log())
            .or_else(while_doing("opening the log"))?;
        let mut program = Program::new(&self.program);
        program
            .arg(self.vault())
            .env_clear()
            .envs(self.keychain.environment())
            .env("AMIQUS_PROVISIONING_FILE", self.provisioning())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        Kept::start(&mut program).await
    }

    /// Begins to sign in, answers as a person does in the browser, and says to which address the
    /// browser is sent: who receives it goes on.
    ///
    /// # Errors
    /// When it doesn't begin.
    pub async fn allow(&self, kept: &mut Kept, person: &str, team: &str) -> Result<String> {
        kept.ask(&Command::Authorize).await?;
        let url = kept.browser().await?;
        Ok(self.amiqus.answer(&url, person, team, Answer::Allow)?)
    }

    /// Signs a person in, from the click to the name; one that is signed in gets a new pair.
    ///
    /// # Errors
    /// When it doesn't work.
    pub async fn sign_in(&self, kept: &mut Kept, person: &str, team: &str) -> Result<State> {
        let before = kept.state().await?;
        let before = before
            .account(person, team)
            .and_then(|account| account.renews_by.clone());
        let address = self.allow(kept, person, team).await?;
        kept.ask(&Command::Receive { address }).await?;
        kept.until("a person is signed in", |state| {
            let current = state.current_account();
            state.screen.state == "signed-in"
                && state.account(person, team).is_some_and(|account| {
                    current == Some(account)
                        && account.is_connected()
                        && account.renews_by != before
                })
        })
        .await
    }
}

/// The program `keep`, which lies beside the one that runs, or beside its folder.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe().or_else(while_doing("looking for the own program"))?;
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder: &Path| folder.join("keep"))
        .find(|program| program.is_file());
    found.ok_or_else(|| Trouble::NotThere {
        program: own.with_file_name("keep"),
        how: "cargo build --package durability".to_owned(),
    })
}
