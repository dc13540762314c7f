#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
//! The desktop program. Its code is in the library, where tests can reach it.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes memory when it is freed: also that of the libraries which a secret passes through (HTTP, JSON, the
/// session bus) and which don't treat it as one.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    sign_in_with_amiqus::run()
}
