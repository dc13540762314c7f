//! The system's notifications.

pub(super) use self::imp::show;

/// Freedesktop's notifications, over the session bus.
#[cfg(target_os = "linux")]
mod imp {
    use amiqus_core::error::Cause;

    use crate::markup::escape;
    use crate::words;

    /// Shows a notification, and blocks until it is clicked or closed.
    ///
    /// # Errors
    /// When the desktop doesn't show it.
    pub(in crate::notifications) fn show(
        summary: &str,
        body: &str,
        on_shown: impl FnOnce(),
        on_click: impl Fn() + Send + 'static,
    ) -> Result<(), Cause> {
        let shown = notify_rust::Notification::new()
            .appname(words::APP)
            .summary(summary)
            // It may contain markup (freedesktop's notification specification).
            .body(&escape(body))
            .icon("sign-in-with-amiqus")
            .action("default", words::OPEN)
            .show()?;
        on_shown();
        shown.wait_for_action(|action| {
            if action == "default" {
                on_click();
            }
        });
        Ok(())
    }
}

/// Windows' toasts. notify-rust, which would serve here too, tells of no clicks, leaves a blank line, and names
/// PowerShell as the sender unless told otherwise.
#[cfg(target_os = "windows")]
mod imp {
    use amiqus_core::error::Cause;
    use tauri_winrt_notification::Toast;

    /// The sender: the `AppUserModelID` that the installers give to the entry in the start menu. A build that isn't
    /// installed has none, and Windows shows no toast of an unknown sender.
    const SENDER: &str = if cfg!(debug_assertions) {
        Toast::POWERSHELL_APP_ID
    } else {
        brand::IDENTIFIER
    };

    /// Shows a notification. The click is reported on a thread of the system, for as long as this process lives.
    ///
    /// # Errors
    /// When the system doesn't show it.
    pub(in crate::notifications) fn show(
        summary: &str,
        body: &str,
        on_shown: impl FnOnce(),
        on_click: impl Fn() + Send + 'static,
    ) -> Result<(), Cause> {
        Toast::new(SENDER)
            .title(summary)
            .text1(body)
            .sound(None)
            .on_activated(move |_| {
                on_click();
                Ok(())
            })
            .show()?;
        on_shown();
        Ok(())
    }
}

/// macOS's notification centre. notify-rust, which would serve here too, tells of no clicks.
#[cfg(target_os = "macos")]
mod imp {
    use std::sync::Once;

    use amiqus_core::error::{Cause, chain};
    use mac_notification_sys::{Notification, NotificationResponse, set_application};

    /// Shows a notification, and blocks until it is clicked or gone from the notification centre, which is asked
    /// twice a second. Without that wait no click is reported.
    ///
    /// # Errors
    /// When the system doesn't show it.
    pub(in crate::notifications) fn show(
        summary: &str,
        body: &str,
        on_shown: impl FnOnce(),
        on_click: impl Fn() + Send + 'static,
    ) -> Result<(), Cause> {
        static SENDER: Once = Once::new();
        // Without it the Finder would be the sender.
        SENDER.call_once(|| {
            if let Err(error) = set_application(brand::IDENTIFIER) {
                tracing::info!(error = %chain(&error), "notifications: sender not set");
            }
        });
        let response = Notification::new()
            .title(summary)
            .message(body)
            .wait_for_click(true)
            .send()?;
        // Nothing tells when it appeared.
        on_shown();
        match response {
            NotificationResponse::Click | NotificationResponse::ActionButton(_) => on_click(),
            NotificationResponse::None
            | NotificationResponse::CloseButton(_)
            | NotificationResponse::Reply(_) => {}
        }
        Ok(())
    }
}
