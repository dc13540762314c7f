//! A hostile program that takes the bus name of another app and receives the calls meant for it.
#![expect(
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding,
    reason = "the D-Bus methods of the specification, in the form that zbus's macro requires"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use zbus::zvariant::Value;

/// The received calls, oldest first: the URIs of `Open`, the name of an action, or `activate`.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReceivedCalls(Arc<Mutex<Vec<String>>>);

impl ReceivedCalls {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn push(&self, call: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
    }
}

/// The D-Bus object `org.freedesktop.Application` (Desktop Entry Specification).
pub(crate) struct Application(pub(crate) ReceivedCalls);

#[zbus::interface(name = "org.freedesktop.Application")]
impl Application {
    fn activate(&self, _data: HashMap<String, Value<'_>>) {
        self.0.push("activate".to_owned());
    }

    fn open(&self, uris: Vec<String>, _data: HashMap<String, Value<'_>>) {
        self.0.push(uris.join(" "));
    }

    fn activate_action(
        &self,
        name: String,
        _parameter: Vec<Value<'_>>,
        _data: HashMap<String, Value<'_>>,
    ) {
        self.0.push(name);
    }
}
