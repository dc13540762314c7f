//! The process that draws the page, which can end or hang at any time: killed, out of memory, a signal.
//!
//! The system's webview then shows a picture of what was, or nothing, and takes no click. So a lost page
//! is loaded again; a second loss soon after rebuilds the window; a third closes it, because a loop of
//! crashes helps nobody, and whoever asks for the window gets a new one. What was on its way is not lost
//! with the page: it lives in the core.
//!
//! On Linux and macOS the webview tells of the death. `WebView2` tells only by an interface that takes
//! `unsafe`; and a page that hangs is told of nowhere. So a page is also asked for a sign of life when
//! somebody comes to the window, and on Windows from time to time while it is seen.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tauri::async_runtime::JoinHandle;
use tauri::{AppHandle, Manager as _, WebviewWindow};
use tokio::sync::watch;

use super::LABEL;
use crate::{notices, words};

/// How long a page may take from its loading until it follows the state.
const LOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a page that is asked for a sign of life may take: a slow one that was replaced would lose what
/// was typed in it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// How often a page is asked that is seen, where nobody tells of its end.
const CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// After so long without a loss the next one counts as the first.
const STABLE_AFTER: Duration = Duration::from_mins(1);

/// The question for a sign of life, and its answer as JSON.
const QUESTION: &str = "1";
const ANSWER: &str = "1";

/// Why a page is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Its process ended.
    #[cfg(not(windows))]
    Ended,
    /// Its process was ended for taking too much memory.
    #[cfg(target_os = "linux")]
    OutOfMemory,
    /// It gave no sign of life.
    Unresponsive,
    /// It was loaded and never followed the state.
    NotLoaded,
}

/// What is done about a lost page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// The page is loaded again in the same window.
    Reload,
    /// The window is built again.
    Rebuild,
    /// The window is closed until somebody asks for it.
    Close,
}

/// The losses since the page last lived for a while.
#[derive(Debug, Default)]
struct Losses {
    count: u32,
    last: Option<Instant>,
}

impl Losses {
    /// Counts a loss; answers what to do about it.
    fn count(&mut self, why: Loss, now: Instant) -> Remedy {
        let is_soon = self
            .last
            .is_some_and(|last| now.duration_since(last) < STABLE_AFTER);
        self.count = if is_soon { self.count + 1 } else { 1 };
        // A process that hangs loads nothing.
        if why == Loss::Unresponsive && self.count == 1 {
            self.count = 2;
        }
        self.last = Some(now);
        match self.count {
            1 => Remedy::Reload,
            2 => Remedy::Rebuild,
            _ => Remedy::Close,
        }
    }
}

/// What is known of the page's process.
pub(crate) struct PageProcess {
    losses: Mutex<Losses>,
    /// Counts the loads that were begun.
    loads: AtomicU64,
    /// Which of them follows the state.
    followed: watch::Sender<u64>,
    /// What tells the page of the state.
    followers: Mutex<Vec<JoinHandle<()>>>,
    /// Whether a sign of life is awaited.
    is_asked: AtomicBool,
    /// Whether it is asked for one from time to time.
    is_watched: AtomicBool,
    /// Whether the window is built again once it has closed.
    is_rebuilt: AtomicBool,
}

impl PageProcess {
    pub(crate) fn new() -> Self {
        Self {
            losses: Mutex::default(),
            loads: AtomicU64::new(0),
            followed: watch::Sender::new(0),
            followers: Mutex::default(),
            is_asked: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
            is_rebuilt: AtomicBool::new(false),
        }
    }

    fn current_load(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    fn follows(&self) -> bool {
        *self.followed.borrow() == self.current_load()
    }

    fn followed_by(&self, task: JoinHandle<()>) {
        lock(&self.followers).push(task);
        self.followed.send_replace(self.current_load());
    }

    /// Another page is loaded: what told the one before of the state ends, for it would not notice.
    fn begins(&self) -> u64 {
        for task in lock(&self.followers).drain(..) {
            task.abort();
        }
        self.loads.fetch_add(1, Ordering::SeqCst) + 1
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The page follows the state, by this task.
pub(crate) fn page_follows(app: &AppHandle, by: JoinHandle<()>) {
    if let Some(process) = app.try_state::<PageProcess>() {
        process.followed_by(by);
    }
}

/// A window was opened for somebody who asked for it: what went wrong before is over.
pub(super) fn forget_losses(app: &AppHandle) {
    if let Some(process) = app.try_state::<PageProcess>() {
        *lock(&process.losses) = Losses::default();
    }
}

/// A page is being loaded: it is lost if it doesn't follow the state in time.
pub(super) fn watch_load(app: &AppHandle) {
    let Some(process) = app.try_state::<PageProcess>() else {
        return;
    };
    let load = process.begins();
    let mut followed = process.followed.subscribe();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let follows = followed.wait_for(|followed| *followed >= load);
        if tokio::time::timeout(LOAD_TIMEOUT, follows).await.is_err() {
            lost_if_current(&app, load, Loss::NotLoaded);
        }
    });
}

/// Asks the page for a sign of life; what gives none in time is lost.
pub(crate) fn check_page(app: &AppHandle) {
    let (Some(process), Some(window)) = (
        app.try_state::<PageProcess>(),
        app.get_webview_window(LABEL),
    ) else {
        return;
    };
    // One that is still loading is waited for already.
    if !process.follows() || process.is_asked.swap(true, Ordering::SeqCst) {
        return;
    }
    let load = process.current_load();
    let (tell, mut answer) = watch::channel(String::new());
    let asked = window.eval_with_callback(QUESTION, move |said| {
        tell.send_replace(said);
    });
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // A process that is gone answers with nothing, or drops the question.
        let lives = asked.is_ok()
            && tokio::time::timeout(ANSWER_TIMEOUT, answer.changed())
                .await
                .is_ok_and(|told| told.is_ok())
            && *answer.borrow() == ANSWER;
        if let Some(process) = app.try_state::<PageProcess>() {
            process.is_asked.store(false, Ordering::SeqCst);
        }
        if !lives {
            lost_if_current(&app, load, Loss::Unresponsive);
        }
    });
}

/// Where nobody tells of a page's end it is asked from time to time, while somebody may see it.
pub(super) fn check_from_time_to_time(app: &AppHandle) {
    let Some(process) = app.try_state::<PageProcess>() else {
        return;
    };
    if !cfg!(windows) || process.is_watched.swap(true, Ordering::SeqCst) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
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

/// The process of the page that is there now has ended.
#[cfg(not(windows))]
pub(crate) fn page_ended(app: &AppHandle, why: Loss) {
    if let Some(process) = app.try_state::<PageProcess>() {
        lost_if_current(app, process.current_load(), why);
    }
}

/// The page is lost, unless another was loaded meanwhile.
fn lost_if_current(app: &AppHandle, load: u64, why: Loss) {
    let asked = app.clone();
    let outcome = app.run_on_main_thread(move || {
        let is_current = asked
            .try_state::<PageProcess>()
            .is_some_and(|process| process.current_load() == load);
        if is_current {
            lost(&asked, why);
        }
    });
    if let Err(problem) = outcome {
        tracing::warn!(%problem, "window: lost page ignored");
    }
}

/// Brings a lost page back.
fn lost(app: &AppHandle, why: Loss) {
    let (Some(process), Some(window)) = (
        app.try_state::<PageProcess>(),
        app.get_webview_window(LABEL),
    ) else {
        // A closed window needs no page.
        return;
    };
    let remedy = lock(&process.losses).count(why, Instant::now());
    tracing::error!(?why, ?remedy, "window: page lost");
    // What is heard of it from now on is no other loss.
    process.begins();
    let outcome = match remedy {
        Remedy::Reload => {
            watch_load(app);
            window.reload()
        }
        Remedy::Rebuild => {
            process.is_rebuilt.store(true, Ordering::SeqCst);
            end(&window).inspect_err(|_| process.is_rebuilt.store(false, Ordering::SeqCst))
        }
        Remedy::Close => {
            notices::say(app, words::WINDOW_CLOSED, words::WINDOW_CLOSED_ADVICE);
            end(&window)
        }
    };
    if let Err(problem) = outcome {
        tracing::error!(%problem, "window: page not brought back");
    }
}

/// Closes a window whose page is lost.
fn end(window: &WebviewWindow) -> tauri::Result<()> {
    // One that hangs would outlive it.
    #[cfg(target_os = "linux")]
    super::page_process_linux::end_page(window)?;
    window.destroy()
}

/// Whether a window that has closed is to be built again.
pub(super) fn is_rebuilt(app: &AppHandle) -> bool {
    app.try_state::<PageProcess>()
        .is_some_and(|process| process.is_rebuilt.swap(false, Ordering::SeqCst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_close_together_are_met_with_more_each_time() {
        let mut losses = Losses::default();
        let begun = Instant::now();
        let mut at = |seconds| losses.count(Loss::NotLoaded, begun + Duration::from_secs(seconds));
        assert_eq!(at(0), Remedy::Reload);
        assert_eq!(at(1), Remedy::Rebuild);
        assert_eq!(at(2), Remedy::Close);
        assert_eq!(at(3), Remedy::Close);
    }

    #[test]
    fn page_that_lived_for_a_while_is_loaded_again() {
        let mut losses = Losses::default();
        let begun = Instant::now();
        let mut at = |seconds| losses.count(Loss::NotLoaded, begun + Duration::from_secs(seconds));
        let long = STABLE_AFTER.as_secs();
        assert_eq!(at(0), Remedy::Reload);
        assert_eq!(at(long), Remedy::Reload);
        assert_eq!(at(long + 1), Remedy::Rebuild);
        assert_eq!(at(2 * long + 1), Remedy::Reload);
    }

    #[tokio::test]
    async fn task_that_tells_a_page_ends_when_another_is_loaded() {
        let process = PageProcess::new();
        let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
        let task = |alive: tokio::sync::mpsc::Sender<()>| {
            tauri::async_runtime::spawn(async move {
                let _alive = alive;
                std::future::pending::<()>().await;
            })
        };
        process.followed_by(task(alive));
        assert!(process.follows());
        process.begins();
        assert!(!process.follows());
        assert_eq!(ended.recv().await, None);
    }

    #[test]
    fn page_that_hangs_is_not_loaded_in_the_process_that_hangs() {
        let begun = Instant::now();
        let mut losses = Losses::default();
        assert_eq!(losses.count(Loss::Unresponsive, begun), Remedy::Rebuild);
        assert_eq!(losses.count(Loss::Unresponsive, begun), Remedy::Close);
    }
}
