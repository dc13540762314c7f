//! Puts text into the system's clipboard: what the window wrote itself, or the pending attempt's
//! authorization URL. None of it is logged, and nothing is ever read from the clipboard.

use amiqus_core::error::Cause;
use tauri::AppHandle;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Why a text is not in the clipboard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClipboardError {
    /// The text has a NUL character, which ends a text for some systems.
    #[error("the text has a NUL character")]
    Nul,
    /// The main thread, which the clipboard belongs to, didn't do it.
    #[error("the app is ending")]
    AppEnding,
    /// The system refused it.
    #[error("the system's clipboard can't be written")]
    #[cfg_attr(
        target_os = "linux",
        expect(dead_code, reason = "the toolkit reports no failure")
    )]
    System(#[source] Cause),
}

/// Who may keep a text that is in the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// Anyone, such as the system's clipboard history.
    None,
    /// Nobody. On Windows the text is in neither the clipboard history nor the cloud clipboard. On macOS
    /// programs that keep a history are asked to leave it out, but it may reach the user's other devices
    /// (*Universal Clipboard*). Linux's desktops have no such mark in common, so there a clipboard manager may
    /// keep it.
    Secret,
}

/// Puts a text into the clipboard, in place of what is there.
///
/// # Errors
/// When the text can't be put there.
pub(crate) async fn write(
    app: &AppHandle,
    text: String,
    secrecy: Secrecy,
) -> Result<(), ClipboardError> {
    let text = Zeroizing::new(text);
    check(&text)?;
    let (sender, outcome) = oneshot::channel();
    app.run_on_main_thread(move || {
        // The receiver may have gone with the window.
        let _ = sender.send(system::write(&text, secrecy));
    })
    .map_err(|_| ClipboardError::AppEnding)?;
    outcome.await.map_err(|_| ClipboardError::AppEnding)?
}

fn check(text: &str) -> Result<(), ClipboardError> {
    if text.contains('\0') {
        return Err(ClipboardError::Nul);
    }
    Ok(())
}

/// The toolkit's own clipboard, which serves X11 and Wayland alike.
#[cfg(target_os = "linux")]
mod system {
    use gtk::gdk::SELECTION_CLIPBOARD;

    use super::{ClipboardError, Secrecy};

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the other systems report failures"
    )]
    pub(super) fn write(text: &str, _secrecy: Secrecy) -> Result<(), ClipboardError> {
        let clipboard = gtk::Clipboard::get(&SELECTION_CLIPBOARD);
        clipboard.set_text(text);
        // Where the desktop keeps it, it outlives this process.
        clipboard.store();
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    #[cfg(target_os = "macos")]
    use arboard::SetExtApple as _;
    #[cfg(target_os = "windows")]
    use arboard::SetExtWindows as _;
    use arboard::{Clipboard, Set};

    use super::{ClipboardError, Secrecy};

    pub(super) fn write(text: &str, secrecy: Secrecy) -> Result<(), ClipboardError> {
        Clipboard::new()
            .and_then(|mut clipboard| {
                let set = clipboard.set();
                match secrecy {
                    Secrecy::None => set.text(text),
                    Secrecy::Secret => exclude(set).text(text),
                }
            })
            .map_err(|error| ClipboardError::System(error.into()))
    }

    /// Monitoring includes the history and the cloud.
    #[cfg(target_os = "windows")]
    fn exclude(set: Set<'_>) -> Set<'_> {
        set.exclude_from_monitoring()
    }

    #[cfg(target_os = "macos")]
    fn exclude(set: Set<'_>) -> Set<'_> {
        set.exclude_from_history()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_a_nul_character_is_rejected() {
        assert!(matches!(check("a\0b"), Err(ClipboardError::Nul)));
        check("https://id.amiqus.co/oauth/authorize?state=1\n“ü”").unwrap();
        check("").unwrap();
    }
}
