//! The desktop that the core runs on: the system's browser, the loopback listener and the app's window.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use amiqus_core::clock::Wait;
use amiqus_core::registration::{BaseUrl, RedirectUrl};
use amiqus_core::runtime::{Host, ListenError, Listener, OpenBrowserError, Recipient};
use tauri::AppHandle;
#[cfg(target_os = "macos")]
use tauri::Manager as _;
use url::Url;

use crate::links;
use crate::links::IncomingQueue;
use crate::links::loopback::Loopback;
use crate::window;

/// How long the system's handler may take to report a failure. One that still runs then has opened the page:
/// some run for as long as the browser does.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);

/// This computer's desktop.
pub(crate) struct Desktop {
    app: AppHandle,
    loopback: Loopback,
    queue: IncomingQueue,
}

impl Desktop {
    /// A desktop whose loopback redirects go into the queue.
    pub(crate) fn new(app: AppHandle, loopback: Loopback, queue: IncomingQueue) -> Self {
        Self {
            app,
            loopback,
            queue,
        }
    }
}

impl Host for Desktop {
    fn open_browser(&self, url: &Url, service: &BaseUrl) -> Result<(), OpenBrowserError> {
        // The browser returns by our links.
        links::claim(&self.app);
        open_in_browser(url, service)
    }

    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError> {
        let queue = self.queue.clone();
        let judge = move |link| queue.push_redirect(link, recipient.clone());
        match self.loopback.listen(redirect_url, judge) {
            Ok(listener) => Ok(Box::new(listener)),
            Err(error) => Err(ListenError::new(error)),
        }
    }

    fn bring_to_front(&self) {
        window::bring_to_front(&self.app);
    }

    fn first_painted(&self) -> Wait {
        Box::pin(window::first_painted(&self.app))
    }
}

/// Opens an address with the system's handler for http and https (on Linux `xdg-open`). Only the service's
/// own addresses are opened, which are https or on this computer, for every caller.
pub(crate) fn open_in_browser(url: &Url, service: &BaseUrl) -> Result<(), OpenBrowserError> {
    if !service.contains(url) {
        return Err(OpenBrowserError::new(FOREIGN_ADDRESS));
    }
    open(url.as_str()).map_err(OpenBrowserError::new)
}

/// Opens a file or a folder of this computer with the system's handler. Blocks.
///
/// # Errors
/// When it isn't there, or the handler reports a failure.
pub(crate) fn open_path(path: &Path) -> io::Result<()> {
    path.metadata()?;
    open(path)
}

/// Opens the licences of the software in this program, where its installers put them. Blocks.
///
/// # Errors
/// When they aren't there, as in a build that isn't installed, or the handler reports a failure.
pub(crate) fn open_licences(app: &AppHandle) -> io::Result<()> {
    let files = licences(app);
    let file = files.iter().find(|file| file.is_file());
    open_path(file.ok_or(io::ErrorKind::NotFound)?)
}

/// The paths of the licences on Debian's relatives and on Red Hat's.
#[cfg(target_os = "linux")]
fn licences(_app: &AppHandle) -> Vec<PathBuf> {
    ["/usr/share/doc", "/usr/share/licenses"]
        .map(|folder| {
            Path::new(folder)
                .join(env!("CARGO_PKG_NAME"))
                .join("THIRD-PARTY-LICENSES")
        })
        .into()
}

/// The path of the licences beside the program. Tauri's path for it begins with `\\?\`, which many programs don't open.
#[cfg(target_os = "windows")]
fn licences(_app: &AppHandle) -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent);
    folder
        .map(|folder| folder.join("THIRD-PARTY-LICENSES.txt"))
        .into_iter()
        .collect()
}

#[cfg(target_os = "macos")]
fn licences(app: &AppHandle) -> Vec<PathBuf> {
    let resources = app.path().resource_dir();
    resources
        .map(|folder| folder.join("THIRD-PARTY-LICENSES.txt"))
        .into_iter()
        .collect()
}

/// Opens the way to the distributor's support: an `https:` or `mailto:` address of the brand. Blocks.
///
/// # Errors
/// When the brand has none, or the handler reports a failure.
pub(crate) fn open_support() -> io::Result<()> {
    let address = brand::SUPPORT.ok_or(io::ErrorKind::NotFound)?;
    open(address)
}

/// Opens something with the system's handler for it.
fn open(what: impl AsRef<OsStr>) -> io::Result<()> {
    #[cfg(windows)]
    let opened = crate::opener_windows::open(what.as_ref(), OPEN_TIMEOUT);
    #[cfg(not(windows))]
    let opened = open::that_detached_with_timeout(what, OPEN_TIMEOUT);
    // Its error's text has the command with the whole address, and so the attempt's `state`.
    opened.map_err(|error| io::Error::from(error.kind()))
}

const FOREIGN_ADDRESS: &str = "the address is not one of the service's own";

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn path_that_is_missing_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let missing = open_path(&folder.path().join("report.txt"));
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    /// The address comes whole, with every character that a shell would take for its own.
    #[cfg(windows)]
    #[test]
    fn address_reaches_the_program_for_its_scheme_unchanged() {
        use std::time::{Duration, Instant};
        use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

        const CLASS: &str = r"Software\Classes\co.amiqus.signin.opener-test";
        const OPENED: &str = r"Software\co.amiqus.signin.opener-test";
        let register = |root: &Key| {
            let class = root.create(CLASS)?;
            class.set_string("URL Protocol", "")?;
            let command = format!(r#"reg.exe add "HKCU\{OPENED}" /v address /d "%1" /f"#);
            class
                .create(r"shell\open\command")?
                .set_string("", &command)
        };
        register(CURRENT_USER).unwrap();
        // Wine asks there alone. On Windows only an administrator may write to it.
        let _ = register(LOCAL_MACHINE);
        let address =
            "co.amiqus.signin.opener-test:?redirect_uri=a%3A%2F%2Fb%3Fc&scope=&state=-_~^(x)!;'d'";
        open(address).unwrap();

        let begun = Instant::now();
        let opened = loop {
            let opened = CURRENT_USER
                .open(OPENED)
                .and_then(|key| key.get_string("address"));
            match opened {
                Ok(opened) => break opened,
                Err(_) if begun.elapsed() < Duration::from_secs(30) => {
                    std::thread::park_timeout(Duration::from_millis(20));
                }
                Err(error) => panic!("nothing was opened: {error}"),
            }
        };
        assert_eq!(opened, address);
        CURRENT_USER.remove_tree(OPENED).unwrap();
        CURRENT_USER.remove_tree(CLASS).unwrap();
        let _ = LOCAL_MACHINE.remove_tree(CLASS);
    }

    /// Shows check 40.
    #[test]
    fn opener_refuses_every_address_but_the_services() {
        let service = BaseUrl::parse("https://id.amiqus.co").unwrap();
        for other in [
            "http://id.amiqus.co/oauth/authorize",
            "https://id.amiqus.co:8443/oauth/authorize",
            "https://id.amiqus.co.example.com/oauth/authorize",
            "https://id.amiqus.co@example.com/oauth/authorize",
            "https://bob@id.amiqus.co/oauth/authorize",
            "https://example.com/id.amiqus.co",
            "http://127.0.0.1:8123/callback",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,hello",
            "mailto:bob@example.com",
            "co.amiqus.signin://oauth/callback?code=1",
            "ssh://id.amiqus.co/",
        ] {
            let refused = open_in_browser(&Url::parse(other).unwrap(), &service);
            let cause = refused.unwrap_err().source().unwrap().to_string();
            assert_eq!(cause, FOREIGN_ADDRESS, "{other}");
        }
    }
}
