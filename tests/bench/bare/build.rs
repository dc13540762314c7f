//! What every Tauri app does.

fn main() {
    // It is compiled beside ours, and what Tauri's command line tells of ours is none of its business.
    println!("cargo::rustc-env=TAURI_CONFIG={{}}");
    tauri_build::build();
}
