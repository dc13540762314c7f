//! What the person is notified of (freedesktop's Desktop Notifications Specification).
#![expect(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the specification's methods, in the shape that zbus's macro takes"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use zbus::zvariant::Value;

/// One notification.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Notification {
    summary: String,
    body: String,
}

/// All notifications, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Vec<Notification>>>);

impl Shown {
    pub(crate) fn all(&self) -> Vec<Notification> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub(crate) struct Notifications {
    shown: Shown,
}

impl Notifications {
    pub(crate) fn new(shown: Shown) -> Self {
        Self { shown }
    }
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the specification's own")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, Value<'_>>,
        _expires: i32,
    ) -> u32 {
        let mut shown = self.shown.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push(Notification { summary, body });
        u32::try_from(shown.len()).unwrap_or(u32::MAX)
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".to_owned(), "body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let text = str::to_owned;
        (text("practice"), text("practice"), text("0"), text("1.2"))
    }
}
