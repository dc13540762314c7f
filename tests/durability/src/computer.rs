//! The test computer: everything that outlives one run of the app.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output, Stdio};

use practice_amiqus::{Answer, Practice, Settings};

use crate::protocol::{Command, State};
use crate::{AppProcess, Keychain, Result, TestError, during};

/// A computer with a provisioning file for the fake server.
#[derive(Debug)]
pub struct Computer {
    /// The fake server.
    pub amiqus: Practice,
    /// The session with its keychain.
    pub keychain: Keychain,
    program: PathBuf,
    /// The name of the folder used as `XDG_DATA_HOME`.
    data: String,
}

impl Computer {
    /// Sets up a computer with no account.
    ///
    /// # Errors
    /// If the keychain or the service doesn't start, or the program `headless-app` isn't built.
    pub async fn set_up() -> Result<Self> {
        Self::set_up_with(Settings::default()).await
    }

    /// Sets up a computer whose fake server has these settings.
    ///
    /// # Errors
    /// As for [`Computer::set_up`].
    pub async fn set_up_with(settings: Settings) -> Result<Self> {
        let amiqus = Practice::start(Settings {
            // Tests send more requests from one address than the default rate limits allow.
            token_requests_per_minute: u32::MAX,
            api_requests_per_minute: u32::MAX,
            ..settings
        })
        .await?;
        let computer = Self {
            keychain: Keychain::start().await?,
            amiqus,
            program: program("headless-app", "cargo build --package durability")?,
            data: "data".to_owned(),
        };
        let provisioning = serde_json::json!({
            "client_id": computer.amiqus.client_id(),
            "client_secret": computer.amiqus.client_secret(),
            "base_url": computer.amiqus.base_url(),
            "organisation": "Gale & Partners",
        });
        fs::write(computer.provisioning(), provisioning.to_string())
            .or_else(during("writing the provisioning file"))?;
        Ok(computer)
    }

    /// The app's data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.keychain
            .folder()
            .join(&self.data)
            .join("co.amiqus.signin")
    }

    /// Makes the app use another `XDG_DATA_HOME`.
    pub fn use_data_folder(&mut self, name: &str) {
        name.clone_into(&mut self.data);
    }

    /// Removes the vault's ID from its key file and from its key in the keychain, as before vaults had
    /// IDs.
    ///
    /// # Errors
    /// If there is no vault.
    pub async fn remove_vault_id(&self) -> Result<()> {
        let path = self.vault().join("key.json");
        let text = fs::read_to_string(&path).or_else(during("reading the key file"))?;
        let mut file: serde_json::Value = serde_json::from_str(&text)
            .map_err(std::io::Error::other)
            .or_else(during("reading the key file"))?;
        let name = file.as_object_mut().and_then(|file| file.remove("vault"));
        let name = name
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned);
        fs::write(&path, file.to_string()).or_else(during("writing the key file"))?;
        self.keychain
            .remove_vault_id(&name.unwrap_or_default())
            .await
    }

    /// The vault's folder.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.data().join("vault")
    }

    /// The provisioning file.
    #[must_use]
    pub fn provisioning(&self) -> PathBuf {
        self.keychain.folder().join("provisioning.json")
    }

    /// The log of all runs of the app.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.keychain.folder().join("app.log")
    }

    /// Starts the app and waits for its first state.
    ///
    /// # Errors
    /// If it doesn't start, or shows no state in time.
    pub async fn start(&self) -> Result<AppProcess> {
        let mut app = self.start_only().await?;
        app.state().await?;
        Ok(app)
    }

    /// Starts the app; its vault may not be open yet.
    ///
    /// # Errors
    /// If it doesn't start.
    pub async fn start_only(&self) -> Result<AppProcess> {
        self.start_as(Program::new(&self.program)).await
    }

    /// Starts the app under `strace`, which fails some of its system calls, as another file system
    /// would; its vault may not be open yet. `calls` and `outcome` are as in an
    /// `inject` expression of `strace`, such as `flock` and `error=ENOLCK`; with a path, only calls on that
    /// path fail.
    ///
    /// # Errors
    /// If it doesn't start.
    pub async fn start_only_with(
        &self,
        calls: &str,
        outcome: &str,
        path: Option<&Path>,
    ) -> Result<AppProcess> {
        let mut program = Program::new("strace");
        program
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:{outcome}")]);
        if let Some(path) = path {
            program.arg("-P").arg(path);
        }
        program.arg(&self.program);
        self.start_as(program).await
    }

    async fn start_as(&self, mut program: Program) -> Result<AppProcess> {
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.log())
            .or_else(during("opening the log"))?;
        program
            .arg(self.vault())
            .env_clear()
            .envs(self.keychain.environment())
            .env("XDG_DATA_HOME", self.keychain.folder().join(&self.data))
            .env("AMIQUS_PROVISIONING_FILE", self.provisioning())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        AppProcess::start(&mut program).await
    }

    /// Runs the real app with an argument that opens no window, and returns its output.
    ///
    /// # Errors
    /// If it isn't built.
    pub async fn run_app(&self, argument: &str) -> Result<Output> {
        let build = "cargo build --package sign-in-with-amiqus";
        tokio::process::Command::new(program("sign-in-with-amiqus", build)?)
            .arg(argument)
            .env_clear()
            .envs(self.keychain.environment())
            .env("XDG_DATA_HOME", self.keychain.folder().join(&self.data))
            .env("AMIQUS_PROVISIONING_FILE", self.provisioning())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .or_else(during("running the app"))
    }

    /// Starts a sign-in, allows it in the browser, and returns the address that the browser is
    /// redirected to.
    ///
    /// # Errors
    /// If the app doesn't open the browser, or the fake server rejects the request.
    pub async fn allow(&self, app: &mut AppProcess, email: &str, team: &str) -> Result<String> {
        app.request(&Command::Authorize).await?;
        let url = app.browser().await?;
        Ok(self.amiqus.answer(&url, email, team, Answer::Allow)?)
    }

    /// Signs a user in, from the click to the name; one that is signed in gets new tokens.
    ///
    /// # Errors
    /// If the account isn't connected in time.
    pub async fn sign_in(&self, app: &mut AppProcess, email: &str, team: &str) -> Result<State> {
        let before = app.state().await?;
        let before = before
            .account(email, team)
            .and_then(|account| account.renews_by.clone());
        let address = self.allow(app, email, team).await?;
        app.request(&Command::Receive { address }).await?;
        app.until("the user is signed in", |state| {
            let current = state.current_account();
            state.screen.state == "signed-in"
                && state.account(email, team).is_some_and(|account| {
                    current == Some(account)
                        && account.is_connected()
                        && account.renews_by != before
                })
        })
        .await
    }
}

/// Finds a program in the folder of the running one, or in its parent.
fn program(name: &str, how: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().or_else(during("looking for the own program"))?;
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder: &Path| folder.join(name))
        .find(|program| program.is_file());
    found.ok_or_else(|| TestError::ProgramMissing {
        program: own.with_file_name(name),
        how: how.to_owned(),
    })
}
