//! A fake tray (the `StatusNotifierItem` specification of freedesktop.org).
#![expect(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the D-Bus methods of the specification, in the form that zbus's macro requires"
)]

use std::sync::{Arc, Mutex, PoisonError};

use zbus::message::Header;

/// The tray icon of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayItem {
    /// The bus name of the app.
    pub(crate) bus_name: String,
    /// The object path of the item.
    pub(crate) path: String,
}

/// The registered items, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrayItems(Arc<Mutex<Vec<TrayItem>>>);

impl TrayItems {
    /// The most recently registered item.
    pub(crate) fn latest(&self) -> Option<TrayItem> {
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.last().cloned()
    }

    fn add(&self, item: TrayItem) {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.push(item);
    }
}

/// The D-Bus object `org.kde.StatusNotifierWatcher`.
pub(crate) struct TrayWatcher {
    items: TrayItems,
}

impl TrayWatcher {
    pub(crate) fn new(items: TrayItems) -> Self {
        Self { items }
    }
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl TrayWatcher {
    /// Registers an item. `service` is the object path of the item or the bus name of the app.
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        self.items.add(if service.starts_with('/') {
            TrayItem {
                bus_name: sender,
                path: service.to_owned(),
            }
        } else {
            TrayItem {
                bus_name: service.to_owned(),
                path: "/StatusNotifierItem".to_owned(),
            }
        });
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items
            .latest()
            .map(|item| format!("{}{}", item.bus_name, item.path))
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
