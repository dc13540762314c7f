//! Whether this desktop has a place for a tray icon. On Linux many have none; there an icon would be
//! nowhere, and an app that lived on behind it could not be reached.

use std::path::Path;

use tokio::sync::watch;
use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;

/// Who keeps the icons, by its name on the session bus (freedesktop's `StatusNotifierItem`).
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// What the icon is drawn with. It is loaded when the first icon is made, and where it is missing
/// that ends the process.
const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Whether there is a place for the icon, from now on.
pub(super) fn watch() -> watch::Receiver<bool> {
    let (tell, hosts) = watch::channel(false);
    if !has_library() {
        tracing::warn!("no tray: the system has no appindicator library");
        return hosts;
    }
    // It waits for as long as the process lives, so it is none of the pool's.
    let waiting = std::thread::Builder::new()
        .name("watch the tray".to_owned())
        .spawn(move || {
            if let Err(problem) = follow(&tell) {
                tracing::warn!(%problem, "the session bus doesn't tell of a tray");
                tell.send_replace(false);
            }
        });
    if let Err(problem) = waiting {
        tracing::error!(%problem, "nobody looks for a tray");
    }
    hosts
}

/// Whether there is a place for the icon just now.
pub(crate) fn is_there() -> bool {
    let ask = || -> zbus::Result<bool> {
        let bus = Connection::session()?;
        Ok(DBusProxy::new(&bus)?.name_has_owner(WATCHER.try_into()?)?)
    };
    ask().unwrap_or(false)
}

fn follow(tell: &watch::Sender<bool>) -> zbus::Result<()> {
    let bus = Connection::session()?;
    let names = DBusProxy::new(&bus)?;
    let changes = names.receive_name_owner_changed_with_args(&[(0, WATCHER)])?;
    tell.send_replace(names.name_has_owner(WATCHER.try_into()?)?);
    for change in changes {
        let is_there = change.args()?.new_owner().is_some();
        tracing::info!(is_there, "the desktop's tray");
        tell.send_replace(is_there);
    }
    Ok(())
}

/// Looks where systems keep their libraries, one folder deep, for the name of the architecture.
fn has_library() -> bool {
    let holds = |folder: &Path| LIBRARIES.iter().any(|name| folder.join(name).exists());
    ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
        .iter()
        .map(Path::new)
        .any(|folder| {
            holds(folder)
                || std::fs::read_dir(folder).is_ok_and(|entries| {
                    entries
                        .flatten()
                        .any(|entry| entry.path().is_dir() && holds(&entry.path()))
                })
        })
}
