//! The process that draws the page. It can end or hang at any time: killed, out of memory, a signal.
//!
//! The system's webview then shows an old picture, or nothing, and takes no click. So a lost page is loaded
//! again; a second loss soon after rebuilds the window; a third closes it, because a crash loop helps
//! nobody, and the next request for the window opens a new one. Work in progress is not lost with the page:
//! it lives in the core.
//!
//! On Linux and macOS the webview reports the end. `WebView2` reports it only by an interface that takes
//! `unsafe`, and no webview reports a page that hangs. So a page is also pinged when the window gets the
//! focus, and on Windows periodically while it is visible.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use amiqus_core::error::chain;
use tauri::async_runtime::JoinHandle;
use tauri::{AppHandle, Manager as _, WebviewWindow};
use tokio::sync::watch;

use super::LABEL;
use super::loss::{Loss, Losses, Remedy};

/// How long a page may take from its loading until it follows the state.
const LOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a page may take to answer a ping: what was typed into a slow page is lost when it is replaced.
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// The pause between two pings of a visible page, where its end is not reported.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// The script that a ping evaluates, and its result as JSON.
const PING: &str = "1";
const PONG: &str = "1";

/// The state of the page's process.
pub(crate) struct PageProcess {
    /// Called when the window is closed for good because its page was lost too often.
    on_given_up: fn(&AppHandle),
    losses: Mutex<Losses>,
    /// Counts the loads that have begun.
    loads: AtomicU64,
    /// Which of them follows the state.
    followed: watch::Sender<u64>,
    /// The tasks that send something to the page.
    followers: Mutex<Vec<JoinHandle<()>>>,
    /// Whether the answer to a ping is awaited.
    is_pinged: AtomicBool,
    /// Whether it is pinged periodically.
    is_watched: AtomicBool,
    /// Whether the window is built again once it has closed.
    needs_rebuild: AtomicBool,
    /// Whether the window is being closed because its page was lost too often.
    is_given_up: AtomicBool,
}

impl PageProcess {
    /// A process that has no page yet. `on_given_up` is called when the window was closed because its page was
    /// lost too often.
    pub(crate) fn new(on_given_up: fn(&AppHandle)) -> Self {
        Self {
            on_given_up,
            losses: Mutex::default(),
            loads: AtomicU64::new(0),
            followed: watch::Sender::new(0),
            followers: Mutex::default(),
            is_pinged: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
            needs_rebuild: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
        }
    }

    fn current_load(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    fn follows(&self) -> bool {
        *self.followed.borrow() == self.current_load()
    }

    fn followed_by(&self, task: JoinHandle<()>) {
        self.end_with_page(task);
        self.followed.send_replace(self.current_load());
    }

    fn end_with_page(&self, task: JoinHandle<()>) {
        lock(&self.followers).push(task);
    }

    /// Ends the tasks that send something to the page, whose end they would not notice.
    fn end_followers(&self) {
        for task in lock(&self.followers).drain(..) {
            task.abort();
        }
    }

    /// Counts another load, which ends the page before.
    fn begin_load(&self) -> u64 {
        self.end_followers();
        self.loads.fetch_add(1, Ordering::SeqCst) + 1
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that the page follows the state, which this task sends.
pub(crate) fn page_follows(app: &AppHandle, task: JoinHandle<()>) {
    if let Some(process) = app.try_state::<PageProcess>() {
        process.followed_by(task);
    }
}

/// Ends a task together with the page that it sends something to.
pub(crate) fn end_with_page(app: &AppHandle, task: JoinHandle<()>) {
    if let Some(process) = app.try_state::<PageProcess>() {
        process.end_with_page(task);
    }
}

/// Notes that the window is closed, and its page with it.
pub(crate) fn page_closed(app: &AppHandle) {
    if let Some(process) = app.try_state::<PageProcess>() {
        process.end_followers();
    }
}

/// Forgets earlier losses, because the user asked for the window.
pub(super) fn forget_losses(app: &AppHandle) {
    if let Some(process) = app.try_state::<PageProcess>() {
        *lock(&process.losses) = Losses::default();
    }
}

/// Notes that a page is being loaded; it is lost if it doesn't follow the state in time.
pub(super) fn watch_load(app: &AppHandle) {
    let Some(process) = app.try_state::<PageProcess>() else {
        return;
    };
    let load = process.begin_load();
    let mut followed = process.followed.subscribe();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let follows = followed.wait_for(|followed| *followed >= load);
        if tokio::time::timeout(LOAD_TIMEOUT, follows).await.is_err() {
            lost_if_current(&app, load, Loss::LoadTimeout);
        }
    });
}

/// Pings the page; one that doesn't answer in time is lost.
pub(crate) fn check_page(app: &AppHandle) {
    let (Some(process), Some(window)) = (
        app.try_state::<PageProcess>(),
        app.get_webview_window(LABEL),
    ) else {
        return;
    };
    // The load of one that is still loading has its own timeout.
    if !process.follows() || process.is_pinged.swap(true, Ordering::SeqCst) {
        return;
    }
    let load = process.current_load();
    let (pong, mut answer) = watch::channel(String::new());
    let sent = window.eval_with_callback(PING, move |result| {
        pong.send_replace(result);
    });
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // A process that is gone answers with an empty text, or drops the callback.
        let is_alive = sent.is_ok()
            && tokio::time::timeout(PING_TIMEOUT, answer.changed())
                .await
                .is_ok_and(|answered| answered.is_ok())
            && *answer.borrow() == PONG;
        if let Some(process) = app.try_state::<PageProcess>() {
            process.is_pinged.store(false, Ordering::SeqCst);
        }
        if !is_alive {
            lost_if_current(&app, load, Loss::Unresponsive);
        }
    });
}

/// Pings the page periodically while it is visible, where its end is not reported.
pub(super) fn check_periodically(app: &AppHandle) {
    let Some(process) = app.try_state::<PageProcess>() else {
        return;
    };
    if !cfg!(windows) || process.is_watched.swap(true, Ordering::SeqCst) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            tokio::time::sleep(PING_INTERVAL).await;
            let Some(window) = app.get_webview_window(LABEL) else {
                if let Some(process) = app.try_state::<PageProcess>() {
                    process.is_watched.store(false, Ordering::SeqCst);
                }
                return;
            };
            if window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(false) {
                check_page(&app);
            }
        }
    });
}

/// Notes that the process of the current page has ended.
#[cfg(not(windows))]
pub(crate) fn page_ended(app: &AppHandle, why: Loss) {
    if let Some(process) = app.try_state::<PageProcess>() {
        lost_if_current(app, process.current_load(), why);
    }
}

/// Handles the loss of a page, unless another was loaded since.
fn lost_if_current(app: &AppHandle, load: u64, why: Loss) {
    let worker = app.clone();
    let posted = app.run_on_main_thread(move || {
        let is_current = worker
            .try_state::<PageProcess>()
            .is_some_and(|process| process.current_load() == load);
        if is_current {
            recover(&worker, why);
        }
    });
    if let Err(error) = posted {
        tracing::warn!(error = %chain(&error), "window: lost page ignored");
    }
}

/// Brings a lost page back.
fn recover(app: &AppHandle, why: Loss) {
    let (Some(process), Some(window)) = (
        app.try_state::<PageProcess>(),
        app.get_webview_window(LABEL),
    ) else {
        // A closed window needs no page.
        return;
    };
    let remedy = lock(&process.losses).count(why, Instant::now());
    tracing::error!(?why, ?remedy, "window: page lost");
    // Later reports about it are no other loss.
    process.begin_load();
    let outcome = match remedy {
        Remedy::Reload => {
            watch_load(app);
            window.reload()
        }
        Remedy::Rebuild => {
            process.needs_rebuild.store(true, Ordering::SeqCst);
            close(&window).inspect_err(|_| process.needs_rebuild.store(false, Ordering::SeqCst))
        }
        Remedy::Close => {
            (process.on_given_up)(app);
            process.is_given_up.store(true, Ordering::SeqCst);
            close(&window).inspect_err(|_| process.is_given_up.store(false, Ordering::SeqCst))
        }
    };
    if let Err(error) = outcome {
        tracing::error!(error = %chain(&error), "window: page recovery failed");
    }
}

/// Closes a window whose page is lost.
fn close(window: &WebviewWindow) -> tauri::Result<()> {
    // A process that hangs would outlive the window.
    #[cfg(target_os = "linux")]
    super::page_process_linux::terminate(window)?;
    window.destroy()
}

/// Whether a window that has closed is to be built again; true once.
pub(super) fn take_rebuild(app: &AppHandle) -> bool {
    app.try_state::<PageProcess>()
        .is_some_and(|process| process.needs_rebuild.swap(false, Ordering::SeqCst))
}

/// Whether a window that has closed was given up, which its user didn't choose; true once.
pub(crate) fn take_given_up(app: &AppHandle) -> bool {
    app.try_state::<PageProcess>()
        .is_some_and(|process| process.is_given_up.swap(false, Ordering::SeqCst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn task_that_sends_the_state_ends_when_another_page_is_loaded() {
        let process = PageProcess::new(|_| {});
        let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
        let task = |alive: tokio::sync::mpsc::Sender<()>| {
            tauri::async_runtime::spawn(async move {
                let _alive = alive;
                std::future::pending::<()>().await;
            })
        };
        process.followed_by(task(alive));
        assert!(process.follows());
        process.begin_load();
        assert!(!process.follows());
        assert_eq!(ended.recv().await, None);
    }

    #[tokio::test]
    async fn task_that_ends_with_the_page_ends_when_the_window_closes() {
        let process = PageProcess::new(|_| {});
        let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
        process.end_with_page(tauri::async_runtime::spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        }));
        assert!(process.follows());
        process.end_followers();
        assert_eq!(ended.recv().await, None);
    }
}
