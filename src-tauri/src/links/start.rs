//! What a start of the app asks for: the arguments of this process, or of another copy that hands them
//! over.

use std::ffi::OsString;

use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::SCHEME;

/// A start of the app.
pub(crate) struct Start {
    /// What it asks for.
    pub(crate) request: StartRequest,
    /// How the desktop knows it.
    pub(crate) launch: Launch,
}

/// What the arguments of a start ask for.
pub(crate) enum StartRequest {
    /// The window: a start without arguments.
    Window,
    /// To look at a link. Anybody can send one, so it does not show the window: only the core does, once
    /// it has accepted the link.
    Link(ReceivedLink),
    /// Nothing of a copy that is running: `--in-the-tray`, and whatever else is no link of ours.
    Nothing,
}

impl StartRequest {
    /// Reads the arguments that come after the program's own name. A link is the only argument: the
    /// system's handlers give no other.
    pub(crate) fn of(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut arguments = arguments.into_iter();
        match (arguments.next(), arguments.next()) {
            (None, _) => Self::Window,
            (Some(link), None) => match link.into_string() {
                Ok(link) if is_ours(&link) => Self::Link(ReceivedLink::new(link)),
                _ => Self::Nothing,
            },
            (Some(_), Some(_)) => Self::Nothing,
        }
    }
}

/// Whether a link is of our scheme.
pub(super) fn is_ours(link: &str) -> bool {
    link.split_once(':')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

/// The identifiers that a Linux desktop gives to a program that it starts: it shows a busy pointer until
/// the first is reported back, and lets a window take the focus that presents the second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    /// `DESKTOP_STARTUP_ID` (Startup Notification Specification).
    pub(crate) startup_id: Option<String>,
    /// `XDG_ACTIVATION_TOKEN` (Wayland's xdg-activation).
    pub(crate) activation_token: Option<String>,
}

/// Longer than any desktop's identifier, in bytes.
#[cfg(target_os = "linux")]
const MAX_IDENTIFIER: usize = 1024;

#[cfg(target_os = "linux")]
impl Launch {
    /// Drops what can be no identifier: it goes into messages to the display server.
    pub(crate) fn new(startup_id: Option<String>, activation_token: Option<String>) -> Self {
        let sound = |text: &String| {
            !text.is_empty() && text.len() <= MAX_IDENTIFIER && !text.contains(char::is_control)
        };
        Self {
            startup_id: startup_id.filter(sound),
            activation_token: activation_token.filter(sound),
        }
    }

    /// The identifiers that this process was started with.
    pub(crate) fn of_this_process() -> Self {
        // As the process got them: the toolkit removes them from its environment when it is loaded.
        let environment = std::fs::read("/proc/self/environ").unwrap_or_default();
        let value_of = |name: &str| {
            environment
                .split(|byte| *byte == 0)
                .filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='))
                .find(|(named, _)| *named == name)
                .map(|(_, value)| value.to_owned())
        };
        Self::new(value_of(STARTUP_ID), value_of(ACTIVATION_TOKEN))
    }

    /// Whether the desktop waits for nothing.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The variables in which a desktop hands the identifiers to the program.
#[cfg(target_os = "linux")]
pub(crate) const STARTUP_ID: &str = "DESKTOP_STARTUP_ID";
#[cfg(target_os = "linux")]
pub(crate) const ACTIVATION_TOKEN: &str = "XDG_ACTIVATION_TOKEN";

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> StartRequest {
        StartRequest::of(arguments.iter().map(OsString::from))
    }

    #[test]
    fn start_without_arguments_asks_for_the_window() {
        assert!(matches!(request(&[]), StartRequest::Window));
    }

    /// Shows check 16.
    #[test]
    fn link_is_the_only_argument_and_of_our_scheme() {
        for link in [
            "co.amiqus.signin://oauth/callback?code=1",
            "CO.amiqus.SIGNIN:",
        ] {
            let StartRequest::Link(received) = request(&[link]) else {
                panic!("{link} is a link of ours");
            };
            assert_eq!(received.expose(), link);
        }
        for other in [
            &["--in-the-tray"][..],
            &["https://example.com"],
            &["co.amiqus.signin"],
            &[""],
            &["co.amiqus.signin://oauth/callback?code=1", "--in-the-tray"],
            &["--in-the-tray", "co.amiqus.signin://oauth/callback?code=1"],
        ] {
            assert!(matches!(request(other), StartRequest::Nothing), "{other:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn launch_keeps_only_what_can_be_an_identifier() {
        let launch = |id: &str| Launch::new(Some(id.to_owned()), None).startup_id;
        assert_eq!(
            launch("gnome-shell-1_TIME42"),
            Some("gnome-shell-1_TIME42".to_owned())
        );
        for other in [
            String::new(),
            "a\nremove: ID=b".to_owned(),
            "x".repeat(MAX_IDENTIFIER + 1),
        ] {
            assert_eq!(launch(&other), None);
        }
    }
}
