//! A desktop whose browser only records which address it was to open.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use amiqus_core::clock::Wait;
use amiqus_core::registration::{BaseUrl, RedirectUrl};
use amiqus_core::runtime::{AttemptEnd, Host, ListenError, Listener, OpenBrowserError, Recipient};
use tokio::sync::{mpsc, watch};
use url::Url;

/// The computer's loopback port: whether it is taken, and what the app listens for there.
#[derive(Default)]
pub(crate) struct LoopbackPort {
    pub(crate) is_taken: bool,
    pub(crate) listens_for: Option<(String, Recipient)>,
    /// How the last attempt with a listener ended.
    pub(crate) ended: Option<AttemptEnd>,
}

/// Releases the port when it is dropped.
struct TestListener(Arc<Mutex<LoopbackPort>>);

impl Listener for TestListener {
    fn attempt_over(self: Box<Self>, how: AttemptEnd) {
        self.0.lock().unwrap().ended = Some(how);
    }
}

impl Drop for TestListener {
    fn drop(&mut self) {
        let mut port = self.0.lock().unwrap();
        port.is_taken = false;
        port.listens_for = None;
    }
}

/// A desktop whose browser only records which address it was to open.
pub(crate) struct TestHost {
    pub(crate) opened: mpsc::UnboundedSender<Url>,
    pub(crate) fronts: Arc<AtomicU32>,
    pub(crate) no_browser: Arc<AtomicBool>,
    pub(crate) port: Arc<Mutex<LoopbackPort>>,
    pub(crate) painted: watch::Receiver<bool>,
}

impl Host for TestHost {
    fn open_browser(&self, url: &Url, _: &BaseUrl) -> Result<(), OpenBrowserError> {
        if self.no_browser.load(Ordering::SeqCst) {
            return Err(OpenBrowserError::new("there is none"));
        }
        self.opened
            .send(url.clone())
            .map_err(|_| OpenBrowserError::new("nobody looks"))
    }

    fn listen(
        &self,
        redirect_url: &RedirectUrl,
        recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError> {
        let mut port = self.port.lock().unwrap();
        if port.is_taken {
            return Err(ListenError::new("the address is in use"));
        }
        port.is_taken = true;
        port.listens_for = Some((redirect_url.as_str().to_owned(), recipient));
        Ok(Box::new(TestListener(Arc::clone(&self.port))))
    }

    fn first_painted(&self) -> Wait {
        let mut painted = self.painted.clone();
        Box::pin(async move {
            painted.wait_for(|painted| *painted).await.unwrap();
        })
    }

    fn bring_to_front(&self) {
        self.fronts.fetch_add(1, Ordering::SeqCst);
    }
}
