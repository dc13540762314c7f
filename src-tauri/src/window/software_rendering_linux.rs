//! Draws the window on the CPU.
//!
//! A form gains nothing from a graphics card and pays for one at every start: what `WebKit` compiles for
//! it took longer than everything that is painted here, and what it holds was over 40 MB. Nor does a faulty
//! driver leave the window empty.

use tauri::WebviewWindow;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

/// Disables hardware acceleration, unless a `WebDriver` controls the window: the screenshots that it takes
/// would never be ready.
pub(super) fn disable_hardware_acceleration(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        let view = webview.inner();
        if view.is_controlled_by_automation() {
            return;
        }
        if let Some(settings) = view.settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}
