//! A keychain: a real Secret Service on a session bus of its own.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::time::{sleep, timeout};
use zbus::fdo::DBusProxy;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Message};

use crate::processes::{Process, killed_with_parent};
use crate::{Result, TestError, during};

/// The password of the private keychain.
const PASSWORD: &str = "great-scott";

/// How long the bus and the keychain may take to start.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The name of a Secret Service on the bus.
const SERVICE: &str = "org.freedesktop.secrets";

/// Its interface.
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";

/// The attributes that the app gives its key.
const KEY_NAMES: [(&str, &str); 2] = [("service", "co.amiqus.signin"), ("username", "vault key")];

/// How often the bus is polled for the service.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Home folders, a session bus, and a Secret Service on the bus.
#[derive(Debug)]
pub struct Keychain {
    // In this order: what was started last ends first, and the folder goes when nobody writes there.
    daemon: Option<Process>,
    connection: Connection,
    bus: Process,
    environment: BTreeMap<String, OsString>,
    folder: TempDir,
}

impl Keychain {
    /// A new one: running, unlocked, and empty.
    ///
    /// # Errors
    /// When `dbus-daemon`, `gnome-keyring-daemon` or `setpriv` is missing or doesn't start.
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

    /// Starts the Secret Service again after [`Keychain::stop_daemon`], unlocked, with what it held.
    ///
    /// # Errors
    /// When it doesn't start.
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
            while !self.is_there().await? {
                sleep(POLL_INTERVAL).await;
            }
            Ok(())
        })
        .await?
    }

    /// Ends the Secret Service: there is no keychain then.
    pub fn stop_daemon(&mut self) {
        self.daemon = None;
    }

    /// Removes all that it holds, as after a reset by the user.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn delete_all_items(&self) -> Result<()> {
        let none = BTreeMap::<&str, &str>::new();
        let answer = self
            .call(SERVICE_INTERFACE, "SearchItems", &(none,))
            .await?;
        let (unlocked, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            answer.body().deserialize()?;
        for item in unlocked {
            self.connection
                .call_method(
                    Some(SERVICE),
                    item,
                    Some("org.freedesktop.Secret.Item"),
                    "Delete",
                    &(),
                )
                .await?;
        }
        Ok(())
    }

    /// Registers a prompter that never answers the prompt for a locked keychain.
    ///
    /// # Errors
    /// If the bus rejects the name.
    pub async fn prompt_without_end(&self) -> Result<Prompter> {
        self.prompt(Prompter::default()).await
    }

    /// Registers a prompter that refuses the prompt for a locked keychain.
    ///
    /// # Errors
    /// If the bus rejects the name.
    pub async fn prompt_and_refuse(&self) -> Result<Prompter> {
        let refuses = true;
        let asked = Arc::default();
        self.prompt(Prompter { asked, refuses }).await
    }

    async fn prompt(&self, prompter: Prompter) -> Result<Prompter> {
        self.connection
            .object_server()
            .at("/org/gnome/keyring/Prompter", prompter.clone())
            .await?;
        self.connection
            .request_name("org.gnome.keyring.SystemPrompter")
            .await?;
        Ok(prompter)
    }

    /// Makes a second collection, open, as an imported keyring is.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn add_collection(&self, label: &str) -> Result<OwnedObjectPath> {
        let session = self.session().await?;
        let properties = BTreeMap::from([(
            "org.freedesktop.Secret.Collection.Label",
            Value::from(label),
        )]);
        let password = (session, Vec::<u8>::new(), PASSWORD.as_bytes(), "text/plain");
        // As the log-in does it, without a prompt.
        let answer = self
            .call(
                "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
                "CreateWithMasterPassword",
                &(properties, password),
            )
            .await?;
        Ok(answer.body().deserialize()?)
    }

    /// Puts another secret under the names of the app's own key into a collection.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn add_key(&self, collection: &OwnedObjectPath, secret: &[u8]) -> Result<()> {
        let session = self.session().await?;
        let names = HashMap::from(KEY_NAMES);
        let properties = BTreeMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from("a key")),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(names)),
        ]);
        let secret = (session, Vec::<u8>::new(), secret, "text/plain");
        let item = (properties, secret, false);
        let asking = self.connection.call_method(
            Some(SERVICE),
            collection,
            Some("org.freedesktop.Secret.Collection"),
            "CreateItem",
            &item,
        );
        within("an item is made", asking).await??;
        Ok(())
    }

    /// The secrets that are under the names of the app's own key, in open collections.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let session = self.session().await?;
        let mut keys = Vec::new();
        for item in self.open_items().await? {
            let answer = self
                .connection
                .call_method(
                    Some(SERVICE),
                    item,
                    Some("org.freedesktop.Secret.Item"),
                    "GetSecret",
                    &(&session,),
                )
                .await?;
            let secret: ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) =
                answer.body().deserialize()?;
            keys.push(secret.0.2);
        }
        Ok(keys)
    }

    /// Removes a vault's ID from its keys.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn remove_vault_id(&self, vault: &str) -> Result<()> {
        for (item, attributes) in self.attributes().await? {
            if attributes.get("vault").is_some_and(|named| named == vault) {
                let left: HashMap<_, _> = attributes
                    .into_iter()
                    .filter(|(name, _)| name != "vault")
                    .collect();
                let property = (
                    "org.freedesktop.Secret.Item",
                    "Attributes",
                    Value::from(left),
                );
                let interface = Some("org.freedesktop.DBus.Properties");
                self.connection
                    .call_method(Some(SERVICE), &item, interface, "Set", &property)
                    .await?;
            }
        }
        Ok(())
    }

    /// The number of keys without a vault ID.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn keys_without_vault_id(&self) -> Result<usize> {
        let all = self.attributes().await?;
        let nameless = all.iter().filter(|(_, names)| !names.contains_key("vault"));
        Ok(nameless.count())
    }

    /// The app's items in open collections, with their names.
    async fn attributes(&self) -> Result<Vec<(OwnedObjectPath, HashMap<String, String>)>> {
        let mut all = Vec::new();
        for item in self.open_items().await? {
            let property = ("org.freedesktop.Secret.Item", "Attributes");
            let interface = Some("org.freedesktop.DBus.Properties");
            let answer = self
                .connection
                .call_method(Some(SERVICE), &item, interface, "Get", &property)
                .await?;
            let value: OwnedValue = answer.body().deserialize()?;
            all.push((item, HashMap::try_from(value).map_err(zbus::Error::from)?));
        }
        Ok(all)
    }

    /// The items with the attributes of the app's keys, in open collections.
    async fn open_items(&self) -> Result<Vec<OwnedObjectPath>> {
        let names = HashMap::from(KEY_NAMES);
        let answer = self
            .call(SERVICE_INTERFACE, "SearchItems", &(names,))
            .await?;
        let (open, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            answer.body().deserialize()?;
        Ok(open)
    }

    /// A session in which secrets aren't encrypted.
    async fn session(&self) -> Result<OwnedObjectPath> {
        let session = self
            .call(
                SERVICE_INTERFACE,
                "OpenSession",
                &("plain", Value::from("")),
            )
            .await?;
        let (_, session): (OwnedValue, OwnedObjectPath) = session.body().deserialize()?;
        Ok(session)
    }

    /// Suspends the Secret Service: it stays on the bus and answers no call.
    ///
    /// # Errors
    /// When there is none.
    pub fn suspend(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Resumes it after [`Keychain::suspend`].
    ///
    /// # Errors
    /// When there is none.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Suspends the session bus: it accepts connections and sends nothing.
    ///
    /// # Errors
    /// When there is none.
    pub fn suspend_bus(&self) -> Result<()> {
        signal("dbus-daemon", Some(&self.bus), Signal::STOP)
    }

    /// Resumes it after [`Keychain::suspend_bus`].
    ///
    /// # Errors
    /// When there is none.
    pub fn resume_bus(&self) -> Result<()> {
        signal("dbus-daemon", Some(&self.bus), Signal::CONT)
    }

    fn signal(&self, which: Signal) -> Result<()> {
        signal("gnome-keyring-daemon", self.daemon.as_ref(), which)
    }

    /// Locks it, as when the user leaves.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn lock(&self) -> Result<()> {
        self.lock_collection(&self.collection().await?).await
    }

    /// Locks one collection.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn lock_collection(&self, collection: &OwnedObjectPath) -> Result<()> {
        self.call(SERVICE_INTERFACE, "Lock", &(vec![collection],))
            .await?;
        self.expect_locked(collection, true).await
    }

    /// Unlocks it, as when the user returns and enters the password.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn unlock(&self) -> Result<()> {
        self.unlock_collection(&self.collection().await?).await
    }

    /// Unlocks one collection.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn unlock_collection(&self, collection: &OwnedObjectPath) -> Result<()> {
        let session = self.session().await?;
        let password = (session, Vec::<u8>::new(), PASSWORD.as_bytes(), "text/plain");
        // As the log-in does it, without a prompt.
        self.call(
            "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
            "UnlockWithMasterPassword",
            &(collection, password),
        )
        .await?;
        self.expect_locked(collection, false).await
    }

    /// The collection that new secrets go into.
    ///
    /// # Errors
    /// If the Secret Service returns an error.
    pub async fn collection(&self) -> Result<OwnedObjectPath> {
        let answer = self
            .call(SERVICE_INTERFACE, "ReadAlias", &("default",))
            .await?;
        Ok(answer.body().deserialize()?)
    }

    async fn expect_locked(&self, collection: &OwnedObjectPath, locked: bool) -> Result<()> {
        let answer = self
            .connection
            .call_method(
                Some(SERVICE),
                collection,
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &("org.freedesktop.Secret.Collection", "Locked"),
            )
            .await?;
        let said: OwnedValue = answer.body().deserialize()?;
        if *said == Value::from(locked) {
            Ok(())
        } else {
            Err(TestError::Nonsense {
                who: "the keychain".to_owned(),
                said: format!("{said:?}"),
            })
        }
    }

    /// Calls a method of the Secret Service.
    async fn call<B>(&self, interface: &str, method: &str, body: &B) -> Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        let asking = self.connection.call_method(
            Some(SERVICE),
            "/org/freedesktop/secrets",
            Some(interface),
            method,
            body,
        );
        Ok(within("the Secret Service answers", asking).await??)
    }

    /// Whether a Secret Service is on the bus.
    async fn is_there(&self) -> Result<bool> {
        let bus = DBusProxy::new(&self.connection).await?;
        let name = SERVICE.try_into().map_err(zbus::Error::from)?;
        Ok(bus.name_has_owner(name).await.map_err(zbus::Error::from)?)
    }
}

/// A fake system prompter that never answers, or refuses.
#[derive(Debug, Clone, Default)]
pub struct Prompter {
    asked: Arc<AtomicBool>,
    refuses: bool,
}

impl Prompter {
    /// Whether somebody asked.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as the bus hands it over")]
#[zbus::interface(name = "org.gnome.keyring.internal.Prompter")]
impl Prompter {
    fn begin_prompting(&self, callback: ObjectPath<'_>) -> zbus::fdo::Result<()> {
        tracing::info!(%callback, "somebody asks for the password");
        self.asked.store(true, Ordering::SeqCst);
        if self.refuses {
            return Err(zbus::fdo::Error::AccessDenied("not now".to_owned()));
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "as the interface has it")]
    fn stop_prompting(&self, callback: ObjectPath<'_>) {
        tracing::info!(%callback, "nobody asks for the password any more");
    }
}

fn signal(program: &str, process: Option<&Process>, signal: Signal) -> Result<()> {
    process
        .map(Process::id)
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
        .and_then(|id| kill_process(id, signal).ok())
        .ok_or_else(|| TestError::Failed {
            program: program.to_owned(),
            said: "it doesn't run".to_owned(),
        })
}

async fn within<T>(what: &str, asked: impl Future<Output = T>) -> Result<T> {
    timeout(TIMEOUT, asked).await.map_err(|_| TestError::Late {
        what: what.to_owned(),
        seconds: TIMEOUT.as_secs(),
    })
}

/// The configuration of a bus that activates no service of the machine: no keychain means none.
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
    let silent = || TestError::Failed {
        program: "a program".to_owned(),
        said: "nothing".to_owned(),
    };
    let stdout = process.take_stdout().ok_or_else(silent)?;
    let stdout = ChildStdout::from_std(stdout).or_else(during("reading a pipe"))?;
    let mut lines = BufReader::new(stdout).lines();
    let line = within("a program says its first line", lines.next_line()).await?;
    line.or_else(during("reading a pipe"))?.ok_or_else(silent)
}
