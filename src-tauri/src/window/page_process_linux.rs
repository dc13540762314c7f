//! What `WebKitGTK` tells of the page's process.

use tauri::{Manager as _, WebviewWindow};
use webkit2gtk::{WebProcessTerminationReason, WebViewExt as _};

use super::page_process::{Loss, check_page, page_ended};

/// Has the app told when the page's process ends, or keeps a click waiting.
pub(super) fn listen(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        let view = webview.inner();
        let told = app.clone();
        view.connect_web_process_terminated(move |_, reason| {
            if let Some(why) = why(reason) {
                page_ended(&told, why);
            }
        });
        view.connect_is_web_process_responsive_notify(move |view| {
            if !view.is_web_process_responsive() {
                check_page(&app);
            }
        });
    })
}

/// Ends a page's process that may hang.
pub(super) fn end_page(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| webview.inner().terminate_web_process())
}

/// What the app ended itself is no loss.
fn why(reason: WebProcessTerminationReason) -> Option<Loss> {
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
    fn end_that_the_app_brought_about_is_no_loss() {
        assert_eq!(why(WebProcessTerminationReason::TerminatedByApi), None);
        for (reason, loss) in [
            (WebProcessTerminationReason::Crashed, Loss::Ended),
            (
                WebProcessTerminationReason::ExceededMemoryLimit,
                Loss::OutOfMemory,
            ),
        ] {
            assert_eq!(why(reason), Some(loss));
        }
    }
}
