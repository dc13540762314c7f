#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
//! The desktop program. Everything is in the library, where tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sign_in_with_amiqus::run()
}
