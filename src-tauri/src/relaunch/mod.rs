//! Restarts of the process: with a window for an update, and into the tray once the window is closed.

#[cfg(target_os = "linux")]
pub(crate) mod into_tray_linux;

use crate::logging;

/// Starts the program that lies now where this one lay, with a window and without the link that this
/// process was started with.
pub(crate) fn with_window() -> ! {
    let mut env = tauri::Env::default();
    env.args_os.truncate(1);
    // This program is no AppImage; the variable would be another program's.
    #[cfg(target_os = "linux")]
    {
        env.appimage = None;
    }
    logging::flush();
    tauri::process::restart(&env)
}
