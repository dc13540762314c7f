//! A desktop's tray and notifications on the session bus, for tests. It answers each line that it
//! reads with one line of JSON, and ends when there are no more:
//!
//! ```text
//! menu               the menu of the app in the tray
//! choose Renew now   chooses there; says whether there was such a line
//! notifications      what the person was notified of
//! click 1            clicks on the first notification
//! squat a.b          takes an app's name on the bus
//! handed over        what it was handed by that name
//! ```

mod menu;
mod notifications;
mod squatter;
mod watcher;

use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};
use zbus::blocking::{Connection, connection};

use crate::notifications::Notifications;
use crate::watcher::{Items, Watcher};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let items = Items::default();
    let shown = notifications::Shown::default();
    let handed_over = squatter::HandedOver::default();
    let bus = connection::Builder::session()?
        .serve_at("/StatusNotifierWatcher", Watcher::new(items.clone()))?
        .serve_at(
            "/org/freedesktop/Notifications",
            Notifications::new(shown.clone()),
        )?
        .name("org.kde.StatusNotifierWatcher")?
        .name("org.freedesktop.Notifications")?
        .build()?;
    say(&json!({ "ready": true }))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ') {
            None if line == "menu" => of_menu(&bus, &items),
            None if line == "notifications" => json!({ "notifications": shown.all() }),
            Some(("choose", label)) => choose(&bus, &items, label),
            Some(("click", number)) => click(&bus, number),
            Some(("squat", name)) => squat(&bus, name, &handed_over),
            _ if line == "handed over" => json!({ "handed_over": handed_over.all() }),
            _ => json!({ "problem": "no such wish" }),
        };
        say(&answer)?;
    }
    Ok(())
}

fn of_menu(bus: &Connection, items: &Items) -> Value {
    match items.latest().map(|item| menu::lines(bus, &item)) {
        None => json!({ "menu": null }),
        Some(Ok(lines)) => json!({ "menu": lines }),
        Some(Err(problem)) => json!({ "problem": problem.to_string() }),
    }
}

fn choose(bus: &Connection, items: &Items, label: &str) -> Value {
    match items.latest().map(|item| menu::choose(bus, &item, label)) {
        None => json!({ "chosen": false }),
        Some(Ok(chosen)) => json!({ "chosen": chosen }),
        Some(Err(problem)) => json!({ "problem": problem.to_string() }),
    }
}

fn squat(bus: &Connection, name: &str, handed_over: &squatter::HandedOver) -> Value {
    let path = format!("/{}", name.replace('.', "/").replace('-', "_"));
    let taken = bus
        .object_server()
        .at(path, squatter::Application(handed_over.clone()))
        .and_then(|_| bus.request_name(name));
    match taken {
        Ok(()) => json!({ "squats": true }),
        Err(problem) => json!({ "problem": problem.to_string() }),
    }
}

fn click(bus: &Connection, number: &str) -> Value {
    let Ok(number) = number.parse::<u32>() else {
        return json!({ "problem": "no number" });
    };
    let path = "/org/freedesktop/Notifications";
    let interface = "org.freedesktop.Notifications";
    let everybody: Option<&str> = None;
    let clicked = (number, "default");
    // By its person (Desktop Notifications Specification, reason 2).
    let closed = (number, 2_u32);
    let told = bus
        .emit_signal(everybody, path, interface, "ActionInvoked", &clicked)
        .and_then(|()| bus.emit_signal(everybody, path, interface, "NotificationClosed", &closed));
    match told {
        Ok(()) => json!({ "clicked": true }),
        Err(problem) => json!({ "problem": problem.to_string() }),
    }
}

fn say(answer: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{answer}")?;
    output.flush()
}
