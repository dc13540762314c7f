#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
//! The desktop program. Everything is in the library, where tests can reach it.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Memory is overwritten when it is given back: also that of the libraries which a secret passes
/// through (HTTP, JSON, the session bus), which know nothing of secrets.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    sign_in_with_amiqus::run()
}
