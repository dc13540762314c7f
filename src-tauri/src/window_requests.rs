//! What the tray asks of the window's page. A request that is made while no page follows waits for the next
//! one that does; a newer request replaces it.
//!
//! A request that is made in the moment in which the process relaunches into the tray is lost: the new
//! process opens its window (see `relaunch`), and the user asks again. On a command line, where every user of
//! the computer can read it, an account's ID would name its user.

use tauri::ipc::Channel;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;

use crate::window;

/// What the page is asked to show or to do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, specta::Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum WindowRequest {
    /// The question whether to sign out an account.
    SignOut {
        /// The account's `id`.
        account: String,
    },
    /// Settings and help.
    Settings,
    /// The installation of the newer version, with its progress.
    Update,
}

/// The request that waits for the page.
#[derive(Debug, Default)]
pub(crate) struct WindowRequests(watch::Sender<Option<WindowRequest>>);

impl WindowRequests {
    fn put(&self, request: WindowRequest) {
        self.0.send_replace(Some(request));
    }

    /// Waits for a request and takes it. Cancel safe.
    async fn next(&self) -> WindowRequest {
        let mut requests = self.0.subscribe();
        loop {
            let mut taken = None;
            self.0.send_if_modified(|waiting| {
                taken = waiting.take();
                false
            });
            if let Some(request) = taken {
                return request;
            }
            if requests.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Puts back a request that didn't reach the page, unless there is a newer one.
    fn put_back(&self, request: WindowRequest) {
        self.0.send_if_modified(|waiting| {
            let is_latest = waiting.is_none();
            if is_latest {
                *waiting = Some(request);
            }
            is_latest
        });
    }
}

/// Brings the window to the front and asks its page to show something.
pub(crate) fn ask(app: &AppHandle, request: WindowRequest) {
    app.state::<WindowRequests>().put(request);
    window::bring_to_front(app);
}

/// Sends the requests to a page, for as long as it lives.
pub(crate) fn follow(app: &AppHandle, page: Channel<WindowRequest>) {
    let for_task = app.clone();
    let task = tauri::async_runtime::spawn(async move {
        let requests = for_task.state::<WindowRequests>();
        loop {
            let request = requests.next().await;
            if page.send(request.clone()).is_err() {
                requests.put_back(request);
                return;
            }
        }
    });
    window::end_with_page(app, task);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn sign_out(account: &str) -> WindowRequest {
        WindowRequest::SignOut {
            account: account.to_owned(),
        }
    }

    async fn next(requests: &WindowRequests) -> Option<WindowRequest> {
        timeout(Duration::from_secs(1), requests.next()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_latest_request_waits_for_the_next_page() {
        let requests = WindowRequests::default();
        requests.put(WindowRequest::Settings);
        requests.put(sign_out("1.a"));
        assert_eq!(next(&requests).await, Some(sign_out("1.a")));
        assert_eq!(next(&requests).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn request_reaches_a_page_that_follows_already() {
        let requests = WindowRequests::default();
        let (received, ()) = tokio::join!(next(&requests), async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            requests.put(WindowRequest::Settings);
        });
        assert_eq!(received, Some(WindowRequest::Settings));
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_did_not_reach_the_page_waits_unless_there_is_a_newer_one() {
        let requests = WindowRequests::default();
        requests.put_back(WindowRequest::Settings);
        assert_eq!(next(&requests).await, Some(WindowRequest::Settings));
        requests.put(sign_out("1.b"));
        requests.put_back(WindowRequest::Settings);
        assert_eq!(next(&requests).await, Some(sign_out("1.b")));
    }

    #[test]
    fn request_is_sent_as_the_window_expects_it() {
        let json = |request| serde_json::to_string(&request).unwrap();
        assert_eq!(
            json(sign_out("1.a")),
            r#"{"kind":"sign_out","account":"1.a"}"#
        );
        assert_eq!(json(WindowRequest::Settings), r#"{"kind":"settings"}"#);
        assert_eq!(json(WindowRequest::Update), r#"{"kind":"update"}"#);
    }
}
