//! Where addresses come in: by the registered scheme, whether the app is running, closed or started a second
//! time, and at the loopback address while a sign-in waits for its redirect. All of it is hostile input. Every
//! source puts into the one [`IncomingQueue`], and the core judges what is drained from it.

#[cfg(target_os = "linux")]
mod claim_linux;
#[cfg(target_os = "windows")]
mod claim_windows;
#[cfg(target_os = "linux")]
mod command_line_linux;
mod handler;
pub(crate) mod loopback;
mod queue;
#[cfg(target_os = "linux")]
pub(crate) mod single_instance_linux;
pub(crate) mod start;

#[cfg(not(target_os = "linux"))]
use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;

#[cfg(not(target_os = "linux"))]
use amiqus_core::error::chain;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::SCHEME;
use amiqus_core::runtime::SessionHandle;
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;
use tokio::sync::oneshot;

pub(crate) use self::handler::{
    LinkHandler, claim, current_handler, forget, settled_handler, take_back,
};
pub(crate) use self::queue::IncomingQueue;
use self::queue::{Incoming, QueueClosedError};
use self::start::{Launch, Start, StartRequest};
use crate::window;

/// Connects the deep-link plugin to the queue, and starts to drain the queue into the session.
pub(crate) fn listen(app: &AppHandle, session: &SessionHandle, queue: &IncomingQueue) {
    let for_links = queue.clone();
    // Only on macOS: other systems start another copy with the link.
    app.deep_link().on_open_url(move |event| {
        for url in event.urls().into_iter().filter(|url| !is_empty_link(url)) {
            for_links.push(link(url.to_string()));
        }
    });
    // On Linux the app takes it before the plugin could.
    #[cfg(not(target_os = "linux"))]
    match app.deep_link().get_current() {
        Ok(urls) => {
            for url in urls.into_iter().flatten() {
                queue.push(link(url.to_string()));
            }
        }
        Err(error) => tracing::warn!(error = %chain(&error), "links: own link not read"),
    }
    #[cfg(target_os = "linux")]
    if let Some(error) = ERASE_ERROR.get() {
        tracing::error!(error, "links: link not erased from the command line");
    }
    erase_plugins_link(app);
    let app = app.clone();
    let session = session.clone();
    let mut drain = queue.drain();
    tauri::async_runtime::spawn(async move {
        while let Some(incoming) = drain.next().await {
            handle(&app, &session, incoming);
        }
    });
}

/// The plugin that makes a second copy hand its start over, through the queue, and end.
#[cfg(not(target_os = "linux"))]
pub(crate) fn single_instance(queue: IncomingQueue) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    tauri_plugin_single_instance::init(move |_app, arguments, _folder| {
        let arguments = arguments.into_iter().skip(1).map(OsString::from);
        queue.push(Start {
            request: StartRequest::of(arguments),
            launch: Launch::default(),
        });
    })
}

/// A link that the system delivers to the running app.
fn link(url: String) -> Start {
    Start {
        request: StartRequest::Link(ReceivedLink::new(url)),
        launch: Launch::default(),
    }
}

fn handle(app: &AppHandle, session: &SessionHandle, incoming: Incoming) {
    match incoming {
        Incoming::Start { start, handled } => {
            handle_start(app, session, start);
            if let Some(handled) = handled {
                confirm_on_main_thread(app, handled);
            }
        }
        Incoming::Redirect {
            link,
            recipient,
            mut outcome,
        } => {
            // The browser waits until the sign-in has ended; other entries don't.
            tauri::async_runtime::spawn(async move {
                tokio::select! {
                    ended = recipient.receive(link) => {
                        // The browser may have gone.
                        let _ = outcome.send(ended);
                    }
                    () = outcome.closed() => {}
                }
            });
        }
    }
}

/// Does what a start asks for. A link is judged by the core, which brings the window to the front when
/// there is something to see.
fn handle_start(app: &AppHandle, session: &SessionHandle, start: Start) {
    let Start { request, launch } = start;
    #[cfg(target_os = "linux")]
    match request {
        StartRequest::Nothing => window::startup_linux::complete(app, launch),
        StartRequest::Window | StartRequest::Link(_) => {
            window::startup_linux::expect_window(app, launch);
        }
    }
    #[cfg(not(target_os = "linux"))]
    drop(launch);
    match request {
        StartRequest::Window => window::bring_to_front(app),
        StartRequest::Link(link) => session.receive(link),
        StartRequest::Nothing => {}
    }
}

/// Confirms a start once the main thread has run what it was asked for so far: the sender has to learn of a
/// main thread that hangs.
fn confirm_on_main_thread(app: &AppHandle, handled: oneshot::Sender<Result<(), QueueClosedError>>) {
    // Without a main thread the app is ending, and the sender sees its end dropped.
    let _ = app.run_on_main_thread(move || {
        // The sender may have gone.
        let _ = handled.send(Ok(()));
    });
}

/// Why the link could not be erased from the command line.
#[cfg(target_os = "linux")]
static ERASE_ERROR: OnceLock<String> = OnceLock::new();

/// Takes what this process was started for. A link is erased from the command line at once, because every
/// user of the computer can read it there.
#[cfg(target_os = "linux")]
pub(crate) fn take_own_start() -> Start {
    let request = StartRequest::of(std::env::args_os().skip(1));
    if let Err(error) = command_line_linux::erase_links(SCHEME) {
        // There is no log yet.
        ERASE_ERROR.get_or_init(|| error.to_string());
    }
    Start {
        request,
        launch: Launch::of_this_process(),
    }
}

/// Overwrites the link that the plugin keeps for as long as the app runs, and hands to every caller that
/// asks, with an empty one: there is a code in it. (On macOS the plugin takes none from here.)
fn erase_plugins_link(app: &AppHandle) {
    app.deep_link()
        .handle_cli_arguments(["", &empty_link()].into_iter());
}

fn empty_link() -> String {
    format!("{SCHEME}:")
}

fn is_empty_link(url: &url::Url) -> bool {
    url.as_str() == empty_link()
}
