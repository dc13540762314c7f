//! A fake tray and notification server on the D-Bus session bus, for tests.
//!
//! It reads commands from standard input, one per line, and answers each with one line of JSON. It
//! exits at the end of input.
//!
//! ```text
//! menu               returns the tray menu of the app
//! choose Renew now   activates the menu item with this label, if it is there and enabled
//! notifications      returns all notifications
//! click 1            clicks on the notification with this ID (the first one has ID 1)
//! squat a.b          takes the bus name of another app
//! handed over        returns the method calls that were received under that name
//! ```

mod name_squatter;
mod notifications;
mod tray_menu;
mod tray_watcher;

use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};
use zbus::blocking::{Connection, connection};

use crate::name_squatter::{Application, ReceivedCalls};
use crate::notifications::{NotificationLog, NotificationServer};
use crate::tray_watcher::{TrayItems, TrayWatcher};

const NOTIFICATIONS_PATH: &str = "/org/freedesktop/Notifications";
const NOTIFICATIONS_NAME: &str = "org.freedesktop.Notifications";

/// The reason "dismissed by the user" of `NotificationClosed` (Desktop Notifications Specification).
const CLOSED_BY_USER: u32 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let items = TrayItems::default();
    let notifications = NotificationLog::default();
    let received_calls = ReceivedCalls::default();
    let bus = connection::Builder::session()?
        .serve_at("/StatusNotifierWatcher", TrayWatcher::new(items.clone()))?
        .serve_at(
            NOTIFICATIONS_PATH,
            NotificationServer::new(notifications.clone()),
        )?
        .name("org.kde.StatusNotifierWatcher")?
        .name(NOTIFICATIONS_NAME)?
        .build()?;
    print_line(&json!({ "ready": true }))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let response = match line.split_once(' ') {
            None if line == "menu" => menu(&bus, &items),
            None if line == "notifications" => json!({ "notifications": notifications.all() }),
            Some(("choose", label)) => choose(&bus, &items, label),
            Some(("click", id)) => click(&bus, id),
            Some(("squat", name)) => squat(&bus, name, &received_calls),
            _ if line == "handed over" => json!({ "handed_over": received_calls.all() }),
            _ => json!({ "problem": "unknown command" }),
        };
        print_line(&response)?;
    }
    Ok(())
}

fn menu(bus: &Connection, items: &TrayItems) -> Value {
    match items.latest().map(|item| tray_menu::entries(bus, &item)) {
        None => json!({ "menu": null }),
        Some(Ok(entries)) => json!({ "menu": entries }),
        Some(Err(error)) => problem(&error),
    }
}

fn choose(bus: &Connection, items: &TrayItems, label: &str) -> Value {
    match items
        .latest()
        .map(|item| tray_menu::activate(bus, &item, label))
    {
        None => json!({ "chosen": false }),
        Some(Ok(is_activated)) => json!({ "chosen": is_activated }),
        Some(Err(error)) => problem(&error),
    }
}

fn squat(bus: &Connection, name: &str, received_calls: &ReceivedCalls) -> Value {
    // The object path that the Desktop Entry Specification derives from an application ID.
    let path = format!("/{}", name.replace('.', "/").replace('-', "_"));
    let result = bus
        .object_server()
        .at(path, Application(received_calls.clone()))
        .and_then(|_| bus.request_name(name));
    match result {
        Ok(()) => json!({ "squats": true }),
        Err(error) => problem(&error),
    }
}

fn click(bus: &Connection, id: &str) -> Value {
    let Ok(id) = id.parse::<u32>() else {
        return json!({ "problem": "not a notification ID" });
    };
    let broadcast: Option<&str> = None;
    let (path, interface) = (NOTIFICATIONS_PATH, NOTIFICATIONS_NAME);
    let invoked = (id, "default");
    let closed = (id, CLOSED_BY_USER);
    let result = bus
        .emit_signal(broadcast, path, interface, "ActionInvoked", &invoked)
        .and_then(|()| bus.emit_signal(broadcast, path, interface, "NotificationClosed", &closed));
    match result {
        Ok(()) => json!({ "clicked": true }),
        Err(error) => problem(&error),
    }
}

fn problem(error: &zbus::Error) -> Value {
    json!({ "problem": error.to_string() })
}

fn print_line(response: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{response}")?;
    output.flush()
}
