//! What `WebKitGTK` reports of the page's process.

use tauri::{AppHandle, Manager as _, WebviewWindow};
use webkit2gtk::{WebProcessTerminationReason, WebViewExt as _};

use super::loss::Loss;

/// Calls back when the page's process ends, and when it stops to respond to input.
pub(super) fn connect(
    window: &WebviewWindow,
    on_ended: fn(&AppHandle, Loss),
    on_unresponsive: fn(&AppHandle),
) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        let view = webview.inner();
        let for_end = app.clone();
        view.connect_web_process_terminated(move |_, reason| {
            if let Some(loss) = loss_for(reason) {
                on_ended(&for_end, loss);
            }
        });
        view.connect_is_web_process_responsive_notify(move |view| {
            if !view.is_web_process_responsive() {
                on_unresponsive(&app);
            }
        });
    })
}

/// Ends a page's process that may hang.
pub(super) fn terminate(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| webview.inner().terminate_web_process())
}

/// The loss that a reason stands for; an end that the app itself requested is none.
fn loss_for(reason: WebProcessTerminationReason) -> Option<Loss> {
    match reason {
        WebProcessTerminationReason::TerminatedByApi => None,
        WebProcessTerminationReason::ExceededMemoryLimit => Some(Loss::OutOfMemory),
        _ => Some(Loss::Ended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn termination_that_the_app_requested_is_no_loss() {
        assert_eq!(loss_for(WebProcessTerminationReason::TerminatedByApi), None);
        for (reason, loss) in [
            (WebProcessTerminationReason::Crashed, Loss::Ended),
            (
                WebProcessTerminationReason::ExceededMemoryLimit,
                Loss::OutOfMemory,
            ),
        ] {
            assert_eq!(loss_for(reason), Some(loss));
        }
    }
}
