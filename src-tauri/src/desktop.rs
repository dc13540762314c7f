//! The desktop around the core: the system's browser and the app's window.

use std::time::Duration;

use amiqus_core::keeper::{BrowserDidNotOpen, CannotListen, Recipient, Surroundings};
use amiqus_core::registration::RedirectUrl;
use tauri::AppHandle;
use tokio::task::JoinHandle;
use url::Url;

use crate::links::loopback;
use crate::window;

/// How long the system's handler may take to say that it failed. One that is still at work then is
/// believed to have opened the page: some stay for as long as the browser does.
const OPENING_TAKES: Duration = Duration::from_secs(3);

/// This computer's desktop.
pub(crate) struct Desktop {
    app: AppHandle,
}

impl Desktop {
    pub(crate) fn new(app: AppHandle) -> Self {
        Self { app }
    }
}

impl Surroundings for Desktop {
    fn open_browser(&self, url: &Url) -> Result<(), BrowserDidNotOpen> {
        open_in_browser(url)
    }

    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<JoinHandle<()>, CannotListen> {
        loopback::listen(redirect_url, move |received| {
            recipient.clone().receive(received)
        })
        .map_err(|problem| CannotListen(problem.to_string()))
    }

    fn bring_to_front(&self) {
        window::bring_to_front(&self.app);
    }
}

/// Opens an address with the system's handler for http and https (on Linux `xdg-open`), and
/// nothing but those two.
pub(crate) fn open_in_browser(url: &Url) -> Result<(), BrowserDidNotOpen> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(BrowserDidNotOpen(format!(
            "{}: is not a page",
            url.scheme()
        )));
    }
    open::that_detached_with_timeout(url.as_str(), OPENING_TAKES)
        .map_err(|problem| BrowserDidNotOpen(problem.to_string()))
}
