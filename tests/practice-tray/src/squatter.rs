//! A program that takes another app's name on the session bus, and is handed what was meant for it.
#![expect(
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding,
    reason = "the specification's methods, in the shape that zbus's macro takes"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use zbus::zvariant::Value;

/// What it was handed, in its order.
#[derive(Debug, Clone, Default)]
pub(crate) struct HandedOver(Arc<Mutex<Vec<String>>>);

impl HandedOver {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn push(&self, what: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }
}

pub(crate) struct Application(pub(crate) HandedOver);

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
