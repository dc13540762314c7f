//! The name by which Windows' taskbar knows the app: that of the entry in the start menu, which the installer makes.
//! Without it a window stands apart from a pinned icon, and a notification from the app that sent it.

use amiqus_core::error::chain;
use winsafe::SetCurrentProcessExplicitAppUserModelID;

/// Gives this process the app's name. To be called before it opens a window.
pub(crate) fn identify() {
    if let Err(error) = SetCurrentProcessExplicitAppUserModelID(brand::IDENTIFIER) {
        tracing::warn!(error = %chain(&error), "taskbar: name not set");
    }
}

#[cfg(test)]
mod tests {
    use winsafe::GetCurrentProcessExplicitAppUserModelID;

    use super::*;

    #[test]
    fn process_has_the_name_of_the_start_menu_entry() {
        identify();
        let name = GetCurrentProcessExplicitAppUserModelID().unwrap();
        assert_eq!(name, brand::IDENTIFIER);
    }
}
