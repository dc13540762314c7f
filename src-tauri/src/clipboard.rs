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
    System(#[source] Cause),
}

/// Who may keep a text that is in the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// Anyone, such as the system's clipboard history.
    None,
    /// Nobody. On Windows the text is in neither the clipboard history nor the cloud clipboard. On macOS
    /// programs that keep a history are asked to leave it out, but it may reach the user's other devices
    /// (*Universal Clipboard*). On Linux the text goes with this process, and KDE's clipboard manager, and
    /// those that know its mark, leave it out of their history; others may keep it.
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
    use gtk::gdk::{Atom, SELECTION_CLIPBOARD};
    use gtk::{Clipboard, SelectionData, TargetEntry, TargetFlags};
    use zeroize::Zeroizing;

    use super::{ClipboardError, Secrecy};

    /// The forms in which other programs ask for a text.
    const TEXT_TARGETS: [&str; 4] = [
        "UTF8_STRING",
        "text/plain;charset=utf-8",
        "text/plain",
        "STRING",
    ];

    /// KDE's mark of a secret, which some other clipboard managers know as well, and its value.
    const SECRET_TARGET: &str = "x-kde-passwordManagerHint";
    const SECRET_HINT: &[u8] = b"secret";

    /// The bits of a unit of the hint.
    const BYTE: i32 = 8;

    pub(super) fn write(text: &str, secrecy: Secrecy) -> Result<(), ClipboardError> {
        let clipboard = Clipboard::get(&SELECTION_CLIPBOARD);
        match secrecy {
            Secrecy::None => {
                clipboard.set_text(text);
                // Where the desktop keeps it, it outlives this process.
                clipboard.store();
                Ok(())
            }
            Secrecy::Secret => offer(&clipboard, text),
        }
    }

    /// Offers a secret for as long as this process lives. `set_text` would also let the toolkit hand it to the
    /// desktop when the process ends.
    fn offer(clipboard: &Clipboard, text: &str) -> Result<(), ClipboardError> {
        let targets: Vec<_> = TEXT_TARGETS
            .iter()
            .chain([&SECRET_TARGET])
            .map(|target| TargetEntry::new(target, TargetFlags::empty(), 0))
            .collect();
        let text = Zeroizing::new(text.to_owned());
        let is_offered = clipboard.set_with_data(&targets, move |_, request, _| {
            answer(request, &text);
        });
        if is_offered {
            Ok(())
        } else {
            Err(ClipboardError::System("the toolkit refused it".into()))
        }
    }

    fn answer(request: &SelectionData, text: &str) {
        let target = request.target();
        if target.name() == SECRET_TARGET {
            request.set(&Atom::intern(SECRET_TARGET), BYTE, SECRET_HINT);
        } else {
            request.set_text(text);
        }
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
