//! An app's menu in the tray (`com.canonical.dbusmenu`).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use zbus::blocking::Connection;
use zbus::blocking::Proxy;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Type, Value};

use crate::watcher::Item;

/// A line of the menu.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    #[serde(skip)]
    id: i32,
    label: String,
    enabled: bool,
    /// Whether it bears a tick.
    ticked: bool,
}

/// What the bus says when whoever was asked is gone.
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";

/// As it comes over the bus: an id, what it is, and the lines below it.
#[derive(Debug, Deserialize, Type)]
struct Layout {
    id: i32,
    properties: HashMap<String, OwnedValue>,
    below: Vec<OwnedValue>,
}

/// The menu's lines, those of menus within it after their own.
pub(crate) fn lines(bus: &Connection, item: &Item) -> zbus::Result<Vec<Line>> {
    let menu = menu_of(bus, item)?;
    // Some menus are filled only when they are about to be seen.
    let _: Result<bool, _> = menu.call("AboutToShow", &(0_i32,));
    let (_, layout): (u32, Layout) =
        menu.call("GetLayout", &(0_i32, -1_i32, Vec::<String>::new()))?;
    let mut lines = Vec::new();
    collect(layout, &mut lines)?;
    Ok(lines)
}

/// Chooses the first line with this label; says whether there was one.
pub(crate) fn choose(bus: &Connection, item: &Item, label: &str) -> zbus::Result<bool> {
    let Some(line) = lines(bus, item)?
        .into_iter()
        .find(|line| line.label == label && line.enabled)
    else {
        return Ok(false);
    };
    let nothing = Value::from(0_i32);
    match menu_of(bus, item)?.call("Event", &(line.id, "clicked", nothing, 0_u32)) {
        // An app that was told to quit may have done so before it answered.
        Err(zbus::Error::MethodError(name, ..)) if name == NO_REPLY => Ok(true),
        outcome => outcome.map(|()| true),
    }
}

fn menu_of(bus: &Connection, item: &Item) -> zbus::Result<Proxy<'static>> {
    let in_tray = Proxy::new(
        bus,
        item.app.clone(),
        item.path.clone(),
        "org.kde.StatusNotifierItem",
    )?;
    let path: OwnedObjectPath = in_tray.get_property("Menu")?;
    Proxy::new(bus, item.app.clone(), path, "com.canonical.dbusmenu")
}

fn collect(layout: Layout, lines: &mut Vec<Line>) -> zbus::Result<()> {
    let text = |name: &str| -> Option<String> {
        let value = layout.properties.get(name)?.try_clone().ok()?;
        String::try_from(value).ok()
    };
    let number = |name: &str| -> Option<i32> {
        let value = layout.properties.get(name)?.try_clone().ok()?;
        i32::try_from(value).ok()
    };
    let is_off = |name: &str| {
        matches!(
            layout.properties.get(name).map(|value| &**value),
            Some(Value::Bool(false))
        )
    };
    if let Some(label) = text("label").filter(|label| !label.is_empty()) {
        lines.push(Line {
            id: layout.id,
            // A single underscore marks a letter.
            label: label
                .replace("__", "\u{0}")
                .replace('_', "")
                .replace('\u{0}', "_"),
            enabled: !is_off("enabled"),
            ticked: number("toggle-state") == Some(1),
        });
    }
    for below in layout.below {
        let (id, properties, below) =
            <(i32, HashMap<String, OwnedValue>, Vec<OwnedValue>)>::try_from(below)?;
        collect(
            Layout {
                id,
                properties,
                below,
            },
            lines,
        )?;
    }
    Ok(())
}
