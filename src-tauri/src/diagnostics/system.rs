//! The operating system and the desktop.

use super::Report;
use crate::certificate_trust;
#[cfg(target_os = "linux")]
use crate::deadline::{self, ANSWER_TIMEOUT};

pub(super) fn describe(report: &mut Report) {
    report.section("System");
    report.text("system", &name());
    report.text("architecture", std::env::consts::ARCH);
    #[cfg(target_os = "windows")]
    if let Ok(is_elevated) = crate::security_windows::is_elevated() {
        report.flag("started as administrator", is_elevated);
    }
    let overrides = certificate_trust::overrides();
    if overrides.is_empty() {
        report.text("certificates", "the system's");
    }
    for (variable, value) in overrides {
        let text = format!("{variable} replaces the system's: {value}");
        report.text("certificates", &text);
    }
    #[cfg(target_os = "linux")]
    {
        for (name, variable) in [
            ("desktop", "XDG_CURRENT_DESKTOP"),
            ("session", "XDG_SESSION_TYPE"),
            ("language", "LANG"),
        ] {
            let value = std::env::var(variable).unwrap_or_default();
            report.text(name, if value.is_empty() { "not set" } else { &value });
        }
        match deadline::within(ANSWER_TIMEOUT, crate::tray::host_linux::is_present) {
            Ok(has_host) => report.flag("tray", has_host),
            Err(late) => report.text("tray", &format!("no answer: {late}")),
        }
    }
}

/// The operating system's own name for itself, as short as people say it.
pub(crate) fn operating_system() -> String {
    #[cfg(unix)]
    if let Some(distribution) = distribution() {
        return distribution;
    }
    name()
}

#[cfg(unix)]
fn name() -> String {
    let uname = rustix::system::uname();
    let kernel = format!(
        "{} {}",
        uname.sysname().to_string_lossy(),
        uname.release().to_string_lossy()
    );
    match distribution() {
        Some(distribution) => format!("{distribution}, {kernel}"),
        None => kernel,
    }
}

#[cfg(not(unix))]
fn name() -> String {
    let system = os_info::get();
    let edition = system.edition().unwrap_or("Windows");
    format!("{edition}, {}", system.version())
}

/// The distribution's own name for itself (freedesktop's `os-release`). `os_info` has no `PRETTY_NAME`, which
/// support asks for.
#[cfg(unix)]
fn distribution() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}
