//! Where addresses come in: the registered scheme, with the app running, closed, or started a
//! second time, which end in [`SessionHandle::receive`]; and this computer's own address, which the core
//! has listened to while it waits. All of it is hostile input.

#[cfg(target_os = "linux")]
mod claim_linux;
#[cfg(target_os = "linux")]
mod command_line_linux;
mod letterbox;
pub(crate) mod loopback;
#[cfg(target_os = "linux")]
pub(crate) mod single_instance_linux;
pub(crate) mod start;

#[cfg(target_os = "linux")]
use std::sync::OnceLock;
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{RedirectKind, SCHEME};
use amiqus_core::runtime::SessionHandle;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_deep_link::DeepLinkExt as _;
use tokio::sync::oneshot;

pub(crate) use self::letterbox::Letterbox;
use self::start::{Start, StartRequest};
use crate::window;

/// How long claiming the links may take.
const CLAIMING_TAKES: Duration = Duration::from_secs(3);

/// Listens for links, and takes the one that started the app and those that other copies handed over
/// meanwhile.
pub(crate) fn listen(app: &AppHandle, session: &SessionHandle, handed_over: &Letterbox) {
    let for_links = session.clone();
    // On macOS alone: elsewhere the system starts another copy with the link.
    app.deep_link().on_open_url(move |event| {
        for url in event.urls().into_iter().filter(|url| !is_no_link(url)) {
            for_links.receive(ReceivedLink::new(url));
        }
    });
    // On Linux it is taken before the plugin could see it.
    #[cfg(not(target_os = "linux"))]
    match app.deep_link().get_current() {
        Ok(urls) => {
            for url in urls.into_iter().flatten() {
                session.receive(ReceivedLink::new(url));
            }
        }
        Err(problem) => tracing::warn!(%problem, "the link that started the app can't be read"),
    }
    #[cfg(target_os = "linux")]
    if let Some(problem) = LINK_STAYS.get() {
        tracing::error!(
            problem,
            "the link stays in the command line, where everybody can read it"
        );
    }
    forget_link(app);
    let for_links = session.clone();
    let for_window = app.clone();
    handed_over.read(move |start| {
        follow(&for_window, &for_links, start);
        once_main_thread_is_free(&for_window)
    });
}

/// Told as soon as the main thread has done all that it was asked for so far. One that hangs follows no
/// start, and whoever brought it must hear of that.
fn once_main_thread_is_free(app: &AppHandle) -> letterbox::Followed {
    let (tell, followed) = oneshot::channel();
    // Without a main thread the app is ending, and nobody is told.
    let _ = app.run_on_main_thread(move || {
        // Whoever waited may have gone.
        let _ = tell.send(());
    });
    followed
}

/// Does what a start asks for. A link is judged by the core, which brings the window to the front when
/// there is something to see.
fn follow(app: &AppHandle, session: &SessionHandle, start: Start) {
    let Start { request, launch } = start;
    #[cfg(target_os = "linux")]
    match request {
        StartRequest::Nothing => window::startup_linux::end(app, launch),
        StartRequest::Window | StartRequest::Link(_) => window::startup_linux::expect(app, launch),
    }
    #[cfg(not(target_os = "linux"))]
    drop(launch);
    match request {
        StartRequest::Window => window::bring_to_front(app),
        StartRequest::Link(link) => session.receive(link),
        StartRequest::Nothing => {}
    }
}

/// Why the link could not be taken out of the command line.
#[cfg(target_os = "linux")]
static LINK_STAYS: OnceLock<String> = OnceLock::new();

/// What this process was started for, if anything comes of it that its own window does not do. A link is
/// taken out of the command line at once: there every user of the computer can read it.
#[cfg(target_os = "linux")]
pub(crate) fn take_own_start() -> Start {
    let request = StartRequest::of(std::env::args_os().skip(1));
    if let Err(problem) = command_line_linux::forget_links(SCHEME) {
        // There is no log yet.
        LINK_STAYS.get_or_init(|| problem.to_string());
    }
    Start {
        request,
        launch: start::Launch::of_this_process(),
    }
}

/// The plugin keeps the link that started the app for as long as the app runs, and hands it to whoever asks. There is
/// a code in it: an empty one takes its place. (On macOS the plugin takes none from here.)
fn forget_link(app: &AppHandle) {
    app.deep_link()
        .handle_cli_arguments(["", &no_link()].into_iter());
}

fn no_link() -> String {
    format!("{SCHEME}:")
}

fn is_no_link(url: &url::Url) -> bool {
    url.as_str() == no_link()
}

/// Sees to it that links come here, where no foreign app has them; once in the life of the process. It
/// runs other programs, so whoever asks waits for it, and no longer than a while: one of them may hang.
/// Answers whether it is done.
pub(crate) fn claim(app: &AppHandle) -> bool {
    static BEGUN: Once = Once::new();
    static IS_DONE: Mutex<bool> = Mutex::new(false);
    static DONE: Condvar = Condvar::new();
    if !needs_links(app) {
        return true;
    }
    let is_done = || IS_DONE.lock().unwrap_or_else(PoisonError::into_inner);
    BEGUN.call_once(|| {
        let app = app.clone();
        let claiming = thread::Builder::new()
            .name("claim the links".to_owned())
            .spawn(move || {
                claim_scheme(&app);
                *IS_DONE.lock().unwrap_or_else(PoisonError::into_inner) = true;
                DONE.notify_all();
            });
        if let Err(problem) = claiming {
            tracing::error!(%problem, "nobody claims the links");
        }
    });
    match DONE.wait_timeout_while(is_done(), CLAIMING_TAKES, |is_done| !*is_done) {
        Ok((_, waited)) if waited.timed_out() => {
            tracing::warn!("claiming the links takes long");
            false
        }
        _ => true,
    }
}

/// Whether the browser comes back by a link: not where the organisation's redirect URL is this computer's own
/// address.
fn needs_links(app: &AppHandle) -> bool {
    app.try_state::<SessionHandle>().is_none_or(|session| {
        let states = session.states();
        let state = states.borrow();
        state
            .as_ref()
            .is_none_or(|state| state.setup.redirect == RedirectKind::Scheme)
    })
}

/// On Windows the installer registers the scheme and the app only mends it; on macOS the bundle's own
/// description does it.
fn claim_scheme(app: &AppHandle) {
    #[cfg(target_os = "linux")]
    claim_linux::claim_scheme();
    #[cfg(target_os = "windows")]
    if let Err(problem) = app.deep_link().register_all() {
        tracing::warn!(%problem, "the scheme can't be registered");
    }
    #[cfg(not(target_os = "windows"))]
    let _ = app;
}

/// Who opens our links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody.
    Nobody,
    /// This app.
    ThisApp,
    /// Another app.
    Another {
        /// What it calls itself, as plain text.
        name: String,
        /// Its desktop entry.
        entry: String,
    },
    /// The system doesn't tell.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux tells"))]
    Unknown,
}

/// Asks the system who opens our links. It runs another program.
pub(crate) fn holder() -> Holder {
    #[cfg(target_os = "linux")]
    return claim_linux::holder();
    // Windows' and macOS's own dialogues ask their person; neither tells an app the other's name.
    #[cfg(not(target_os = "linux"))]
    Holder::Unknown
}

/// Takes the links back from another app, or from nobody; says whether that went well.
pub(crate) fn take_back(app: &AppHandle) -> bool {
    #[cfg(target_os = "linux")]
    let registered = {
        let _ = app;
        claim_linux::register()
    };
    #[cfg(not(target_os = "linux"))]
    let registered = app.deep_link().register_all();
    if let Err(problem) = registered {
        tracing::warn!(%problem, "the scheme can't be registered");
    }
    let holder = holder();
    tracing::info!(?holder, "the links were to be taken back");
    matches!(holder, Holder::ThisApp | Holder::Unknown)
}

/// Who opens our links once the app has tried to get them: that nobody does means nothing before.
pub(crate) async fn settled_holder(app: &AppHandle) -> Holder {
    let ask = || async {
        let asked = tauri::async_runtime::spawn_blocking(holder);
        asked.await.unwrap_or(Holder::Unknown)
    };
    match ask().await {
        Holder::Nobody => {}
        holder => return holder,
    }
    // As at each start: the processor is the window's until then.
    window::first_painted(app).await;
    let for_links = app.clone();
    let claimed = tauri::async_runtime::spawn_blocking(move || claim(&for_links)).await;
    if matches!(claimed, Ok(true)) {
        ask().await
    } else {
        Holder::Unknown
    }
}

/// Removes the registration that this program made for its person; one of the package's own, or of
/// another app, stays. On Windows the uninstaller does it; macOS has none but the bundle's.
///
/// # Errors
/// When the system doesn't take it.
pub(crate) fn forget() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    return claim_linux::forget();
    #[cfg(not(target_os = "linux"))]
    Ok(())
}
