//! Who is in the tray (freedesktop's `StatusNotifierItem`).
#![expect(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the specification's methods, in the shape that zbus's macro takes"
)]

use std::sync::{Arc, Mutex, PoisonError};

use zbus::message::Header;

/// An app's item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The app, on the bus.
    pub(crate) app: String,
    /// Its item.
    pub(crate) path: String,
}

/// The items that came, in that order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Items(Arc<Mutex<Vec<Item>>>);

impl Items {
    /// The item that came last.
    pub(crate) fn latest(&self) -> Option<Item> {
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.last().cloned()
    }

    fn add(&self, item: Item) {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.push(item);
    }
}

pub(crate) struct Watcher {
    items: Items,
}

impl Watcher {
    pub(crate) fn new(items: Items) -> Self {
        Self { items }
    }
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// An app names its object, or its own name on the bus.
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        self.items.add(if service.starts_with('/') {
            Item {
                app: sender,
                path: service.to_owned(),
            }
        } else {
            Item {
                app: service.to_owned(),
                path: "/StatusNotifierItem".to_owned(),
            }
        });
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items
            .latest()
            .map(|item| format!("{}{}", item.app, item.path))
            .into_iter()
            .collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
