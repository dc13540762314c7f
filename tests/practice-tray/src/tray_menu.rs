//! A client for the tray menu of an app (`com.canonical.dbusmenu`).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use zbus::blocking::Connection;
use zbus::blocking::Proxy;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Type, Value};

use crate::tray_watcher::TrayItem;

/// The ID of the root of every menu.
const ROOT_ID: i32 = 0;

/// The recursion depth of `GetLayout` that includes all submenus.
const ALL_LEVELS: i32 = -1;

/// The D-Bus error for a service that exits before it replies.
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";

/// A labelled entry of the menu.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MenuEntry {
    #[serde(skip)]
    id: i32,
    label: String,
    enabled: bool,
    /// Whether it is a check mark or radio item that is on.
    #[serde(rename = "ticked")]
    checked: bool,
}

/// A node of the menu layout in the format of `GetLayout`.
#[derive(Debug, Deserialize, Type)]
struct LayoutNode {
    id: i32,
    properties: HashMap<String, OwnedValue>,
    children: Vec<OwnedValue>,
}

/// The entries of the menu, depth first.
pub(crate) fn entries(bus: &Connection, item: &TrayItem) -> zbus::Result<Vec<MenuEntry>> {
    let menu = menu_proxy(bus, item)?;
    // Some apps fill their menu only when it is about to be shown.
    let _: Result<bool, _> = menu.call("AboutToShow", &(ROOT_ID,));
    let (_, root): (u32, LayoutNode) =
        menu.call("GetLayout", &(ROOT_ID, ALL_LEVELS, Vec::<String>::new()))?;
    let mut entries = Vec::new();
    collect_entries(root, &mut entries)?;
    Ok(entries)
}

/// Activates the first enabled entry with this label; returns whether there is one.
pub(crate) fn activate(bus: &Connection, item: &TrayItem, label: &str) -> zbus::Result<bool> {
    let Some(entry) = entries(bus, item)?
        .into_iter()
        .find(|entry| entry.label == label && entry.enabled)
    else {
        return Ok(false);
    };
    let no_data = Value::from(0_i32);
    match menu_proxy(bus, item)?.call("Event", &(entry.id, "clicked", no_data, 0_u32)) {
        // The entry may have ended the app before it could reply.
        Err(zbus::Error::MethodError(name, ..)) if name == NO_REPLY => Ok(true),
        result => result.map(|()| true),
    }
}

fn menu_proxy(bus: &Connection, item: &TrayItem) -> zbus::Result<Proxy<'static>> {
    let item_proxy = Proxy::new(
        bus,
        item.bus_name.clone(),
        item.path.clone(),
        "org.kde.StatusNotifierItem",
    )?;
    let path: OwnedObjectPath = item_proxy.get_property("Menu")?;
    Proxy::new(bus, item.bus_name.clone(), path, "com.canonical.dbusmenu")
}

fn collect_entries(node: LayoutNode, entries: &mut Vec<MenuEntry>) -> zbus::Result<()> {
    let text = |name: &str| -> Option<String> {
        let value = node.properties.get(name)?.try_clone().ok()?;
        String::try_from(value).ok()
    };
    let number = |name: &str| -> Option<i32> {
        let value = node.properties.get(name)?.try_clone().ok()?;
        i32::try_from(value).ok()
    };
    let is_false = |name: &str| {
        matches!(
            node.properties.get(name).map(|value| &**value),
            Some(Value::Bool(false))
        )
    };
    if let Some(label) = text("label").filter(|label| !label.is_empty()) {
        entries.push(MenuEntry {
            id: node.id,
            // A single underscore marks the access key, a double one is an underscore.
            label: label
                .replace("__", "\u{0}")
                .replace('_', "")
                .replace('\u{0}', "_"),
            enabled: !is_false("enabled"),
            checked: number("toggle-state") == Some(1),
        });
    }
    for child in node.children {
        let (id, properties, children) =
            <(i32, HashMap<String, OwnedValue>, Vec<OwnedValue>)>::try_from(child)?;
        let child = LayoutNode {
            id,
            properties,
            children,
        };
        collect_entries(child, entries)?;
    }
    Ok(())
}
