//! The one window.

mod page;
mod page_process;
#[cfg(target_os = "linux")]
mod page_process_linux;
#[cfg(target_os = "linux")]
mod software_rendering_linux;
#[cfg(target_os = "linux")]
pub(crate) mod startup_linux;

use std::sync::atomic::{AtomicU64, Ordering};

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder};

pub(crate) use self::page::{FirstPage, first_painted, page_is_alive};
#[cfg(target_os = "macos")]
pub(crate) use self::page_process::{Loss, page_ended};
pub(crate) use self::page_process::{PageProcess, check_page, page_follows};

/// The window's name in `capabilities/`.
const LABEL: &str = "main";

/// Opens the window. It goes nowhere, opens nothing and takes no files.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title(brand::NAME)
        .inner_size(440.0, 640.0)
        .min_inner_size(320.0, 480.0)
        .center()
        .disable_drag_drop_handler()
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_web_resource_request(page::bring_state(app))
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                page_process::watch_load(window.app_handle());
            }
        })
        .build()?;
    #[cfg(target_os = "linux")]
    {
        software_rendering_linux::without_a_graphics_card(&window)?;
        page_process_linux::listen(&window)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = window;
    page_process::watch_load(app);
    page_process::check_from_time_to_time(app);
    Ok(())
}

/// Builds the window again if it was closed for that; says whether it was.
pub(crate) fn rebuild(app: &AppHandle) -> bool {
    if !page_process::is_rebuilt(app) {
        return false;
    }
    let app = app.clone();
    // Not within the event loop's own report that the old one is gone.
    tauri::async_runtime::spawn(async move {
        let asked = app.clone();
        let outcome = app.run_on_main_thread(move || {
            // Somebody may have asked for the window meanwhile.
            if asked.get_webview_window(LABEL).is_none()
                && let Err(problem) = open(&asked)
            {
                tracing::error!(%problem, "window: rebuild failed");
            }
        });
        if let Err(problem) = outcome {
            tracing::error!(%problem, "window: rebuild failed");
        }
    });
    true
}

/// Whether an address is the app's own page, under the names that the three systems give it.
fn is_own(url: &url::Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")) => true,
        _ => {
            tracing::warn!(
                scheme = url.scheme(),
                "the window was kept from going elsewhere"
            );
            false
        }
    }
}

/// Counts who asks for the window: it is there only a while after it was asked for.
static WISHES: AtomicU64 = AtomicU64::new(0);

/// How often the window was asked for so far.
#[cfg(target_os = "linux")]
pub(crate) fn wishes() -> u64 {
    WISHES.load(Ordering::SeqCst)
}

/// Shows the window and gives it the focus. Failing to is no reason to fail: the person sees it in
/// the task bar.
pub(crate) fn bring_to_front(app: &AppHandle) {
    WISHES.fetch_add(1, Ordering::SeqCst);
    let asked = app.clone();
    // The main thread does one thing after the other: links that come at once, each on a thread of its
    // own, would each find no window and open one.
    if let Err(problem) = app.run_on_main_thread(move || show(&asked)) {
        tracing::warn!(%problem, "the window can't be asked for");
    }
}

fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        page_process::forget_losses(app);
        if let Err(problem) = open(app) {
            tracing::error!(%problem, "the window can't be opened again");
        }
        #[cfg(target_os = "linux")]
        if let Some(window) = app.get_webview_window(LABEL) {
            startup_linux::end_with(&window);
        }
        return;
    };
    // Before the window asks for the focus, which it gets by that.
    #[cfg(target_os = "linux")]
    startup_linux::end_with(&window);
    for outcome in [window.show(), window.unminimize(), window.set_focus()] {
        if let Err(problem) = outcome {
            tracing::warn!(%problem, "the window can't be brought to the front");
        }
    }
    check_page(app);
}

/// Whether the window is there and the person is at it.
pub(crate) fn has_focus(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL)
        .is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// Ends what a closed window leaves running. `WebKit` keeps its network process for as long as the app
/// lives, some 40 MB for nothing; it starts another when it needs one.
pub(crate) fn sweep() {
    #[cfg(target_os = "linux")]
    if let Err(problem) = sweep_linux::end_network_process() {
        tracing::warn!(%problem, "the closed window's network process can't be found");
    }
}

/// Waits until a closed window's processes have ended, and this one knows it; no longer than the window is
/// closed.
#[cfg(target_os = "linux")]
pub(crate) async fn swept(is_closed: impl Fn() -> bool) {
    for _ in 0..sweep_linux::LOOKS {
        if !is_closed() {
            return;
        }
        match sweep_linux::has_drawing_processes() {
            Ok(true) => tokio::time::sleep(sweep_linux::BETWEEN_LOOKS).await,
            Ok(false) => return,
            Err(problem) => {
                tracing::warn!(%problem, "the closed window's processes can't be looked for");
                return;
            }
        }
    }
    tracing::warn!("the closed window's processes are still there");
}

#[cfg(target_os = "linux")]
mod sweep_linux {
    use std::fs;
    use std::io;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, getpid, kill_process};

    /// The kernel keeps fifteen characters of a name.
    const NETWORK_PROCESS: &str = "WebKitNetworkPr";
    const PAGE_PROCESS: &str = "WebKitWebProces";

    /// How often they are looked for, and how long it is from one look to the next: some seconds in all.
    pub(super) const LOOKS: u32 = 100;
    pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

    /// Asks it to end; only a child of this very process.
    pub(super) fn end_network_process() -> io::Result<()> {
        for child in children_named(&[NETWORK_PROCESS])? {
            kill_process(child, Signal::TERM)?;
        }
        Ok(())
    }

    /// Whether this process has children that draw, or that nobody has seen end.
    pub(super) fn has_drawing_processes() -> io::Result<bool> {
        Ok(!children_named(&[NETWORK_PROCESS, PAGE_PROCESS])?.is_empty())
    }

    fn children_named(names: &[&str]) -> io::Result<Vec<Pid>> {
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
                .and_then(Pid::from_raw)
            else {
                continue;
            };
            // One that ended meanwhile is none.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
                continue;
            };
            if is_child(&stat, names, getpid()) {
                children.push(pid);
            }
        }
        Ok(children)
    }

    /// `proc_pid_stat(5)`: the id, the name in brackets, the state, the parent's id.
    fn is_child(stat: &str, names: &[&str], parent: Pid) -> bool {
        let Some((before, after)) = stat.rsplit_once(')') else {
            return false;
        };
        let is_named = before
            .split_once('(')
            .is_some_and(|(_, name)| names.contains(&name));
        let its_parent = after.split_whitespace().nth(1);
        is_named && its_parent == Some(&parent.as_raw_nonzero().to_string())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_this_apps_own_network_process_is_ended() {
            let parent = Pid::from_raw(4242).unwrap();
            let is_ended = |stat| is_child(stat, &[NETWORK_PROCESS], parent);
            assert!(is_ended("77 (WebKitNetworkPr) S 4242 1 1"));
            assert!(!is_ended("77 (WebKitNetworkPr) S 4243 1 1"));
            assert!(!is_ended("77 (WebKitWebProces) S 4242 1 1"));
            assert!(!is_ended("77 (a) WebKitNetworkPr) S 4242 1"));
        }
    }
}
