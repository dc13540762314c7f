//! One copy of the app for each session: the first owns a name on the session bus, and every other hands
//! over what it was started for and ends. It does so before the toolkit is started, whose threads would
//! run into the process's own end.
//!
//! The interface is the desktop's own (Desktop Entry Specification, "D-Bus Activation"): it carries the
//! identifiers that end the busy pointer and let the window take the focus.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use amiqus_core::redirect::ReceivedLink;
use tokio::runtime;
use tokio::time::{sleep, timeout};
use zbus::fdo::{self, DBusProxy, RequestNameFlags};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, connection};

use super::letterbox::{Letterbox, Put};
use super::start::{self, Launch, Start, StartRequest};
use crate::{standard_error, words};

const INTERFACE: &str = "org.freedesktop.Application";

/// The keys of `GLib`'s platform data.
const STARTUP_ID: &str = "desktop-startup-id";
const ACTIVATION_TOKEN: &str = "activation-token";

/// The action of a start that asks for nothing.
const NOTHING: &str = "nothing";

/// How long the bus may take to say who owns the name; then the app starts without it.
const BUS_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the first copy may take to answer before the user is told.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it is waited for in all. When it ends meanwhile this copy takes its place, with the link.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// For so long at most a process that has ended may keep its name.
const NAME_OUTLIVES: Duration = Duration::from_secs(3);

/// The wait between two tries. A copy that crashed keeps its name for up to half a second.
const RETRY_INTERVAL: Duration = Duration::from_millis(25);

/// With this a developer has a copy of its own beside an installed one: part of a name on the bus.
const INSTANCE: &str = "AMIQUS_INSTANCE";

/// The name that the first copy owns.
fn name() -> String {
    let instance = std::env::var(INSTANCE).unwrap_or_default();
    let is_sound = !instance.is_empty() && instance.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_sound {
        format!("{}.{instance}", brand::IDENTIFIER)
    } else {
        brand::IDENTIFIER.to_owned()
    }
}

/// What became of this copy.
pub(crate) enum Instance {
    /// It is the first.
    First(NameOwner),
    /// Another copy took over what this one was started for.
    HandedOver,
    /// Another copy runs and doesn't answer. The request is with the bus, and reaches it if it goes on.
    NotAnswered,
    /// The name is another program's, which is handed nothing. It starts, with what it was started for.
    NameTaken,
    /// There is nobody to ask, so it starts.
    Unknown,
}

/// Holds the name.
pub(crate) struct NameOwner(Connection);

impl NameOwner {
    /// Lets another copy have the name; to be called when this one is ending.
    pub(crate) fn release(self) {
        let Ok(runtime) = runtime() else { return };
        // A timeout is made within the runtime, which has its timer.
        let released =
            runtime.block_on(async { timeout(BUS_TIMEOUT, self.0.release_name(name())).await });
        if !matches!(released, Ok(Ok(_))) {
            tracing::warn!("single instance: the name stays until the process ends");
        }
    }
}

/// Becomes the first copy, or hands over to it.
pub(crate) fn claim(start: &Start, letterbox: &Letterbox) -> Instance {
    match runtime().map(|runtime| runtime.block_on(claim_or_hand_over(start, letterbox))) {
        Ok(instance) => instance,
        Err(problem) => {
            warn("no runtime", &problem);
            Instance::Unknown
        }
    }
}

/// The bus has a thread of its own; the runtime is for its timeouts.
fn runtime() -> std::io::Result<runtime::Runtime> {
    runtime::Builder::new_current_thread().enable_time().build()
}

async fn claim_or_hand_over(start: &Start, letterbox: &Letterbox) -> Instance {
    let connection = match timeout(BUS_TIMEOUT, connect(letterbox)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(problem)) => {
            warn("there is no session bus", &problem);
            return Instance::Unknown;
        }
        Err(problem) => {
            warn("the session bus does not answer", &problem);
            return Instance::Unknown;
        }
    };
    let settled = settle(&connection, start);
    tokio::pin!(settled);
    let outcome = if let Ok(outcome) = timeout(ANSWER_TIMEOUT, &mut settled).await {
        outcome
    } else {
        tell_user(&connection).await;
        match timeout(MAX_WAIT, &mut settled).await {
            Ok(outcome) => outcome,
            Err(_) => return Instance::NotAnswered,
        }
    };
    match outcome {
        Ok(Settled::First) => Instance::First(NameOwner(connection.clone())),
        Ok(Settled::HandedOver) => Instance::HandedOver,
        Ok(Settled::NameTaken) => Instance::NameTaken,
        Err(problem) => {
            warn("the other copy can't be asked", &problem);
            Instance::Unknown
        }
    }
}

async fn connect(letterbox: &Letterbox) -> zbus::Result<Connection> {
    // Served before there is a name by which it could be called.
    connection::Builder::session()?
        .serve_at(object_path(), Application(letterbox.clone()))?
        .build()
        .await
}

/// How the copies came to terms.
enum Settled {
    /// This copy is the first.
    First,
    /// Another has taken over what this one was started for.
    HandedOver,
    /// Another program has the name.
    NameTaken,
}

/// Tries until this copy is the first, or knows who is.
async fn settle(connection: &Connection, start: &Start) -> zbus::Result<Settled> {
    let bus = DBusProxy::new(connection).await?;
    let mut ended = Instant::now();
    loop {
        match connection
            .request_name_with_flags(name(), RequestNameFlags::DoNotQueue.into())
            .await
        {
            Ok(_) => return Ok(Settled::First),
            Err(zbus::Error::NameTaken) => {}
            Err(problem) => return Err(problem),
        }
        let handed_over = match bus.get_name_owner(name().try_into()?).await {
            Ok(owner) => match who_is(&bus, &owner).await {
                Ok(Owner::OwnCopy) => {
                    let handed_over = hand_over(connection, &owner, start).await;
                    ended = Instant::now();
                    handed_over
                }
                // A copy that crashed keeps its name for a moment.
                Ok(Owner::Ended) if ended.elapsed() < NAME_OUTLIVES => {
                    sleep(RETRY_INTERVAL).await;
                    continue;
                }
                // Where it has ended, its connection lives on in another process.
                Ok(Owner::Other | Owner::Ended) => return Ok(Settled::NameTaken),
                Err(problem) => Err(problem),
            },
            Err(problem) => Err(problem.into()),
        };
        match handed_over {
            Ok(()) => return Ok(Settled::HandedOver),
            Err(problem) if owner_is_gone(&problem) => sleep(RETRY_INTERVAL).await,
            Err(problem) => return Err(problem),
        }
    }
}

/// Who has the name.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    /// The same user's process of the same program.
    OwnCopy,
    /// Anybody else.
    Other,
    /// A process that has ended.
    Ended,
}

/// Tells who has the name: a link is handed to a copy of this program's and to nobody else. Whoever runs as
/// this user can take the name first, and would be handed code and `state`.
async fn who_is(bus: &DBusProxy<'_>, owner: &OwnedUniqueName) -> zbus::Result<Owner> {
    let name = || owner.as_ref().to_owned().into();
    let user = bus.get_connection_unix_user(name()).await?;
    if user != rustix::process::getuid().as_raw() {
        return Ok(Owner::Other);
    }
    let process = bus.get_connection_unix_process_id(name()).await?;
    let program = Path::new("/proc").join(process.to_string()).join("exe");
    match fs::read_link(&program) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(Owner::Ended),
        _ if is_same_program(&program, Path::new("/proc/self/exe")) => Ok(Owner::OwnCopy),
        _ => Ok(Owner::Other),
    }
}

/// Whether two processes run the same program: the file by the same path, which an update may have
/// replaced meanwhile, or the same bytes, as of an `AppImage` that is mounted twice.
fn is_same_program(one: &Path, other: &Path) -> bool {
    let path = |link: &Path| {
        let target = fs::read_link(link).ok()?.into_os_string().into_vec();
        let kept = target.strip_suffix(b" (deleted)".as_slice());
        Some(kept.map_or_else(|| target.clone(), <[u8]>::to_vec))
    };
    let paths = (path(one), path(other));
    matches!(paths, (Some(one), Some(other)) if one == other)
        || has_same_bytes(one, other).unwrap_or(false)
}

fn has_same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 {
            return Ok(left.is_empty() && right.is_empty());
        }
        if left[..length] != right[..length] {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}

async fn hand_over(
    connection: &Connection,
    owner: &OwnedUniqueName,
    start: &Start,
) -> zbus::Result<()> {
    let data = platform_data(&start.launch);
    let path = object_path();
    let call = (Some(owner), path.as_str(), Some(INTERFACE));
    match &start.request {
        StartRequest::Window => {
            connection
                .call_method(call.0, call.1, call.2, "Activate", &(data,))
                .await
        }
        StartRequest::Link(link) => {
            let links = [link.expose()];
            connection
                .call_method(call.0, call.1, call.2, "Open", &(&links[..], data))
                .await
        }
        StartRequest::Nothing => {
            let parameters: Vec<Value<'_>> = Vec::new();
            let body = (NOTHING, parameters, data);
            connection
                .call_method(call.0, call.1, call.2, "ActivateAction", &body)
                .await
        }
    }
    .map(drop)
}

/// Whether the copy that was asked has ended, or is about to.
fn owner_is_gone(problem: &zbus::Error) -> bool {
    const GONE: [&str; 5] = [
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.Failed",
    ];
    match problem {
        zbus::Error::MethodError(name, ..) => GONE.contains(&name.as_str()),
        zbus::Error::FDO(problem) => matches!(
            **problem,
            fdo::Error::NoReply(_)
                | fdo::Error::ServiceUnknown(_)
                | fdo::Error::NameHasNoOwner(_)
                | fdo::Error::Disconnected(_)
                | fdo::Error::Failed(_)
        ),
        _ => false,
    }
}

/// The first copy hangs: a notification, because this copy has no window.
async fn tell_user(connection: &Connection) {
    let no_actions: [&str; 0] = [];
    let no_hints: HashMap<&str, Value<'_>> = HashMap::new();
    let body = (
        words::APP,
        0_u32,
        "sign-in-with-amiqus",
        words::NOT_RESPONDING,
        words::NOT_RESPONDING_NOW,
        &no_actions[..],
        no_hints,
        -1_i32,
    );
    let told = connection.call_method(
        Some("org.freedesktop.Notifications"),
        "/org/freedesktop/Notifications",
        Some("org.freedesktop.Notifications"),
        "Notify",
        &body,
    );
    if !matches!(timeout(BUS_TIMEOUT, told).await, Ok(Ok(_))) {
        warn(
            "the running copy does not answer",
            &words::NOT_RESPONDING_NOW,
        );
    }
}

fn object_path() -> String {
    format!("/{}", brand::IDENTIFIER.replace('.', "/").replace('-', "_"))
}

fn platform_data(launch: &Launch) -> HashMap<&'static str, Value<'_>> {
    [
        (STARTUP_ID, &launch.startup_id),
        (ACTIVATION_TOKEN, &launch.activation_token),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, Value::from(value.as_deref()?))))
    .collect()
}

fn launch_in(data: &HashMap<String, OwnedValue>) -> Launch {
    let text = |key| Some(data.get(key)?.downcast_ref::<&str>().ok()?.to_owned());
    Launch::new(text(STARTUP_ID), text(ACTIVATION_TOKEN))
}

/// There is no log yet: who started the app by hand, or reads the session's journal, is told.
fn warn(what: &str, why: &dyn Display) {
    standard_error::say(&format!(
        "{}: single instance: {what}: {why}\n",
        brand::NAME
    ));
}

/// What the first copy hears.
struct Application(Letterbox);

impl Application {
    /// Answers once it was followed: a copy whose main thread hangs is not to look as if it had.
    async fn put(
        &self,
        request: StartRequest,
        data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        let launch = launch_in(&data);
        match self.0.put(Start { request, launch }) {
            Put::Waits => Ok(()),
            Put::Read(followed) => {
                // Dropped unsaid by an app that is ending, with the request taken.
                let _ = followed.await;
                Ok(())
            }
            Put::Closed => Err(fdo::Error::Failed("this copy is ending".to_owned())),
        }
    }
}

#[zbus::interface(name = "org.freedesktop.Application")]
impl Application {
    async fn activate(&self, platform_data: HashMap<String, OwnedValue>) -> fdo::Result<()> {
        self.put(StartRequest::Window, platform_data).await
    }

    async fn open(
        &self,
        uris: Vec<String>,
        platform_data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        // As with the link that starts the app, it is the only one.
        let request = match <[String; 1]>::try_from(uris) {
            Ok([link]) if start::is_ours(&link) => StartRequest::Link(ReceivedLink::new(link)),
            _ => StartRequest::Nothing,
        };
        self.put(request, platform_data).await
    }

    async fn activate_action(
        &self,
        action_name: &str,
        parameter: Vec<OwnedValue>,
        platform_data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        // This app has no actions: all that counts is that the start is over.
        let _ = (action_name, parameter);
        self.put(StartRequest::Nothing, platform_data).await
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Shows check 17.
    #[test]
    fn same_program_is_told_by_its_path_or_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let link = |name: &str, target: &str| {
            symlink(at(target), at(name)).unwrap();
            at(name)
        };
        std::fs::write(at("program"), b"the program").unwrap();
        std::fs::write(at("mounted twice"), b"the program").unwrap();
        std::fs::write(at("other"), b"the progrem").unwrap();
        let own = link("own", "program");
        assert!(is_same_program(&link("again", "program"), &own));
        assert!(is_same_program(
            &link("replaced", "program (deleted)"),
            &own
        ));
        assert!(is_same_program(&link("appimage", "mounted twice"), &own));
        assert!(!is_same_program(&link("squatter", "other"), &own));
        assert!(!is_same_program(&link("gone", "nowhere"), &own));
        assert!(!is_same_program(&at("no process"), &own));
    }
}
