//! How the window is drawn: by the processor.
//!
//! A form that stands still has nothing to gain from a graphics card, and a start has much to lose:
//! what `WebKit` compiles for one took longer than all that is painted here, and what it holds was over
//! 40 MB. Nor is a window empty then where a driver has a fault.

use tauri::WebviewWindow;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

/// Has a window drawn without a graphics card; one that a driver steers keeps it, for the pictures that
/// the driver takes would wait for ever.
pub(super) fn without_a_graphics_card(window: &WebviewWindow) -> tauri::Result<()> {
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
