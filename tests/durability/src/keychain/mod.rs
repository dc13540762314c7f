//! A real Secret Service on a private session bus.

mod items;
mod prompter;
mod secret_service;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::time::{sleep, timeout};
use zbus::Connection;
use zbus::fdo::DBusProxy;

pub use self::prompter::Prompter;
use crate::processes::{Process, killed_with_parent};
use crate::{Result, TestError, during};

/// The password of the private keychain.
const PASSWORD: &str = "great-scott";

/// How long the bus and the keychain may take to start.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The name of a Secret Service on the bus.
const SERVICE: &str = "org.freedesktop.secrets";

/// How often the bus is polled for the service.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Home folders, a session bus, and a Secret Service on the bus.
#[derive(Debug)]
pub struct Keychain {
    // Dropped in this order: what was started last ends first, and the folder is removed last.
    daemon: Option<Process>,
    connection: Connection,
    bus: Process,
    environment: BTreeMap<String, OsString>,
    folder: TempDir,
}

impl Keychain {
    /// Starts a session bus and an empty, unlocked Secret Service.
    ///
    /// # Errors
    /// If `dbus-daemon`, `gnome-keyring-daemon` or `setpriv` is missing or doesn't start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("durability-")
            .tempdir()
            .or_else(during("making a folder"))?;
        let mut environment = BTreeMap::from([("LANG".to_owned(), OsString::from("C.UTF-8"))]);
        if let Some(path) = std::env::var_os("PATH") {
            environment.insert("PATH".to_owned(), path);
        }
        for (variable, name) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "runtime"),
        ] {
            let path = folder.path().join(name);
            DirBuilder::new()
                .mode(0o700)
                .create(&path)
                .or_else(during("making a folder"))?;
            environment.insert(variable.to_owned(), path.into());
        }

        let configuration = bus_configuration(folder.path())?;
        let mut command = killed_with_parent("dbus-daemon");
        let mut bus = Process::start(
            command
                .arg(configuration)
                .args(["--nofork", "--nopidfile", "--print-address=1"])
                .env_clear()
                .envs(&environment)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let address = first_line(&mut bus).await?;
        let connecting = zbus::connection::Builder::address(address.as_str())?.build();
        let connection = within("the session bus answers", connecting).await??;
        environment.insert("DBUS_SESSION_BUS_ADDRESS".to_owned(), address.into());

        let mut keychain = Self {
            daemon: None,
            connection,
            bus,
            environment,
            folder,
        };
        keychain.start_daemon().await?;
        Ok(keychain)
    }

    /// The environment of programs in this session.
    #[must_use]
    pub fn environment(&self) -> &BTreeMap<String, OsString> {
        &self.environment
    }

    /// The folder that contains all the others; it is removed with the keychain.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the Secret Service again after [`Keychain::stop_daemon`], unlocked, with its items.
    ///
    /// # Errors
    /// If it doesn't start.
    pub async fn start_daemon(&mut self) -> Result<()> {
        let mut command = killed_with_parent("gnome-keyring-daemon");
        let mut daemon = Process::start(
            command
                .args(["--foreground", "--unlock", "--components=secrets"])
                .env_clear()
                .envs(&self.environment)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        if let Some(mut stdin) = daemon.take_stdin() {
            stdin
                .write_all(PASSWORD.as_bytes())
                .or_else(during("giving the keychain its password"))?;
        }
        self.daemon = Some(daemon);
        within("the keychain is on the bus", async {
            while !self.is_on_bus().await? {
                sleep(POLL_INTERVAL).await;
            }
            Ok(())
        })
        .await?
    }

    /// Ends the Secret Service, so that there is no keychain.
    pub fn stop_daemon(&mut self) {
        self.daemon = None;
    }

    /// Suspends the Secret Service: it stays on the bus and answers no call.
    ///
    /// # Errors
    /// If there is none.
    pub fn suspend(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Resumes the Secret Service after [`Keychain::suspend`].
    ///
    /// # Errors
    /// If there is none.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Suspends the session bus: it accepts connections and sends nothing.
    ///
    /// # Errors
    /// If there is none.
    pub fn suspend_bus(&self) -> Result<()> {
        signal("dbus-daemon", Some(&self.bus), Signal::STOP)
    }

    /// Resumes the session bus after [`Keychain::suspend_bus`].
    ///
    /// # Errors
    /// If there is none.
    pub fn resume_bus(&self) -> Result<()> {
        signal("dbus-daemon", Some(&self.bus), Signal::CONT)
    }

    /// The test's connection to the bus.
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn signal(&self, which: Signal) -> Result<()> {
        signal("gnome-keyring-daemon", self.daemon.as_ref(), which)
    }

    /// Whether a Secret Service is on the bus.
    async fn is_on_bus(&self) -> Result<bool> {
        let bus = DBusProxy::new(&self.connection).await?;
        let name = SERVICE.try_into().map_err(zbus::Error::from)?;
        Ok(bus.name_has_owner(name).await.map_err(zbus::Error::from)?)
    }
}

fn signal(program: &str, process: Option<&Process>, signal: Signal) -> Result<()> {
    process
        .map(Process::id)
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
        .and_then(|id| kill_process(id, signal).ok())
        .ok_or_else(|| TestError::ProgramFailed {
            program: program.to_owned(),
            output: "it isn't running".to_owned(),
        })
}

async fn within<T>(what: &str, operation: impl Future<Output = T>) -> Result<T> {
    timeout(TIMEOUT, operation)
        .await
        .map_err(|_| TestError::Timeout {
            what: what.to_owned(),
            seconds: TIMEOUT.as_secs(),
        })
}

/// The configuration of a bus that activates no service: otherwise the machine's keychain would
/// start when the test's is stopped.
fn bus_configuration(folder: &Path) -> Result<OsString> {
    let path: PathBuf = folder.join("bus.conf");
    let configuration = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        folder.join("runtime").display()
    );
    fs::write(&path, configuration).or_else(during("writing the bus's configuration"))?;
    let mut argument = OsString::from("--config-file=");
    argument.push(path);
    Ok(argument)
}

/// The first line of a program's output.
async fn first_line(process: &mut Process) -> Result<String> {
    let silent = || TestError::ProgramFailed {
        program: "a program".to_owned(),
        output: "nothing".to_owned(),
    };
    let stdout = process.take_stdout().ok_or_else(silent)?;
    let stdout = ChildStdout::from_std(stdout).or_else(during("reading a pipe"))?;
    let mut lines = BufReader::new(stdout).lines();
    let line = within("a program prints its first line", lines.next_line()).await?;
    line.or_else(during("reading a pipe"))?.ok_or_else(silent)
}
