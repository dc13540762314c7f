//! A fake notification server (Desktop Notifications Specification of freedesktop.org).
#![expect(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the D-Bus methods of the specification, in the form that zbus's macro requires"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use zbus::zvariant::Value;

/// A notification that an app has sent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Notification {
    summary: String,
    body: String,
}

/// All notifications, oldest first. The ID of a notification is its position, counted from 1.
#[derive(Debug, Clone, Default)]
pub(crate) struct NotificationLog(Arc<Mutex<Vec<Notification>>>);

impl NotificationLog {
    pub(crate) fn all(&self) -> Vec<Notification> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The D-Bus object `org.freedesktop.Notifications`.
pub(crate) struct NotificationServer {
    log: NotificationLog,
}

impl NotificationServer {
    pub(crate) fn new(log: NotificationLog) -> Self {
        Self { log }
    }
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl NotificationServer {
    #[expect(clippy::too_many_arguments, reason = "as in the specification")]
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
        let mut log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(Notification { summary, body });
        u32::try_from(log.len()).unwrap_or(u32::MAX)
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
