//! Runs Tauri's build step.

fn main() {
    // It is compiled together with the app, whose configuration from Tauri's command line must not apply.
    println!("cargo::rustc-env=TAURI_CONFIG={{}}");
    tauri_build::build();
}
