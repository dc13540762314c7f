//! One copy of the app for each session: the first owns a name on the session bus, and every other hands over
//! what it was started for and ends. It does so before the toolkit is started, whose threads could still run
//! when the process ends.
//!
//! The interface is the one of desktops (Desktop Entry Specification, "D-Bus Activation"): it carries the
//! identifiers that end the busy pointer and let the window take the focus.

mod application;
mod owner;

use std::collections::HashMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use amiqus_core::error::chain;
use tokio::runtime;
use tokio::time::{sleep, timeout};
use zbus::fdo::{self, DBusProxy, RequestNameFlags};
use zbus::zvariant::Value;
use zbus::{Connection, connection};

use self::application::{Application, hand_over, object_path};
use self::owner::{Owner, identify};
use super::queue::IncomingQueue;
use super::start::Start;
use crate::{stderr, words};

/// How long a call to the bus may take; then the app starts without the bus.
const BUS_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the first copy may take to reply before the user is notified.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the first copy is waited for after that. If it ends in this time this copy takes its place, with
/// the link.
const HAND_OVER_TIMEOUT: Duration = Duration::from_mins(1);

/// How long the bus may keep the name of a process that has ended.
const NAME_RELEASE_TIMEOUT: Duration = Duration::from_secs(3);

/// The pause between two tries. A copy that crashed keeps its name for up to half a second.
const RETRY_INTERVAL: Duration = Duration::from_millis(25);

/// The variable with which a developer runs a copy beside an installed one: a suffix to the name on the bus.
const INSTANCE_VARIABLE: &str = "AMIQUS_INSTANCE";

/// The name that the first copy owns.
fn name() -> String {
    let instance = std::env::var(INSTANCE_VARIABLE).unwrap_or_default();
    let is_valid = !instance.is_empty() && instance.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_valid {
        format!("{}.{instance}", brand::IDENTIFIER)
    } else {
        brand::IDENTIFIER.to_owned()
    }
}

/// What became of this copy.
pub(crate) enum Instance {
    /// This is the first copy.
    First(NameOwner),
    /// Another copy handles what this one was started for.
    HandedOver,
    /// Another copy runs and doesn't reply. The call stays with the bus, and reaches it if it continues.
    Unresponsive,
    /// Another program owns the name and is handed nothing. This copy starts without the name.
    NameTaken,
    /// The bus can't be asked, so this copy starts without the name.
    Unknown,
}

/// Owns the name.
pub(crate) struct NameOwner(Connection);

impl NameOwner {
    /// Releases the name, so that the next copy can own it; to be called when this one is ending.
    pub(crate) fn release(self) {
        let Ok(runtime) = runtime() else { return };
        // A timeout is made within the runtime, which has its timer.
        let released =
            runtime.block_on(async { timeout(BUS_TIMEOUT, self.0.release_name(name())).await });
        if !matches!(released, Ok(Ok(_))) {
            tracing::warn!("single instance: name not released before the end of the process");
        }
    }
}

/// Becomes the first copy, or hands over to it.
pub(crate) fn claim(start: &Start, queue: &IncomingQueue) -> Instance {
    match runtime().map(|runtime| runtime.block_on(claim_or_hand_over(start, queue))) {
        Ok(instance) => instance,
        Err(error) => {
            warn("no runtime", &error);
            Instance::Unknown
        }
    }
}

/// The bus has a thread of its own; the runtime is for its timeouts.
fn runtime() -> std::io::Result<runtime::Runtime> {
    runtime::Builder::new_current_thread().enable_time().build()
}

async fn claim_or_hand_over(start: &Start, queue: &IncomingQueue) -> Instance {
    let connection = match timeout(BUS_TIMEOUT, connect(queue)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            warn("there is no session bus", &chain(&error));
            return Instance::Unknown;
        }
        Err(error) => {
            warn("the session bus does not answer", &error);
            return Instance::Unknown;
        }
    };
    let settled = settle(&connection, start);
    tokio::pin!(settled);
    let outcome = if let Ok(outcome) = timeout(REPLY_TIMEOUT, &mut settled).await {
        outcome
    } else {
        notify_unresponsive(&connection).await;
        match timeout(HAND_OVER_TIMEOUT, &mut settled).await {
            Ok(outcome) => outcome,
            Err(_) => return Instance::Unresponsive,
        }
    };
    match outcome {
        Ok(Settled::First) => Instance::First(NameOwner(connection.clone())),
        Ok(Settled::HandedOver) => Instance::HandedOver,
        Ok(Settled::NameTaken) => Instance::NameTaken,
        Err(error) => {
            warn("the other copy can't be asked", &chain(&error));
            Instance::Unknown
        }
    }
}

async fn connect(queue: &IncomingQueue) -> zbus::Result<Connection> {
    // Served before there is a name by which others can call it.
    connection::Builder::session()?
        .serve_at(object_path(), Application(queue.clone()))?
        .build()
        .await
}

/// How the negotiation over the name ended.
enum Settled {
    /// This copy is the first.
    First,
    /// Another copy handles what this one was started for.
    HandedOver,
    /// Another program owns the name.
    NameTaken,
}

/// Tries until this copy owns the name or has handed its start over.
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
            Err(error) => return Err(error),
        }
        let handed_over = match bus.get_name_owner(name().try_into()?).await {
            Ok(owner) => match identify(&bus, &owner).await {
                Ok(Owner::OwnCopy) => {
                    let handed_over = hand_over(connection, &owner, start).await;
                    ended = Instant::now();
                    handed_over
                }
                // A copy that crashed keeps its name for a moment.
                Ok(Owner::Ended) if ended.elapsed() < NAME_RELEASE_TIMEOUT => {
                    sleep(RETRY_INTERVAL).await;
                    continue;
                }
                // The connection of a process that has ended may live on in another one.
                Ok(Owner::Other | Owner::Ended) => return Ok(Settled::NameTaken),
                Err(error) => Err(error),
            },
            Err(error) => Err(error.into()),
        };
        match handed_over {
            Ok(()) => return Ok(Settled::HandedOver),
            Err(error) if owner_is_gone(&error) => sleep(RETRY_INTERVAL).await,
            Err(error) => return Err(error),
        }
    }
}

/// Whether the first copy has ended, or is about to.
fn owner_is_gone(error: &zbus::Error) -> bool {
    const GONE: [&str; 5] = [
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.Failed",
    ];
    match error {
        zbus::Error::MethodError(name, ..) => GONE.contains(&name.as_str()),
        zbus::Error::FDO(error) => matches!(
            **error,
            fdo::Error::NoReply(_)
                | fdo::Error::ServiceUnknown(_)
                | fdo::Error::NameHasNoOwner(_)
                | fdo::Error::Disconnected(_)
                | fdo::Error::Failed(_)
        ),
        _ => false,
    }
}

/// Notifies the user that the first copy hangs, because this copy has no window.
async fn notify_unresponsive(connection: &Connection) {
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
    let notified = connection.call_method(
        Some("org.freedesktop.Notifications"),
        "/org/freedesktop/Notifications",
        Some("org.freedesktop.Notifications"),
        "Notify",
        &body,
    );
    if !matches!(timeout(BUS_TIMEOUT, notified).await, Ok(Ok(_))) {
        warn(
            "the running copy does not answer",
            &words::NOT_RESPONDING_NOW,
        );
    }
}

/// Writes a warning to standard error, because there is no log yet.
fn warn(what: &str, why: &dyn Display) {
    stderr::write(&format!(
        "{}: single instance: {what}: {why}\n",
        brand::NAME
    ));
}
