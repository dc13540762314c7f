//! The desktop around the core: the system's browser and the app's window.

use std::time::Duration;

use amiqus_core::clock::Wait;
use amiqus_core::registration::{BaseUrl, RedirectUrl};
use amiqus_core::runtime::{BrowserDidNotOpen, Host, ListenError, Listener, Recipient};
use tauri::AppHandle;
use url::Url;

use crate::links;
use crate::links::loopback::Loopback;
use crate::window;

/// How long the system's handler may take to say that it failed. One that is still at work then is
/// believed to have opened the page: some stay for as long as the browser does.
const OPENING_TAKES: Duration = Duration::from_secs(3);

/// This computer's desktop.
pub(crate) struct Desktop {
    app: AppHandle,
    loopback: Loopback,
}

impl Desktop {
    pub(crate) fn new(app: AppHandle, loopback: Loopback) -> Self {
        Self { app, loopback }
    }
}

impl Host for Desktop {
    fn open_browser(&self, url: &Url, service: &BaseUrl) -> Result<(), BrowserDidNotOpen> {
        // The browser is to come back by our links.
        links::claim(&self.app);
        open_in_browser(url, service)
    }

    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError> {
        let hear = move |received| recipient.clone().receive(received);
        match self.loopback.listen(redirect_url, hear) {
            Ok(listener) => Ok(Box::new(listener)),
            Err(problem) => Err(ListenError(problem.to_string())),
        }
    }

    fn bring_to_front(&self) {
        window::bring_to_front(&self.app);
    }

    fn first_painted(&self) -> Wait {
        Box::pin(window::first_painted(&self.app))
    }
}

/// Opens an address with the system's handler for http and https (on Linux `xdg-open`): one of the
/// service's own, which is https or this computer, and nothing else, whoever asks for it.
pub(crate) fn open_in_browser(url: &Url, service: &BaseUrl) -> Result<(), BrowserDidNotOpen> {
    if !service.contains(url) {
        return Err(BrowserDidNotOpen(NOT_THE_SERVICES.to_owned()));
    }
    open::that_detached_with_timeout(url.as_str(), OPENING_TAKES)
        .map_err(|problem| BrowserDidNotOpen(problem.to_string()))
}

const NOT_THE_SERVICES: &str = "the address is not one of the service's own";

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows check 40.
    #[test]
    fn the_opener_opens_no_address_but_the_services_own() {
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
            assert_eq!(refused.unwrap_err().0, NOT_THE_SERVICES, "{other}");
        }
    }
}
