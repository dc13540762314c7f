//! What computer this is, as far as it helps.

use super::Report;
use crate::certificate_trust;
#[cfg(target_os = "linux")]
use crate::deadline::{self, ANSWER_TIMEOUT};

pub(super) fn describe(report: &mut Report) {
    report.section("System");
    report.says("system", &name());
    report.says("architecture", std::env::consts::ARCH);
    let replaced_by = certificate_trust::replaced_by();
    if replaced_by.is_empty() {
        report.says("certificates", "the system's");
    }
    for (variable, value) in replaced_by {
        let told = format!("{variable} names others than the system's: {value}");
        report.says("certificates", &told);
    }
    #[cfg(target_os = "linux")]
    {
        for (name, variable) in [
            ("desktop", "XDG_CURRENT_DESKTOP"),
            ("session", "XDG_SESSION_TYPE"),
            ("language", "LANG"),
        ] {
            let value = std::env::var(variable).unwrap_or_default();
            report.says(name, if value.is_empty() { "not said" } else { &value });
        }
        match deadline::within(ANSWER_TIMEOUT, crate::tray::has_host) {
            Ok(there) => report.is("tray", there),
            Err(late) => report.says("tray", &format!("not told: {late}")),
        }
    }
}

#[cfg(unix)]
fn name() -> String {
    let about = rustix::system::uname();
    let kernel = format!(
        "{} {}",
        about.sysname().to_string_lossy(),
        about.release().to_string_lossy()
    );
    match distribution() {
        Some(distribution) => format!("{distribution}, {kernel}"),
        None => kernel,
    }
}

#[cfg(not(unix))]
fn name() -> String {
    std::env::consts::OS.to_owned()
}

/// What the distribution calls itself (freedesktop's `os-release`).
#[cfg(unix)]
fn distribution() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}
