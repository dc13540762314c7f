//! What a start of the app asks for, by the arguments of this process or of a second copy that hands them over.

#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::ffi::OsString;

use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::SCHEME;
#[cfg(target_os = "linux")]
use procfs::process::Process;

/// A start of the app.
pub(crate) struct Start {
    /// What the start asks for.
    pub(crate) request: StartRequest,
    /// The identifiers by which the desktop knows the start.
    pub(crate) launch: Launch,
}

/// What the arguments of a start ask for.
pub(crate) enum StartRequest {
    /// The window: a start without arguments.
    Window,
    /// To receive a link. Any program can send one, so it doesn't show the window: the core does that once it
    /// has accepted the link.
    Link(ReceivedLink),
    /// Nothing of a copy that is running: `--in-the-tray`, and every argument that is no link of ours.
    Nothing,
}

impl StartRequest {
    /// Reads the arguments after the program's name. A link counts only as the only argument, as the system's
    /// handlers pass it.
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

/// Whether a link has our scheme.
pub(super) fn is_ours(link: &str) -> bool {
    link.split_once(':')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

/// The identifiers that a Linux desktop gives to a program that it starts. It shows a busy pointer until the
/// first is reported back, and grants the focus to a window that presents the second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    /// `DESKTOP_STARTUP_ID` (Startup Notification Specification).
    pub(crate) startup_id: Option<String>,
    /// `XDG_ACTIVATION_TOKEN` (Wayland's xdg-activation).
    pub(crate) activation_token: Option<String>,
}

/// The length of an identifier, in bytes; every desktop's is shorter.
#[cfg(target_os = "linux")]
const MAX_IDENTIFIER_BYTES: usize = 1024;

#[cfg(target_os = "linux")]
impl Launch {
    /// Keeps only valid identifiers, because they go into messages to the display server.
    pub(crate) fn new(startup_id: Option<String>, activation_token: Option<String>) -> Self {
        let is_valid = |text: &String| {
            !text.is_empty()
                && text.len() <= MAX_IDENTIFIER_BYTES
                && !text.contains(char::is_control)
        };
        Self {
            startup_id: startup_id.filter(is_valid),
            activation_token: activation_token.filter(is_valid),
        }
    }

    /// The identifiers that this process was started with.
    pub(crate) fn of_this_process() -> Self {
        // As the process got them: the toolkit removes them from its environment when it is loaded.
        let environment = Process::myself()
            .and_then(|process| process.environ())
            .unwrap_or_default();
        let value_of = |name: &str| {
            environment
                .get(OsStr::new(name))?
                .to_str()
                .map(str::to_owned)
        };
        Self::new(
            value_of(STARTUP_ID_VARIABLE),
            value_of(ACTIVATION_TOKEN_VARIABLE),
        )
    }

    /// Whether the desktop waits for no report.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The variable in which a desktop passes the startup ID.
#[cfg(target_os = "linux")]
pub(crate) const STARTUP_ID_VARIABLE: &str = "DESKTOP_STARTUP_ID";
/// The variable in which a desktop passes the activation token.
#[cfg(target_os = "linux")]
pub(crate) const ACTIVATION_TOKEN_VARIABLE: &str = "XDG_ACTIVATION_TOKEN";

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
    fn link_counts_as_the_only_argument_and_of_our_scheme() {
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
    fn launch_keeps_only_valid_identifiers() {
        let launch = |id: &str| Launch::new(Some(id.to_owned()), None).startup_id;
        assert_eq!(
            launch("gnome-shell-1_TIME42"),
            Some("gnome-shell-1_TIME42".to_owned())
        );
        for other in [
            String::new(),
            "a\nremove: ID=b".to_owned(),
            "x".repeat(MAX_IDENTIFIER_BYTES + 1),
        ] {
            assert_eq!(launch(&other), None);
        }
    }
}
