//! Whether this desktop has a place for tray icons. On Linux many have none; there an icon would be
//! nowhere, and an app that lived on behind it could not be reached.

use std::path::Path;

use amiqus_core::error::chain;
use tokio::sync::watch;
use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;

/// The service that keeps the icons, by its name on the session bus (freedesktop's `StatusNotifierItem`).
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// The libraries that draw the icon. One is loaded when the first icon is made, and the process ends where
/// both are missing.
const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Follows whether there is a place for the icon.
pub(super) fn watch() -> watch::Receiver<bool> {
    let (sender, hosts) = watch::channel(false);
    if !has_library() {
        tracing::warn!("tray: unavailable, the system has no appindicator library");
        return hosts;
    }
    // It blocks for as long as the process lives, which would occupy a thread of the pool.
    let spawned = std::thread::Builder::new()
        .name("watch the tray".to_owned())
        .spawn(move || {
            if let Err(error) = follow(&sender) {
                tracing::warn!(error = %chain(&error), "tray: watch failed");
                sender.send_replace(false);
            }
        });
    if let Err(error) = spawned {
        tracing::error!(error = %chain(&error), "tray: watch not started");
    }
    hosts
}

/// Whether there is a place for the icon now.
pub(crate) fn is_present() -> bool {
    let has_owner = || -> zbus::Result<bool> {
        let bus = Connection::session()?;
        Ok(DBusProxy::new(&bus)?.name_has_owner(WATCHER.try_into()?)?)
    };
    has_owner().unwrap_or(false)
}

fn follow(sender: &watch::Sender<bool>) -> zbus::Result<()> {
    let bus = Connection::session()?;
    let names = DBusProxy::new(&bus)?;
    let changes = names.receive_name_owner_changed_with_args(&[(0, WATCHER)])?;
    sender.send_replace(names.name_has_owner(WATCHER.try_into()?)?);
    for change in changes {
        let is_present = change.args()?.new_owner().is_some();
        tracing::info!(is_present, "tray: host changed");
        sender.send_replace(is_present);
    }
    Ok(())
}

/// Whether a library is where systems keep them: in a folder itself, or in one within it that is named
/// after the architecture.
fn has_library() -> bool {
    let contains = |folder: &Path| LIBRARIES.iter().any(|name| folder.join(name).exists());
    ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
        .iter()
        .map(Path::new)
        .any(|folder| {
            contains(folder)
                || std::fs::read_dir(folder).is_ok_and(|entries| {
                    entries
                        .flatten()
                        .any(|entry| entry.path().is_dir() && contains(&entry.path()))
                })
        })
}
