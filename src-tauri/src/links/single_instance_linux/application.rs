//! The D-Bus interface `org.freedesktop.Application`: what a second copy calls and the first one serves.

use std::collections::HashMap;

use amiqus_core::redirect::ReceivedLink;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, fdo};

use crate::links::queue::IncomingQueue;
use crate::links::start::{self, Launch, Start, StartRequest};

const INTERFACE: &str = "org.freedesktop.Application";

/// The keys of `GLib`'s platform data.
const STARTUP_ID_KEY: &str = "desktop-startup-id";
const ACTIVATION_TOKEN_KEY: &str = "activation-token";

/// The action of a start that asks for nothing.
const NO_ACTION: &str = "nothing";

/// Hands a start over to the first copy, and waits until it was handled there.
pub(super) async fn hand_over(
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
            let body = (NO_ACTION, parameters, data);
            connection
                .call_method(call.0, call.1, call.2, "ActivateAction", &body)
                .await
        }
    }
    .map(drop)
}

pub(super) fn object_path() -> String {
    format!("/{}", brand::IDENTIFIER.replace('.', "/").replace('-', "_"))
}

fn platform_data(launch: &Launch) -> HashMap<&'static str, Value<'_>> {
    [
        (STARTUP_ID_KEY, &launch.startup_id),
        (ACTIVATION_TOKEN_KEY, &launch.activation_token),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, Value::from(value.as_deref()?))))
    .collect()
}

fn launch_in(data: &HashMap<String, OwnedValue>) -> Launch {
    let text = |key| Some(data.get(key)?.downcast_ref::<&str>().ok()?.to_owned());
    Launch::new(text(STARTUP_ID_KEY), text(ACTIVATION_TOKEN_KEY))
}

/// Serves the calls of other copies.
pub(super) struct Application(pub(super) IncomingQueue);

impl Application {
    /// Replies once the start was handled, so that a copy whose main thread hangs is noticed.
    async fn push(
        &self,
        request: StartRequest,
        data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        let launch = launch_in(&data);
        let receipt = self.0.push(Start { request, launch });
        // The caller tries again until it is the first copy, or finds another.
        let handled = receipt.handled().await;
        handled.map_err(|closed| fdo::Error::Failed(closed.to_string()))
    }
}

#[zbus::interface(name = "org.freedesktop.Application")]
impl Application {
    async fn activate(&self, platform_data: HashMap<String, OwnedValue>) -> fdo::Result<()> {
        self.push(StartRequest::Window, platform_data).await
    }

    async fn open(
        &self,
        uris: Vec<String>,
        platform_data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        // A link counts only as the only one, as on the command line.
        let request = match <[String; 1]>::try_from(uris) {
            Ok([link]) if start::is_ours(&link) => StartRequest::Link(ReceivedLink::new(link)),
            _ => StartRequest::Nothing,
        };
        self.push(request, platform_data).await
    }

    async fn activate_action(
        &self,
        action_name: &str,
        parameter: Vec<OwnedValue>,
        platform_data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        // This app has no actions; the call only completes the start.
        let _ = (action_name, parameter);
        self.push(StartRequest::Nothing, platform_data).await
    }
}
