//! The one window, its page and the process that draws it.

mod loss;
mod main_window;
#[cfg(target_os = "windows")]
pub(crate) mod missing_webview_windows;
mod page;
mod page_process;
#[cfg(target_os = "linux")]
mod page_process_linux;
#[cfg(target_os = "linux")]
mod software_rendering_linux;
#[cfg(target_os = "linux")]
pub(crate) mod startup_linux;
#[cfg(target_os = "linux")]
mod web_processes_linux;

#[cfg(target_os = "macos")]
pub(crate) use self::loss::Loss;
pub(crate) use self::main_window::{bring_to_front, close, has_focus, open, rebuild};
pub(crate) use self::page::{FirstPage, first_painted, page_is_alive};
#[cfg(target_os = "macos")]
pub(crate) use self::page_process::page_ended;
pub(crate) use self::page_process::{
    PageProcess, check_page, end_with_page, page_closed, page_follows, take_given_up,
};
#[cfg(target_os = "linux")]
pub(crate) use self::web_processes_linux::{end_network_process, wait_for_web_processes};

/// The window's label in `capabilities/`.
const LABEL: &str = "main";
